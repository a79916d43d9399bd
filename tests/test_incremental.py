"""Only what is new or has changed is loaded, and what is loaded does not depend on the order in which it came."""

import json
import os
import shutil
from dataclasses import replace as but
from pathlib import Path

import pytest
from conftest import EVENT, SONG, replace
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from redjam import etl, ledger, schema, selection, warehouse

STAR = ("songs", "artists", "users", "time", "songplays")
DAY = 86_400_000
FIRST = 1541030400000  # 2018-11-01 00:00:00 UTC


def tables(connection) -> dict[str, list[tuple]]:
    """All rows of the star, and of staging without the mark of their COPY."""
    found = {}
    for table in (*STAR, *schema.STAGING):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")
            kept = [n for n, column in enumerate(cursor.description) if column.name != "batch_id"]
            found[table] = sorted(([row[n] for n in kept] for row in cursor.fetchall()), key=repr)
    return found


@pytest.fixture
def load(connection, settings, cluster):
    """Run the ETL with these options."""
    return lambda **options: etl.run(connection, settings, cluster.role_arn, **options)


@pytest.fixture
def days(settings):
    """Write files of events, a name to its rows, each given by what differs from EVENT."""

    def write(**files):
        for name, rows in files.items():
            lines = [json.dumps(EVENT | {"itemInSession": n} | row) for n, row in enumerate(rows)]
            replace(Path(settings.log_data, f"{name.replace('_', '-')}.json"), "\n".join(lines))

    return write


@pytest.fixture(autouse=True)
def catalogue(settings):
    """One song, since a load wants both sources."""
    Path(settings.song_data, "song.json").write_text(json.dumps(SONG))


def names(run: etl.Run) -> list[str]:
    """The files that a run loaded, without their folders."""
    return sorted(os.path.basename(uri) for uri in run.files["uri"])


# --- What is loaded ---------------------------------------------------------------------------------------


def test_a_second_run_reads_nothing_and_says_so(load, days, connection):
    days(d_2018_11_01=[{}], d_2018_11_02=[{"sessionId": 2}])
    assert names(load()) == ["d-2018-11-01.json", "d-2018-11-02.json", "song.json"]
    before = tables(connection)
    again = load()
    assert (names(again), str(again)) == ([], "nothing new, nothing read: 3 files unchanged")
    assert tables(connection) == before


def test_a_file_that_was_touched_is_loaded_alone(load, days, connection, settings):
    days(d_2018_11_01=[{}], d_2018_11_02=[{"sessionId": 2}])
    load()
    before = tables(connection)
    os.utime(Path(settings.log_data, "d-2018-11-02.json"))
    assert names(load()) == ["d-2018-11-02.json"]
    os.utime(Path(settings.song_data, "song.json"))
    assert names(load()) == ["song.json"]
    assert tables(connection) == before


def test_a_changed_file_replaces_its_own_rows_and_no_others(load, days, connection):
    days(a=[{"song": "Kept"}, {"song": "Gone", "userId": "9", "ts": FIRST}], b=[{"sessionId": 2, "song": "Also kept"}])
    load()
    days(a=[{"song": "Kept"}])
    load()
    seen = tables(connection)
    days(a=[{"song": "Kept"}], b=[{"sessionId": 2, "song": "Also kept"}])
    schema.create(connection, fresh=True)
    load()
    assert tables(connection) == seen
    assert len(seen["songplays"]) == 2
    assert [row[0] for row in seen["users"]] == [1]


def test_a_play_that_two_files_have_stays_when_one_lets_it_go(load, days, connection):
    play = {"sessionId": 5, "itemInSession": 7}
    days(a=[play], b=[play, {"sessionId": 6}])
    load()
    days(a=[])
    load()
    assert len(tables(connection)["songplays"]) == 2


def test_a_changed_song_file_takes_its_song_with_it(load, days, connection, settings):
    days(a=[{}])
    load()
    assert [row[0] for row in tables(connection)["songs"]] == ["SO1"]
    replace(Path(settings.song_data, "song.json"), json.dumps(SONG | {"song_id": "SO2", "title": "Second Song"}))
    load()
    songs = {row[0]: row[-1] for row in tables(connection)["songs"]}
    assert songs.pop("SO2") is False
    assert list(songs.values()) == [True]  # the play has an inferred song now


