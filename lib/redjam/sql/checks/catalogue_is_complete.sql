-- The catalogue's songs are those that are staged.
SELECT t.song_id, COUNT(s.song_id) AS staged, COUNT(c.song_id) AS loaded
FROM checked_songs AS t
LEFT JOIN staging_songs AS s ON s.song_id = t.song_id
LEFT JOIN songs AS c ON c.song_id = t.song_id AND NOT c.is_inferred
GROUP BY t.song_id
HAVING (COUNT(s.song_id) = 0 AND COUNT(c.song_id) > 0) OR (COUNT(s.song_id) > 0 AND COUNT(c.song_id) = 0);
