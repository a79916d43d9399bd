-- How often do people listen, day by day?
SELECT
    DATE_TRUNC('day', start_time) AS day,
    COUNT(*) AS plays,
    COUNT(DISTINCT user_id) AS listeners,
    COUNT(DISTINCT CAST(user_id AS VARCHAR) || '-' || CAST(session_id AS VARCHAR)) AS sessions
FROM songplays
GROUP BY 1
ORDER BY 1;
