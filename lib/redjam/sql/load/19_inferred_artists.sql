-- Add the artists that were played but are not in the catalogue.
INSERT INTO artists (artist_id, name, is_inferred)
SELECT artist_id, MAX(artist_name), TRUE
FROM load_songplays
WHERE is_inferred_artist
    AND NOT EXISTS (SELECT 1 FROM artists WHERE artists.artist_id = load_songplays.artist_id)
GROUP BY artist_id;