def test_days_are_loaded_as_asked(load, days, connection):
    days(**{f"d_2018_11_0{n}": [{"ts": FIRST + (n - 1) * DAY, "sessionId": n}] for n in range(1, 6)})
    assert names(load(since="2018-11-02", until="2018-11-03")) == [
        "d-2018-11-02.json",
        "d-2018-11-03.json",
        "song.json",
    ]
    assert names(load(until="2018-11-02")) == ["d-2018-11-01.json"]
    assert names(load(since="2018-11-02", until="2018-11-02", reload=True)) == ["d-2018-11-02.json"]
    assert names(load()) == ["d-2018-11-04.json", "d-2018-11-05.json"]
    assert len(tables(connection)["songplays"]) == 5
    assert len(names(load(reload=True))) == 6


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"since": "2018-11-31"}, "since is '2018-11-31': write a day such as 2018-11-02"),
        ({"until": "yesterday"}, "until is 'yesterday'"),
        ({"since": "20181102"}, "since is '20181102'"),
        ({"since": "2018-11-03", "until": "2018-11-02"}, "since 2018-11-03 is after until 2018-11-02"),
        ({"since": "2018-11-03"}, "undated.json has no date in its name"),
        ({"since": 20181102}, "since is 20181102: write a day such as 2018-11-02"),
    ],
)
def test_wrong_days_are_refused_and_nothing_is_loaded(load, days, connection, options, said):
    days(undated=[{}])
    with pytest.raises(selection.WrongDays, match=said):
        load(**options)
    assert tables(connection)["songplays"] == []


def test_reload_is_yes_or_no(load, days):
    days(a=[{}])
    load()
    assert names(load(reload="false")) == []
    assert len(names(load(reload="true"))) == 2
    with pytest.raises(TypeError, match="reload is 'no': give True or False"):
        load(reload="no")


def test_days_of_which_there_is_no_file_are_refused(load, days):
    days(d_2018_11_01=[{}], d_2018_11_03=[{"sessionId": 2}])
    with pytest.raises(selection.WrongDays, match="those that are there are of 2018-11-01 to 2018-11-03"):
        load(since="2018-12-01")


def test_of_many_files_the_one_that_changes_is_loaded_alone(load, days, settings, connection):
    days(a=[{"song": f"Song {n}"} for n in range(200)])
    for number in range(150):
        song = SONG | {"song_id": f"SO{number}", "title": f"Song {number}"}
        Path(settings.song_data, f"{number}.json").write_text(json.dumps(song) + ("\n\n" if number % 2 else ""))
    load()
    before = tables(connection)
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(DISTINCT batch_id), COUNT(*), SUM(rows_read), SUM(rows_loaded), MAX(rows_loaded) "
                       "FROM load_files WHERE table_name = 'staging_songs'")  # fmt: skip
        assert [int(value) for value in cursor.fetchone()] == [151, 151, 151, 151, 1]
        cursor.execute("SELECT loaded_rows FROM sys_load_history WHERE table_name = 'new_songs' ORDER BY query_id DESC")
        assert cursor.fetchone() == (151,)  # of one COPY
    os.remove(Path(settings.song_data, "8.json"))  # what came in the same COPY does not matter
    replace(Path(settings.song_data, "7.json"), json.dumps(SONG | {"song_id": "SO7", "title": "Song 7"}))
    assert names(load()) == ["7.json"]
    assert tables(connection) == before
    load(reload=True)
    assert [row[-1] for row in tables(connection)["songs"] if row[1] == "Song 8"] == [True]


@pytest.mark.parametrize("lost", ["table_name = 'staging_events'", "TRUE"])
def test_all_anew_is_what_the_files_say_that_are_there(load, days, settings, connection, lost):
    days(a=[{}], b=[{"sessionId": 2, "song": "Other"}])
    load()
    warehouse.execute(connection, f"DELETE FROM load_files WHERE {lost}")
    with pytest.raises(etl.CheckFailed, match=r"(?s)batches_are_whole.*`redjam etl --reload`"):
        etl.check(connection)
    os.remove(Path(settings.log_data, "a.json"))
    load(reload=True)
    etl.check(connection)
    assert [row[6] for row in tables(connection)["songplays"]] == [2]
    seen = tables(connection)
    schema.create(connection, fresh=True)
    load()
    assert tables(connection) == seen


@pytest.mark.parametrize("first", ["", "x" * 250 + ".json"])
def test_an_empty_file_first_among_many(load, days, settings, connection, monkeypatch, first):
    monkeypatch.setattr(selection, "ALONE", 1)
    days(b=[{}], c=[{"sessionId": 2}])
    Path(settings.log_data, "a.json").write_text("")
    if first:  # whose name the system tables cut
        Path(settings.log_data, first).write_text(json.dumps(EVENT | {"sessionId": 3}))
    load()
    assert len(tables(connection)["songplays"]) == 2 + bool(first)


def test_a_file_that_is_gone_keeps_its_rows(load, days, settings, connection):
    days(a=[{}], b=[{"sessionId": 2}])
    load()
    os.remove(Path(settings.log_data, "a.json"))
    days(c=[{"sessionId": 3}])
    assert names(load()) == ["c.json"]
    assert len(tables(connection)["songplays"]) == 3


def test_compressed_files_are_loaded_beside_plain_ones(load, days, settings, connection):
    import gzip

    days(a=[{}])
    Path(settings.log_data, "b.json.gz").write_bytes(gzip.compress(json.dumps(EVENT | {"sessionId": 2}).encode()))
    load()
    assert len(tables(connection)["songplays"]) == 2


def test_fresh_tables_have_an_empty_ledger(load, days, connection):
    days(a=[{}])
    load()
    schema.create(connection, fresh=True)
    assert ledger.loaded(connection, "staging_events") == {}
    assert len(load().files) == 2


