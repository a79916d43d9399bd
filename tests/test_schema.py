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


def test_dropping_twice_is_fine(connection):
    schema.drop(connection)
    schema.drop(connection)
    with pytest.raises(LookupError, match=r"no table staging_events.*02_schema\.ipynb"):
        schema.require(connection)


def test_an_empty_warehouse_has_nothing_to_analyse(connection):
    schema.require(connection)
    with pytest.raises(LookupError, match=r"03_etl\.ipynb"):
        schema.require(connection, loaded=True)
