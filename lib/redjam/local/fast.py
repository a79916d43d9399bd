"""Clean chunks of what COPY reads, converted column by column: polars parses them and writes Postgres' text format.

The rows are the very ones that `values` makes one by one; a chunk or row of which that is not certain is left to it.
Polars refuses a value that has not the type it is told to read, so that the type proves what stood in the file. There
is one exception: as text it reads numbers, objects and arrays too, and does not keep them as they were written.
"""

import io
import re
from collections.abc import Callable
from contextlib import suppress

import polars as pl
from polars.exceptions import PolarsError

from redjam.documents import DOCUMENT_BYTES, Reject
from redjam.local.columns import INTEGERS, TEXTS, Column
from redjam.local.copy import Copy
from redjam.local.numbers import EXACT
from redjam.local.values import ESCAPES, NULL

Read = Callable[[bytes], bytes | None]
TYPES = dict.fromkeys(TEXTS, pl.String) | dict.fromkeys(INTEGERS, pl.Int64)
TYPES |= {
    "float4": pl.Float64,
    "float8": pl.Float64,
    "bool": pl.Boolean,
    "timestamp": pl.Int64,
    "timestamptz": pl.Int64,
}
MILLISECONDS = {"epochsecs": 1_000, "epochmillisecs": 1}
FIRST, LAST = -62_135_596_800_000, 253_402_300_799_999  # the years 1 to 9999 in milliseconds
DEPTH = 500  # the decoder of Python has a limit near 1,000, that of polars one near 1,024
_ESCAPES = {chr(code): text for code, text in ESCAPES.items()}
# What a number, an object or an array looks like that polars read as text.
_OTHER = r"^(?:-?[0-9]+(?:\.[0-9]+)?$|[\[{])"
# That, perhaps, or a text that is escaped for Postgres: quick to look for.
_ODD = r"^[-0-9\[{]|[\\\t\n\r]"
_BLANK = r"^[\s\x1c-\x1f]+$"
_DIGITS = r"^-?[0-9]{1,15}$"


def reader(
    order: Copy, columns: list[Column], paths: list[list[str | int]], row: Callable[[bytes], bytes]
) -> Read | None:
    """Make the function from a chunk of whole lines to its rows; None if the COPY is not for it.

    The function returns None for a chunk in doubt, and may run in several threads. Single lines in doubt go to `row`.
    """
    keys = [path[0] for path in paths]
    nested = any(len(path) > 1 or isinstance(path[0], int) for path in paths)
    timed = any(column.kind.startswith("timestamp") for column in columns)
    if nested or len(set(keys)) < len(keys) or order.json == "auto ignorecase":
        return None
    if not all(column.kind in TYPES for column in columns) or (timed and order.timeformat not in MILLISECONDS):
        return None
    named = dict(zip(keys, columns, strict=True))
    natural = {key: TYPES[column.kind] for key, column in named.items()}
    otherwise, schema = _written_otherwise(natural), dict(natural)

    def read(chunk: bytes) -> bytes | None:
        # What begins otherwise may be compressed, and polars would unpack it.
        frame = _parse(chunk, schema, natural) if chunk.startswith(b"{") else None
        if frame is None:
            return None
        lines = chunk.count(b"\n")
        if lines != frame.height:
            chunk = b"".join([line + b"\n" for line in chunk.split(b"\n") if line.strip()])
            lines = chunk.count(b"\n")
        if lines != frame.height or not _fits(chunk, lines):
            return None
        odd = frame.select(pl.col(pl.String).str.contains(_ODD).any())
        odd = {series.name for series in odd if series.any()}
        parts = [_convert(column, key, frame.schema[key], order, key in odd) for key, column in named.items()]
        frame = frame.select(
            *[value.alias(str(number)) for number, (value, _, _) in enumerate(parts)],
            doubt=pl.any_horizontal(pl.lit(False), *[doubt for _, doubt, _ in parts]),
            look=pl.any_horizontal(pl.lit(False), *[look for _, _, look in parts]),
        )
        written = _write(frame.drop("doubt", "look"))
        doubtful = [*frame["doubt"].arg_true(), *_otherwise(frame["look"].arg_true(), chunk, otherwise)]
        if b"\0" in written:  # also what polars makes of half a surrogate pair
            doubtful += [number for number, line in enumerate(written.split(b"\n")) if b"\0" in line]
        if len(doubtful) * 4 > frame.height:
            return None
        return _replaced(written, chunk, doubtful, row)

    return read


def _fits(chunk: bytes, lines: int) -> bool:
    """Whether no line is longer, and no object deeper, than the decoder of Python takes it."""
    if len(chunk) <= DOCUMENT_BYTES and chunk.count(b"{") + chunk.count(b"[") - lines <= DEPTH:
        return True
    return all(
        len(line) <= DOCUMENT_BYTES and line.count(b"{") + line.count(b"[") <= DEPTH for line in chunk.split(b"\n")
    )


