-- Who has the table whose lock a load begins with, another load first, then a reader: svv_transactions has the locks.
SELECT t.pid, t.txn_start
FROM svv_transactions AS t
JOIN pg_class AS c ON c.oid = t.relation
WHERE c.relname = 'staging_events' AND t.granted
ORDER BY CASE WHEN t.lock_mode = 'AccessShareLock' THEN 1 ELSE 0 END, t.txn_start;
