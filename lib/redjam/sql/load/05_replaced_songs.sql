-- Let go of the rows that files had before they changed.
DELETE FROM staging_songs
WHERE batch_id IN (SELECT batch_id FROM load_batches WHERE NOT is_new);
