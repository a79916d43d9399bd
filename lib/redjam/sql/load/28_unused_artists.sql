-- Drop the inferred artists that no song needs any more.
DELETE FROM artists
WHERE is_inferred
    AND artist_id IN (SELECT artist_id FROM former_plays)
    AND NOT EXISTS (SELECT 1 FROM songs WHERE songs.artist_id = artists.artist_id);
