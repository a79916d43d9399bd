"""Redshift's COPY of JSON, executed against the embedded Postgres.

Each value is converted as Redshift does, and all files are streamed into one COPY of Postgres, so that an error loads
nothing. The rules are those of https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html and the pages under it.
"""

import json
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache

import psycopg2
from psycopg2 import sql

from redjam.local import sources
from redjam.local.copy import Copy
from redjam.local.sources import CopyError, Reject
from redjam.local.values import WRITERS, Column, converter

SHOWN = 10
ROWS_A_CHUNK = 5_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadError:
    """Why one row was rejected; `line` is the last line of its object, as in STL_LOAD_ERRORS."""

    file: str
    line: int
    column: str
    type: str
    value: str
    code: int
    reason: str
    advice: str

    def __str__(self) -> str:
        column = f"column {self.column} {self.type}, value" if self.column else "at"
        advice = f": {self.advice}" if self.advice else ""
        return f"{self.file} line {self.line}, {column} '{self.value}': {self.reason} ({self.code}){advice}"


@dataclass
class Result:
    """What a COPY did: the rows loaded, the files read, and the rows that MAXERROR let it leave out."""

    rows: int = 0
    files: int = 0
    errors: list[LoadError] = field(default_factory=list)


def execute(cursor, order: Copy, s3: Callable) -> Result:
    """Load into the table: everything or, with a CopyError, nothing, in autocommit too.

    Rows that MAXERROR lets pass are in the result and in one warning of this module's logger. `s3` makes the
    S3 client. A location that is not s3:// is a folder or file of this machine; Redshift could not read it.
    """
    s3 = cache(s3)
    table, columns = _target(cursor, order)
    values = sources.lookup(order.json, [column.name for column in columns], s3)
    files = sources.find(order.source, order.manifest, s3)
    result = Result(files=len(files))
    with closing(sources.read(files, order.gzip, s3, f"COPY {order.table}")) as contents:
        chunks = _chunks(order, columns, values, contents, result)
        if order.noload:
            deque(chunks, maxlen=0)
            result.rows = 0
        else:
            _send(cursor, table, columns, chunks)
    if result.errors:
        _log.warning(_report(order, result.errors, f"{result.rows:,} rows were loaded"))
    return result


def _send(cursor, table: str, columns: list[Column], chunks: Iterator[bytes]) -> None:
    stream = _Stream(chunks)
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT text, ENCODING 'UTF8')").format(sql.SQL(table), names)
    try:
        cursor.copy_expert(copy, stream)
    except psycopg2.Error as error:
        raise stream.error or error from None


class _Stream:
    """The file that psycopg2 reads from; it tells of an exception in `read` only as text, so it is kept."""

    def __init__(self, chunks: Iterator[bytes]):
        self.chunks, self.error = chunks, None

    def read(self, _size: int = 0) -> bytes:
        try:
            return next(self.chunks, b"")
        except BaseException as error:
            self.error = error
            raise


def _target(cursor, order: Copy) -> tuple[str, list[Column]]:
    """The table as Postgres names it, and the columns to load in the order of the statement or the table."""
    cursor.execute("SELECT to_regclass(%s)::oid, to_regclass(%s)::text", (order.table, order.table))
    oid, table = cursor.fetchone()
    if oid is None:
        raise CopyError(f"Cannot COPY into nonexistent table {order.table}; create it first, or name its schema")
    cursor.execute(
        """SELECT attname, typname, atttypmod, attnotnull, format_type(atttypid, atttypmod),
                  attidentity, atthasdef
           FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
           WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum""",
        (oid,),
    )
    rows = {row[0]: row for row in cursor.fetchall()}
    identity = {name for name, row in rows.items() if row[5]}
    chosen = order.columns or [name for name in rows if name not in identity]
    for name in chosen:
        if name not in rows:
            raise CopyError(f"COPY {order.table}: the table has no column {name}; it has {', '.join(rows)}")
        if rows[name][5] == "a":
            raise CopyError(
                f"COPY {order.table}: cannot set identity column {name} to a value; leave it out of the list"
            )
        if rows[name][1] not in WRITERS:
            raise CopyError(f"COPY {order.table}: the stand-in cannot load into column {name}, of type {rows[name][4]}")
    for name, row in rows.items():
        if name not in chosen and row[3] and not row[6] and name not in identity:
            raise CopyError(
                f"COPY {order.table}: column {name} is NOT NULL without a DEFAULT (1213); add it to the list"
            )
    return table, [Column(*rows[name][:4], _redshift_type(rows[name][4])) for name in chosen]


