-- How does the popularity of the most played artists change from week to week?
-- Artists with equally many plays in a week share a place. The first and the last week may be cut short.
WITH counted AS (
    SELECT DATE_TRUNC('week', p.start_time) AS week, p.artist_id, COUNT(*) AS plays
    FROM songplays AS p
    WHERE p.start_time >= :begin AND p.start_time < :end
    GROUP BY 1, 2
),
weekly AS (
    SELECT c.week, COALESCE(a.name, '(unknown)') AS artist, CAST(SUM(c.plays) AS BIGINT) AS plays
    FROM counted AS c
    JOIN artists AS a ON a.artist_id = c.artist_id
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
