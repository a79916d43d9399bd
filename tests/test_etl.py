"""The star holds each play once, with its song, artist, listener and time, whatever comes in which order."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from redjam import etl, ledger, schema, warehouse

STAR = ("songs", "artists", "users", "time", "songplays")
MINUTE = 60_000
NOON = 1541160000000  # 2018-11-02 12:00:00 UTC


@pytest.fixture
def load(connection, settings, cluster, put):
    """Deliver files, of a new name unless one is given, and run the ETL."""
    numbers = itertools.count()

    def run(events=(), songs=({"song_id": "SOX", "artist_id": "ARX", "artist_name": "X", "title": "X"},), name=""):
        put(events, songs, name or f"delivery-{next(numbers)}")
        return etl.run(connection, settings, cluster.role_arn)

    return run


@pytest.fixture
def rows(connection):
    """The rows of a query as tuples, None for NULL."""

    def query(text):
        with connection.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchall()

    return query


@pytest.fixture
def star(rows):
    """All rows of the star."""
    return lambda: {table: sorted(rows(f"SELECT * FROM {table}"), key=repr) for table in STAR}


def test_each_nextsong_event_is_one_play(load, rows):
    load([{}, {"page": "Home", "song": None, "artist": None}, {"song": "Another"}, {"page": "Next Song"}])
    assert rows("SELECT item_in_session FROM songplays ORDER BY 1") == [(0,), (2,)]


def test_an_event_that_comes_twice_is_one_play(load, rows):
    load([{"itemInSession": 5}, {"itemInSession": 5}])
    assert rows("SELECT COUNT(*) FROM songplays") == [(1,)]


def test_start_times_are_utc_to_the_millisecond(load, rows, connection):
    warehouse.execute(connection, "SET timezone TO 'America/Los_Angeles'")
    load([{"ts": 1541116799999}])
    assert rows("SELECT CAST(start_time AS VARCHAR) FROM songplays") == [("2018-11-01 23:59:59.999",)]
    assert rows("SELECT hour, day, week, month, year, weekday FROM time") == [(23, 1, 44, 11, 2018, 4)]


def test_a_play_keeps_what_it_was(load, rows):
    load([{"level": "paid", "location": "Boston, MA", "sessionId": 77, "itemInSession": 3}])
    columns = "level, location, session_id, item_in_session, user_agent, length"
    assert rows(f"SELECT {columns} FROM songplays") == [("paid", "Boston, MA", 77, 3, '"Mozilla/5.0"', 200.5)]


def test_a_play_finds_its_song_by_title_and_artist(load, rows):
    load([{}], [{}, {"song_id": "SO2", "title": "Second Song"}])
    assert rows("SELECT song_id, artist_id FROM songplays") == [("SO1", "AR1")]


def test_neither_title_nor_artist_alone_is_a_match(load, rows):
    load([{}], [{"artist_name": "Someone Else"}, {"song_id": "SO2", "title": "Second Song"}])
    assert rows("SELECT s.is_inferred FROM songplays p JOIN songs s ON s.song_id = p.song_id") == [(True,)]


@pytest.mark.parametrize(("durations", "found"), [((100, 190), "SO2"), ((210.5, 190.5), "SO1"), ((None, 0), "SO2")])
def test_of_several_songs_the_nearest_in_duration_then_the_lowest_id(load, rows, durations, found):
    load([{}], [{"song_id": f"SO{n}", "duration": duration} for n, duration in enumerate(durations, 1)])
    assert rows("SELECT song_id FROM songplays") == [(found,)]


def test_a_play_without_a_catalogue_song_is_counted_under_an_inferred_one(load, rows):
    load([{}, {}, {"song": "Other"}])
    assert rows("SELECT COUNT(*) FROM songplays p JOIN songs s ON s.song_id = p.song_id WHERE is_inferred") == [(3,)]
    assert rows("SELECT title, artist_name, duration FROM songs WHERE is_inferred ORDER BY 1") == [
        ("First Song", "Zoë and the Zebras", None),
        ("Other", "Zoë and the Zebras", None),
    ]
    assert rows("SELECT name FROM artists WHERE is_inferred") == [("Zoë and the Zebras",)]


def test_an_inferred_song_belongs_to_the_catalogues_artist_of_that_name(load, rows):
    load([{"song": "Unknown"}], [{}])
    assert rows("SELECT artist_id FROM songplays") == [("AR1",)]
    assert rows("SELECT COUNT(*) FROM artists WHERE is_inferred") == [(0,)]


def test_a_play_without_song_and_artist_is_kept(load, rows):
    load([{"song": None, "artist": None}, {"song": "", "artist": ""}])
    assert rows("SELECT COUNT(*), COUNT(song_id) FROM songplays") == [(2, 2)]


def test_when_the_catalogue_brings_the_song_its_plays_move_to_it(load, rows):
    load([{}, {"song": "Unknown"}])
    load([{"sessionId": 2}], [{}])
    assert rows("SELECT p.song_id FROM songplays p JOIN songs s ON s.song_id = p.song_id WHERE s.title = 'First Song'")
    assert rows("SELECT COUNT(*) FROM songplays WHERE song_id = 'SO1'") == [(2,)]
    assert rows("SELECT title, artist_id FROM songs WHERE is_inferred") == [("Unknown", "AR1")]
    assert rows("SELECT name FROM artists WHERE is_inferred") == []


def test_a_better_song_that_comes_later_takes_the_play(load, rows):
    load([{}], [{"duration": 100}])
    load([{"sessionId": 2, "song": "Other"}], [{"song_id": "SO0", "duration": 200}])
    assert rows("SELECT song_id FROM songplays WHERE session_id = 1") == [("SO0",)]


CATALOGUE = [
    {"artist_location": "", "artist_name": "Zoë and the Zebras feat. Ann"},
    {"song_id": "SO2", "title": "Second Song", "artist_location": "Oslo", "artist_latitude": 59.9},
    {"song_id": "SO3", "title": "First Song", "artist_location": "Bergen", "duration": 150},
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_star_does_not_depend_on_the_order_of_the_catalogue(load, star, connection, order):
    events = [{}, {"song": "Second Song"}, {"song": "Third Song"}]
    load(events, CATALOGUE)
    at_once = star()
    schema.create(connection, fresh=True)
    for number in order:
        load(events, [CATALOGUE[number]], f"part-{number}")
    assert star() == at_once
    assert [row[1:4] for row in at_once["artists"]] == [("Zoë and the Zebras", "Oslo", 59.9)]


def test_listeners_have_the_names_and_level_of_their_latest_play(load, rows):
    load(
        [
            {"ts": NOON + MINUTE, "level": "paid", "lastName": "Lovelace"},
            {"ts": NOON, "level": "free"},
            {"ts": NOON + 2 * MINUTE, "level": "free", "page": "Home", "song": None},
            {"ts": NOON, "userId": "2"},
        ]
    )
    assert rows("SELECT user_id, last_name, level FROM users ORDER BY 1") == [
        (1, "Lovelace", "paid"),
        (2, "Byron", "free"),
    ]


def test_an_older_file_that_comes_later_does_not_change_a_listener(load, rows):
    load([{"ts": NOON, "level": "paid"}])
    load([{"ts": NOON - MINUTE, "level": "free", "sessionId": 0}])
    assert rows("SELECT level FROM users") == [("paid",)]


def test_only_those_who_played_are_listeners(load, rows):
    load([{}, {"userId": "2", "page": "Home"}, {"userId": "", "page": "Login", "auth": "Logged Out"}])
    assert rows("SELECT user_id FROM users") == [(1,)]


def test_a_corrected_play_replaces_the_old_one_everywhere(load, rows, star, connection):
    load([{"ts": NOON - 3 * MINUTE, "sessionId": 7, "lastName": "Lovelace"}])
    load([{"ts": NOON, "level": "paid"}, {"ts": NOON - MINUTE, "userId": "2"}], name="wrong")
    load([{"ts": NOON - 2 * MINUTE, "level": "free"}, {"itemInSession": 2, "userId": "3"}], name="wrong")
    assert rows("SELECT user_id, last_name, level, CAST(last_played AS VARCHAR) FROM users ORDER BY user_id") == [
        (1, "Byron", "free", "2018-11-02 11:58:00"),
        (3, "Byron", "free", "2018-11-02 01:25:34.796"),
    ]
    assert rows("SELECT COUNT(*) FROM time") == rows("SELECT COUNT(DISTINCT start_time) FROM songplays") == [(3,)]


def test_a_listener_whose_latest_play_leaves_is_as_before_it(load, star):
    load([{"ts": NOON, "level": "free", "lastName": "Lovelace"}])
    before = star()
    load([{"ts": NOON + MINUTE, "level": "paid", "sessionId": 2}], name="wrong")
    load([], name="wrong")
    assert star() == before


def test_a_level_corrected_at_the_same_time_is_the_listeners(load, rows):
    load([{"level": "free"}], name="a")
    load([{"level": "paid"}], name="a")
    assert rows("SELECT u.level, p.level FROM users u JOIN songplays p ON p.user_id = u.user_id") == [("paid", "paid")]


def test_a_name_corrected_at_the_same_time_is_the_listeners(load, rows):
    load([{"firstName": "Bob"}], name="a")
    load([{"firstName": "Zed"}], name="a")
    assert rows("SELECT first_name FROM users") == [("Zed",)]


def test_text_that_differs_in_trailing_blanks_is_one_song_as_on_redshift(load, rows):
    load([{"song": "First Song "}], [{}])
    assert rows("SELECT song_id FROM songplays") == [("SO1",)]


def test_a_second_run_leaves_the_same_rows(load, star):
    events = [{}, {"song": "Unknown"}, {"ts": NOON, "userId": "3"}]
    load(events, CATALOGUE)
    first = star()
    load(events, CATALOGUE)
    assert star() == first


def test_songplay_ids_are_the_same_in_a_new_warehouse(load, star, connection):
    load([{}, {"sessionId": 12, "itemInSession": 3}, {"sessionId": 1, "itemInSession": 23}])
    first = star()
    schema.create(connection, fresh=True)
    load([{}, {"sessionId": 12, "itemInSession": 3}, {"sessionId": 1, "itemInSession": 23}])
    assert star() == first
    assert len(first["songplays"]) == 3


@pytest.mark.parametrize(
    "events",
    [
        [{"itemInSession": 1, "song": "A"}, {"itemInSession": 1, "song": "B"}],
        [{"ts": NOON}],  # at another time than the play of the same key that is loaded already
    ],
)
def test_a_failing_check_names_its_rule_and_leaves_everything_as_it_was(load, star, rows, events):
    load([{}], [{}])
    before, staged = star(), rows("SELECT * FROM staging_events")
    with pytest.raises(etl.CheckFailed, match="events_do_not_conflict"):
        load(events, CATALOGUE, "wrong")
    assert star() == before
    assert rows("SELECT * FROM staging_events") == staged
    load([{"sessionId": 2}, {"sessionId": 2, "song": "Unknown"}], CATALOGUE, "wrong")


BREAKS = {
    "batches_are_whole": ["DELETE FROM staging_events WHERE item_in_session = 0",
                          "DELETE FROM load_files WHERE table_name = 'staging_events'",
                          "UPDATE staging_songs SET batch_id = NULL"],
    "catalogue_is_complete": ["DELETE FROM songs WHERE NOT is_inferred", "DELETE FROM staging_songs",
                              "UPDATE songs SET is_inferred = TRUE"],
    "keys_are_unique": [f"INSERT INTO {table} SELECT * FROM {table}" for table in STAR],
    "plays_are_complete": ["DELETE FROM songplays", "UPDATE songplays SET level = 'paid'",
                           "UPDATE songplays SET start_time = DATE_TRUNC('second', start_time)"],
    "plays_are_staged": ["DELETE FROM staging_events", "UPDATE staging_events SET page = 'Home'"],
    "events_do_not_conflict": ["INSERT INTO staging_events (page, user_id, session_id, item_in_session, ts, song, "
                               "batch_id) SELECT page, user_id, session_id, item_in_session, ts, 'Other', batch_id "
                               "FROM staging_events"],
    "plays_are_known": [f"UPDATE songplays SET {column} = NULL" for column in
                        ("start_time", "user_id", "session_id", "item_in_session", "level")]
                       + ["INSERT INTO songplays (songplay_id, start_time, user_id, level, song_id, artist_id, "
                          "session_id, item_in_session) SELECT 'copy', start_time, user_id, level, song_id, artist_id, "
                          "session_id, item_in_session FROM songplays"],
    "references_exist": [f"DELETE FROM {table}" for table in ("songs", "artists", "users", "time")]
                        + ["UPDATE songs SET artist_id = 'gone'"],
    "times_are_in_range": ["UPDATE songplays SET start_time = '50805-01-01'",
                           "UPDATE songplays SET start_time = '1970-01-18'"],
    "times_are_needed": ["INSERT INTO time SELECT '2018-01-01', hour, day, week, month, year, weekday FROM time"]
                        + [f"UPDATE time SET {part} = {part} + 1" for part in
                           ("hour", "day", "week", "month", "year", "weekday")],
    "inferred_songs_are_needed": ["UPDATE songs SET is_inferred = TRUE WHERE song_id = 'SOX'",
                                  "INSERT INTO songs SELECT 'new', title, artist_id, artist_name, year, duration, "
                                  "FALSE FROM songs WHERE is_inferred"],
    "users_have_their_latest_level": ["UPDATE users SET level = 'paid'", "UPDATE users SET last_played = '2018-01-01'",
                                      "UPDATE songplays SET start_time = '2018-12-01' WHERE item_in_session = 0"],
}  # fmt: skip


def look_at_everything(connection):
    """Make the temporary tables that say what the checks look at."""
    warehouse.execute(connection, warehouse.statement("all_batches"), first_batch=0)
    for statement in [*warehouse.names("everything"), "checked_plays"]:
        warehouse.execute(connection, warehouse.statement(statement))


@pytest.mark.parametrize(("name", "damage"), [(name, sql) for name, all_of in BREAKS.items() for sql in all_of])
def test_each_check_finds_what_it_looks_for(load, connection, name, damage):
    load([{}, {}])
    with warehouse.transaction(connection):
        look_at_everything(connection)
    query = warehouse.statement(f"checks/{name}")
    assert warehouse.frame(connection, query).empty
    warehouse.execute(connection, warehouse.statement("check_done"))
    warehouse.execute(connection, damage)
    look_at_everything(connection)
    assert len(warehouse.frame(connection, query)) >= 1


def test_every_check_is_tested():
    assert sorted(f"checks/{name}" for name in BREAKS) == warehouse.names("checks")


def test_every_event_is_accounted_for(load):
    counts = load([{}, {"song": "Unknown"}, {"page": "Home"}, {"page": ""}], [{}]).reconciliation
    assert counts["read"].tolist() == counts["found"].tolist() == [4, 2, 2, 2, 0, 1]
    assert counts["parts"].tolist()[:3] == ["2 + 2 + 0", "", "1 + 1"]


# Damage -> the line of the reconciliation that it makes differ.
DIFFERENCES = {
    "DELETE FROM staging_events WHERE page = 'Home'": "events read",
    "UPDATE load_files SET rows_read = rows_read + 1 WHERE table_name = 'staging_events'": "events read",
    "DELETE FROM songplays WHERE item_in_session = 0": "plays staged",
    "DELETE FROM songs": "songplays = of the catalogue",
    "INSERT INTO songplays SELECT * FROM songplays": "no fan-out",
    "UPDATE songplays SET start_time = DATEADD(day, 1, start_time)": "plays by day",
    "INSERT INTO staging_songs SELECT * FROM staging_songs": "songs read",
}


@pytest.mark.parametrize("damage", DIFFERENCES)
def test_counts_that_do_not_add_up_fail(load, connection, damage, monkeypatch):
    load([{}, {"page": "Home"}, {}])

    def find_nothing(own):  # where the rules would find it first
        warehouse.execute(own, warehouse.statement("checked_plays"))
        return {}

    monkeypatch.setattr(etl, "_broken", find_nothing)
    etl.check(connection)
    warehouse.execute(connection, damage)
    with pytest.raises(etl.CheckFailed, match=DIFFERENCES[damage]):
        etl.check(connection)


def test_counts_that_do_not_add_up_roll_the_load_back(load, star, connection, monkeypatch):
    load([{}])
    before = star()

    def lose_a_play(own):
        warehouse.execute(own, "DELETE FROM songplays WHERE session_id = 2")
        return {}

    monkeypatch.setattr(etl, "_broken", lose_a_play)
    with pytest.raises(etl.CheckFailed, match="plays staged, each once"):
        load([{"sessionId": 2}])
    assert star() == before
    assert "failed" in ledger.history(connection)["state"].iloc[0]


def test_without_tables_the_etl_says_what_to_run(load, connection):
    for table in schema.TABLES:
        warehouse.execute(connection, f"DROP TABLE {table} CASCADE")
    with pytest.raises(LookupError, match=r"02_schema\.ipynb"):
        load([{}])


def test_a_bad_file_leaves_the_old_state(load, star, settings, connection, cluster, put):
    load([{}], [{}])
    before = star()
    put([{"sessionId": 9}], [{"song_id": "SO9"}], "more")
    with open(f"{settings.log_data}/zz.json", "w") as file:
        file.write(json.dumps({"userId": "many"}) + '\n{"half": ')
    with pytest.raises(Exception, match=r"zz\.json"):
        etl.run(connection, settings, cluster.role_arn)
    assert star() == before


def test_a_reader_sees_the_old_state_until_the_commit(load, settings, cluster, connection, put, monkeypatch):
    load([{}])
    put([{"sessionId": 2}, {"sessionId": 2, "song": "New"}], [{}], "more")
    count = "SELECT COUNT(*) AS plays FROM songplays"
    seen = {}
    broken = etl._broken

    def look(own):
        with closing(warehouse.connect(settings, cluster)) as reader:
            seen.update(reader=warehouse.frame(reader, count).iat[0, 0], own=warehouse.frame(own, count).iat[0, 0])
        return broken(own)

    monkeypatch.setattr(etl, "_broken", look)
    etl.run(connection, settings, cluster.role_arn)
    assert seen == {"reader": 1, "own": 3}
    assert warehouse.frame(connection, count).iat[0, 0] == 3


def test_two_loads_at_once_are_as_one_after_the_other(load, star, settings, cluster, connection, put):
    events = [{"sessionId": number} for number in range(200)]
    load(events, [{}])
    once = star()
    schema.create(connection, fresh=True)

    def another(_) -> int:
        with closing(warehouse.connect(settings, cluster)) as own:
            return len(etl.run(own, settings, cluster.role_arn).files)

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(another, range(3))) == [0, 0, 2]
    assert star() == once
    assert warehouse.frame(connection, warehouse.statement("stale_views")).empty
