-- Which load a session is at work on.
SELECT run_id, owner, started_at
FROM etl_runs AS b
WHERE session = :session
    AND state = 'running'
    AND NOT EXISTS (SELECT 1 FROM etl_runs AS e WHERE e.run_id = b.run_id AND e.ended_at IS NOT NULL)
ORDER BY started_at DESC
LIMIT 1;
