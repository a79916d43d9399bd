-- The figures that the explanations name: listeners of all days, and of all weeks, and sessions that pass midnight.
WITH days AS (
    SELECT COUNT(DISTINCT user_id) AS listeners
    FROM songplays
    GROUP BY DATE_TRUNC('day', start_time)
),
weeks AS (
    SELECT COUNT(DISTINCT user_id) AS listeners
    FROM songplays
    GROUP BY DATE_TRUNC('week', start_time)
),
sessions AS (
    SELECT user_id, session_id, DATEDIFF(day, MIN(start_time), MAX(start_time)) AS midnights
    FROM songplays
    GROUP BY user_id, session_id
)
SELECT
    (SELECT SUM(listeners) FROM days) AS of_days,
    (SELECT SUM(listeners) FROM weeks) AS of_weeks,
    (SELECT COUNT(*) FROM sessions WHERE midnights > 0) AS past_midnight,
    (SELECT COUNT(DISTINCT session_id) FROM sessions) AS numbers,
    (SELECT COUNT(*) FROM sessions) AS sessions;
