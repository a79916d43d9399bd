"""Redshift's COPY of JSON, executed against the embedded Postgres.

Each value is converted as Redshift does, and all files are streamed into one COPY of Postgres, so that an error loads
nothing. The rules are those of https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html and the pages under it.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache

import psycopg2
from psycopg2 import sql

from redjam.local import jsonpaths, sources
from redjam.local.columns import Column
from redjam.local.copy import Copy
from redjam.local.rows import LoadError, chunks
from redjam.local.sources import CopyError
from redjam.local.values import WRITERS

SHOWN = 10


@dataclass
class Result:
    """What a COPY did: rows loaded, files read and the rows of each, and the rows that MAXERROR let it leave out."""

    rows: int = 0
    files: list[sources.File] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    errors: list[LoadError] = field(default_factory=list)


def execute(cursor, order: Copy, s3: Callable) -> Result:
    """Load into the table: everything or, with a CopyError, nothing, in autocommit too.

    `s3` makes the S3 client. A location that is not s3:// is a folder or file of this machine; Redshift could not
    read it.
    """
    s3 = cache(s3)
    table, columns = _target(cursor, order)
    paths = jsonpaths.paths(order.json, [column.name for column in columns], s3)
    files = sources.find(order.source, order.manifest, s3)
    result, most = Result(files=files), max(order.maxerror, SHOWN)
    with (
        closing(sources.read(files, order.gzip, s3, f"COPY {order.table}")) as contents,
        closing(chunks(order, columns, paths, contents, result.errors, most, result.counts)) as converted,
    ):
        if order.noload:
            deque(converted, maxlen=0)
        else:
            result.rows = _send(cursor, table, columns, converted)
    return result


def _send(cursor, table: str, columns: list[Column], chunks: Iterator[bytes]) -> int:
    """Copy the chunks into the table, and count their rows."""
    stream = _Stream(chunks)
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT text, ENCODING 'UTF8')").format(sql.SQL(table), names)
    try:
        cursor.copy_expert(copy, stream)
    except psycopg2.Error as error:
        # Ctrl-C in the moment that `read` is called leaves no other trace.
        interrupted = "error in .read() call" in str(error)
        raise stream.error or (KeyboardInterrupt() if interrupted else error) from None
    return cursor.rowcount


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
    return table, [Column(*rows[name][:4]) for name in chosen]
