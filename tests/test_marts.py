"""The marts say what the star says, after every load, whatever becomes of a refresh."""

import dataclasses
import logging
import re
from contextlib import closing
from datetime import datetime

import psycopg2
import pytest

from redjam import etl, ledger, schema, warehouse

DAY = 86_400_000
NOON = 1541160000000  # 2018-11-02 12:00:00 UTC, a Friday
FRIDAY, SATURDAY = datetime(2018, 11, 2), datetime(2018, 11, 3)


@pytest.fixture
def load(connection, settings, cluster, put):
    """Deliver events under a name, if there are any, and run the ETL."""

    def run(*events, name="first"):
        if events:
            put(events, [{}], name=name)
        return etl.run(connection, settings, cluster.role_arn)

    return run


@pytest.fixture
def rows(connection):
    """All rows of a table, in order."""

    def query(table):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")
            return sorted(cursor.fetchall(), key=repr)

    return query


@pytest.fixture
def refreshed(monkeypatch):
    """The names of the views of which a refresh was asked; what `fails` holds for one of them is raised instead."""
    execute, names, fails = warehouse.execute, [], {}

    def noted(connection, query, **parameters):
        if found := re.match(r"REFRESH MATERIALIZED VIEW (\w+)", query):
            names.append(found[1])
            if errors := fails.get(found[1]):
                raise errors.pop(0)
        return execute(connection, query, **parameters)

    monkeypatch.setattr(warehouse, "execute", noted)
    names_and_fails = dataclasses.make_dataclass("Refreshed", ["names", "fails"])
    return names_and_fails(names, fails)


def stale(connection):
    return set(warehouse.frame(connection, warehouse.statement("stale_views"))["name"])


def last_steps(connection):
    return ledger.steps(connection, ledger.history(connection).index[0])


def test_the_marts_count_plays_listeners_and_sessions(load, rows, connection):
    """One listener changes the level within a session, and comes back on the next day."""
    load(
        {"userId": "1", "sessionId": 1, "level": "free", "ts": NOON, "length": 100.0},
        {"userId": "1", "sessionId": 1, "level": "paid", "ts": NOON + 1000, "length": 50.5},
        {"userId": "2", "sessionId": 2, "level": "paid", "ts": NOON + 2000, "length": 7.0},
        {"userId": "2", "sessionId": 3, "level": "paid", "ts": NOON + 3000, "artist": "Y", "song": "Y", "length": 1.0},
        {
            "userId": "1",
            "sessionId": 4,
            "level": "paid",
            "ts": NOON + DAY,
            "artist": None,
            "song": None,
            "length": None,
        },
    )
    assert [(row[0], *row[2:]) for row in sorted(rows("plays_by_day_artist"), key=lambda row: (row[0], -row[3]))] == [
        (FRIDAY, "Zoë and the Zebras", 3, 157.5),
        (FRIDAY, "Y", 1, 1.0),
        (SATURDAY, None, 1, 0.0),
    ]
    assert rows("plays_by_day_level") == [
        (FRIDAY, "free", 1, 1, 1),
        (FRIDAY, "paid", 3, 2, 3),
        (SATURDAY, "paid", 1, 1, 1),
    ]
    assert rows("plays_by_weekday_hour") == [(5, 12, 4), (6, 12, 1)]


def test_the_ids_of_the_artists_are_the_stars(load, connection):
    load({}, {"artist": "Y", "song": "Y"})
    unknown = "SELECT artist_id FROM plays_by_day_artist EXCEPT SELECT artist_id FROM songplays"
    assert warehouse.frame(connection, unknown).empty
    assert warehouse.frame(connection, "SELECT COUNT(DISTINCT artist_id) AS n FROM plays_by_day_artist").iat[0, 0] == 2


def test_a_load_brings_all_marts_up_to_date_and_one_of_nothing_new_none(load, rows, connection, refreshed):
    load({"ts": NOON})
    assert refreshed.names == list(schema.MARTS)
    steps = last_steps(connection)
    assert steps.index[-1] == "refresh"
    assert steps.loc["refresh", "state"] == "done"
    assert stale(connection) == set()
    load()
    assert refreshed.names == list(schema.MARTS)
    assert "refresh" not in last_steps(connection).index
    load({"ts": NOON + DAY, "sessionId": 2}, name="second")
    assert rows("plays_by_weekday_hour") == [(5, 12, 1), (6, 12, 1)]


