-- Staging has as many rows of each COPY as the ledger says, and no others.
WITH staged AS (
    SELECT b.batch_id, COUNT(*) AS number
    FROM load_batches AS b
    JOIN staging_events AS e ON e.batch_id = b.batch_id
    WHERE b.is_new
    GROUP BY b.batch_id
    UNION ALL
    SELECT b.batch_id, COUNT(*)
    FROM load_batches AS b
    JOIN staging_songs AS s ON s.batch_id = b.batch_id
    WHERE b.is_new
    GROUP BY b.batch_id
    UNION ALL
    SELECT 0, COUNT(*) FROM staging_events WHERE batch_id IS NULL
    UNION ALL
    SELECT 0, COUNT(*) FROM staging_songs WHERE batch_id IS NULL
),
both_sides AS (
    SELECT batch_id, number AS staged, 0 AS loaded FROM staged
    UNION ALL
    SELECT b.batch_id, 0, f.rows_loaded
    FROM load_batches AS b
    JOIN load_files AS f ON f.batch_id = b.batch_id
    WHERE b.is_new
)
SELECT batch_id, SUM(staged) AS staged, SUM(loaded) AS loaded
FROM both_sides
GROUP BY batch_id
HAVING SUM(staged) <> SUM(loaded);
