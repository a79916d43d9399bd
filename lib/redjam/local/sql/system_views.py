"""What Redshift's catalog has and Postgres' lacks, in a schema of its own."""

import hashlib

from redjam.local.sql import load_records, materialized
from redjam.local.sql.functions import FUNCTIONS
from redjam.local.sql.keys import INDEX_ALL, INDEX_KEYS, KEEP_KEYS
from redjam.local.sql.procedures import PROCEDURES
from redjam.local.sql.vocabulary import SCHEMA


def install(cursor) -> None:
    """Create the schema and all in it, or bring it up to date; a schema of this version is left alone."""
    functions = [
        f"CREATE OR REPLACE FUNCTION {SCHEMA}.{name}({arguments}) RETURNS {returns}"
        f" LANGUAGE sql STABLE PARALLEL SAFE AS $body$ SELECT {body} $body$"
        for name, overloads in FUNCTIONS.items()
        for arguments, returns, body in overloads
    ]
    views = [_view(name, query) for name, query in VIEWS.items()]
    tables = [load_records.TABLES, materialized.TABLES]
    procedures = [INDEX_KEYS, KEEP_KEYS, COUNT_ROWS, *PROCEDURES, *materialized.PROCEDURES]
    statements = [*tables, *functions, *procedures, *views, INDEX_ALL, *RIGHTS]
    script = ";\n".join(statements)
    version = hashlib.md5(script.encode()).hexdigest()
    cursor.execute("SELECT obj_description(to_regnamespace(%s), 'pg_namespace')", (SCHEMA,))
    if cursor.fetchone() != (version,):
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        # A function that returns another type than before cannot be replaced: all are made anew.
        cursor.execute(
            f"""DO $install$ DECLARE function regprocedure; BEGIN
            {script};
            EXCEPTION WHEN invalid_function_definition THEN
                FOR function IN SELECT oid FROM pg_proc WHERE pronamespace = '{SCHEMA}'::regnamespace LOOP
                    EXECUTE 'DROP ROUTINE ' || function || ' CASCADE';
                END LOOP;
                {script};
            END $install$"""
        )
        cursor.execute(f"COMMENT ON SCHEMA {SCHEMA} IS %s", (version,))


# Everybody may ask the views, which show what Redshift would show him; not the records that some of them read, nor
# svv_table_info, which is for superusers and those to whom one grants it. Redshift has no large objects.
RIGHTS = [
    f"GRANT USAGE ON SCHEMA {SCHEMA} TO PUBLIC",
    f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO PUBLIC",
    *(
        f"REVOKE ALL ON {SCHEMA}.{name} FROM PUBLIC"
        for name in ("loads", "rejected_rows", "stale_views", "svv_table_info")
    ),
    "REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC",
]


def _view(name: str, query: str) -> str:
    """Make or replace a view; one that had other columns goes first, and what a user built on it goes with it."""
    return f"""DO $view$ BEGIN
    CREATE OR REPLACE VIEW {SCHEMA}.{name} AS {query};
EXCEPTION WHEN invalid_table_definition THEN
    DROP VIEW {SCHEMA}.{name} CASCADE;
    CREATE VIEW {SCHEMA}.{name} AS {query};
END $view$"""


# Skew is the ratio of rows in the fuller and the emptier slice of a node with two, as a ra3.xlplus has; an empty one
# counts as one row. Redshift's hash is its own, but here too rows of one key, and all rows without, lie on one slice.
COUNT_ROWS = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.count_rows(relation oid, distkey text, OUT total bigint, OUT skew numeric)
LANGUAGE plpgsql STABLE AS $body$
DECLARE
    second bigint;
BEGIN
    EXECUTE format(
        'SELECT count(*), count(*) FILTER (WHERE hashtext(%s::text) %% 2 <> 0) FROM %s',
        coalesce(quote_ident(distkey), 'NULL'), relation::regclass
    ) INTO total, second;
    IF distkey IS NOT NULL THEN
        skew := greatest(second, total - second)::numeric / greatest(least(second, total - second), 1);
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
WHERE n.nspname <> '{SCHEMA}' AND c.relkind <> 'i'""",
    # https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_TABLE_INFO.html; what only Redshift could know is NULL. Rows
    # can be counted of the tables alone that the user may read.
    "svv_table_info": f"""
