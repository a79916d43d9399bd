-- How does the popularity of the most played artists change from week to week?
WITH weekly AS (
    SELECT DATE_TRUNC('week', start_time) AS week, artist_id, COUNT(*) AS plays
    FROM songplays
    GROUP BY 1, 2
),
ranked AS (
    SELECT week, artist_id, plays, RANK() OVER (PARTITION BY week ORDER BY plays DESC) AS position
    FROM weekly
),
leaders AS (
    SELECT artist_id, SUM(plays) AS total
    FROM weekly
    GROUP BY artist_id
    ORDER BY total DESC, artist_id
    LIMIT :top_n
)
SELECT r.week, a.name AS artist, r.plays, r.position
FROM ranked AS r
JOIN leaders ON leaders.artist_id = r.artist_id
JOIN artists AS a ON a.artist_id = r.artist_id
ORDER BY r.week, r.position, artist;
