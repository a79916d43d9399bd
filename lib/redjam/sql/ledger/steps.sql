-- What a run did, step by step, and how long each took.
SELECT step, state, DATEDIFF(ms, started_at, ended_at) AS milliseconds, rows_in, rows_out, sql_hash
FROM etl_runs
WHERE run_id = :run_id AND ended_at IS NOT NULL
ORDER BY started_at, ended_at;