SELECT
    {SCHEMA}.current_database()::text AS database,
    n.nspname::text AS schema,
    c.oid AS table_id,
    c.relname::text AS "table",
    CASE WHEN e.named IS NULL THEN 'Y, AUTO(ENCODE)' WHEN e.encoded THEN 'Y' ELSE 'N' END AS encoded,
    CASE k.keys ->> 'diststyle'
        WHEN 'KEY' THEN 'KEY(' || (k.keys ->> 'distkey') || ')'
        WHEN 'AUTO' THEN 'AUTO(ALL)'
        ELSE coalesce(k.keys ->> 'diststyle', 'EVEN')
    END AS diststyle,
    coalesce(s.first, 'AUTO(SORTKEY)') AS sortkey1,
    (
        SELECT coalesce(max(atttypmod - 4), 0) FROM pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND atttypid = 'varchar'::regtype
    )::int AS max_varchar,
    CASE WHEN s.first <> '' THEN coalesce(nullif(k.keys ->> ('encode ' || s.first), 'raw'), 'none') END::char(32)
        AS sortkey1_enc,
    coalesce(jsonb_array_length(k.keys -> 'sortkey'), 0) AS sortkey_num,
    ceil(pg_table_size(c.oid) / 1048576.0)::bigint AS size,
    NULL::numeric(10, 4) AS pct_used,
    0::bigint AS empty,
    NULL::numeric(5, 2) AS unsorted,
    NULL::numeric(5, 2) AS stats_off,
    r.total::numeric(38, 0) AS tbl_rows,
    NULL::numeric(19, 2) AS skew_sortkey1,
    r.skew::numeric(19, 2) AS skew_rows,
    r.total::numeric(38, 0) AS estimated_visible_rows,
    NULL::text AS risk_event,
    NULL::numeric(12, 2) AS vacuum_sort_benefit,
    NULL::timestamp AS create_time
{_TABLES}
CROSS JOIN LATERAL (SELECT k.keys -> 'sortkey' ->> 0) AS s (first)
CROSS JOIN LATERAL (
    SELECT bool_or(true), bool_or(value <> 'raw') FROM jsonb_each_text(k.keys) WHERE key LIKE 'encode %'
) AS e (named, encoded)
CROSS JOIN LATERAL (
    SELECT * FROM {SCHEMA}.count_rows(c.oid, CASE k.keys ->> 'diststyle' WHEN 'KEY' THEN k.keys ->> 'distkey' END)
) AS r
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND r.total > 0
    AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(c.relnamespace, 'USAGE')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', '{SCHEMA}')""",
    # https://docs.aws.amazon.com/redshift/latest/dg/r_STV_SLICES.html: the two of which svv_table_info speaks.
    "stv_slices": "SELECT 0 AS node, slice FROM generate_series(0, 1) AS slice",
    # https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_TRANSACTIONS.html: each transaction has one lock more.
    "svv_transactions": f"""
SELECT
    a.usename::text AS txn_owner,
    {SCHEMA}.current_database()::text AS txn_db,
    a.backend_xid::text::bigint AS xid,
    l.pid,
    a.xact_start AT TIME ZONE 'UTC' AS txn_start,
    l.mode AS lock_mode,
    CASE l.locktype WHEN 'relation' THEN 'relation' ELSE 'transactionid' END AS lockable_object_type,
    l.relation::int AS relation,
    l.granted
FROM pg_locks AS l
JOIN pg_stat_activity AS a ON a.pid = l.pid AND a.datname = current_database() AND a.backend_type = 'client backend'
LEFT JOIN pg_class AS c ON c.oid = l.relation AND l.database = a.datid
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE CASE l.locktype
    WHEN 'relation' THEN c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', '{SCHEMA}')
    WHEN 'virtualxid' THEN l.granted
    WHEN 'transactionid' THEN NOT l.granted
END""",
    **load_records.VIEWS,
    **materialized.VIEWS,
}
