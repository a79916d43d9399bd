"""The functions that Redshift has and Postgres lacks, or has otherwise, as SQL for the schema of the stand-in's own.

The texts are free of backslashes: whether those are escapes depends on the session that calls.
"""

from redjam.local.sql import load_records
from redjam.local.sql.dates import DATES
from redjam.local.sql.texts import TEXTS
from redjam.local.sql.vocabulary import SCHEMA

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
_DOUBLE = {name: name for name in ("cbrt", "exp", "sqrt")} | {"dexp": "exp", "dlog1": "ln", "dlog10": "log"}

# Name: its forms (arguments, type of the result, expression).
FUNCTIONS = {
    **DATES,
    **TEXTS,
    **load_records.FUNCTIONS,
    # Databases of all clusters lie in one Postgres, each as `identifier.name`; see `session`.
    "current_database": [
        (
            "",
            "text",
            "coalesce(nullif(split_part(pg_catalog.current_database(), '.', 2), ''), pg_catalog.current_database())",
        )
    ],
    **{
        name: [("x double precision", "double precision", f"pg_catalog.{function}(x)")]
        for name, function in _DOUBLE.items()
    },
    **{
        name: [("x double precision, y double precision", "double precision", "pg_catalog.power(x, y)")]
        for name in ("pow", "power")
    },
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
    # Aggregates: of Postgres' ones over the same rows. The average of integers is an integer:
    # https://docs.aws.amazon.com/redshift/latest/dg/r_AVG.html; the lowest value is there for its type. The average of
    # decimals has their scale. Whether it is rounded to that, as a cast is, the page does not say.
    "avg": [
        *(
            (f"average numeric, lowest {number}, scale integer", "bigint", "trunc(average)")
            for number in ("smallint", "integer", "bigint")
        ),
        ("average numeric, lowest numeric, scale integer", "numeric", "pg_catalog.round(average, scale)"),
        *((f"average {of}, lowest {of}, scale integer", of, "average") for of in ("double precision", "interval")),
        ("average double precision, lowest real, scale integer", "double precision", "average"),
    ],
    "scale": [
        ("n numeric", "integer", "pg_catalog.scale(n)"),
        *(
            (f"n {of}", "integer", "0")
            for of in ("smallint", "integer", "bigint", "real", "double precision", "interval")
        ),
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
    # Of a frame, in its order and without NULLs: a value from the front (1, 2 ...) or from the back (-1, -2 ...).
    "nth": [
        (
            "given anyarray, place integer",
            "anyelement",
            "given[CASE WHEN place < 0 THEN cardinality(given) + 1 + place ELSE place END]",
        )
    ],
    "percentile_disc": [
        (
            "given anyarray, percentile numeric",
            "anyelement",
            """(array_remove(given, NULL))[
            greatest(1, ceil(percentile * cardinality(array_remove(given, NULL))))::int]""",
        )
    ],
    "table_keys": [
        (
            "relation oid",
            "jsonb",
            "obj_description(reltype, 'pg_type')::jsonb FROM pg_class WHERE oid = relation AND relkind IN ('r', 'm')",
        )
    ],
}
