-- The catalogue's artists that these files have, or had before they changed.
CREATE TEMP TABLE touched_artists
DISTSTYLE ALL
AS
SELECT DISTINCT artist_id
FROM staging_songs
WHERE batch_id IN (SELECT batch_id FROM load_batches)
UNION
SELECT songs.artist_id
FROM songs
JOIN touched_songs ON touched_songs.song_id = songs.song_id;
