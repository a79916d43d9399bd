-- Drop the catalogue's songs that no file has any more.
DELETE FROM songs
WHERE song_id IN (SELECT song_id FROM touched_songs)
    AND NOT EXISTS (SELECT 1 FROM load_songs WHERE load_songs.song_id = songs.song_id);
