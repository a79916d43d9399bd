"""What Postgres says of a statement that it refuses, in Redshift's words and with the way out."""

import re

import psycopg2

from redjam.local.sql.system_views import VIEWS
from redjam.local.sql.vocabulary import SCHEMA

_MULTIPLE = (
    "Found multiple matches to update the same tuple. Several rows of the source match one row of the target: "
    "take one of each first, with QUALIFY ROW_NUMBER() OVER (PARTITION BY key ORDER BY ...) = 1."
)
# https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation-serializable-isolation-troubleshooting.html
_CONFLICT = (
    "1023\nDETAIL:  Serializable isolation violation on table in Redshift. Another transaction has changed or locked "
    "what this one needs: ROLLBACK and run it again, or begin both with LOCK of their tables in the same order."
)
_WIDEN = "The length is in bytes: widen the column, or cut the value with a CAST."
_OWN = f"PL/pgSQL function {SCHEMA}."
_WITHIN = f"{_OWN}|SQL function"


def reason(error: psycopg2.Error) -> str | None:
    """The message that Redshift's user should read, or None where Postgres' own will do."""
    diagnosis, says = error.diag, error.diag.message_primary or ""
    words = _WORDS.get(error.pgcode)
    if text := words and words(diagnosis, says):
        return text
    # Other hints of Postgres lead to what Redshift has not.
    hint = _HINTS.get(error.pgcode, lambda error: "")(error)
    if SCHEMA in str(error) or hint or diagnosis.message_hint:
        return says.replace(f"{SCHEMA}.", "") + (f"\nHINT:  {hint}" if hint else "")
    # Raised within a function of ours: where in it is no matter of the user's.
    return says if re.search(_WITHIN, diagnosis.context or "") else None


def _too_long(diagnosis, says: str) -> str | None:
    # The limits of bytes are constraints, whose names tell: `procedures` makes them.
    column, _, kind = (diagnosis.constraint_name or "").partition(": value too long for ")
    if not kind:
        return None
    kind = re.sub(r"^(var)?char\(", lambda short: f"type character{' varying' if short[1] else ''}(", kind)
    which = "a column" if re.fullmatch("[0-9a-f]{20}", column) else f"column {column}"
    return f"value too long for {kind}: {which} of {diagnosis.table_name}. {_WIDEN}"


def _in_a_block(diagnosis, says: str) -> str | None:
    called = re.search(rf"{_OWN}(alter_length|append_from)\(", diagnosis.context or "")
    if not called:
        return None
    what = {"alter_length": "ALTER TABLE ALTER COLUMN", "append_from": "ALTER TABLE APPEND"}[called[1]]
    return f"{what} cannot run inside a transaction block. COMMIT first, and connect in autocommit."


def _system_view(diagnosis, says: str) -> str | None:
    if not re.match(r'relation "(stl|stv|svl|svv|svcs|sys)_', says):
        return None
    return f"The stand-in has no system view {says.split()[1]}. It has {', '.join(sorted(VIEWS))}."


def _lateral(error: psycopg2.Error) -> str:
    """Of a column that is an alias in the same query, what to do."""
    name = error.diag.message_primary.partition('"')[2].partition('"')[0]
    asked = error.cursor.query.decode() if error.cursor and error.cursor.query else ""
    if not name or not re.search(rf'\bAS "?{re.escape(name)}\b', asked, re.IGNORECASE):
        return ""
    return (
        f"Redshift may read {name} as the alias in the same list. Here repeat its expression, or select from a query."
    )


_HINTS = {
    "42703": _lateral,
    "42883": lambda error: (
        "Cast the values to types that it takes. A number or a date where Redshift makes a text of it: "
        "write CAST(... AS VARCHAR) here."
        if error.diag.message_hint
        else ""
    ),
}
_WORDS = {
    **dict.fromkeys(("40001", "40P01"), lambda diagnosis, says: f"{_CONFLICT} Here: {says}."),
    "21000": lambda diagnosis, says: _MULTIPLE if says.startswith("MERGE") else None,
    "428C9": lambda diagnosis, says: (
        f"cannot set an identity column to a value. {says[:1].upper()}{says[1:]}: leave it out, and list the others."
    ),
    "23514": _too_long,
    "22001": lambda diagnosis, says: f"{says}. {_WIDEN}",
    "23502": lambda diagnosis, says: (
        f"Cannot insert a NULL value into column {diagnosis.column_name} of {diagnosis.table_name}. "
        "Give it a value, or a DEFAULT."
    ),
    "42P01": _system_view,
    "2D000": _in_a_block,
    "22P02": lambda diagnosis, says: (
        f"invalid json object: {diagnosis.message_detail} TRUE as the last argument gives NULL instead."
        if says.endswith("type json")
        else None
    ),
    "42601": lambda diagnosis, says: f"The stand-in cannot read this: {says}. Redshift may.",
}
