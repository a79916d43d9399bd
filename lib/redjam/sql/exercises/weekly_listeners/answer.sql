-- What is right, counted without COUNT(DISTINCT): each session once, and each listener's first of the week.
WITH sessions AS (
    SELECT DATE_TRUNC('week', start_time) AS week, user_id, session_id
    FROM songplays
    GROUP BY 1, 2, 3
),
numbered AS (
    SELECT week, ROW_NUMBER() OVER (PARTITION BY week, user_id ORDER BY session_id) AS number
    FROM sessions
)
SELECT week, SUM(CASE WHEN number = 1 THEN 1 ELSE 0 END) AS listeners, COUNT(*) AS sessions
FROM numbered
GROUP BY week;
