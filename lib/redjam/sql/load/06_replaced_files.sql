-- The ledger has one row a file.
DELETE FROM load_files
WHERE batch_id IN (SELECT batch_id FROM load_batches WHERE NOT is_new);
