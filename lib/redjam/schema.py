"""The tables of the warehouse, staging, dimensions, the fact and the ledger of the loads, and its marts."""

from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd
import psycopg2
from psycopg2.extensions import connection as Connection

from redjam import warehouse

STAGING = ("staging_events", "staging_songs")
DIMENSIONS = ("songs", "artists", "users", "time")
FACTS = ("songplays",)
LEDGER = ("load_files", "etl_runs", "load_errors")
TABLES = STAGING + DIMENSIONS + FACTS + LEDGER
# Materialized views, each of them small: what a BI tool asks.
MARTS = ("plays_by_day_artist", "plays_by_day_level", "plays_by_weekday_hour")

# https://docs.aws.amazon.com/redshift/latest/dg/r_PG_CLASS_INFO.html
DISTSTYLES = {0: "EVEN", 1: "KEY", 8: "ALL", 10: "AUTO(ALL)", 11: "AUTO(EVEN)", 12: "AUTO(KEY)"}


class NotReady(LookupError):
    """The tables are missing or empty; the message says which notebook to run first."""


def create(connection: Connection, fresh: bool = False) -> None:
    """Create the tables and marts that are not there; with `fresh` drop all of them first, with their rows.

    What a user has built on one of them is not dropped: it is a NotReady, and nothing is changed.
    """
    with _told_of_dependents(), warehouse.transaction(connection):
        if fresh:
            # Staging first: a load at work has locked it. A mart reads the star, and a fact refers to its dimensions.
            for table in STAGING:
                warehouse.execute(connection, f"DROP TABLE IF EXISTS {table}")
            for mart in MARTS:
                warehouse.execute(connection, f"DROP MATERIALIZED VIEW IF EXISTS {mart}")
            for table in FACTS + DIMENSIONS + LEDGER:
                warehouse.execute(connection, f"DROP TABLE IF EXISTS {table}")
        for table in TABLES:
            warehouse.execute(connection, warehouse.statement(f"tables/{table}"))
        _require_tables(connection)
    # After the commit: a refresh reads committed rows alone, and AWS does not say whether this one reads others.
    # https://docs.aws.amazon.com/redshift/latest/dg/materialized-view-refresh-sql-command.html
    for mart in _absent_marts(connection):  # CREATE MATERIALIZED VIEW has no IF NOT EXISTS
        warehouse.execute(connection, warehouse.statement(f"marts/{mart}"))


def require(connection: Connection, loaded: bool = False) -> None:
    """Raise NotReady, which says what to run first, if a table or mart is missing or, with `loaded`, has no plays."""
    _require_tables(connection)
    if absent := _absent_marts(connection):
        raise NotReady(f"no view {', '.join(absent)}: run notebooks/02_schema.ipynb first (or: redjam create-tables)")
    if loaded and warehouse.frame(connection, "SELECT 1 FROM songplays LIMIT 1").empty:
        raise NotReady("no plays in songplays: run notebooks/03_etl.ipynb first (or: redjam etl)")


@contextmanager
def _told_of_dependents() -> Iterator[None]:
    try:
        yield
    except psycopg2.errors.DependentObjectsStillExist as error:
        named = f" ({error.diag.message_detail.strip()})" if error.diag.message_detail else ""
        said = str(error).strip().partition("\n")[0]
        raise NotReady(f"{said}{named}: drop what you have built on it, such as a view, then do this again") from None


def _require_tables(connection: Connection) -> None:
    columns = warehouse.frame(connection, warehouse.statement("describe"))
    there = set(columns["table_name"])
    staged = columns.loc[columns["table_name"] == "staging_events", "column_name"].tolist()
    if staged and "batch_id" not in staged:
        raise NotReady("the tables are those of an earlier version: make them anew with `redjam create-tables --fresh`")
    if absent := [table for table in TABLES if table not in there]:
        raise NotReady(f"no table {', '.join(absent)}: run notebooks/02_schema.ipynb first (or: redjam create-tables)")


def _absent_marts(connection: Connection) -> list[str]:
    there = set(warehouse.frame(connection, warehouse.statement("views"))["name"])
    return [mart for mart in MARTS if mart not in there]


def describe(connection: Connection) -> pd.DataFrame:
    """One row a table: how its rows are distributed and sorted, how many columns and rows it has."""
    columns = warehouse.frame(connection, warehouse.statement("describe"))
    lines = [_line(connection, table, columns[columns["table_name"] == table]) for table in TABLES]
    return pd.DataFrame([line for line in lines if line]).set_index("table")


def _line(connection: Connection, table: str, columns: pd.DataFrame) -> dict | None:
    if columns.empty:
        return None
    sorted_by = columns[columns["sortkey"] != 0].sort_values("sortkey")["column_name"]
    return {
        "table": table,
        "diststyle": DISTSTYLES.get(columns["diststyle"].iloc[0], "?"),
        "distkey": ", ".join(columns[columns["distkey"]]["column_name"]),
        "sortkey": ", ".join(sorted_by),
        "columns": len(columns),
        "rows": warehouse.frame(connection, f"SELECT COUNT(*) FROM {table}").iat[0, 0],
    }
