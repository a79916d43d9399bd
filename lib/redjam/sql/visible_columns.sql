-- Each column of the tables and views that a query finds by their bare names. All of these lie on the leader node.
SELECT
    c.relname AS table_name,
    a.attname AS column_name
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'v', 'm')
    AND PG_TABLE_IS_VISIBLE(c.oid)
    AND (n.nspname = 'public' OR n.nspname LIKE 'pg_temp%')
    AND c.relname NOT LIKE 'mv_tbl%'
    AND a.attnum > 0
    AND NOT a.attisdropped
ORDER BY c.relname, a.attnum;
