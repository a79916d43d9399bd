-- Drop the inferred songs that no play needs any more.
DELETE FROM songs
WHERE is_inferred
    AND song_id IN (SELECT song_id FROM former_plays)
    AND NOT EXISTS (SELECT 1 FROM songplays WHERE songplays.song_id = songs.song_id);
