"""A psycopg2 connection to the embedded Postgres that takes Redshift's SQL and Redshift's COPY."""

from contextlib import closing
from pathlib import Path

import boto3
from psycopg2 import sql
from psycopg2.extensions import connection as PlainConnection
from psycopg2.extensions import cursor as PlainCursor

from redjam import sample
from redjam.config import Settings
from redjam.local import copy, load, postgres, processes, services, system_views
from redjam.local.dialect import translate

# Redshift reads a backslash in '...' as an escape, and psycopg2 quotes its parameters as the server reads them.
LIKE_REDSHIFT = "-c standard_conforming_strings=off -c escape_string_warning=off"


class Cursor(PlainCursor):
    """Translates each statement; COPY is executed here, since Postgres knows nothing of S3."""

    def execute(self, query, variables=None) -> None:
        """Run Redshift SQL as psycopg2 runs SQL; of several statements the last one's result stays."""
        for piece in translate(self.mogrify(query, variables).decode()):
            if isinstance(piece, copy.Copy):
                load.execute(PlainCursor(self.connection), piece, self.connection.s3)
                continue
            super().execute(piece)
            # Redshift's TRUNCATE commits the transaction that it runs in.
            if piece.upper().startswith("TRUNCATE"):
                self.connection.commit()


class Connection(PlainConnection):
    """Hands out cursors that translate, and the S3 client that COPY reads with."""

    def cursor(self, *arguments, **options):
        """A cursor that speaks Redshift, unless the caller names another factory."""
        return super().cursor(*arguments, **{"cursor_factory": Cursor} | options)


def connect(settings: Settings, cluster) -> Connection:
    """Open the database of a cluster of the stand-in; the first use makes it, and the sample that it loads."""
    folder, name = settings.local_dir, f"{cluster.identifier}.{cluster.dbname}"
    if settings.uses_sample:
        _ensure_sample(settings)
    if Path(settings.log_data).is_relative_to(settings.sample_dir):
        # Invented listeners have the ids of real ones: their plays must never lie in one warehouse.
        name += ".sample"
    _ensure_database(folder, name)
    connection = postgres.connect(
        folder, dbname=name, connection_factory=Connection, client_encoding="UTF8", options=LIKE_REDSHIFT
    )
    connection.s3 = lambda: boto3.client("s3", region_name=settings.region, **services.aws_options(folder))
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
            cursor.execute(_named("""ALTER DATABASE {} SET search_path = "$user", public, redshift_catalog""", name))
        with closing(postgres.connect(folder, dbname=name)) as inside, inside, inside.cursor() as cursor:
            system_views.install(cursor)


def _named(statement: str, name: str) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier(name))
