-- What is right, by the names that the load has written to songs.
SELECT DISTINCT s.artist_name AS artist
FROM songplays AS p
JOIN songs AS s ON s.song_id = p.song_id
WHERE OCTET_LENGTH(s.artist_name) > 100;