def _redshift_type(name: str) -> str:
    short = {"character varying": "varchar", "character": "char", "timestamp without time zone": "timestamp"}
    short |= {"timestamp with time zone": "timestamptz"}
    name, bracket, length = name.partition("(")
    return short.get(name, name) + bracket + length


def _chunks(
    order: Copy, columns: list[Column], values: Callable, contents: Iterator, result: Result
) -> Iterator[bytes]:
    """Convert file after file into Postgres' text format; after one error too many, only check the rest."""
    converters = [converter(column, order) for column in columns]
    limit, lines = max(order.maxerror, 1), []
    for file, data in contents:
        text = data.decode("utf-8", "surrogateescape")
        line, counted = 1, 0
        for document, start, end in sources.documents(text):
            try:
                row = _row(converters, values, document)
            except Reject as reject:
                line, counted = line + text.count("\n", counted, end), end
                column, value = _culprit(columns, converters, values, document)
                shown = text[start:end] if column is None or isinstance(value, dict | list) else value
                result.errors.append(_load_error(file.name, line, column, shown, reject))
                if len(result.errors) >= max(limit, SHOWN):
                    raise _failure(order, result.errors, " or more") from None
                continue
            if len(result.errors) < limit:
                lines.append(row)
            if len(lines) == ROWS_A_CHUNK:
                result.rows += len(lines)
                yield "".join(lines).encode()
                lines.clear()
    if len(result.errors) >= limit:
        raise _failure(order, result.errors)
    result.rows += len(lines)
    yield "".join(lines).encode()


def _row(converters: list[Callable], values: Callable, document) -> str:
    if document.__class__ is Reject:
        raise document
    try:
        texts = [convert(value) for convert, value in zip(converters, values(document), strict=True)]
    except RecursionError:
        raise Reject(1216, "Invalid value", "nested too deep") from None
    return "\t".join(texts) + "\n"


def _culprit(columns: list[Column], converters: list[Callable], values: Callable, document) -> tuple:
    """The first column that a rejected document fails in, and its value; two None if it fails as a whole."""
    try:
        found = [] if document.__class__ is Reject else values(document)
    except Reject:
        found = []
    for column, convert, value in zip(columns, converters, found, strict=False):
        try:
            convert(value)
        except (Reject, RecursionError):
            return column, value
    return None, None


def _load_error(file: str, line: int, column: Column | None, value, reject: Reject) -> LoadError:
    name, kind = (column.name, column.type) if column else ("", "")
    value = value if isinstance(value, str) else json.dumps(value)
    shown = " ".join(_printable(value[:200]).split())
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return LoadError(file, line, name, kind, shown, reject.code, _printable(reject.reason), reject.advice)


def _printable(text: str) -> str:
    # An invalid byte was read as a lone surrogate, which can neither be printed nor sent to Postgres.
    return text.encode("utf-8", "backslashreplace").decode()


def _failure(order: Copy, errors: list[LoadError], more: str = "") -> CopyError:
    return CopyError(_report(order, errors, "nothing was loaded", more), errors)


def _report(order: Copy, errors: list[LoadError], outcome: str, more: str = "") -> str:
    rows = f"{len(errors):,}{more} row{'s' if more or len(errors) > 1 else ''} rejected"
    lines = [f"COPY {order.table}: {rows} (MAXERROR {order.maxerror}), {outcome}.", *map(str, errors[:SHOWN])]
    if len(errors) > SHOWN:
        lines.append(f"and {len(errors) - SHOWN:,} more")
    return "\n    ".join(lines)
