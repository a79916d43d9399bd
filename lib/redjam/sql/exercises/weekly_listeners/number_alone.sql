-- The listeners are right. But a session's number alone does not say which session it is, since two listeners may have
-- the same one. Different numbers: {numbers}; sessions: {sessions}. Count number and listener together.
SELECT
    DATE_TRUNC('week', start_time) AS week,
    COUNT(DISTINCT user_id) AS listeners,
    COUNT(DISTINCT session_id) AS sessions
FROM songplays
GROUP BY 1
ORDER BY 1;
