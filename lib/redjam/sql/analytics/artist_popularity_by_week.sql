-- How does the popularity of the most played artists change from week to week?
WITH weekly AS (
    SELECT DATE_TRUNC('week', p.start_time) AS week, a.name AS artist, COUNT(*) AS plays
    FROM songplays AS p
    JOIN artists AS a ON a.artist_id = p.artist_id
    GROUP BY 1, 2
),
ranked AS (
    SELECT week, artist, plays, RANK() OVER (PARTITION BY week ORDER BY plays DESC) AS position
    FROM weekly
),
leaders AS (
    SELECT artist, SUM(plays) AS total
    FROM weekly
    GROUP BY artist
    ORDER BY total DESC, artist
    LIMIT :top_n
)
SELECT r.week, r.artist, r.plays, r.position
FROM ranked AS r
JOIN leaders AS l ON l.artist = r.artist
ORDER BY r.week, r.position, r.artist;
