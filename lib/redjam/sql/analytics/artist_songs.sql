-- Which songs of one artist are played most?
SELECT
    COALESCE(s.title, '(unknown)') AS title,
    COUNT(*) AS plays,
    COUNT(DISTINCT p.user_id) AS listeners
FROM songplays AS p
JOIN artists AS a ON a.artist_id = p.artist_id
JOIN songs AS s ON s.song_id = p.song_id
WHERE COALESCE(a.name, '(unknown)') = :artist AND p.start_time >= :begin AND p.start_time < :end
GROUP BY 1
ORDER BY plays DESC, listeners DESC, title
LIMIT :top_n;