def test_a_refresh_that_fails_leaves_the_load_and_the_next_one_tries_again(load, rows, connection, refreshed, caplog):
    refreshed.fails["plays_by_day_level"] = [psycopg2.errors.OutOfMemory("out of memory\nDETAIL:  more")]
    load({"ts": NOON})
    (warning,) = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warning == (
        "plays_by_day_level could not be refreshed, and is as before this load: out of memory; "
        "`redjam etl` tries it again"
    )
    assert (ledger.history(connection)["state"] == "done").all()
    steps = last_steps(connection)
    assert steps.loc["refresh", "state"] == "failed"
    told = warehouse.frame(connection, "SELECT message FROM etl_runs WHERE step = 'refresh'").iat[0, 0]
    assert told == "plays_by_day_level: out of memory"
    assert rows("plays_by_weekday_hour") == [(5, 12, 1)]
    assert rows("plays_by_day_level") == []
    assert stale(connection) == {"plays_by_day_level"}
    refreshed.names.clear()
    assert load().files.empty
    assert refreshed.names == ["plays_by_day_level"]
    assert rows("plays_by_day_level") == [(FRIDAY, "free", 1, 1, 1)]


def test_an_interrupted_refresh_leaves_the_load_and_the_next_one_goes_on(load, rows, connection, refreshed):
    refreshed.fails["plays_by_day_level"] = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        load({"ts": NOON})
    assert ledger.history(connection)["state"].tolist() == ["done"]
    assert stale(connection) == {"plays_by_day_level", "plays_by_weekday_hour"}
    load()
    assert stale(connection) == set()
    assert rows("plays_by_weekday_hour") == [(5, 12, 1)]


def test_a_refresh_in_conflict_with_another_transaction_is_tried_again(load, refreshed, monkeypatch, caplog):
    waits = []
    monkeypatch.setattr(etl.time, "sleep", waits.append)
    conflict = psycopg2.InternalError("1023\nDETAIL:  Serializable isolation violation on table in Redshift")
    refreshed.fails["plays_by_day_artist"] = [conflict]
    load({"ts": NOON})
    assert refreshed.names == ["plays_by_day_artist", *schema.MARTS]
    assert waits == [1]
    assert "in conflict" in caplog.text
    assert "could not be refreshed" not in caplog.text


def test_a_connection_that_is_lost_in_a_refresh_leaves_the_load(load, settings, cluster, connection, refreshed, caplog):
    class Lost(list):
        def pop(self, _):
            connection.close()
            return psycopg2.OperationalError("server closed the connection unexpectedly\n\tThis probably means")

    refreshed.fails["plays_by_day_artist"] = Lost("x")
    result = load({"ts": NOON})
    assert len(result.files) == 2
    (warning,) = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert "plays_by_day_artist could not be refreshed" in warning
    with closing(warehouse.connect(settings, cluster)) as other:
        assert ledger.history(other)["state"].tolist() == ["done"]
        assert stale(other) == set(schema.MARTS)


def test_a_missing_mart_is_named_and_made_again(connection):
    warehouse.execute(connection, "DROP MATERIALIZED VIEW plays_by_day_level")
    with pytest.raises(schema.NotReady, match=r"no view plays_by_day_level: .*02_schema.*redjam create-tables"):
        schema.require(connection)
    schema.create(connection)
    schema.require(connection)


def test_creating_again_keeps_the_marts_and_fresh_makes_them_anew(load, rows, connection):
    load({"ts": NOON})
    oids = "SELECT oid FROM pg_class WHERE relkind = 'm' ORDER BY oid"
    before = warehouse.frame(connection, oids)
    schema.create(connection)
    assert warehouse.frame(connection, oids).equals(before)
    schema.create(connection, fresh=True)
    assert not set(warehouse.frame(connection, oids)["oid"]) & set(before["oid"])
    assert [rows(mart) for mart in schema.MARTS] == [[], [], []]


def test_marts_of_a_star_that_has_rows_already_are_full(load, rows, connection):
    load({"ts": NOON})
    for mart in schema.MARTS:
        warehouse.execute(connection, f"DROP MATERIALIZED VIEW {mart}")
    schema.create(connection)
    assert rows("plays_by_weekday_hour") == [(5, 12, 1)]
    assert stale(connection) == set()


def test_what_a_mart_leaves_to_redshift_to_bring_up_to_date(connection):
    """What keeps Redshift from doing it by the changes alone, and the one mart that has it."""
    hinders = r"DISTINCT|DATE_PART|EXTRACT|LEFT JOIN|UNION|AVG\(|OVER \("
    texts = {mart: warehouse.statement(f"marts/{mart}").partition("\nAS\n")[2] for mart in schema.MARTS}
    assert [mart for mart, text in texts.items() if re.search(hinders, text)] == ["plays_by_day_level"]
    assert all(texts.values())
