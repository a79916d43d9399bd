-- How long are the sessions?
-- A session lasts from its first play to the end of its last; a bucket begins at from_minutes and ends before to_minutes.
WITH buckets AS (
    SELECT 1 AS bucket, 'under 5 min' AS length, 0 AS from_minutes, 5 AS to_minutes
    UNION ALL SELECT 2, '5 to 15 min', 5, 15
    UNION ALL SELECT 3, '15 to 30 min', 15, 30
    UNION ALL SELECT 4, '30 to 60 min', 30, 60
    UNION ALL SELECT 5, '1 to 2 hours', 60, 120
    UNION ALL SELECT 6, '2 to 4 hours', 120, 240
    UNION ALL SELECT 7, '4 hours or more', 240, 1000000
),
plays AS (
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
        DATEDIFF(ms, MIN(start_time), MAX(start_time)) / 60000.0
            + COALESCE(MAX(CASE WHEN from_last = 1 THEN length END), 0) / 60 AS minutes
    FROM plays
    GROUP BY user_id, session_id
)
SELECT b.bucket, b.length, COUNT(s.minutes) AS sessions
FROM buckets AS b
LEFT JOIN sessions AS s ON s.minutes >= b.from_minutes AND s.minutes < b.to_minutes
GROUP BY b.bucket, b.length
ORDER BY b.bucket;
