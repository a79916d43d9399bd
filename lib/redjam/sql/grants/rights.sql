-- What analyst may read of the schema, and whether it may make tables. All of these lie on the leader node.
SELECT
    c.relname AS object,
    HAS_TABLE_PRIVILEGE('analyst', n.nspname || '.' || QUOTE_IDENT(c.relname), 'select') AS may_read,
    HAS_SCHEMA_PRIVILEGE('analyst', n.nspname, 'create') AS may_create
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'v', 'm');
