"""The functions that Redshift has and Postgres lacks, or has otherwise, as SQL for the schema of the stand-in's own."""

SCHEMA = "redshift_catalog"

_MONTHS = "(extract(year FROM {0}) * 12 + extract(month FROM {0}) - 1)::bigint"
_SECONDS = "extract(epoch FROM date_trunc(unit, {0}))"
_ADD = "t + trunc(n) * CASE unit WHEN 'quarter' THEN '3 months' ELSE '1 ' || unit END::interval"
# February 29 and a year is March 1: https://docs.aws.amazon.com/redshift/latest/dg/r_DATEADD_function.html
_ADD_DATE = f"""CASE unit WHEN 'year' THEN
    date_trunc('month', t) + trunc(n) * interval '1 year' + (t - date_trunc('month', t)) ELSE {_ADD} END"""
# Boundaries crossed, not time elapsed: https://docs.aws.amazon.com/redshift/latest/dg/r_DATEDIFF_function.html
_DIFF = f"((({_SECONDS.format('b')} - {_SECONDS.format('a')}) / extract(epoch FROM ('1 ' || unit)::interval)))::bigint"
_DIFF_DATE = f"""CASE
    WHEN unit IN ('year', 'decade', 'century', 'millennium')
    THEN (pg_catalog.date_part(unit, b) - pg_catalog.date_part(unit, a))::bigint
    WHEN unit = 'quarter' THEN {_MONTHS.format("b")} / 3 - {_MONTHS.format("a")} / 3
    WHEN unit = 'month' THEN {_MONTHS.format("b")} - {_MONTHS.format("a")}
    WHEN unit = 'week' THEN (date_trunc('week', b)::date - date_trunc('week', a)::date) / 7
    WHEN unit = 'day' THEN b::date - a::date
    ELSE {_DIFF} END"""
# Of seconds, milliseconds and microseconds EXTRACT gives that part only, and decades count from 1:
# https://docs.aws.amazon.com/redshift/latest/dg/r_Dateparts_for_datetime_functions.html
_PART = "pg_catalog.date_part(unit, t) + CASE unit WHEN 'decade' THEN 1 ELSE 0 END"
_EXTRACT = f"""CASE WHEN unit IN ('millisecond', 'microsecond') THEN trunc({_PART})::bigint % 1000
    ELSE trunc({_PART})::bigint END"""
_DIGIT = "strpos('0123456789abcdefghijklmnopqrstuvwxyz', digit)"
_STRTOL = f"""CASE WHEN number IS NOT NULL THEN (
    SELECT coalesce(sum(power(base::numeric, length(digits) - place) * CASE WHEN {_DIGIT} BETWEEN 1 AND base
        THEN {_DIGIT} - 1 ELSE (digit || ' is no digit in base ' || base)::int END), 0)::bigint
        * CASE WHEN number ~ '^[[:space:]]*-' THEN -1 ELSE 1 END
    FROM (SELECT regexp_replace(lower(number), '^[[:space:]]*[+-]?' || CASE base WHEN 16 THEN '(0x)?' ELSE '' END, ''))
        AS rest (digits), string_to_table(digits, NULL) WITH ORDINALITY AS each_one (digit, place)) END"""
# https://docs.aws.amazon.com/redshift/latest/dg/r_PERCENTILE_CONT.html; a whole group has come as an array.
_PERCENTILE = """(
    SELECT v[floor(rn)::int] + (v[ceil(rn)::int] - v[floor(rn)::int]) * (rn - floor(rn))::{factor}
    FROM (SELECT ARRAY(SELECT x FROM unnest(given) AS x WHERE x IS NOT NULL ORDER BY x)::{type}[]) AS s (v),
        LATERAL (SELECT 1 + percentile * (cardinality(v) - 1)) AS r (rn))"""
_SORTABLE = {
    **dict.fromkeys(("smallint", "integer", "bigint", "numeric"), "numeric"),
    **dict.fromkeys(("real", "double precision"), "double precision"),
    **{time: time for time in ("timestamp", "timestamptz")},
}
_FLAGS = "translate(parameters, 'ep', '')"

