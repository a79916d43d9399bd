-- Each table's columns in a row, with its distribution and sort key. All of these lie on the leader node.
SELECT
    d.tablename AS table_name,
    d."column" AS column_name,
    d.type,
    d."notnull" AS not_null,
    d.distkey,
    d.sortkey,
    c.releffectivediststyle AS diststyle
FROM pg_table_def AS d
JOIN pg_namespace AS n ON n.nspname = d.schemaname
JOIN pg_class_info AS c ON c.relname = d.tablename AND c.relnamespace = n.oid
WHERE d.schemaname = 'public';
