"""A value of a JSON document as Redshift's COPY would store it: the text that Postgres' COPY reads for one column.

Whatever Postgres could not take is rejected here: an error of Postgres' own would not know file and line.
"""

import json
import re
from collections.abc import Callable

from redjam.documents import Number, Reject
from redjam.local import numbers, times
from redjam.local.columns import TEXTS, Column

NULL = r"\N"
ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
BOOLEANS = dict.fromkeys(("true", "t", "yes", "y", "1"), "t") | dict.fromkeys(("false", "f", "no", "n", "0"), "f")
_SURROGATE = re.compile("[\ud800-\udfff]")


def converter(column: Column, order) -> Callable[[object], str]:
    """Make the function that turns a value of a document into the column's text; `order` is a copy.Copy."""
    write = WRITERS[column.kind](column, order)
    # Empty and blank fields of types other than CHAR and VARCHAR are always NULL.
    text = column.kind in TEXTS
    empty_is_null, blank_is_null = (order.emptyasnull, order.blanksasnull) if text else (True, True)

    def convert(value: object) -> str:
        if value is not None:
            value = value if isinstance(value, str) else _json(value)
            if (value or not empty_is_null) and not (blank_is_null and value.isspace()):
                return write(value)
        if column.not_null:
            raise Reject(1213, "Missing data for not-null field")
        return NULL

    return convert


def as_text(value: object) -> str:
    """A text as it is; else JSON without white space, its numbers as they were written."""
    return value if isinstance(value, str) else _json(value)


def _json(value: object) -> str:
    if isinstance(value, Number):
        return value
    if isinstance(value, dict):
        return "{" + ",".join([f"{_json(key)}:{_json(member)}" for key, member in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([_json(member) for member in value]) + "]"
    return json.dumps(value, ensure_ascii=False)


def _text(column: Column, order) -> Callable[[str], str]:
    """Lengths are bytes. NUL is refused: Redshift fails on a leading one, and cuts at a later one."""
    limit = column.limit

    def write(value: str) -> str:
        if not value.isascii():
            value = _valid(value, column, order)
        if "\0" in value:
            raise Reject(1218, "Invalid null byte - field longer than 1 byte")
        if len(value) * 4 > limit and len(value.encode()) > limit:
            if not order.truncatecolumns:
                raise Reject(1204, "String length exceeds DDL length")
            value = value.encode()[:limit].decode(errors="ignore")
        return value.translate(ESCAPES)

    return write


def _valid(value: str, column: Column, order) -> str:
    """Text that is not ASCII; its invalid bytes, read as surrogates, are replaced if the COPY says so."""
    if column.kind == "bpchar":
        raise Reject(1220, "Multibyte character not supported for CHAR (Hint: Try using VARCHAR)")
    invalid = _SURROGATE.search(value)
    if invalid and not order.acceptinvchars:
        sequence = invalid[0].encode("utf-16-be", "surrogatepass").hex().removeprefix("dc")
        reason = f"String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: {sequence}"
        raise Reject(1220, reason)
    return _SURROGATE.sub(lambda _: order.acceptinvchars, value) if invalid else value


def _boolean(_column: Column, _order) -> Callable[[str], str]:
    def write(value: str) -> str:
        if written := BOOLEANS.get(value.strip().lower()):
            return written
        raise Reject(1210, "Invalid boolean format or value")

    return write


WRITERS = {
    "varchar": _text,
    "bpchar": _text,
    "text": _text,
    "int2": numbers.integer,
    "int4": numbers.integer,
    "int8": numbers.integer,
    "float4": numbers.floating,
    "float8": numbers.floating,
    "numeric": numbers.numeric,
    "bool": _boolean,
    "date": times.date,
    "timestamp": times.timestamp,
    "timestamptz": times.timestamp,
}
