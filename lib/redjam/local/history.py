"""The record of each COPY, which the system views show.

It is written on a connection of its own. So it stays, as on Redshift, when the COPY or the transaction around it is
rolled back.
"""

import json
import logging
import re
from datetime import datetime

import psycopg2
from psycopg2.extras import execute_values

from redjam.local.rows import printable
from redjam.local.sql.vocabulary import SCHEMA

KEPT = 2_000  # COPYs; Redshift keeps those of a week
_log = logging.getLogger(__name__)


def record(connection, order, table: int, start: datetime, result=None, errors=()) -> None:
    """Write down a COPY of this session.Connection after its end; without a `result` (a load.Result) it has failed.

    A record that cannot be written is logged: the COPY has had its own end already. Its transaction is known as long
    as it is open.
    """
    about = (table, order.table, order.source, start, len(errors), result is not None, *_done(result))
    for retry in (True, False):
        try:
            with _beside(connection) as beside, beside.cursor() as cursor:
                _write(cursor, (*about, connection.info.backend_pid), errors)
            break
        except psycopg2.errors.UniqueViolation:
            # A crash of the server can set back the sequence of a database that was copied from another.
            with _beside(connection) as beside, beside.cursor() as cursor:
                cursor.execute(
                    f"""SELECT setval(pg_get_serial_sequence('{SCHEMA}.loads', 'query'), max(query))
                        FROM {SCHEMA}.loads"""
                )
        except psycopg2.Error as error:
            # A connection that has died since the last COPY tells only when it is used.
            connection.beside = None
            if not retry:
                _log.warning("the record of the COPY into %s is lost: %s", order.table, error)


def _write(cursor, about: tuple, errors: list) -> None:
    cursor.execute(
        f"""INSERT INTO {SCHEMA}.loads (
            userid, session, session_start, xid, tbl, table_name, source, starttime, endtime,
            errors, completed, rows, files, bytes, scanned
        ) SELECT usesysid::int, pid, backend_start, backend_xid::text::bigint, %s, %s, %s,
            %s AT TIME ZONE 'UTC', clock_timestamp() AT TIME ZONE 'UTC', %s, %s, %s, %s, %s, %s
        FROM pg_stat_get_activity(%s)
        RETURNING query""",
        about,
    )
    for (query,) in cursor.fetchall():  # none if the session is gone
        cursor.execute(f"DELETE FROM {SCHEMA}.loads WHERE query <= %s", (query - KEPT,))
        rows = [(query, number, *_row(error)) for number, error in enumerate(errors)]
        execute_values(cursor, f"INSERT INTO {SCHEMA}.rejected_rows VALUES %s", rows)


def _done(result) -> tuple:
    """The rows, files and bytes of a load.Result, and of each file what the table's column `scanned` has of it."""
    if not result:
        return 0, None, None, None
    scanned = [
        [printable(file.name), file.size, count, file.etag, file.modified.isoformat()]
        for file, count in zip(result.files, result.counts, strict=True)
    ]
    return result.rows, len(result.files), sum(file.size for file in result.files), json.dumps(scanned)


def _beside(connection) -> psycopg2.extensions.connection:
    """The second connection of a session.Connection, kept for its next COPY: to open one takes ten times a record."""
    if connection.beside is None or connection.beside.closed:
        options = connection.info.dsn_parameters
        options["options"] = "-c synchronous_commit=off"  # a record that a power cut takes is no loss
        connection.beside = psycopg2.connect(password=connection.info.password, **options)
    return connection.beside


def _row(error) -> list:
    """The fields of a load.LoadError in the order of the table's columns."""
    # "Multibyte characters in the load data are replaced with a period", says the page of STL_LOAD_ERRORS.
    raw = re.sub(r"[^\x00-\x7f]", ".", error.raw)
    place = [error.file, error.line, error.column, error.type, error.length, error.position]
    return [*place, error.value, raw, error.code, error.reason]
