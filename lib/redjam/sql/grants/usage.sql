-- Let analyst find what the schema has.
GRANT USAGE ON SCHEMA public TO analyst;
