-- How often do people listen, day by day?
-- A session that runs past midnight counts on both days.
WITH sessions AS (
    SELECT DATE_TRUNC('day', p.start_time) AS day, p.user_id, p.session_id, COUNT(*) AS plays
    FROM songplays AS p
    WHERE p.start_time >= :begin AND p.start_time < :end
    GROUP BY 1, 2, 3
)
SELECT day, CAST(SUM(plays) AS BIGINT) AS plays, COUNT(DISTINCT user_id) AS listeners, COUNT(*) AS sessions
FROM sessions
GROUP BY day
ORDER BY day;
