-- Which artists are played most?
SELECT
    COALESCE(a.name, '(unknown)') AS artist,
    COUNT(*) AS plays,
    COUNT(DISTINCT p.user_id) AS listeners,
    COUNT(DISTINCT COALESCE(s.title, '(unknown)')) AS songs
FROM songplays AS p
JOIN artists AS a ON a.artist_id = p.artist_id
JOIN songs AS s ON s.song_id = p.song_id
WHERE p.start_time >= :begin AND p.start_time < :end
GROUP BY 1
ORDER BY plays DESC, listeners DESC, artist
LIMIT :top_n;
