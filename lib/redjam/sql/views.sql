-- The views of the schema, by name: in Redshift's catalogue a materialized one is a view, in that of Postgres its own kind.
SELECT c.relname AS name
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('v', 'm');
