"""The keys of a table, kept beside it, and indexes of Postgres for those that find rows.

The keys (distribution, sorting, encodings, and the constraints that Redshift does not enforce) are kept as JSON in the
comment on the table's row type: it goes when the table goes, and the table's own comment stays the user's.

Redshift has no indexes: it finds rows by where they lie and by the least and greatest value of each block. On one
Postgres without them, to load one more day would cost as much as all days. No view of Redshift's shows them, and no
row is refused for them.
"""

from redjam.local.sql.vocabulary import SCHEMA

# A table that IF NOT EXISTS found has keys already, and keeps them; LIKE takes the keys of its model.
KEEP_KEYS = f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.keep_keys(relation text, keys jsonb, unless_there boolean DEFAULT false)
LANGUAGE plpgsql AS $body$
DECLARE
    old jsonb := {SCHEMA}.table_keys(relation::regclass);
    model jsonb := (
        SELECT jsonb_object_agg(key, value)
        FROM jsonb_each({SCHEMA}.table_keys((keys ->> 'like')::regclass)) AS each_one (key, value)
        WHERE key !~ '^(primary key|unique|foreign key)'
    );
BEGIN
    IF old IS NULL OR NOT unless_there THEN
        -- In full: without its schema a table named time would be Postgres' own type.
        EXECUTE (
            SELECT format('COMMENT ON TYPE %I.%I IS %L', nspname, relname, coalesce(old || keys, model, keys))
            FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = relation::regclass
        );
    END IF;
    CALL {SCHEMA}.index_keys(relation);
END $body$"""

# An entry of an index has up to 2,704 bytes, and an index up to 32 columns. A column takes its own bytes, its length
# and what aligns it; a DECIMAL(38) takes 32 in all.
_LARGEST, _MOST = 2_600, 32
_BYTES = """CASE
    WHEN typlen > 0 THEN typlen + 8
    WHEN typname = 'numeric' THEN 32
    WHEN typname IN ('varchar', 'bpchar') AND atttypmod > 4 THEN atttypmod - 4 + 8
    ELSE 65535
END"""
# The name tells the columns by their numbers, which stay when table or column are renamed.
INDEX_KEYS = f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.index_keys(relation text) LANGUAGE plpgsql AS $body$
DECLARE
    declared jsonb := {SCHEMA}.table_keys(relation::regclass);
    change text;
BEGIN
    FOR change IN
        WITH lists (names) AS (
            SELECT declared -> 'primary key'
            UNION SELECT declared -> 'sortkey'
            UNION SELECT jsonb_build_array(declared -> 'distkey')
        ), wanted AS (
            SELECT format('key %s %s', c.oid, md5(k.numbers)) AS name, k.columns
            FROM lists
            JOIN pg_class AS c ON c.oid = relation::regclass AND c.relpersistence = 'p'
            CROSS JOIN LATERAL (
                SELECT string_agg(attnum::text, ' ' ORDER BY place),
                    string_agg(quote_ident(attname), ', ' ORDER BY place)
                FROM jsonb_array_elements_text(names) WITH ORDINALITY AS each_one (name, place)
                JOIN pg_attribute ON attrelid = c.oid AND attname = name AND NOT attisdropped
                JOIN pg_type AS t ON t.oid = atttypid
                HAVING sum({_BYTES}) <= {_LARGEST} AND count(*) <= {_MOST}
            ) AS k (numbers, columns)
        ), there AS (
            SELECT nspname, relname FROM pg_index
            JOIN pg_class AS c ON c.oid = indexrelid
            JOIN pg_namespace AS n ON n.oid = relnamespace
            WHERE indrelid = relation::regclass
        )
        SELECT format('DROP INDEX %I.%I', nspname, relname) FROM there WHERE relname NOT IN (SELECT name FROM wanted)
        UNION ALL
        SELECT format('CREATE INDEX %I ON %s (%s)', name, relation::regclass, columns) FROM wanted
        WHERE name NOT IN (SELECT relname FROM there)
    LOOP
        EXECUTE change;
    END LOOP;
END $body$"""
# For the tables of a database that an older version has made.
INDEX_ALL = f"""
DO $index$ DECLARE
    relation regclass;
BEGIN
    FOR relation IN SELECT oid FROM pg_class WHERE relpersistence = 'p' AND {SCHEMA}.table_keys(oid) IS NOT NULL LOOP
        CALL {SCHEMA}.index_keys(relation::text);
    END LOOP;
END $index$"""
