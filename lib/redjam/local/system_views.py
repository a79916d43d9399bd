"""What Redshift's catalog has and Postgres' lacks, in a schema of its own: views, and the keys of tables.

The keys of a table (distribution, sorting, encodings, and the constraints that Redshift does not enforce) are kept as
JSON in the comment on the table's row type: it goes when the table goes, and the table's own comment stays the user's.
"""

import hashlib

from redjam.local.functions import FUNCTIONS, SCHEMA


def install(cursor) -> None:
    """Create the schema and all in it, or bring it up to date; a schema of this version is left alone."""
    functions = [
        f"CREATE OR REPLACE FUNCTION {SCHEMA}.{name}({arguments}) RETURNS {returns}"
        f" LANGUAGE sql STABLE PARALLEL SAFE AS $body$ SELECT {body} $body$"
        for name, overloads in FUNCTIONS.items()
        for arguments, returns, body in overloads
    ]
    views = [f"CREATE OR REPLACE VIEW {SCHEMA}.{name} AS {query}" for name, query in VIEWS.items()]
    statements = [f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}", *functions, KEEP_KEYS, *views]
    script = ";\n".join([*statements, f"GRANT USAGE ON SCHEMA {SCHEMA} TO PUBLIC"])
    version = hashlib.md5(script.encode()).hexdigest()
    cursor.execute("SELECT obj_description(to_regnamespace(%s), 'pg_namespace')", (SCHEMA,))
    if cursor.fetchone() != (version,):
        cursor.execute(script)
        cursor.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO PUBLIC")
        cursor.execute(f"COMMENT ON SCHEMA {SCHEMA} IS %s", (version,))


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
END $body$"""

_TABLES = f"""
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT coalesce({SCHEMA}.table_keys(c.oid), '{{}}')) AS k (keys)"""

VIEWS = {
    # https://docs.aws.amazon.com/redshift/latest/dg/r_PG_TABLE_DEF.html
    "pg_table_def": f"""
SELECT
    n.nspname::text AS schemaname,
    c.relname::text AS tablename,
    a.attname::text AS "column",
    format_type(a.atttypid, a.atttypmod) AS type,
    CASE
        WHEN k.keys ? ('encode ' || a.attname) THEN replace(k.keys ->> ('encode ' || a.attname), 'raw', 'none')
        WHEN c.relpersistence = 't' OR s.place > 0 OR t.typname IN ('bool', 'float4', 'float8') THEN 'none'
        WHEN t.typname IN ('bpchar', 'varchar', 'text', 'bytea') THEN 'lzo'
        ELSE 'az64'
    END AS encoding,
    coalesce(k.keys ->> 'distkey' = a.attname, false) AS distkey,
    (s.place * CASE WHEN (k.keys ->> 'interleaved')::boolean AND s.place % 2 = 1 THEN -1 ELSE 1 END)::int AS sortkey,
    a.attnotnull AS "notnull"
{_TABLES}
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type AS t ON t.oid = a.atttypid
CROSS JOIN LATERAL (
    SELECT coalesce(max(place), 0)
    FROM jsonb_array_elements_text(k.keys -> 'sortkey') WITH ORDINALITY AS each_one (name, place)
    WHERE name = a.attname
) AS s (place)
WHERE c.relkind = 'r' AND n.nspname = ANY (current_schemas(true)) AND n.nspname NOT IN ('pg_catalog', '{SCHEMA}')
ORDER BY n.nspname, c.relname, a.attnum""",
    # https://docs.aws.amazon.com/redshift/latest/dg/r_PG_CLASS_INFO.html
    "pg_class_info": f"""
SELECT
    c.oid AS reloid,
    c.relname,
    c.relnamespace,
    c.reltype,
    c.relowner,
    c.relpages,
    c.reltuples,
    c.relkind,
    c.relnatts,
    CASE k.keys ->> 'diststyle' WHEN 'KEY' THEN 1 WHEN 'ALL' THEN 8 WHEN 'AUTO' THEN 9 ELSE 0 END AS reldiststyle,
    CASE k.keys ->> 'diststyle' WHEN 'KEY' THEN 1 WHEN 'ALL' THEN 8 WHEN 'AUTO' THEN 10 ELSE 0 END
        AS releffectivediststyle
{_TABLES}
WHERE n.nspname <> '{SCHEMA}'""",
}
