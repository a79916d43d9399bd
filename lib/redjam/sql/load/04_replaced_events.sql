-- Let go of the rows that files had before they changed.
DELETE FROM staging_events
WHERE batch_id IN (SELECT batch_id FROM load_batches WHERE NOT is_new);
