-- All COPYs whose rows are in staging, or should be, those from a number on as new; also those unknown to the ledger.
CREATE TEMP TABLE load_batches
DISTSTYLE ALL
AS
SELECT batch_id, batch_id >= :first_batch AS is_new
FROM (
    SELECT batch_id FROM load_files
    UNION
    SELECT batch_id FROM staging_events
    UNION
    SELECT batch_id FROM staging_songs
) AS batches
WHERE batch_id IS NOT NULL;
