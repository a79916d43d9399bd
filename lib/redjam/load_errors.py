"""What a COPY that rejected rows has to say, from Redshift's system tables, on AWS and on this machine alike."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_INERROR, TRANSACTION_STATUS_INTRANS
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from redjam.statements import compiled, statement

SHOWN = 10
KEPT = 100_000  # of a COPY; MAXERROR allows no more
_SHOWN_VALUE = 60
_KEPT_VALUE = 1024  # the system tables cut a value there

# Each has a query in sql/load_errors. The first alone has the values; it is denied on Serverless, where COPY names the
# other one. https://docs.aws.amazon.com/redshift/latest/dg/r_STL_LOAD_ERRORS.html
TABLES = ("stl_load_errors", "sys_load_error_detail")

# https://docs.aws.amazon.com/redshift/latest/dg/r_Load_Error_Reference.html
ADVICE = {
    1204: "widen the column or add TRUNCATECOLUMNS",
    1205: "name its format with DATEFORMAT, or add DATEFORMAT 'auto'",
    1206: "name its format with TIMEFORMAT; 'auto' reads most texts, 'epochmillisecs' and 'epochsecs' read numbers",
    1207: "correct the value, or make the column DOUBLE PRECISION or VARCHAR",
    1208: "correct the value, or make the column VARCHAR",
    1209: "correct the value, or make the column wider or VARCHAR",
    1210: "write true, false, t, f, yes, no, y, n, 1 or 0",
    1213: "add the value, or let the column be NULL",
    1216: "COPY takes JSON objects of up to 4 MB that only white space separates, and the elements that a path names",
    1218: r"remove \u0000 from the data",
    1220: "write the file in UTF-8, or add ACCEPTINVCHARS",
    1222: "widen the column",
}
# What COPY itself says: its error, or if it completes its notices.
_NAMED = re.compile(f"Check '({'|'.join(TABLES)})' system table")
_TABLE = re.compile(r"Load into table '(.+)' (?:failed|completed)")
_LOADED = re.compile(r"([0-9]+) record\(s\) loaded successfully")
_LEFT_OUT = re.compile(r"([0-9]+) record\(s\) could not be loaded")
_log = logging.getLogger(__name__)


class LoadFailed(psycopg2.InternalError):
    """A COPY failed on its data; the message says which rows, why, and what to change. `rejected` has the rows."""

    def __init__(self, message: str, rejected: list | None = None):
        super().__init__(message)
        self.rejected = rejected or []


@dataclass(frozen=True)
class Rejected:
    """One row that a COPY left out; with an empty `column` its `value` is the object's text, None is not known."""

    file: str
    line: int
    column: str
    type: str
    length: str
    value: str | None
    code: int
    reason: str


_source: ContextVar[Callable[[Rejected], Rejected]] = ContextVar("source", default=lambda row: row)


@contextmanager
def traced(source: Callable[[Rejected], Rejected]) -> Iterator[None]:
    """Have rows that a COPY of this block rejects told as `source` gives them: by the files that they come from."""
    before = _source.set(source)
    try:
        yield
    finally:
        _source.reset(before)


def forget(connection: Connection) -> None:
    """Clear the notices of earlier statements; to be called before each that `report` shall look at."""
    connection.notices.clear()


def report(connection: Connection) -> None:
    """Warn of the rows that the last statement, if it was a COPY, left out as its MAXERROR allows."""
    said = "".join(connection.notices).strip()
    if named := _NAMED.findall(said):
        # An error would abort the user's transaction, so there only the table is asked that COPY itself names.
        alone = connection.info.transaction_status == TRANSACTION_STATUS_INTRANS
        rejects = _rejects(connection, named[-1:] if alone else _tables(named[-1]), _last_copy)
        if connection.info.transaction_status == TRANSACTION_STATUS_INERROR:
            raise LoadFailed(f"{said}\nBut you may not read {named[-1]}, and to try has aborted the transaction.")
        # Of several COPYs in one text only the last can be asked for.
        _log.warning(message(said, *rejects) if rejects and len(named) == 1 else said)


def rejected(connection: Connection) -> list[Rejected]:
    """All rows that the last statement, a COPY, left out as its MAXERROR allows; to be asked before any other runs."""
    if not (named := _NAMED.findall("".join(connection.notices))):
        return []
    said = "".join(connection.notices).strip()
    # pg_last_copy_id() is for the STL tables: https://docs.aws.amazon.com/redshift/latest/dg/PG_LAST_COPY_ID.html
    which = _last_copy if named[-1] == "stl_load_errors" else _newest
    with connection.cursor() as cursor:
        rows = [_source.get()(Rejected(*row[:-1])) for row in _rows(cursor, named[-1], which)]
    if len(rows) != sum(map(int, _LEFT_OUT.findall(said))):
        raise LoadFailed(
            f"{said}\nBut {named[-1]} does not say which rows these are: nothing is loaded. Load again.", rows
        )
    return rows


