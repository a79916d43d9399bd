-- How many sessions do people have a week, and how long are they?
-- A session is of the week in which it begins, and lasts from its first play to the end of its last.
WITH plays AS (
    SELECT
        p.user_id,
        p.session_id,
        p.start_time,
        p.length,
        ROW_NUMBER() OVER (
            PARTITION BY p.user_id, p.session_id
            ORDER BY p.start_time DESC, p.item_in_session DESC
        ) AS from_last
    FROM songplays AS p
    WHERE p.start_time >= :begin AND p.start_time < :end
),
sessions AS (
    SELECT
        user_id,
        session_id,
        DATE_TRUNC('week', MIN(start_time)) AS week,
        COUNT(*) AS plays,
        DATEDIFF(ms, MIN(start_time), MAX(start_time)) / 60000.0
            + COALESCE(MAX(CASE WHEN from_last = 1 THEN length END), 0) / 60 AS minutes
    FROM plays
    GROUP BY user_id, session_id
),
-- Apart from the counts: Redshift sorts for a median, which does not go with every other aggregate.
medians AS (
    SELECT week, MEDIAN(minutes) AS median_minutes
    FROM sessions
    GROUP BY week
),
counts AS (
    SELECT
        week,
        COUNT(*) AS sessions,
        COUNT(DISTINCT user_id) AS listeners,
        CAST(SUM(plays) AS BIGINT) AS plays
    FROM sessions
    GROUP BY week
)
SELECT
    c.week,
    c.sessions,
    c.listeners,
    CAST(c.sessions AS DOUBLE PRECISION) / c.listeners AS sessions_a_listener,
    CAST(c.plays AS DOUBLE PRECISION) / c.sessions AS plays_a_session,
    m.median_minutes
FROM counts AS c
JOIN medians AS m ON m.week = c.week
ORDER BY c.week;
