-- The end of a run, if it has one.
SELECT 1 AS ended
FROM etl_runs
WHERE run_id = :run_id AND step = :step AND ended_at IS NOT NULL;
