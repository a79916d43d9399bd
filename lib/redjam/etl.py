"""From JSON on S3 to the star schema: COPY into staging, load the star, check it, all in one transaction."""

import logging

import pandas as pd
from psycopg2.extensions import connection as Connection

from redjam import infrastructure, schema, warehouse
from redjam.config import Settings
from redjam.progress import bar

log = logging.getLogger(__name__)


class CheckFailed(RuntimeError):
    """A rule of sql/checks does not hold; the message names it and its first rows."""


def copy_statements(settings: Settings, role_arn: str) -> dict[str, warehouse.Statement]:
    """The COPY of each staging table, with this run's sources and role."""
    logs, songs = settings.log_data, settings.song_data
    return {
        "staging_events": warehouse.statement(
            "copy/staging_events",
            log_data=logs,
            log_json_path=settings.log_json_path,
            iam_role=role_arn,
            region=infrastructure.bucket_region(settings, logs),
        ),
        "staging_songs": warehouse.statement(
            "copy/staging_songs",
            song_data=songs,
            iam_role=role_arn,
            region=infrastructure.bucket_region(settings, songs),
        ),
    }


def stage(connection: Connection, settings: Settings, role_arn: str) -> None:
    """Replace what is in staging by the files of the sources; the first step of a load, which waits for any other.

    DELETE, not TRUNCATE: Redshift's TRUNCATE commits the transaction that it is in
    (https://docs.aws.amazon.com/redshift/latest/dg/r_TRUNCATE.html).
    """
    warehouse.execute(connection, warehouse.statement("lock"))
    for table, copy in bar(copy_statements(settings, role_arn).items(), "stage"):
        warehouse.execute(connection, f"DELETE FROM {table}")
        warehouse.execute(connection, copy)


def load(connection: Connection) -> None:
    """Load the star from staging, in the order of the statements of sql/load."""
    for name in bar(warehouse.names("load"), "load"):
        rows = warehouse.execute(connection, warehouse.statement(name))
        log.debug("%s: %d rows", name, rows)


def check(connection: Connection) -> pd.DataFrame:
    """Hold the star to each rule of sql/checks; the first that fails raises CheckFailed."""
    lines = []
    for name in bar(warehouse.names("checks"), "check"):
        broken = warehouse.frame(connection, warehouse.statement(name))
        if len(broken):
            raise CheckFailed(
                f"sql/{name}.sql: {len(broken)} {'row breaks' if len(broken) == 1 else 'rows break'} the rule "
                f"“{warehouse.rule(name)}” "
                f"The first of them:\n{broken.head(5).to_string(index=False)}\n"
                "The load is rolled back: the warehouse is as it was."
            )
        lines.append({"rule": warehouse.rule(name), "rows that break it": len(broken)})
    return pd.DataFrame(lines).set_index("rule")


def reconcile(connection: Connection) -> pd.DataFrame:
    """Count what the latest load read and what the warehouse holds."""
    counts = warehouse.frame(connection, warehouse.statement("reconcile"))
    return counts.set_index("measure")[["amount"]]


def run(connection: Connection, settings: Settings, role_arn: str) -> pd.DataFrame:
    """Stage, load and check in one transaction, and give the counts; a failure leaves everything as it was."""
    schema.require(connection)
    with warehouse.transaction(connection):
        stage(connection, settings, role_arn)
        load(connection)
        check(connection)
    return reconcile(connection)
