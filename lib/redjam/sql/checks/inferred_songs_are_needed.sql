-- An inferred song has a play, and no song of the catalogue has its title and artist name.
SELECT i.song_id, i.title, i.artist_name
FROM checked_songs AS t
JOIN songs AS i ON i.song_id = t.song_id
JOIN songs AS c ON c.title = i.title AND c.artist_name = i.artist_name
WHERE i.is_inferred AND NOT c.is_inferred
UNION ALL
SELECT i.song_id, i.title, i.artist_name
FROM checked_songs AS t
JOIN songs AS i ON i.song_id = t.song_id
WHERE i.is_inferred
    AND NOT EXISTS (SELECT 1 FROM songplays AS p WHERE p.song_id = i.song_id);
