"""The connection to the warehouse, on AWS or on this machine, and the statements that run on it."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from importlib.resources import files

import pandas as pd
import psycopg2
import sqlalchemy
import sqlparse
from psycopg2.extensions import TRANSACTION_STATUS_INERROR, make_dsn
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values
from sqlalchemy import event

from redjam import infrastructure, load_errors, local
from redjam.config import Secret, Settings
from redjam.statements import SQL, Statement, compiled, literal, names, rule, statement

__all__ = ["SQL", "Statement", "names", "rule", "statement"]  # what callers need of statements, beside what is here
# Byte for byte what AWS gives out: https://docs.aws.amazon.com/redshift/latest/mgmt/connecting-ssl-support.html
CA_BUNDLE = files("redjam") / "amazon-trust-ca-bundle.crt"
AWS_OPTIONS = {
    "sslmode": "verify-full",
    "connect_timeout": 30,
    # Seconds, or a router in between forgets the connection while a long COPY is silent:
    # https://docs.aws.amazon.com/redshift/latest/dg/queries-troubleshooting-query-hangs.html
    "keepalives_idle": 60,
    "application_name": "redjam",
}
_REFUSED = "password authentication failed"
_BEGIN = re.compile(r"\A\s*BEGIN\b(\s+(WORK|TRANSACTION)\b)?", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_VARIABLE = re.compile(r"\s*(\w+\s*<<)?\s*\{(\w+)\}\s*;?\s*")
log = logging.getLogger(__name__)


class ConnectFailed(ConnectionError):
    """There is no connection to the warehouse on AWS; the message is one line with the way out."""


class StatementFailed(Exception):
    """A `%sql` or `%%sql` failed; a notebook shows the message and no traceback: the reader wrote SQL, not Python."""

    def _render_traceback_(self) -> list[str]:
        return f"{type(self).__name__}: {self}".splitlines()


def connect(settings: Settings, cluster: infrastructure.Cluster) -> Connection:
    """Connect to the cluster's database; each statement commits by itself outside of `transaction`.

    One thread a connection: what Redshift says of a COPY is known by the statement that ran last. On AWS the server
    has to prove by its certificate that it is the cluster; ConnectFailed says what is in the way.
    """
    connection = local.connect(settings, cluster) if settings.is_local else _connect_to_aws(settings, cluster)
    # In autocommit a statement that fails leaves no aborted transaction behind for the next cell to stumble on.
    connection.autocommit = True
    return connection


def beside(connection: Connection) -> Connection:
    """A second session of the same user on the same database; on this machine a plain one, which does not translate."""
    session = _open(**connection.info.dsn_parameters, password=Secret(connection.info.password or ""))
    session.autocommit = True
    return session


def _connect_to_aws(settings: Settings, cluster: infrastructure.Cluster) -> Connection:
    to = AWS_OPTIONS | {"host": cluster.host, "port": cluster.port, "dbname": cluster.dbname}
    for is_last in (False, True):
        user, password = infrastructure.credentials(settings, cluster)
        try:
            return _open(**to, sslrootcert=str(CA_BUNDLE), user=user, password=password)
        except psycopg2.OperationalError as error:
            # What AWS gave may have expired or been rotated since.
            if is_last or settings.password or _REFUSED not in str(error):
                raise ConnectFailed(_way_out(settings, cluster, str(error))) from None
            log.debug("%s refuses the credentials, and gets fresh ones", cluster.host)


def _open(**options) -> Connection:
    # psycopg2.connect would have the password in a variable, and a traceback may show those.
    return Connection(make_dsn(**options))


def _way_out(settings: Settings, cluster: infrastructure.Cluster, text: str) -> str:
    """The one line about a connection that failed, from the text of libpq, which never has the password."""
    where = f"{cluster.host}:{cluster.port}"
    # libpq tries each address of a name, and has a line for each.
    reasons = re.findall(r"failed: (.+)", text) or [text.strip().partition("\n")[0]]
    said = " ".join("; ".join(dict.fromkeys(reasons)).replace("FATAL:", "").split())
    if "could not translate host name" in text:
        return f"{where}: {said}: check [CLUSTER] HOST, and whether this machine is online"
    if "FATAL:" not in text and re.search("certificate|SSL error|SSL negotiation|not support SSL", text):
        return (
            f"{where}: {said}: this is not the cluster, so it was sent no password; ask who runs the VPN or proxy in "
            "between. Through a tunnel, HOST stays the cluster's own name: set PGHOSTADDR=127.0.0.1 in the environment"
        )
    if _REFUSED in text and settings.password:
        return f"{where}: {said}: check [CLUSTER] USER and PASSWORD; a cluster keeps the password it was built with"
    if _REFUSED in text:
        return f"{where}: {said}, twice and with fresh credentials from AWS: check [CLUSTER] USER and LOGIN"
    if "FATAL:" in text:
        return f"{where}: {said}: `redjam doctor` checks what a connection needs"
    moved = "its security group must let this machine in" if settings.host else "`redjam build` lets it in again"
    return f"{where} is not reached ({said}): this machine's address may have changed: {moved}; see `redjam doctor`"


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
    text = compiled(query, parameters)
    load_errors.forget(connection)
    with connection.cursor() as cursor:
        try:
            cursor.execute(text, parameters)
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