# --- In any order -----------------------------------------------------------------------------------------

# Plays of three listeners over four days: names and levels change, songs are in the catalogue or not, one has no song.
PLAYS = [
    {"ts": FIRST + day * DAY + number, "userId": str(1 + number % 3), "sessionId": 10 * day + number % 3,
     "itemInSession": number, "level": "paid" if day > 1 and number % 2 else "free",
     "lastName": f"Name {day}" if number % 3 else "Same", "song": song, "artist": artist, "length": 180.0 + 30 * number}
    for day in range(4)
    for number, (song, artist) in enumerate([("One", "A"), ("Two", "A feat. B"), ("Two", "B"), (None, None)])
]  # fmt: skip
# The catalogue: a song delivered in two versions, two songs of one title, an artist with two names and places.
SONGS = [
    {"song_id": "S1", "title": "One", "artist_id": "AR1", "artist_name": "A", "duration": 180.0},
    {"song_id": "S1", "title": "One", "artist_id": "AR1", "artist_name": "A", "duration": 200.0, "year": 1999},
    {"song_id": "S2", "title": "Two", "artist_id": "AR1", "artist_name": "A feat. B", "artist_location": "Oslo"},
    {"song_id": "S3", "title": "Two", "artist_id": "AR2", "artist_name": "B", "duration": 240.0},
    {"song_id": "S4", "title": "Two", "artist_id": "AR3", "artist_name": "B", "duration": 300.0},
    {"song_id": "S5", "title": "Five", "artist_id": "AR2", "artist_name": "B", "artist_latitude": 1.5},
]
EVENT_FILES = st.sampled_from(["e1", "e2", "e3"])
SONG_FILES = st.sampled_from(["s1", "s2", "s3"])
# What is delivered at a time: files, each with some of the plays or songs.
DELIVERIES = st.tuples(
    st.dictionaries(EVENT_FILES, st.sets(st.integers(0, len(PLAYS) - 1)), max_size=3),
    st.dictionaries(SONG_FILES, st.sets(st.integers(0, len(SONGS) - 1)), max_size=3),
)


def deliver(settings, events: dict, songs: dict) -> None:
    """Write the files of a delivery."""
    for folder, base, rows, files in (
        (settings.log_data, EVENT, PLAYS, events),
        (settings.song_data, SONG, SONGS, songs),
    ):
        for name, chosen in files.items():
            replace(Path(folder, f"{name}.json"), "\n".join(json.dumps(base | rows[n]) for n in sorted(chosen)))


ALL = ({"e1": set(range(8)), "e2": set(range(8, 16))}, {"s1": {0, 1, 2}, "s2": {3, 4, 5}})


@hypothesis_settings(
    max_examples=int(os.environ.get("REDJAM_FUZZ", "5")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(DELIVERIES, min_size=1, max_size=4))
@example(history=[({"e1": {0, 5, 9}}, {}), ({}, ALL[1]), ({"e1": {0}, "e2": {5}}, {"s1": {4}})])
@example(history=[({}, ALL[1]), (ALL[0], {}), ({"e2": {8}}, {"s2": set()}), (ALL[0], {"s2": {1}})])
def test_any_history_of_deliveries_leaves_what_a_clean_load_of_the_last_ones_does(
    connection, settings, cluster, load, history
):
    for folder in (settings.log_data, settings.song_data):
        shutil.rmtree(folder)
        os.mkdir(folder)
    schema.create(connection, fresh=True)
    deliver(settings, {"e0": {0}}, {"s0": {5}})  # a load wants both sources
    for events, songs in history:
        deliver(settings, events, songs)
        load()
    etl.check(connection)
    seen = tables(connection)
    schema.create(connection, fresh=True)
    load()
    assert tables(connection) == seen


def test_the_days_of_real_data_may_come_in_any_order(connection, settings, cluster, real_data, tmp_path):
    songs, logs = tmp_path / "songs", tmp_path / "logs"
    real = but(settings, log_data=str(logs), song_data=str(songs))
    shutil.copytree(real_data / "log-data", logs)
    shutil.copytree(real_data / "song-data", songs, ignore=shutil.ignore_patterns("TRAAB*"))
    for day in ("09", "02", "05"):
        etl.run(connection, real, cluster.role_arn, f"2018-11-{day}", f"2018-11-{day}")
    shutil.copytree(real_data / "song-data", songs, dirs_exist_ok=True)
    etl.run(connection, real, cluster.role_arn, until="2018-11-05")
    etl.run(connection, real, cluster.role_arn)
    etl.check(connection)
    seen = tables(connection)
    assert {table: len(seen[table]) for table in ("staging_events", "songplays", "users", "time")} == {
        "staging_events": 1882,
        "songplays": 1594,
        "users": 75,
        "time": 1594,
    }
    schema.create(connection, fresh=True)
    assert len(etl.run(connection, real, cluster.role_arn).files) == 81
    assert tables(connection) == seen
