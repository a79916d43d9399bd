"""The tables are created with the keys that the design gives them, and described as Redshift describes them."""

import pytest

from redjam import schema, warehouse


def test_tables_have_their_keys(connection):
    described = schema.describe(connection)
    assert described.index.tolist() == list(schema.TABLES)
    keys = described[["diststyle", "distkey", "sortkey", "columns"]].to_dict("index")
    assert keys["staging_events"] == {"diststyle": "EVEN", "distkey": "", "sortkey": "", "columns": 18}
    assert keys["songplays"] == {"diststyle": "KEY", "distkey": "song_id", "sortkey": "start_time", "columns": 11}
    assert keys["songs"] == {"diststyle": "KEY", "distkey": "song_id", "sortkey": "", "columns": 7}
    assert keys["artists"]["diststyle"] == keys["users"]["diststyle"] == "ALL"
    assert keys["time"]["sortkey"] == "start_time"


def test_creating_again_keeps_the_rows(connection):
    warehouse.execute(connection, "INSERT INTO users (user_id, last_played) VALUES (1, GETDATE())")
    schema.create(connection)
    assert schema.describe(connection).loc["users", "rows"] == 1


def test_fresh_tables_are_empty_also_where_there_were_none(connection):
    warehouse.execute(connection, "INSERT INTO users (user_id, last_played) VALUES (1, GETDATE())")
    warehouse.execute(connection, "DROP TABLE songplays")
    schema.create(connection, fresh=True)
    assert (schema.describe(connection)["rows"] == 0).all()


def test_a_missing_table_is_named_with_what_to_run_first(connection):
    warehouse.execute(connection, "DROP TABLE staging_events")
    with pytest.raises(schema.NotReady, match=r"no table staging_events.*02_schema\.ipynb"):
        schema.require(connection)


def test_a_table_of_another_schema_is_not_described(connection):
    warehouse.execute(connection, "CREATE SCHEMA IF NOT EXISTS other")
    warehouse.execute(connection, "CREATE TABLE IF NOT EXISTS other.songs (a INTEGER) DISTSTYLE ALL")
    assert schema.describe(connection).loc["songs", ["diststyle", "columns"]].tolist() == ["KEY", 7]
    warehouse.execute(connection, "DROP SCHEMA other CASCADE")


def test_an_empty_warehouse_has_nothing_to_analyse(connection):
    schema.require(connection)
    with pytest.raises(schema.NotReady, match=r"03_etl\.ipynb"):
        schema.require(connection, loaded=True)
