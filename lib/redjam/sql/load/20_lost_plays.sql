-- Drop the plays that no file has any more.
DELETE FROM songplays
WHERE songplay_id IN (SELECT songplay_id FROM former_plays)
    AND NOT EXISTS (SELECT 1 FROM load_songplays WHERE load_songplays.songplay_id = songplays.songplay_id);
