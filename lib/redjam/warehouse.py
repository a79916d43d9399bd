"""The connection to the warehouse, on AWS or on this machine, and the SQL files that run on it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from itertools import takewhile
from string import Template

import pandas as pd
import psycopg2
import sqlalchemy
from psycopg2.extensions import connection as Connection
from sqlalchemy_redshift.dialect import RedshiftDialect_psycopg2

from redjam import infrastructure, local
from redjam.config import Settings

SQL = files("redjam") / "sql"
DIALECT = RedshiftDialect_psycopg2()


class Statement(str):
    """SQL text that a notebook shows with its colours."""

    def _repr_markdown_(self) -> str:
        return f"```sql\n{self}\n```"


def connect(settings: Settings, cluster: infrastructure.Cluster) -> Connection:
    """Connect to the cluster's database; each statement commits by itself outside of `transaction`."""
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
        with connection:
            yield
    finally:
        if not connection.closed:
            connection.autocommit = True


def names(folder: str) -> list[str]:
    """The statements of a folder of sql/, by name and in the order of their names."""
    found = (SQL / folder).iterdir()
    return sorted(f"{folder}/{file.name.removesuffix('.sql')}" for file in found if file.name.endswith(".sql"))


def statement(name: str, **values: str) -> Statement:
    """Read sql/NAME.sql and put in the values of its `$name`s, quoted.

    Only where SQL takes no parameter (COPY's source, an ARN) does a file write `$name`; data go through `:name`
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
    """Run a statement with its `:name` parameters; gives the number of rows concerned, -1 where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(*_compiled(query, parameters))
        return cursor.rowcount


def frame(connection: Connection, query: str, **parameters) -> pd.DataFrame:
    """Run a query with its `:name` parameters and give its rows; no rows and no columns for a statement without."""
    with connection.cursor() as cursor:
        cursor.execute(*_compiled(query, parameters))
        if cursor.description is None:
            return pd.DataFrame()
        return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])


def sql_magic(connection: Connection) -> None:
    """Let `%sql` and `%%sql` of this notebook query on this very connection and give DataFrames.

    ipython-sql's defaults would break on today's prettytable (style) and print a failed statement without failing
    the cell, so that a headless run of a broken notebook would pass (short_errors).
    """
    from IPython import get_ipython  # only a notebook has these to hand
    from sql.connection import Connection as Session
    from sql.magic import SqlMagic

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


def _compiled(query: str, parameters: dict) -> tuple[str, dict]:
    compiled = sqlalchemy.text(query).compile(dialect=DIALECT)
    if missing := sorted(set(compiled.params) ^ set(parameters)):
        raise ValueError(
            f"the statement takes the parameters {sorted(compiled.params)}; missing or not used: {missing}"
        )
    return str(compiled), parameters


def _quoted(value: str) -> str:
    """A string literal of Redshift, which reads a backslash as an escape, and of which no `:name` is a parameter."""
    literal = value.replace("\\", "\\\\").replace("'", "''")
    return "'" + re.sub(r"(?<![:\w\\]):(?=\w)", r"\:", literal) + "'"
