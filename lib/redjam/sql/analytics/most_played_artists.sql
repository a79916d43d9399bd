-- Which artists are played most?
SELECT
    a.name AS artist,
    COUNT(*) AS plays,
    COUNT(DISTINCT p.user_id) AS listeners,
    COUNT(DISTINCT p.song_id) AS songs
FROM songplays AS p
JOIN artists AS a ON a.artist_id = p.artist_id
GROUP BY a.name
ORDER BY plays DESC, listeners DESC, artist
LIMIT :top_n;