# The texts are free of backslashes: whether those are escapes depends on the session that calls.
# Name: its forms (arguments, type of the result, expression). DATEADD, DATEDIFF, EXTRACT and DATE_PART stand under
# the names that Redshift gives their columns. `unit` comes in one spelling: expressions.py sees to that.
FUNCTIONS = {
    "getdate": [("", "timestamp", "date_trunc('second', statement_timestamp()::timestamp)")],
    "sysdate": [("", "timestamp", "transaction_timestamp()::timestamp")],
    "date_add": [
        ("unit text, n double precision, t timestamp", "timestamp", _ADD_DATE),
        ("unit text, n double precision, t timestamptz", "timestamptz", _ADD_DATE),
        ("unit text, n double precision, t date", "timestamp", f"{SCHEMA}.date_add(unit, n, t::timestamp)"),
        ("unit text, n double precision, t time", "time", _ADD),
    ],
    "date_diff": [
        ("unit text, a timestamp, b timestamp", "bigint", _DIFF_DATE),
        ("unit text, a timestamptz, b timestamptz", "bigint", _DIFF_DATE),
        ("unit text, a date, b date", "bigint", f"{SCHEMA}.date_diff(unit, a::timestamp, b::timestamp)"),
        ("unit text, a time, b time", "bigint", _DIFF),
    ],
    "date_part": [
        (f"unit text, t {time}", "bigint", _EXTRACT)
        for time in ("timestamp", "timestamptz", "date", "time", "interval")
    ],
    "pgdate_part": [
        (f"unit text, t {time}", "double precision", _PART)
        for time in ("timestamp", "timestamptz", "date", "time", "interval")
    ],
    "date_trunc": [
        ("unit text, t timestamp", "timestamp", "pg_catalog.date_trunc(unit, t)"),
        ("unit text, t timestamptz", "timestamptz", "pg_catalog.date_trunc(unit, t)"),
        ("unit text, t date", "timestamp", "pg_catalog.date_trunc(unit, t::timestamp)"),
    ],
    "convert_timezone": [
        ("target text, t timestamp", "timestamp", "t AT TIME ZONE 'UTC' AT TIME ZONE target"),
        ("target text, t timestamptz", "timestamp", "t AT TIME ZONE target"),
        ("source text, target text, t timestamp", "timestamp", "t AT TIME ZONE source AT TIME ZONE target"),
    ],
    "last_day": [("t timestamp", "date", "(date_trunc('month', t) + interval '1 month - 1 day')::date")],
    "add_months": [
        (
            "t timestamp, n bigint",
            "timestamp",
            f"""CASE WHEN t::date = {SCHEMA}.last_day(t)
            THEN {SCHEMA}.last_day(t + n * interval '1 month') + t::time ELSE t + n * interval '1 month' END""",
        )
    ],
    "trunc": [
        ("t timestamp", "date", "t::date"),
        ("n numeric", "numeric", "pg_catalog.trunc(n)"),
        ("n double precision", "double precision", "pg_catalog.trunc(n)"),
        ("n numeric, places integer", "numeric", "pg_catalog.trunc(n, places)"),
        ("n double precision, places integer", "double precision", "pg_catalog.trunc(n::numeric, places)::float8"),
    ],
    "round": [
        ("n numeric", "numeric", "pg_catalog.round(n)"),
        ("n double precision", "double precision", "pg_catalog.round(n)"),
        ("n numeric, places integer", "numeric", "pg_catalog.round(n, places)"),
        ("n double precision, places integer", "double precision", "pg_catalog.round(n::numeric, places)::float8"),
    ],
    "len": [("s text", "integer", "length(s)")],
    "charindex": [("part text, whole text", "integer", "strpos(whole, part)")],
    "concat": [("a text, b text", "text", "a || b")],
    "strtol": [("number text, base integer", "bigint", _STRTOL)],
    "sha2": [
        (
            "s text, bits integer",
            "text",
            """encode(CASE bits WHEN 224 THEN sha224(s::bytea) WHEN 384 THEN sha384(s::bytea)
            WHEN 512 THEN sha512(s::bytea) ELSE sha256(s::bytea) END, 'hex')""",
        )
    ],
    "regexp_replace": [
        (
            "s text, pattern text, replacement text DEFAULT '', place integer DEFAULT 1, parameters text DEFAULT 'c'",
            "text",
            f"pg_catalog.regexp_replace(s, pattern, replacement, greatest(place, 1), 0, {_FLAGS})",
        )
    ],
    # No match gives an empty string.
    "regexp_substr": [
        (
            "s text, pattern text, place integer DEFAULT 1, nth integer DEFAULT 1, parameters text DEFAULT 'c'",
            "text",
            f"""CASE WHEN s IS NOT NULL AND pattern IS NOT NULL AND nth >= 1 THEN coalesce(pg_catalog.regexp_substr(
            s, pattern, greatest(place, 1), nth, {_FLAGS}, CASE WHEN parameters ~ 'e' THEN 1 ELSE 0 END), '') END""",
        )
    ],
    # Aggregates: of Postgres' ones over the same rows. The average of integers is an integer:
    # https://docs.aws.amazon.com/redshift/latest/dg/r_AVG.html; the lowest value is there for its type.
    "avg": [
        *(
            (f"average numeric, lowest {number}", "bigint", "trunc(average)")
            for number in ("smallint", "integer", "bigint")
        ),
        *((f"average {of}, lowest {of}", of, "average") for of in ("numeric", "double precision", "interval")),
        ("average double precision, lowest real", "double precision", "average"),
    ],
    "ratio_to_report": [
        ("part double precision, total double precision", "double precision", "part / nullif(total, 0)")
    ],
    # NULLs and empty strings are ignored: https://docs.aws.amazon.com/redshift/latest/dg/r_LISTAGG.html
    "listagg": [
        (
            "given anyarray, delimiter text DEFAULT ''",
            "text",
            "nullif(array_to_string(array_remove(given::text[], ''), delimiter), '')",
        )
    ],
    "percentile_cont": [
        (
            f"given {of}[], percentile numeric",
            returns,
            _PERCENTILE.format(type=returns, factor="numeric" if returns == "numeric" else "double precision"),
        )
        for of, returns in _SORTABLE.items()
    ],
    "median": [
        (f"given {of}[]", returns, f"{SCHEMA}.percentile_cont(given, 0.5)") for of, returns in _SORTABLE.items()
    ],
    "table_keys": [
        (
            "relation oid",
            "jsonb",
            "obj_description(reltype, 'pg_type')::jsonb FROM pg_class WHERE oid = relation AND relkind = 'r'",
        )
    ],
}
