"""The connection to the warehouse, on AWS or on this machine, and the SQL files that run on it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from importlib.resources import files
from itertools import takewhile
from string import Template

import pandas as pd
import psycopg2
import sqlalchemy
import sqlparse
from psycopg2.extensions import TRANSACTION_STATUS_INERROR
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values
from sqlalchemy import event
from sqlalchemy_redshift.dialect import RedshiftDialect_psycopg2

from redjam import infrastructure, load_errors, local
from redjam.config import Settings

SQL = files("redjam") / "sql"
DIALECT = RedshiftDialect_psycopg2()
_BEGIN = re.compile(r"\A\s*BEGIN\b(\s+(WORK|TRANSACTION)\b)?", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_VARIABLE = re.compile(r"\s*(\w+\s*<<)?\s*\{(\w+)\}\s*;?\s*")
# Where a colon belongs to the text.
_TEXT = re.compile(r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|\$\$.*?\$\$|--[^\n]*|/\*.*?\*/""", re.DOTALL)
_COLON = re.compile(r"(?<![:\w\\]):(?=\w)")


class StatementFailed(Exception):
    """A `%sql` or `%%sql` failed; a notebook shows the message and no traceback: the reader wrote SQL, not Python."""

    def _render_traceback_(self) -> list[str]:
        return f"{type(self).__name__}: {self}".splitlines()


class Statement(str):
    """SQL text that a notebook shows with its colours."""

    def _repr_markdown_(self) -> str:
        return f"```sql\n{self}\n```"


def connect(settings: Settings, cluster: infrastructure.Cluster) -> Connection:
    """Connect to the cluster's database; each statement commits by itself outside of `transaction`.

    One thread a connection: what Redshift says of a COPY is known by the statement that ran last.
    """
    if settings.is_local:
        connection = local.connect(settings, cluster)
    else:
        user, password = infrastructure.credentials(settings, cluster)
        connection = psycopg2.connect(
            host=cluster.host,
            port=cluster.port,
            dbname=cluster.dbname,
            user=user,
            password=password,
            sslmode="require",
            connect_timeout=30,
        )
    # In autocommit a statement that fails leaves no aborted transaction behind for the next cell to stumble on.
    connection.autocommit = True
    return connection


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Make all statements of the block one transaction: committed at its end, rolled back if anything fails."""
    connection.autocommit = False
    try:
        yield
        connection.commit()
    except BaseException:
        if not connection.closed:  # or that it cannot roll back would be told in place of what happened
            connection.rollback()
        raise
    finally:
        if not connection.closed:
            connection.autocommit = True


def names(folder: str) -> list[str]:
    """The statements of a folder of sql/, by name and in the order of their names."""
    found = (SQL / folder).iterdir()
    return sorted(f"{folder}/{file.name.removesuffix('.sql')}" for file in found if file.name.endswith(".sql"))


def statement(name: str, **values: str | int) -> Statement:
    """Read sql/NAME.sql and put in the values of its `$name`s, text quoted.

    Only where SQL takes no parameter (COPY's options) does a file write `$name`; data go through `:name`
    parameters. A value that is missing, or that the file does not use, is a ValueError.
    """
    template = Template((SQL / f"{name}.sql").read_text(encoding="utf-8").strip())
    wanted = set(template.get_identifiers())
    if wanted != set(values):
        wrong = sorted(wanted ^ set(values))
        raise ValueError(f"sql/{name}.sql takes the values {sorted(wanted)}; missing or not used: {wrong}")
    return Statement(template.substitute({key: _quoted(value) for key, value in values.items()}))


def rule(name: str) -> str:
    """The comment on top of sql/NAME.sql: what the statement asks or does."""
    lines = (SQL / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    comment = takewhile(lambda line: line.startswith("--"), lines)
    return " ".join(line.removeprefix("--").strip() for line in comment)


def execute(connection: Connection, query: str, **parameters) -> int:
    """Run a statement with its `:name` parameters; gives the number of rows concerned, -1 where there is none.

    A COPY that fails on its data raises load_errors.LoadFailed; one that MAXERROR lets pass logs what it left out.
    """
    with _ran(connection, query, parameters) as cursor:
        return cursor.rowcount


def frame(connection: Connection, query: str, **parameters) -> pd.DataFrame:
    """Run a query with its `:name` parameters and give its rows; no rows and no columns for a statement without."""
    with _ran(connection, query, parameters) as cursor:
        if cursor.description is None:
            return pd.DataFrame()
        return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])


def insert(connection: Connection, table: str, rows: list[dict]) -> None:
    """Add rows, each a dict from column to value and all with the same columns, some hundreds a statement."""
    if rows:
        names = ", ".join(rows[0])
        with connection.cursor() as cursor:
            values = [list(row.values()) for row in rows]
            execute_values(cursor, f"INSERT INTO {table} ({names}) VALUES %s", values, page_size=500)


@contextmanager
def _ran(connection: Connection, query: str, parameters: dict) -> Iterator[Cursor]:
    compiled = _compiled(query, parameters)
    load_errors.forget(connection)
    with connection.cursor() as cursor:
        try:
            cursor.execute(*compiled)
        except psycopg2.InternalError as error:
            raise load_errors.explained(connection, error) from None
        load_errors.report(connection)
        yield cursor


# --- %sql -------------------------------------------------------------------------------------------------


def sql_magic(connection: Connection) -> None:
    """Let `%sql` and `%%sql` of this notebook query on this very connection and give DataFrames.

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
        if not cell and not line.lstrip().startswith("-"):
            line, cell = "", line
        shell.user_ns["redjam_sql"] = _written(cell, shell.user_ns)
        # ipython-sql puts variables into the text, as IPython does: {n} and $n would be lost. This one is all of it.
        result = magic.execute(line, "{redjam_sql}", **options)
        # A statement that is no query has nothing to show, not even an empty table.
        return None if isinstance(result, pd.DataFrame) and result.columns.empty else result

    shell.register_magic_function(run, "line_cell", "sql")


def _written(cell: str, variables: dict) -> str:
    """The statements of a cell; one that is just `{name}` (or `result << {name}`) has them in a variable."""
    if named := _VARIABLE.fullmatch(cell):
        if named[2] not in variables:
            raise StatementFailed(f"{{{named[2]}}} is no variable of this notebook; set {named[2]} in a cell above")
        cell = f"{named[1] or ''} {variables[named[2]]}"
    if cell.lstrip().startswith("\\"):
        raise StatementFailed(f"{cell.split()[0]} is for psql; write SELECT * FROM pg_table_def, or SHOW TABLES")
    # ipython-sql refuses what begins with BEGIN; to Redshift this is the same.
    statements = sqlparse.split(_BEGIN.sub("START TRANSACTION", cell))
    # It would also take the comment after the last statement for one, and show its result.
    return _literal("\n".join(text for text in statements if _COMMENT.sub("", text).strip("; \t\r\n")))


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


def _literal(text: str) -> str:
    """SQL in which no `:name` within a string, a delimited name or a comment is a parameter to SQLAlchemy."""
    return _TEXT.sub(lambda part: _COLON.sub(r"\:", part[0]), text)


def _compiled(query: str, parameters: dict) -> tuple[str, dict]:
    compiled = sqlalchemy.text(_literal(query)).compile(dialect=DIALECT)
    if missing := sorted(set(compiled.params) ^ set(parameters)):
        raise ValueError(
            f"the statement takes the parameters {sorted(compiled.params)}; missing or not used: {missing}"
        )
    return str(compiled), parameters


def _quoted(value: str | int) -> str:
    """A number as it is, or a string literal of Redshift, which reads a backslash as an escape."""
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
