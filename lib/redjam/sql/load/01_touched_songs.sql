-- The catalogue's songs that these files have, or had before they changed.
CREATE TEMP TABLE touched_songs
DISTKEY (song_id)
AS
SELECT DISTINCT song_id
FROM staging_songs
WHERE batch_id IN (SELECT batch_id FROM load_batches);
