-- Which songs are played most?
-- share is that of all plays of the period, 0 to 1.
SELECT
    COALESCE(s.title, '(unknown)') AS title,
    COALESCE(s.artist_name, '(unknown)') AS artist,
    COUNT(*) AS plays,
    COUNT(DISTINCT p.user_id) AS listeners,
    CAST(COUNT(*) AS FLOAT) / SUM(COUNT(*)) OVER () AS share
FROM songplays AS p
JOIN songs AS s ON s.song_id = p.song_id
WHERE p.start_time >= :begin AND p.start_time < :end
GROUP BY 1, 2
ORDER BY plays DESC, listeners DESC, title, artist
LIMIT :top_n;
