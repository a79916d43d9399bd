"""Each question gives the answer that can be counted by hand, of its period and of nothing else."""

import json
import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from conftest import EVENT, JSONPATHS, SONG

from redjam import analytics, config, etl, schema, selection, warehouse

HOUR = 3_600_000


def ms(text: str) -> int:
    """A time in UTC as the logs write it."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def play(time: str, user: int = 1, session: int = 1, **changes) -> dict:
    return {"ts": ms(time), "userId": str(user), "sessionId": session} | changes


MONDAY = ms("2018-11-05 08:00")
# By hand: Anna's Song A thrice by listeners 1, 1 and 2; Ben's B once, feat. C once; a week later Ben's B twice.
NOVEMBER = [
    {"ts": MONDAY, "song": "A", "artist": "Anna", "userId": "1"},
    {"ts": MONDAY + HOUR, "song": "A", "artist": "Anna", "userId": "1"},
    {"ts": MONDAY + HOUR + 1, "song": "A", "artist": "Anna", "userId": "2", "sessionId": 2},
    {"ts": MONDAY + 24 * HOUR, "song": "B", "artist": "Ben", "userId": "1"},
    {"ts": MONDAY + 24 * HOUR + 1, "song": "C", "artist": "Ben feat. Anna", "userId": "1"},
    {"ts": MONDAY + 7 * 24 * HOUR, "song": "B", "artist": "Ben", "userId": "2", "sessionId": 3},
    {"ts": MONDAY + 7 * 24 * HOUR + 1, "song": "B", "artist": "Ben", "userId": "2", "sessionId": 4},
    {"ts": MONDAY, "page": "Home", "userId": "3"},
]
# Levels: 10 upgrades and goes back, 11 always pays, 12 never, 13 upgrades, 14 has paid before, 15 upgrades at once.
LEVELS = [
    play("2019-01-01 00:00:00", 10, level="free"),
    play("2019-01-01 00:00:01", 10, level="free"),
    play("2019-01-02 12:00:00", 10, level="paid"),
    play("2019-01-03 00:00:00", 10, level="free"),
    play("2019-01-01 23:59:59", 11, level="paid"),
    play("2019-01-02 00:00:00", 12, level="free"),
    play("2019-01-01 10:00:00", 13, level="free"),
    play("2019-01-01 16:00:00", 13, level="paid"),
    play("2019-01-01 00:00:00", 14, level="paid"),
    play("2019-01-02 00:00:00", 14, level="free"),
    play("2019-01-03 00:00:00", 14, level="paid"),
    # At the same moment: the later of the session is the later play.
    play("2019-01-02 00:00:00", 15, level="free"),
    play("2019-01-02 00:00:00", 15, level="paid"),
]
# Sessions: one over the midnight between two weeks, one that ends with a short song after a long one was skipped, one
# of exactly five minutes, one without a length; two listeners with the same session_id have a session each.
SESSIONS = [
    play("2019-03-03 23:50", 20, 1, length=60.0),
    play("2019-03-04 00:10", 20, 1, length=120.0),
    play("2019-03-04 08:00", 20, 2, length=3000.0),
    play("2019-03-04 08:10", 20, 2, length=60.0),
    play("2019-03-04 08:00", 21, 1, length=300.0),
    play("2019-03-05 08:00", 21, 2, length=None),
    play("2019-03-06 00:00", 21, 3, length=200.0),
    play("2019-03-06 04:00", 21, 3, length=200.0),
]
# Cohorts: 30 plays in weeks 0, 1 and 3; 31 in week 0 alone; 32 in weeks 1 and 3; nobody in week 2.
COHORTS = [
    play("2019-05-12 23:59:59", 30, 1),
    play("2019-05-13 00:00:00", 30, 2),
    play("2019-06-01 12:00:00", 30, 3),
    play("2019-05-06 00:00:00", 31, 1),
    play("2019-05-14 00:00:00", 32, 1),
    play("2019-05-15 00:00:00", 32, 1),
    play("2019-05-27 00:00:00", 32, 2),
]
# Halves of three days, at noon of the second: Up 1 of 4 and 3 of 4, Down 2 and 0, Same 1 and 1.
HALVES = [
    play("2019-08-01 01:00", 40, 1, artist="Up"),
    play("2019-08-01 02:00", 40, 1, artist="Down"),
    play("2019-08-02 11:59:59.999", 40, 1, artist="Down"),
    play("2019-08-02 11:00", 40, 1, artist="Same"),
    play("2019-08-02 12:00", 40, 1, artist="Up"),
    play("2019-08-03 01:00", 40, 1, artist="Up"),
    play("2019-08-03 02:00", 40, 1, artist="Up"),
    play("2019-08-03 03:00", 40, 1, artist="Same"),
]
# What is not known: a play without place, title and artist; a song that the catalogue has twice, an artist by two ids.
UNKNOWN = [
    play("2019-10-07 10:00", 50, 1, song=None, artist=None, location=None),
    play("2019-10-07 10:05", 50, 1, song="Twin", artist="Gus", length=100.0),
    play("2019-10-07 10:10", 51, 1, song="Twin", artist="Gus", length=900.0),
    play("2019-10-07 10:15", 51, 1, song="Other", artist="Gus", location="Bend, OR"),
]
SONGS = [
    {"song_id": "SOB", "artist_id": "ARB", "artist_name": "Ben", "title": "B"},
    {"song_id": "SOC", "artist_id": "ARB", "artist_name": "Ben feat. Anna", "title": "C"},
    {"song_id": "SOT1", "artist_id": "ARG1", "artist_name": "Gus", "title": "Twin", "duration": 100.0},
    {"song_id": "SOT2", "artist_id": "ARG2", "artist_name": "Gus", "title": "Twin", "duration": 900.0},
]
DAYS = {
    "november": ("2018-11-05", "2018-11-13"),
    "levels": ("2019-01-01", "2019-01-04"),
    "sessions": ("2019-03-01", "2019-03-07"),
    "cohorts": ("2019-05-01", "2019-07-01"),
    "halves": ("2019-08-01", "2019-08-04"),
    "unknown": ("2019-10-01", "2019-11-01"),
    "nothing": ("2020-01-01", "2020-02-01"),
}


@pytest.fixture(scope="module")
def loaded(servers, cluster, tmp_path_factory):
    """A connection to the warehouse with all of the plays above, loaded once."""
    folder = tmp_path_factory.mktemp("analytics")
    plays = NOVEMBER + LEVELS + SESSIONS + COHORTS + HALVES + UNKNOWN
    write(folder, "log-data", [EVENT | {"itemInSession": number} | event for number, event in enumerate(plays)])
    write(folder, "song-data", [SONG | song for song in SONGS])
    (folder / "paths.json").write_text(JSONPATHS)
    (folder / "dwh.cfg").write_text(
        "[CLUSTER]\nTARGET=local\n[S3]\nLOG_DATA=log-data\nLOG_JSON_PATH=paths.json\nSONG_DATA=song-data\n"
        f"[LOCAL]\nDIR={servers}\n"
    )
    settings = config.load(folder / "dwh.cfg")
    with closing(warehouse.connect(settings, cluster)) as connection:
        schema.create(connection, fresh=True)
        etl.run(connection, settings, cluster.role_arn)
        yield connection


def write(folder: Path, name: str, records: list[dict]) -> None:
    (folder / name).mkdir()
    (folder / name / "all.json").write_text("\n".join(map(json.dumps, records)))


@pytest.fixture(scope="module")
def answer(loaded):
    """The rows of a question about one of DAYS, as tuples; times as text to the second, midnights to the day."""

    def ask(name: str, days: str = "november", **parameters) -> list[tuple]:
        begin, end = map(datetime.fromisoformat, DAYS[days])
        question = warehouse.statement(f"analytics/{name}")
        frame = warehouse.frame(loaded, question, begin=begin, end=end, **parameters)
        return [tuple(map(plain, row)) for row in frame.astype(object).itertuples(index=False)]

    return ask


def plain(value):
    if hasattr(value, "year"):
        return str(value)[:19].removesuffix(" 00:00:00")
    return None if pd.isna(value) else round(value, 6) if isinstance(value, float) else value


def test_overview(answer):
    hours = round(7 * 200.5 / 3600, 6)
    assert answer("overview") == [("2018-11-05 08:00:00", "2018-11-12 08:00:00", 7, 2, 4, 3, 2, hours)]
    assert answer("overview", "nothing") == [(None, None, 0, 0, 0, 0, 0, 0)]


def test_overview_counts_a_song_and_an_artist_with_two_ids_once_and_a_play_without_one_too(answer):
    hours = round((2 * 200.5 + 1000) / 3600, 6)
    assert answer("overview", "unknown") == [("2019-10-07 10:00:00", "2019-10-07 10:15:00", 4, 2, 2, 3, 2, hours)]


def test_most_played_songs(answer):
    shares = [round(plays / 7, 6) for plays in (3, 3, 1)]
    songs = [("A", "Anna", 3, 2), ("B", "Ben", 3, 2), ("C", "Ben feat. Anna", 1, 1)]
    songs = [(*song, share) for song, share in zip(songs, shares, strict=True)]
    assert answer("most_played_songs", top_n=9) == songs
    assert answer("most_played_songs", top_n=1) == songs[:1]
    assert answer("most_played_songs", "nothing", top_n=9) == []


def test_most_played_songs_puts_two_recordings_together_and_names_what_has_no_name(answer):
    twin, unknown = ("Twin", "Gus", 2, 2, 0.5), ("(unknown)", "(unknown)", 1, 1, 0.25)
    other = ("Other", "Gus", 1, 1, 0.25)
    assert answer("most_played_songs", "unknown", top_n=9) == [twin, unknown, other]


def test_most_played_artists_counts_all_credits_of_one_artist(answer):
    assert answer("most_played_artists", top_n=9) == [("Ben", 4, 2, 2), ("Anna", 3, 2, 1)]
    assert answer("most_played_artists", "unknown", top_n=9) == [("Gus", 3, 2, 2), ("(unknown)", 1, 1, 1)]
    assert answer("most_played_artists", "nothing", top_n=9) == []


def test_plays_by_day(answer):
    assert answer("plays_by_day") == [("2018-11-05", 3, 2, 2), ("2018-11-06", 2, 1, 1), ("2018-11-12", 2, 1, 2)]
    assert answer("plays_by_day", "nothing") == []


def test_plays_by_day_counts_a_session_over_midnight_on_both_days(answer):
    assert answer("plays_by_day", "sessions") == [
        ("2019-03-03", 1, 1, 1),
        ("2019-03-04", 4, 2, 3),
        ("2019-03-05", 1, 1, 1),
        ("2019-03-06", 2, 1, 1),
    ]


def test_plays_by_weekday_and_hour_count_from_sunday_in_utc(answer):
    assert answer("plays_by_weekday_and_hour") == [(1, 8, 3), (1, 9, 2), (2, 8, 2)]
    hours = [(0, 23, 1), (1, 0, 1), (1, 8, 3), (2, 8, 1), (3, 0, 1), (3, 4, 1)]
    assert answer("plays_by_weekday_and_hour", "sessions") == hours


def test_sessions_by_week(answer):
    # The session over midnight is of the week in which it begins: 20 minutes and 2. The others: 11 (its last song is
    # short), 5, 0 and 243 minutes and 20 seconds; in between are 8.
    assert answer("sessions_by_week", "sessions") == [
        ("2019-02-25", 1, 1, 1.0, 2.0, 22.0),
        ("2019-03-04", 4, 2, 2.0, 1.5, 8.0),
    ]
    assert answer("sessions_by_week", "nothing") == []


def test_session_lengths(answer):
    sessions = [count for _, _, count in answer("session_lengths", "sessions")]
    assert sessions == [1, 2, 1, 0, 0, 0, 1]
    rows = answer("session_lengths", "nothing")
    assert [(bucket, sessions) for bucket, _, sessions in rows] == [(bucket, 0) for bucket in range(1, 8)]
    assert [rows[0][1], rows[1][1], rows[-1][1]] == ["under 5 min", "5 to 15 min", "4 hours or more"]


def test_artist_popularity_by_week(answer):
    weeks = [("2018-11-05", "Anna", 3, 1), ("2018-11-05", "Ben", 2, 2), ("2018-11-12", "Ben", 2, 1)]
    assert answer("artist_popularity_by_week", top_n=9) == weeks
    assert answer("artist_popularity_by_week", top_n=1) == weeks[1:]


def test_artist_popularity_by_week_adds_up_the_ids_of_a_name_and_ties_share_a_place(answer):
    week = [("2019-10-07", "Gus", 3, 1), ("2019-10-07", "(unknown)", 1, 2)]
    assert answer("artist_popularity_by_week", "unknown", top_n=9) == week
    names = ["Up", "Down", "Same"]
    tied = [("2019-07-29", name, plays, place) for name, plays, place in zip(names, (4, 2, 2), (1, 2, 2), strict=True)]
    assert answer("artist_popularity_by_week", "halves", top_n=9) == tied
    assert answer("artist_popularity_by_week", "halves", top_n=2) == tied[:2]


def test_risers_and_fallers(answer):
    up, down = ("Up", 1, 3, 0.25, 0.75, 50.0), ("Down", 2, 0, 0.5, 0.0, -50.0)
    assert answer("risers_and_fallers", "halves", top_n=9) == [up, down]
    # As large, so the first by name.
    assert answer("risers_and_fallers", "halves", top_n=1) == [down]
    assert answer("risers_and_fallers", "nothing", top_n=9) == []


def test_risers_and_fallers_of_a_half_without_plays(answer):
    assert answer("risers_and_fallers", "unknown", top_n=9) == [
        ("(unknown)", 1, 0, 0.25, 0.0, -25.0),
        ("Gus", 3, 0, 0.75, 0.0, -75.0),
    ]


def test_levels_by_day(answer):
    assert answer("levels_by_day", "levels") == [
        ("2019-01-01", "free", 3, 2),
        ("2019-01-01", "paid", 3, 3),
        ("2019-01-02", "free", 3, 3),
        ("2019-01-02", "paid", 2, 2),
        ("2019-01-03", "free", 1, 1),
        ("2019-01-03", "paid", 1, 1),
    ]


def test_level_changes(answer):
    changes = [("free", "free", 2), ("free", "paid", 2), ("paid", "paid", 2)]
    assert answer("level_changes", "levels") == changes
    assert answer("level_changes", "nothing") == []


def test_plays_before_upgrade(answer):
    assert answer("plays_before_upgrade", "levels") == [(15, 1, 0.0), (13, 1, 0.25), (10, 2, 1.5)]
    assert answer("plays_before_upgrade") == []


def test_top_places(answer):
    places = [("Eugene, OR", 2, 2), ("(unknown)", 1, 1), ("Bend, OR", 1, 1)]
    assert answer("top_places", "unknown", top_n=9) == places
    assert answer("top_places", "unknown", top_n=2) == places[:2]


def test_retention_by_cohort(answer):
    assert answer("retention_by_cohort", "cohorts") == [
        ("2019-05-06", 0, 2, 2, 1.0),
        ("2019-05-06", 1, 1, 2, 0.5),
        ("2019-05-06", 2, 0, 2, 0.0),
        ("2019-05-06", 3, 1, 2, 0.5),
        ("2019-05-13", 0, 1, 1, 1.0),
        ("2019-05-13", 1, 0, 1, 0.0),
        ("2019-05-13", 2, 1, 1, 1.0),
    ]
    assert answer("retention_by_cohort", "nothing") == []


def test_artist_by_week(answer):
    assert answer("artist_by_week", artist="Anna") == [("2018-11-05", 3, 2, 1), ("2018-11-12", 0, 0, None)]
    assert answer("artist_by_week", artist="Ben") == [("2018-11-05", 2, 1, 2), ("2018-11-12", 2, 1, 1)]
    assert answer("artist_by_week", "unknown", artist="(unknown)") == [("2019-10-07", 1, 1, 2)]
    assert answer("artist_by_week", "nothing", artist="Ben") == []


def test_artist_songs(answer):
    assert answer("artist_songs", artist="Ben", top_n=9) == [("B", 3, 2), ("C", 1, 1)]
    assert answer("artist_songs", artist="Ben", top_n=1) == [("B", 3, 2)]
    assert answer("artist_songs", "unknown", artist="Gus", top_n=9) == [("Twin", 2, 2), ("Other", 1, 1)]
    assert answer("artist_songs", artist="Nobody", top_n=9) == []


def test_every_question_is_asked_here():
    asked = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    for name in warehouse.names("analytics"):
        assert any(test.startswith(name.removeprefix("analytics/")) for test in asked), name


@pytest.mark.parametrize(
    ("part", "first", "second"),
    [
        (r"\bcounted AS \(.*?^ranked AS \(.*?^\)", "artist_by_week", "artist_popularity_by_week"),
        (r"\bplays AS \(.*?^\)", "sessions_by_week", "session_lengths"),
        (r"DATEDIFF\(ms, .*? AS minutes", "sessions_by_week", "session_lengths"),
        (r"ROW_NUMBER\(\) OVER \(.*?\) AS number", "level_changes", "plays_before_upgrade"),
        (r"^    FROM songplays.*?^\)", "level_changes", "plays_before_upgrade"),
    ],
)
def test_what_two_questions_share_is_the_same_in_both(part, first, second):
    one, two = (
        re.search(part, warehouse.statement(f"analytics/{name}"), re.DOTALL | re.MULTILINE)[0]
        for name in (first, second)
    )
    assert one == two


# --- What is asked about ----------------------------------------------------------------------------------


def days(begin: str, end: str) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(begin), datetime.fromisoformat(end)


def test_a_period_has_both_of_its_days(loaded):
    assert analytics.period(loaded, "2018-11-05", "2018-11-12") == days("2018-11-05", "2018-11-13")
    assert analytics.period(loaded, "2018-11-06", "2018-11-06") == days("2018-11-06", "2018-11-07")


def test_a_period_that_is_not_given_is_from_the_first_day_with_plays_to_the_last(loaded):
    assert analytics.period(loaded) == days("2018-11-05", "2019-10-08")
    assert analytics.period(loaded, since="2019-01-01") == days("2019-01-01", "2019-10-08")


def test_a_period_has_no_days_before_the_first_play_or_after_the_last(loaded):
    assert analytics.period(loaded, "0001-01-01", "9999-12-31") == days("2018-11-05", "2019-10-08")
    assert analytics.period(loaded, "2018-11-06", "2030-01-01") == days("2018-11-06", "2019-10-08")


@pytest.mark.parametrize("top_n", [0, -1, "5", None])
def test_how_many_to_show_is_one_or_more(top_n):
    assert analytics.at_least_one(1) == 1
    with pytest.raises(ValueError, match=f"top_n is {top_n!r}: give 1 or more"):
        analytics.at_least_one(top_n)


@pytest.mark.parametrize(
    ("since", "until", "message"),
    [
        ("5.11.2018", "", "since is '5.11.2018': write a day such as 2018-11-02"),
        ("", "2018-11-31", "until is '2018-11-31': write a day such as 2018-11-02"),
        ("2019-01-02", "2019-01-01", "since 2019-01-02 is after until 2019-01-01: no day lies between them"),
        ("2019-11-01", "", "no plays since 2019-11-01: those that are there are of 2018-11-05 to 2019-10-07"),
        ("", "2018-11-04", "no plays until 2018-11-04: those that are there are of 2018-11-05 to 2019-10-07"),
        (
            "2018-11-07",
            "2018-11-11",
            "no plays since 2018-11-07 and until 2018-11-11: those that are there are of 2018-11-05 to 2019-10-07",
        ),
    ],
)
def test_a_period_that_is_none_or_has_no_plays_is_one_clear_error(loaded, since, until, message):
    with pytest.raises(selection.WrongDays) as error:
        analytics.period(loaded, since, until)
    assert str(error.value) == message


def test_an_artist_is_found_in_whatever_case(loaded):
    november = days(*DAYS["november"])
    assert analytics.artist(loaded, "Ben", *november) == "Ben"
    assert analytics.artist(loaded, " bEN ", *november) == "Ben"


def test_without_a_name_the_artist_is_the_most_played_of_the_period(loaded):
    assert analytics.artist(loaded, "", *days(*DAYS["november"])) == "Ben"
    assert analytics.artist(loaded, "", *days(*DAYS["unknown"])) == "Gus"
    with pytest.raises(analytics.UnknownArtist, match="no artist is played from 2020-01-01 to 2020-01-31"):
        analytics.artist(loaded, "", *days(*DAYS["nothing"]))


def test_an_unknown_artist_is_an_error_with_close_names(loaded):
    november = days(*DAYS["november"])
    with pytest.raises(analytics.UnknownArtist, match="no artist is named 'Bem': did you mean Ben") as error:
        analytics.artist(loaded, "Bem", *november)
    assert "\n" not in str(error.value)
    with pytest.raises(analytics.UnknownArtist, match="did you mean Zoë and the Zebras"):
        analytics.artist(loaded, "zebras", *november)
    with pytest.raises(analytics.UnknownArtist, match="'Qqqq': most played are Ben, Anna"):
        analytics.artist(loaded, "Qqqq", *november)


# --- The real data ----------------------------------------------------------------------------------------


def test_the_real_data_gives_what_pandas_counts(real_data, servers, cluster, tmp_path):
    (tmp_path / "dwh.cfg").write_text(
        f"[CLUSTER]\nTARGET=local\n[LOCAL]\nDIR={servers}\n[S3]\nLOG_DATA='{real_data}/log-data'\n"
        f"LOG_JSON_PATH='{real_data}/log_json_path.json'\nSONG_DATA='{real_data}/song-data'\n"
    )
    settings = config.load(tmp_path / "dwh.cfg")
    with closing(warehouse.connect(settings, cluster)) as connection:
        schema.create(connection, fresh=True)
        etl.run(connection, settings, cluster.role_arn)
        begin, end = analytics.period(connection)

        def ask(name: str, **parameters) -> pd.DataFrame:
            question = warehouse.statement(f"analytics/{name}")
            return warehouse.frame(connection, question, begin=begin, end=end, **parameters)

        overview = ask("overview").iloc[0]
        assert (begin, end) == days("2018-11-01", "2018-11-11")
        lines = [line for file in sorted(real_data.rglob("*-events.json")) for line in file.read_text().splitlines()]
        plays = pd.DataFrame(event for event in map(json.loads, lines) if event["page"] == "NextSong")
        plays["time"] = pd.to_datetime(plays["ts"], unit="ms")
        plays = plays.sort_values(["ts", "sessionId", "itemInSession"])
        sessions = plays.groupby(["userId", "sessionId"])
        assert overview["plays"] == len(plays)
        assert overview["songs"] == plays.groupby(["song", "artist"]).ngroups
        assert overview["listeners"] == plays["userId"].nunique()
        assert overview["sessions"] == sessions.ngroups
        assert overview["hours"] == pytest.approx(plays["length"].sum() / 3600)
        song = ask("most_played_songs", top_n=1).iloc[0]
        assert song["plays"] == plays.groupby(["song", "artist"]).size().max()
        last = sessions[["time", "length"]].last()
        minutes = (last["time"] - sessions["time"].min()).dt.total_seconds() / 60 + last["length"] / 60
        edges = [0, 5, 15, 30, 60, 120, 240, 1_000_000]
        lengths = pd.cut(minutes, edges, right=False).value_counts(sort=False)
        assert ask("session_lengths")["sessions"].tolist() == lengths.tolist()
        week = plays["time"].dt.to_period("W").dt.start_time
        first = plays.assign(week=week).groupby("userId")["week"].agg(["min", "max"])
        retention = ask("retention_by_cohort").set_index(["cohort", "weeks_later"])["listeners"]
        monday = datetime(2018, 10, 29)
        assert retention[monday, 0] == (first["min"] == monday).sum()
        assert retention[monday, 1] == ((first["min"] == monday) & (first["max"] == monday + timedelta(7))).sum()
        levels = plays.groupby("userId")["level"].agg(["first", "last"]).value_counts()
        changes = ask("level_changes").set_index(["first_level", "last_level"])["listeners"]
        assert changes.to_dict() == levels.to_dict()
        upgraders = plays.groupby("userId").filter(
            lambda of: of["level"].iloc[0] == "free" and "paid" in set(of["level"])
        )
        before = upgraders.groupby("userId")["level"].agg(lambda level: list(level).index("paid"))
        answered = ask("plays_before_upgrade").set_index("user_id")["plays_before"]
        assert answered.to_dict() == {int(user): count for user, count in before.items()}
