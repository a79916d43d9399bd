-- How does one artist do from week to week, among all of them?
-- A week without a play of theirs has no place. The first and the last week may be cut short.
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
heard AS (
    SELECT DATE_TRUNC('week', p.start_time) AS week, COUNT(DISTINCT p.user_id) AS listeners
    FROM songplays AS p
    JOIN artists AS a ON a.artist_id = p.artist_id
    WHERE COALESCE(a.name, '(unknown)') = :artist AND p.start_time >= :begin AND p.start_time < :end
    GROUP BY 1
),
weeks AS (
    SELECT DISTINCT week
    FROM counted
)
SELECT w.week, COALESCE(r.plays, 0) AS plays, COALESCE(h.listeners, 0) AS listeners, r.position
FROM weeks AS w
LEFT JOIN ranked AS r ON r.week = w.week AND r.artist = :artist
LEFT JOIN heard AS h ON h.week = w.week
ORDER BY w.week;
