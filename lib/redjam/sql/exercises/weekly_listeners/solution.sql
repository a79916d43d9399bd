-- Listeners and sessions are counted from the plays of the whole week: figures that count each once do not add up over
-- days. The weeks' listeners add up to {of_weeks}, the days' to {of_days}. A session is known by its number and its
-- listener together, as in the key of a play.
SELECT
    DATE_TRUNC('week', start_time) AS week,
    COUNT(DISTINCT user_id) AS listeners,
    COUNT(DISTINCT CAST(user_id AS VARCHAR) || '-' || CAST(session_id AS VARCHAR)) AS sessions
FROM songplays
GROUP BY 1
ORDER BY 1;