def _parse(chunk: bytes, schema: dict, natural: dict) -> pl.DataFrame | None:
    """One row a line; where the types of the last chunk do not fit, `schema` is changed to those of this one."""
    with suppress(PolarsError):
        return pl.read_ndjson(io.BytesIO(chunk), schema=schema)
    try:
        found = pl.scan_ndjson(io.BytesIO(chunk), infer_schema_length=None).collect_schema()
        fitting = {key: _fitting(kind, found.get(key, pl.Null)) for key, kind in natural.items()}
        frame = pl.read_ndjson(io.BytesIO(chunk), schema=fitting)
    except PolarsError:
        return None
    schema.update(fitting)
    return frame


def _fitting(natural, found):
    if found in (natural, pl.Null):
        return natural
    numbers = (pl.Int64, pl.Float64)
    return pl.Float64 if natural in numbers and found in numbers else pl.String


def _convert(column: Column, key: str, kind: pl.DataType, order: Copy, odd: bool) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """The column's values, where they are in doubt, and where they look as if they had not been texts in the file.

    `odd` says that this column has such texts, or some that Postgres' format writes with a backslash.
    """
    value, look = pl.col(key), pl.lit(False)
    if column.kind in TEXTS:
        look = value.str.contains(_OTHER) if odd else look
        value, doubt = _text(column, value, order)
        value = value.str.replace_many(list(_ESCAPES), list(_ESCAPES.values())) if odd else value
    elif kind == pl.String and column.kind not in INTEGERS:
        # Of texts only the empty one is certain: NULL.
        value, doubt = pl.lit(None, pl.String), value != ""
    elif column.kind in INTEGERS:
        value, doubt = _integer(column, value, kind)
    elif column.kind in ("float4", "float8"):
        value = (
            pl.when(value == 0).then(0.0).otherwise(value).cast(pl.Float32 if column.kind == "float4" else pl.Float64)
        )
        doubt = value.is_infinite()
    elif column.kind == "bool":
        doubt = pl.lit(False)
    else:
        value, doubt = _timestamp(column, value, kind, MILLISECONDS[order.timeformat])
    return value, doubt | value.is_null() if column.not_null else doubt, look


def _text(column: Column, value: pl.Expr, order: Copy) -> tuple[pl.Expr, pl.Expr]:
    doubt = value.str.len_bytes() > column.limit
    if column.kind == "bpchar":
        doubt |= value.str.len_bytes() != value.str.len_chars()
    if order.blanksasnull:
        doubt |= value.str.contains(_BLANK)
    return (pl.when(value != "").then(value) if order.emptyasnull else value), doubt


def _integer(column: Column, value: pl.Expr, kind: pl.DataType) -> tuple[pl.Expr, pl.Expr]:
    high = 2 ** (INTEGERS[column.kind][0] - 1) - 1
    whole, doubt = value, pl.lit(False)
    if kind == pl.Float64:
        whole = value.cast(pl.Int64, strict=False)
        doubt = (value != value.floor()) | (value.abs() >= EXACT)
    elif kind == pl.String:
        # A number written in digits, or a text of them: the same for Redshift.
        whole = pl.when(value.str.contains(_DIGITS)).then(value).cast(pl.Int64, strict=False)
        doubt = (value != "") & whole.is_null()
    return whole, doubt | ~whole.is_between(-high - 1, high)


def _timestamp(column: Column, value: pl.Expr, kind: pl.DataType, unit: int) -> tuple[pl.Expr, pl.Expr]:
    if kind != pl.Int64:
        return pl.lit(None, pl.String), value.is_not_null()
    inside = value.is_between(FIRST // unit, LAST // unit)
    moment = pl.when(inside).then(value * unit).cast(pl.Datetime("ms"))
    return moment.dt.to_string("%Y-%m-%d %H:%M:%S%.3f" + ("+00" if column.kind == "timestamptz" else "")), ~inside


def _written_otherwise(natural: dict) -> str:
    """A pattern for lines where a text column may get something else than a text, null or digits as they are.

    It also finds each line with an escape in a key, since that key may be one of the columns'.
    """
    keys = "|".join(re.escape(key) for key, kind in natural.items() if kind == pl.String)
    return rf'"(?:{keys})"\s*:\s*(?:[^"n\s0-9-]|-0|-?[0-9]+[^0-9,}}\s])|\\.[^"]*"\s*:'


def _otherwise(numbers: pl.Series, chunk: bytes, pattern: str) -> pl.Series:
    if numbers.is_empty():
        return numbers
    lines = chunk.split(b"\n")
    found = pl.Series([lines[number] for number in numbers], dtype=pl.Binary).cast(pl.String)
    return numbers.filter(found.str.contains(pattern))


def _write(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_csv(file, include_header=False, separator="\t", quote_style="never", null_value=NULL)
    return file.getvalue()


def _replaced(written: bytes, chunk: bytes, numbers: list[int], row: Callable[[bytes], bytes]) -> bytes | None:
    """The rows with those of these numbers made anew from their lines, or None if one cannot be loaded."""
    if not numbers:
        return written
    rows, lines = written.split(b"\n"), chunk.split(b"\n")
    try:
        for number in numbers:
            rows[number] = row(lines[number])
    except Reject:
        return None
    return b"\n".join(rows)
