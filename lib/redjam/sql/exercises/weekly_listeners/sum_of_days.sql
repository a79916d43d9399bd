-- Whoever listens on three days of a week is counted three times: the days' listeners add up to {of_days}, the weeks'
-- to {of_weeks}. Sessions that pass midnight ({past_midnight}) count on both days. Plays may be added up over days;
-- what counts each one once has to be counted anew, from the plays.
WITH days AS (
    SELECT
        DATE_TRUNC('day', start_time) AS day,
        COUNT(DISTINCT user_id) AS listeners,
        COUNT(DISTINCT CAST(user_id AS VARCHAR) || '-' || CAST(session_id AS VARCHAR)) AS sessions
    FROM songplays
    GROUP BY 1
)
SELECT DATE_TRUNC('week', day) AS week, SUM(listeners) AS listeners, SUM(sessions) AS sessions
FROM days
GROUP BY 1
ORDER BY 1;
