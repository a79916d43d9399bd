-- The runs, the latest first: each has a row from its beginning, and another from its end if it came that far.
SELECT
    b.run_id,
    b.started_at,
    e.ended_at,
    COALESCE(e.state, b.state) AS state,
    b.parameters,
    e.rows_in,
    e.rows_out,
    b.owner,
    b.session,
    e.message
FROM etl_runs AS b
LEFT JOIN etl_runs AS e ON e.run_id = b.run_id AND e.step = 'etl' AND e.ended_at IS NOT NULL
WHERE b.step = 'etl' AND b.ended_at IS NULL
ORDER BY b.started_at DESC, b.run_id DESC
LIMIT 100;
