"""The tables are created with the keys that the design gives them, and described as Redshift describes them."""

import psycopg2
import pytest

from redjam import schema, warehouse

LISTENER = "INSERT INTO users (user_id, last_played, last_songplay_id) VALUES (1, GETDATE(), 'a')"


def test_tables_have_their_keys(connection):
    described = schema.describe(connection)
    assert described.index.tolist() == list(schema.TABLES)
    keys = described[["diststyle", "distkey", "sortkey", "columns"]].to_dict("index")
    staged = {"diststyle": "KEY", "sortkey": "batch_id"}
    assert keys["staging_events"] == staged | {"distkey": "session_id", "columns": 19}
    assert keys["staging_songs"] == staged | {"distkey": "song_id", "columns": 11}
    assert keys["songplays"] == {"diststyle": "KEY", "distkey": "song_id", "sortkey": "start_time", "columns": 11}
    assert keys["songs"] == {
        "diststyle": "KEY",
        "distkey": "song_id",
        "sortkey": "artist_name, title",
        "columns": 7,
    }
    assert keys["artists"]["diststyle"] == keys["users"]["diststyle"] == "ALL"
    assert keys["time"]["sortkey"] == "start_time"


def test_creating_again_keeps_the_rows(connection):
    warehouse.execute(connection, LISTENER)
    schema.create(connection)
    assert schema.describe(connection).loc["users", "rows"] == 1


def test_fresh_tables_are_empty_also_where_there_were_none(connection):
    warehouse.execute(connection, LISTENER)
    warehouse.execute(connection, "DROP TABLE songplays CASCADE")
    schema.create(connection, fresh=True)
    assert (schema.describe(connection)["rows"] == 0).all()


def test_a_missing_table_is_named_with_what_to_run_first(connection):
    warehouse.execute(connection, "DROP TABLE staging_events")
    with pytest.raises(schema.NotReady, match=r"no table staging_events.*02_schema\.ipynb"):
        schema.require(connection)


@pytest.mark.parametrize("table", schema.LEDGER)
def test_the_ledger_belongs_to_the_tables(connection, table):
    warehouse.execute(connection, f"DROP TABLE {table}")
    with pytest.raises(schema.NotReady, match=rf"no table {table}: .*redjam create-tables"):
        schema.require(connection)


def test_the_tables_of_an_earlier_version_are_refused_with_the_way_out(connection):
    """These had no ledger; to create what is missing must not make the others look right."""
    warehouse.execute(connection, f"DROP TABLE {', '.join(schema.LEDGER)}, staging_events")
    warehouse.execute(connection, "CREATE TABLE staging_events (page VARCHAR(64), ts BIGINT)")
    with pytest.raises(schema.NotReady):
        schema.require(connection)
    for refuses in (schema.create, schema.require):
        with pytest.raises(schema.NotReady, match=r"those of an earlier version: .*create-tables --fresh`$"):
            refuses(connection)
    schema.create(connection, fresh=True)
    schema.require(connection)


def test_an_event_without_page_or_time_and_a_listener_without_a_play_have_no_place(connection):
    """COPY rejects such an event because of it."""
    for table, column, values in (
        ("staging_events", "ts", "(page) VALUES ('Home')"),
        ("staging_events", "page", "(ts) VALUES (1)"),
        ("users", "last_songplay_id", "(user_id, last_played) VALUES (1, GETDATE())"),
    ):
        with pytest.raises(psycopg2.errors.NotNullViolation, match=f"column {column} of {table}"):
            warehouse.execute(connection, f"INSERT INTO {table} {values}")


def test_a_table_of_another_schema_is_not_described(connection):
    warehouse.execute(connection, "CREATE SCHEMA IF NOT EXISTS other")
    warehouse.execute(connection, "CREATE TABLE IF NOT EXISTS other.songs (a INTEGER) DISTSTYLE ALL")
    assert schema.describe(connection).loc["songs", ["diststyle", "columns"]].tolist() == ["KEY", 7]
    warehouse.execute(connection, "DROP SCHEMA other CASCADE")


def test_an_empty_warehouse_has_nothing_to_analyse(connection):
    schema.require(connection)
    with pytest.raises(schema.NotReady, match=r"03_etl\.ipynb"):
        schema.require(connection, loaded=True)


def test_a_readers_view_is_named_and_not_dropped(connection):
    warehouse.execute(connection, "CREATE VIEW mine AS SELECT level FROM songplays")
    said = r"cannot drop table songplays .*view mine depends on table songplays.*: drop what you have built on it"
    with pytest.raises(schema.NotReady, match=said):
        schema.create(connection, fresh=True)
    assert warehouse.frame(connection, "SELECT * FROM mine").empty
    warehouse.execute(connection, "DROP VIEW mine")
    schema.create(connection, fresh=True)