def explained(connection: Connection, error: psycopg2.Error) -> psycopg2.Error:
    """The error of a COPY with the rows it failed on; any other as it is.

    A transaction that the COPY has aborted is rolled back: before that, nobody could ask for the rows. One that the
    user began in autocommit is then left aborted, as by any error.
    """
    if not (named := _NAMED.findall(said := str(error).strip())):
        return error
    rolled_back = _roll_back(connection)
    rejects = _rejects(connection, _tables(named[-1]), _newest)
    text = message(said, *rejects) if rejects else said
    if rolled_back and connection.autocommit:
        _abort_again(connection)
    elif rolled_back:
        text += "\nThe transaction is rolled back."
    return LoadFailed(text, rejects[0] if rejects else [])


def _roll_back(connection: Connection) -> bool:
    """End a transaction that an error has aborted, and say whether there was one."""
    if connection.info.transaction_status != TRANSACTION_STATUS_INERROR:
        return False
    connection.rollback()
    if connection.info.transaction_status == TRANSACTION_STATUS_INERROR:
        with connection.cursor() as cursor:  # in autocommit psycopg2 knows nothing of a BEGIN that a user wrote
            cursor.execute("ROLLBACK")
    return True


def _abort_again(connection: Connection) -> None:
    """Go back to where a failed statement leaves the transaction that a user began: nothing runs until ROLLBACK.

    Otherwise what follows would be committed, statement by statement.
    """
    with connection.cursor() as cursor, suppress(psycopg2.Error):
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1 / 0")


def _tables(named: str) -> list[str]:
    """The tables to ask for details, in this order, when COPY names one of them."""
    return list(TABLES[TABLES.index(named) :])


def _last_copy(cursor: Cursor, table: str) -> int:
    cursor.execute("SELECT pg_last_copy_id()")
    return cursor.fetchone()[0]


def _newest(cursor: Cursor, table: str) -> int | None:
    """The newest COPY of this session that the table knows."""
    cursor.execute("SELECT pg_backend_pid()")
    return _ask(cursor, f"load_errors/newest_{table}", session=cursor.fetchone()[0])[0][0]


def _rows(cursor: Cursor, table: str, which: Callable[[Cursor, str], int | None]) -> list[tuple]:
    return _ask(cursor, f"load_errors/{table}", query=which(cursor, table), shown=KEPT)


def _ask(cursor: Cursor, name: str, **parameters) -> list[tuple]:
    cursor.execute(compiled(statement(name), parameters), parameters)
    return cursor.fetchall()


def _rejects(
    connection: Connection, tables: list[str], which: Callable[[Cursor, str], int | None]
) -> tuple[list[Rejected], int] | None:
    """The first rows that a COPY rejected and how many there are, from the first table that has them.

    None if none may be read: what COPY said must not give way to an error about its details.
    """
    for table in tables:
        try:
            with connection.cursor() as cursor:
                rows = _rows(cursor, table, which)
        except psycopg2.DatabaseError as error:
            _log.debug("no details of the COPY: %s", error)
            if table != tables[-1]:
                _roll_back(connection)
        else:
            if rows:
                return [_source.get()(Rejected(*row[:-1])) for row in rows], rows[0][-1]
    return None


def message(said: str, rows: list[Rejected], total: int) -> str:
    """Say how many rows the last COPY rejected, and of the first few where, which value, why, and what to change.

    `said` is its error, or its notices if it completed; `rows` the first of the `total` that the system table has.
    """
    table, loaded, left_out = (pattern.findall(said) for pattern in (_TABLE, _LOADED, _LEFT_OUT))
    total = int(left_out[-1]) if left_out else total
    outcome = f"{int(loaded[-1]):,} loaded." if loaded else "nothing was loaded."
    lines = [f"COPY {table[-1]}: {total:,} row{'' if total == 1 else 's'} rejected, {outcome}"]
    lines += map(_line, rows[:SHOWN])
    if (more := total - len(rows[:SHOWN])) > 0:
        lines.append(f"and {more:,} more")
    return "\n    ".join(lines)


def _line(row: Rejected) -> str:
    text = f"{row.file} line {row.line}"
    if row.column:
        text += f", column {row.column} {row.type}" + (f"({row.length})" if row.length else "")
    if row.value:
        shown = " ".join(row.value.split())
        shown = shown if len(shown) <= _SHOWN_VALUE else shown[: _SHOWN_VALUE - 3] + "..."
        text += f", {'value' if row.column else 'at'} '{shown}'{_size(row)}"
    advice = "" if "Hint:" in row.reason else ADVICE.get(row.code, "")
    return f"{text}: {row.reason} ({row.code})" + (f"; {advice}" if advice else "")


def _size(row: Rejected) -> str:
    """The bytes of a text that is too long; unknown where the system table has cut it or replaced some of it."""
    size = len(row.value.encode())
    too_long = row.code == 1204 and row.length.isdigit() and size > int(row.length)
    return f" ({size} bytes)" if too_long and len(row.value) < _KEPT_VALUE else ""
