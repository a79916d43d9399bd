-- The COPYs of this load, and all earlier ones, whose rows are replaced, also where the ledger does not know them.
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
