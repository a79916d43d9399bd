"""A psycopg2 connection to the embedded Postgres that takes Redshift's SQL and Redshift's COPY."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import TRANSACTION_STATUS_IDLE, TRANSACTION_STATUS_INTRANS
from psycopg2.extensions import connection as PlainConnection
from psycopg2.extensions import cursor as PlainCursor

from redjam import sample
from redjam.config import Settings
from redjam.local import copy, history, load, postgres, processes, services
from redjam.local.sql import reasons, system_views
from redjam.local.sql.dialect import Piece, translate
from redjam.local.sql.tables import Analyze
from redjam.local.sql.vocabulary import SCHEMA

# Redshift reads a backslash in '...' as an escape, and psycopg2 quotes its parameters as the server reads them.
LIKE_REDSHIFT = "-c standard_conforming_strings=off -c escape_string_warning=off"
TRANSACTIONS = {"ABORT", "BEGIN", "COMMIT", "END", "ROLLBACK", "START"}


class Cursor(PlainCursor):
    """Translates each statement; COPY is executed here, since Postgres knows nothing of S3."""

    def execute(self, query, variables=None) -> None:
        """Run Redshift SQL as psycopg2 runs SQL; of several statements the last one's result stays.

        Sent in one text, they are one transaction, unless they begin or end one themselves.
        """
        try:
            pieces = translate(self.mogrify(query, variables).decode())
            if len(pieces) > 1 and self._is_idle() and not any(_controls(piece) for piece in pieces):
                with self._transaction():
                    self._run(pieces)
            else:
                self._run(pieces)
        except psycopg2.Error as error:
            self._abort()
            if text := reasons.reason(error):
                error.args = (text,)
            raise

    def executemany(self, query, rows) -> None:
        """Run the statement once for each of the rows of values."""
        for row in rows:
            self.execute(query, row)

    def _run(self, pieces: list[Piece]) -> None:
        if not pieces:
            super().execute("")  # psycopg2's own error for a text without a statement
        for piece in pieces:
            if isinstance(piece, copy.Copy):
                self._load(piece)
            elif isinstance(piece, Analyze):
                PlainCursor(self.connection).execute(f"ANALYZE {piece.table}")
            else:
                super().execute(piece)
                if piece[:8].upper() == "TRUNCATE":
                    self._commit()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        own = PlainCursor(self.connection)  # a COMMIT here would take the place of the result
        own.execute("BEGIN")
        try:
            yield
        except BaseException:
            if not self.connection.closed:
                own.execute("ROLLBACK")
            raise
        own.execute("COMMIT")

    def _load(self, order: copy.Copy) -> None:
        """Execute a COPY, record it, and leave what Redshift says of it in the notices of the connection."""
        cursor, start = PlainCursor(self.connection), datetime.now(UTC)
        cursor.execute("SELECT coalesce(to_regclass(%s)::oid::bigint, 0)", (order.table,))
        table = cursor.fetchone()[0]
        try:
            result = load.execute(cursor, order, self.connection.s3)
        except BaseException as error:
            history.record(self.connection, order, table, start, errors=getattr(error, "errors", ()))
            raise
        history.record(self.connection, order, table, start, result, result.errors)
        said = [f"{result.rows} record(s) loaded successfully."]
        if result.errors:
            advice = "Check 'stl_load_errors' system table for details."
            said.append(f"{len(result.errors)} record(s) could not be loaded.  {advice}")
        for sentence in said:
            self.connection.notices.append(f"INFO:  Load into table '{order.table}' completed, {sentence}\n")

    def _commit(self) -> None:
        """Redshift's TRUNCATE commits the transaction that it runs in, one that BEGIN opened in autocommit as well."""
        if not self.connection.autocommit:
            self.connection.commit()
        elif self._in_transaction():
            super().execute("COMMIT")

    def _abort(self) -> None:
        """What is refused here ends the transaction as it would in Redshift: nothing runs until its ROLLBACK."""
        if not self.connection.closed and self._in_transaction():
            with suppress(psycopg2.Error):
                super().execute("SELECT 1 / 0")

    def _is_idle(self) -> bool:
        return self.connection.autocommit and self.connection.info.transaction_status == TRANSACTION_STATUS_IDLE

    def _in_transaction(self) -> bool:
        return self.connection.info.transaction_status == TRANSACTION_STATUS_INTRANS


def _controls(piece: Piece) -> bool:
    words = piece.split(maxsplit=1) if isinstance(piece, str) else []
    return bool(words) and words[0].upper().rstrip(";") in TRANSACTIONS


class Connection(PlainConnection):
    """Hands out cursors that translate; `s3` makes the client that COPY reads with, `beside` takes its record."""

    s3: Callable
    beside: PlainConnection | None = None

    def cursor(self, *arguments, **options):
        """A cursor that speaks Redshift, unless the caller names another factory."""
        return super().cursor(*arguments, **{"cursor_factory": Cursor} | options)

    def close(self) -> None:
        """End both connections."""
        if self.beside:
            self.beside.close()
        super().close()


def connect(settings: Settings, cluster) -> Connection:
    """Open the database of a cluster of the stand-in; the first use makes it, and the sample that it loads."""
    folder, name = settings.local_dir, postgres.database(settings, cluster)
    if settings.uses_sample:
        _ensure_sample(settings)
    _ensure_database(folder, name)
    connection = postgres.connect(
        folder, dbname=name, connection_factory=Connection, client_encoding="UTF8", options=LIKE_REDSHIFT
    )
    connection.s3 = partial(services.client, folder, "s3", settings.region)
    return connection


def _ensure_sample(settings: Settings) -> None:
    with processes.lock(settings.local_dir, "sample.lock"):
        if not settings.sample_dir.exists():
            sample.write(settings.sample_dir)


def _ensure_database(folder: Path, name: str) -> None:
    """Make the database, or bring the system views of an older one up to date."""
    with processes.lock(folder, "database.lock"):
        with closing(postgres.connect(folder)) as admin, admin.cursor() as cursor:
            admin.autocommit = True
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is None:
                cursor.execute(_named("CREATE DATABASE {}", name))
            cursor.execute(_named(f"""ALTER DATABASE {{}} SET search_path = "$user", public, {SCHEMA}""", name))
        with closing(postgres.connect(folder, dbname=name)) as inside, inside, inside.cursor() as cursor:
            system_views.install(cursor)


def _named(statement: str, name: str) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier(name))
