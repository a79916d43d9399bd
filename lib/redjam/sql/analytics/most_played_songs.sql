-- Which songs are played most?
SELECT
    s.title,
    s.artist_name AS artist,
    COUNT(*) AS plays,
    COUNT(DISTINCT p.user_id) AS listeners
FROM songplays AS p
JOIN songs AS s ON s.song_id = p.song_id
GROUP BY s.title, s.artist_name
ORDER BY plays DESC, listeners DESC, title, artist
LIMIT :top_n;
