-- A number for the next COPY, above all that are in use, also in staging rows that the ledger does not know.
SELECT COALESCE(MAX(batch_id), 0) + 1 AS id
FROM (
    SELECT MAX(batch_id) AS batch_id FROM load_files
    UNION ALL
    SELECT MAX(batch_id) FROM staging_events
    UNION ALL
    SELECT MAX(batch_id) FROM staging_songs
) AS batches;
