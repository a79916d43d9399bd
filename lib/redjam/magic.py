"""`%sql` and `%%sql` of a notebook, on the notebook's own connection: ipython-sql, with what Red Jam makes of it."""

import re
from functools import wraps

import pandas as pd
import psycopg2
import sqlalchemy
import sqlparse
from psycopg2.extensions import TRANSACTION_STATUS_INERROR
from psycopg2.extensions import connection as Connection
from sqlalchemy import event

from redjam import completion, load_errors
from redjam.statements import literal

_BEGIN = re.compile(r"\A\s*BEGIN\b(\s+(WORK|TRANSACTION)\b)?", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_NAMED = re.compile(r"\s*(\w+)\s*<<")
_VARIABLE = re.compile(r"\s*\{(\w+)\}\s*;?\s*")
_LATE = "Python's calendar ends in 9999; CAST the time AS VARCHAR to see it (are milliseconds read as seconds?)"


class StatementFailed(Exception):
    """A `%sql` or `%%sql` failed; a notebook shows the message and no traceback: the reader wrote SQL, not Python."""

    def _render_traceback_(self) -> list[str]:
        return f"{type(self).__name__}: {self}".splitlines()


def sql_magic(connection: Connection) -> None:
    """Let `%sql` and `%%sql` of this notebook query on this very connection and give DataFrames; Tab completes the SQL.

    A failed statement fails the cell, with a StatementFailed. ipython-sql's defaults would break on today's
    prettytable (style), and print an error without failing the cell (short_errors): a headless run of a broken
    notebook would pass.
    """
    from IPython import get_ipython  # only a notebook has these to hand
    from IPython.core.magic import no_var_expand
    from sql.connection import Connection as Session
    from sql.magic import SqlMagic
    from sql.run import ResultSet

    shell = get_ipython()
    shell.extension_manager.load_extension("sql")
    magic = shell.magics_manager.registry[SqlMagic.__name__]
    magic.style = "_DEPRECATED_DEFAULT"
    magic.short_errors = magic.displaycon = magic.feedback = False
    magic.autopandas = True
    # The magic would go on with a connection that an earlier run of the setup cell opened.
    Session.connections.clear()
    shell.user_ns["redjam_connection"] = lambda: connection
    shell.run_line_magic("sql", "--creator redjam_connection redshift+psycopg2://")
    if not Session.connections:
        raise ConnectionError("%sql could not use the connection; the lines above say why")
    # ipython-sql's own forgets the columns of a query that found no rows.
    ResultSet.DataFrame = lambda result: pd.DataFrame(list(result), columns=list(getattr(result, "keys", ())))
    _listen(Session.current.internal_connection.engine, connection)

    @no_var_expand
    @wraps(magic.execute)
    def run(line="", cell="", **options):
        # Of `NAME <<` ipython-sql would print a line each time, and leave NAME as it was where the statement fails.
        name, line = _named(line)
        if not cell and not line.lstrip().startswith("-"):
            line, cell = "", line
        if not name:
            name, cell = _named(cell)
        try:
            shell.user_ns["redjam_sql"] = _written(cell, shell.user_ns)
            # ipython-sql puts variables into the text, as IPython does: {n} and $n would be lost. This is all of it.
            result = magic.execute(line, "{redjam_sql}", **options)
        except Exception as error:
            shell.user_ns.pop(name, None)  # or the cells below would go on with the rows of an earlier run
            # Redshift has the year 50805, where Python's calendar ends with 9999: psycopg2 finds out as it fetches.
            if isinstance(error, ValueError) and "out of range" in str(error):
                raise StatementFailed(f"{error}: {_LATE}") from None
            raise
        # A statement that is no query has nothing to show, not even an empty table.
        if isinstance(result, pd.DataFrame) and result.columns.empty:
            result = None
        if not name:
            return result
        shell.user_ns[name] = result
        return None

    shell.register_magic_function(run, "line_cell", "sql")
    completion.offer(connection)


def _named(text: str) -> tuple[str, str]:
    """The NAME of `NAME << …`, or nothing, and the rest of the text."""
    named = _NAMED.match(text)
    return (named[1], text[named.end() :]) if named else ("", text)


def _written(cell: str, variables: dict) -> str:
    """The statements of a cell; one that is just `{name}` has them in a variable."""
    if named := _VARIABLE.fullmatch(cell):
        if named[1] not in variables:
            raise StatementFailed(f"{{{named[1]}}} is no variable of this notebook; set {named[1]} in a cell above")
        cell = str(variables[named[1]])
    if cell.lstrip().startswith("\\"):
        raise StatementFailed(f"{cell.split()[0]} is for psql; write SELECT * FROM pg_table_def, or SHOW TABLES")
    # ipython-sql refuses what begins with BEGIN; to Redshift this is the same.
    statements = sqlparse.split(_BEGIN.sub("START TRANSACTION", cell))
    # It would also take the comment after the last statement for one, and show its result.
    return literal("\n".join(text for text in statements if _COMMENT.sub("", text).strip("; \t\r\n")))


def _listen(engine: sqlalchemy.Engine, connection: Connection) -> None:
    """Treat the statements of SQLAlchemy as `execute` does its own, and raise what has no traceback to show.

    An error of SQLAlchemy's own kind would be printed by ipython-sql, with its traceback.
    """
    # Nor a rollback on a connection that is closed by then, when a second sql_magic makes it let go of the first one.
    engine.dialect.skip_autocommit_rollback = True

    @event.listens_for(engine, "before_cursor_execute")
    def begin(*_):
        load_errors.forget(connection)

    @event.listens_for(engine, "after_cursor_execute")
    def report(*_):
        load_errors.report(connection)

    @event.listens_for(engine, "handle_error")
    def fail(context):
        error = context.original_exception
        if isinstance(error, psycopg2.Error):
            raise StatementFailed(_told(connection, error)) from None
        if missing := re.match(r"A value is required for bind parameter '(\w+)'", str(error)):
            name = missing[1]
            advice = f"set {name} in a cell above, or write \\:{name} if the colon belongs to the text"
            raise StatementFailed(f":{name} is no variable of this notebook; {advice}") from None


def _told(connection: Connection, error: psycopg2.Error) -> str:
    text = str(load_errors.explained(connection, error)).strip()
    if connection.closed:
        return f"{text}\nThe connection is closed. Run the notebook's setup cell again: it opens another."
    if connection.info.transaction_status != TRANSACTION_STATUS_INERROR:
        return text
    return f"{text}\nThe transaction is aborted; ROLLBACK ends it, and until then Redshift takes nothing else."
