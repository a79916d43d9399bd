-- Drop the catalogue's artists that no file has any more.
DELETE FROM artists
WHERE artist_id IN (SELECT artist_id FROM touched_artists)
    AND NOT is_inferred
    AND NOT EXISTS (SELECT 1 FROM load_artists WHERE load_artists.artist_id = artists.artist_id);
