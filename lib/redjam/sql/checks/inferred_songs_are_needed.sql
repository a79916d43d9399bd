-- No inferred song stands beside the catalogue's song of the same title and artist name, or without a play.
SELECT i.song_id, i.title, i.artist_name
FROM songs AS i
LEFT JOIN songs AS c ON c.title = i.title AND c.artist_name = i.artist_name AND NOT c.is_inferred
LEFT JOIN (SELECT DISTINCT song_id FROM songplays) AS p ON p.song_id = i.song_id
WHERE i.is_inferred AND (c.song_id IS NOT NULL OR p.song_id IS NULL);
