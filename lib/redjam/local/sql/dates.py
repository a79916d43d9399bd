"""Redshift's functions of dates and times, as SQL; `unit` comes in one spelling: `expressions` sees to that."""

from redjam.local.sql.vocabulary import SCHEMA

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
# https://docs.aws.amazon.com/redshift/latest/dg/r_MONTHS_BETWEEN_function.html: 31 days are a month.
_BETWEEN = f"""({_MONTHS.format("a")} - {_MONTHS.format("b")})::float8 + CASE
    WHEN extract(day FROM a) = extract(day FROM b) THEN 0
    WHEN a::date = {SCHEMA}.last_day(a) AND b::date = {SCHEMA}.last_day(b) THEN 0
    ELSE extract(epoch FROM (a - date_trunc('month', a)) - (b - date_trunc('month', b))) / 86400 / 31 END"""
# The names of the days, from Sunday on: https://docs.aws.amazon.com/redshift/latest/dg/r_NEXT_DAY.html
_DAYS = [
    "'su', 'sun', 'sunday'",
    "'m', 'mo', 'mon', 'monday'",
    "'tu', 'tue', 'tues', 'tuesday'",
    "'w', 'we', 'wed', 'wednesday'",
    "'th', 'thu', 'thurs', 'thursday'",
    "'f', 'fr', 'fri', 'friday'",
    "'sa', 'sat', 'saturday'",
]
_WHENS = " ".join(f"WHEN lower(weekday) IN ({names}) THEN {number}" for number, names in enumerate(_DAYS))
_NEXT = f"""t::date + (CASE {_WHENS} ELSE (weekday || ' is no day of the week: write Monday, say')::int END
    - extract(dow FROM t)::int + 6) % 7 + 1"""
_COMPARED = "CASE WHEN a > b THEN 1 WHEN a < b THEN -1 WHEN a = b THEN 0 END"
_COMPARISONS = {
    "date_cmp": ("date", "date"),
    "date_cmp_timestamp": ("date", "timestamp"),
    "date_cmp_timestamptz": ("date", "timestamptz"),
    "timestamp_cmp": ("timestamp", "timestamp"),
    "timestamp_cmp_date": ("timestamp", "date"),
    "timestamp_cmp_timestamptz": ("timestamp", "timestamptz"),
    "timestamptz_cmp": ("timestamptz", "timestamptz"),
    "timestamptz_cmp_date": ("timestamptz", "date"),
    "timestamptz_cmp_timestamp": ("timestamptz", "timestamp"),
    "interval_cmp": ("interval", "interval"),
}

# Name: its forms (arguments, type of the result, expression). DATEADD, DATEDIFF, EXTRACT and DATE_PART stand under
# the names that Redshift gives their columns.
DATES = {
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
    "months_between": [("a timestamp, b timestamp", "double precision", _BETWEEN)],
    "next_day": [("t timestamp, weekday text", "date", _NEXT)],
    "date_part_year": [("t date", "integer", "extract(year FROM t)::int")],
    # Without TRUE for strict, Redshift takes June 31 for July 1.
    "to_date": [
        ("s text, format text", "date", "pg_catalog.to_date(s, format)"),
        ("s text, format text, strict boolean", "date", "pg_catalog.to_date(s, format)"),
    ],
    "to_timestamp": [
        ("s text, format text", "timestamptz", "pg_catalog.to_timestamp(s, format)"),
        ("s text, format text, strict boolean", "timestamptz", "pg_catalog.to_timestamp(s, format)"),
    ],
    **{name: [(f"a {a}, b {b}", "integer", _COMPARED)] for name, (a, b) in _COMPARISONS.items()},
}
