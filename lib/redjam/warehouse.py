"""The connection to the warehouse, on AWS or on this machine, and the statements that run on it."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

import pandas as pd
import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extensions import make_dsn
from psycopg2.extras import execute_values

from redjam import infrastructure, load_errors, local
from redjam.config import Secret, Settings
from redjam.statements import SQL, Statement, compiled, names, rule, statement

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
log = logging.getLogger(__name__)


class ConnectFailed(ConnectionError):
    """There is no connection to the warehouse on AWS; the message is one line with the way out."""


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
