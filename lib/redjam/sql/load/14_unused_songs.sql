-- Drop the inferred songs that no play needs any more.
DELETE FROM songs
WHERE is_inferred
    AND NOT EXISTS (SELECT 1 FROM songplays WHERE songplays.song_id = songs.song_id);
