"""The tables that keep the record of each COPY, and Redshift's system views and functions that show it, as SQL."""

from redjam.local.sql.vocabulary import SCHEMA

# A process id comes back in time, so a session is known by its start, too. Older databases have these tables: a new
# column needs an ALTER TABLE. Of each file, `scanned` has name, bytes, rows, ETag and last change.
TABLES = f"""
CREATE TABLE IF NOT EXISTS {SCHEMA}.loads (
    query bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    userid integer,
    session integer,
    session_start timestamptz,
    xid bigint,
    tbl bigint,
    table_name text,
    source text,
    starttime timestamp,
    endtime timestamp,
    completed boolean,
    rows bigint,
    files integer,
    bytes bigint,
    errors bigint
);
ALTER TABLE {SCHEMA}.loads ADD COLUMN IF NOT EXISTS scanned jsonb;
CREATE TABLE IF NOT EXISTS {SCHEMA}.rejected_rows (
    query bigint REFERENCES {SCHEMA}.loads ON DELETE CASCADE,
    number integer,
    file text,
    line bigint,
    "column" text,
    type text,
    length text,
    position integer,
    value text,
    raw text,
    code integer,
    reason text,
    PRIMARY KEY (query, number)
)"""

# A user who is no superuser sees his own: https://docs.aws.amazon.com/redshift/latest/dg/c_visibility-of-data.html
_OWN = "EXISTS (SELECT FROM pg_user WHERE usename = session_user AND (usesuper OR usesysid = userid::oid))"
# Redshift's columns, in their order and types. CHAR is padded with blanks as there: a comparison with = works in both,
# and a LIKE or a Python == that forgets to TRIM fails in both.
VIEWS = {
    # https://docs.aws.amazon.com/redshift/latest/dg/r_STL_LOAD_ERRORS.html
    "stl_load_errors": f"""
SELECT
    userid,
    0 AS slice,
    tbl::int AS tbl,
    starttime,
    session,
    query::int AS query,
    file::char(256) AS filename,
    line AS line_number,
    "column"::char(127) AS colname,
    type::char(10) AS type,
    length::char(10) AS col_length,
    position,
    raw::char(1024) AS raw_line,
    value::char(1024) AS raw_field_value,
    code AS err_code,
    reason::char(100) AS err_reason
FROM {SCHEMA}.loads JOIN {SCHEMA}.rejected_rows USING (query)
WHERE {_OWN}""",
    # https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_ERROR_DETAIL.html
    "sys_load_error_detail": f"""
SELECT
    userid AS user_id,
    query AS query_id,
    xid AS transaction_id,
    session AS session_id,
    {SCHEMA}.current_database()::char(64) AS database_name,
    tbl::int AS table_id,
    starttime AS start_time,
    file::char(256) AS file_name,
    line AS line_number,
    "column"::char(127) AS column_name,
    type::char(10) AS column_type,
    length::char(10) AS column_length,
    position,
    code AS error_code,
    reason::char(512) AS error_message
FROM {SCHEMA}.loads JOIN {SCHEMA}.rejected_rows USING (query)
WHERE {_OWN}""",
    # https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_DETAIL.html; to a COPY of JSON a line is an object.
    "sys_load_detail": f"""
SELECT
    userid AS user_id,
    query AS query_id,
    (file ->> 0)::char(256) AS file_name,
    (file ->> 1)::bigint AS bytes_scanned,
    (file ->> 2)::bigint AS lines_scanned,
    endtime AS record_time,
    0 AS splits_scanned,
    starttime AS start_time,
    endtime AS end_time,
    (file ->> 3)::char(256) AS file_etag,
    (file ->> 4)::timestamptz AT TIME ZONE 'UTC' AS file_last_modified
FROM {SCHEMA}.loads CROSS JOIN jsonb_array_elements(scanned) AS each_one (file)
WHERE {_OWN}""",
    # https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_HISTORY.html
    "sys_load_history": f"""
SELECT
    userid AS user_id,
    query AS query_id,
    xid AS transaction_id,
    session AS session_id,
    {SCHEMA}.current_database()::text AS database_name,
    CASE WHEN completed THEN 'completed' ELSE 'aborted' END AS status,
    table_name,
    starttime AS start_time,
    endtime AS end_time,
    (extract(epoch FROM endtime - starttime) * 1000000)::bigint AS duration,
    source AS data_source,
    'json' AS file_format,
    rows AS loaded_rows,
    bytes AS loaded_bytes,
    files AS source_file_count,
    bytes AS source_file_bytes,
    files AS file_count_scanned,
    bytes AS file_bytes_scanned,
    errors AS error_count,
    0::bigint AS copy_job_id
FROM {SCHEMA}.loads
WHERE {_OWN}""",
}

# A COPY that fails before it reads rows does not count, nor one that was rolled back after it had completed:
# https://docs.aws.amazon.com/redshift/latest/dg/PG_LAST_COPY_ID.html and PG_LAST_COPY_COUNT.html
_LAST = f"""
FROM {SCHEMA}.loads
WHERE session = pg_backend_pid()
    AND session_start = (SELECT backend_start FROM pg_stat_get_activity(pg_backend_pid()))
    AND CASE WHEN completed THEN pg_xact_status(xid::text::xid8) IS DISTINCT FROM 'aborted' ELSE errors > 0 END
ORDER BY query DESC
LIMIT 1"""
# After SET ROLE, the start of one's own session could not be read.
FUNCTIONS = {
    "pg_last_copy_id": [("", "integer SECURITY DEFINER", f"coalesce((SELECT query::int {_LAST}), -1)")],
    "pg_last_copy_count": [("", "bigint SECURITY DEFINER", f"coalesce((SELECT rows {_LAST}), 0)")],
}
