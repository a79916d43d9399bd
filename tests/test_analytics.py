"""Each question gives the answer that can be counted by hand."""

import pytest

from redjam import etl, warehouse

MONDAY = 1541404800000  # 2018-11-05 08:00:00 UTC
HOUR, WEEK = 3_600_000, 7 * 24 * 3_600_000
# By hand: Anna's Song A thrice by listeners 1, 1 and 2; Ben's B once, feat. C once; a week later Ben's B twice.
PLAYS = [
    {"ts": MONDAY, "song": "A", "artist": "Anna", "userId": "1"},
    {"ts": MONDAY + HOUR, "song": "A", "artist": "Anna", "userId": "1"},
    {"ts": MONDAY + HOUR + 1, "song": "A", "artist": "Anna", "userId": "2", "sessionId": 2},
    {"ts": MONDAY + 24 * HOUR, "song": "B", "artist": "Ben", "userId": "1"},
    {"ts": MONDAY + 24 * HOUR + 1, "song": "C", "artist": "Ben feat. Anna", "userId": "1"},
    {"ts": MONDAY + WEEK, "song": "B", "artist": "Ben", "userId": "2", "sessionId": 3},
    {"ts": MONDAY + WEEK + 1, "song": "B", "artist": "Ben", "userId": "2", "sessionId": 4},
    {"ts": MONDAY, "page": "Home", "userId": "3"},
]
SONGS = [
    {"song_id": "SOB", "artist_id": "ARB", "artist_name": "Ben", "title": "B"},
    {"song_id": "SOC", "artist_id": "ARB", "artist_name": "Ben feat. Anna", "title": "C"},
]


@pytest.fixture
def answer(connection, settings, cluster, put):
    """The rows of a question, as tuples; times as text."""
    put(PLAYS, SONGS)
    etl.run(connection, settings, cluster.role_arn)

    def ask(name: str, **parameters) -> list[tuple]:
        frame = warehouse.frame(connection, warehouse.statement(f"analytics/{name}"), **parameters)
        return [tuple(str(value)[:10] if hasattr(value, "year") else value for value in row) for row in frame.values]

    return ask


def test_most_played_songs(answer):
    songs = [("A", "Anna", 3, 2), ("B", "Ben", 3, 2), ("C", "Ben feat. Anna", 1, 1)]
    assert answer("most_played_songs", top_n=9) == songs
    assert answer("most_played_songs", top_n=1) == songs[:1]


def test_most_played_artists_counts_all_credits_of_one_artist(answer):
    assert answer("most_played_artists", top_n=9) == [("Ben", 4, 2, 2), ("Anna", 3, 2, 1)]


def test_plays_by_day(answer):
    assert answer("plays_by_day") == [("2018-11-05", 3, 2, 2), ("2018-11-06", 2, 1, 1), ("2018-11-12", 2, 1, 2)]


def test_plays_by_weekday_and_hour_count_from_sunday_in_utc(answer):
    assert answer("plays_by_weekday_and_hour") == [(1, 8, 3), (1, 9, 2), (2, 8, 2)]


def test_artist_popularity_by_week(answer):
    weeks = [("2018-11-05", "Anna", 3, 1), ("2018-11-05", "Ben", 2, 2), ("2018-11-12", "Ben", 2, 1)]
    assert answer("artist_popularity_by_week", top_n=9) == weeks
    assert answer("artist_popularity_by_week", top_n=1) == weeks[1:]


def test_every_question_is_asked_here():
    asked = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    for name in warehouse.names("analytics"):
        assert any(test.startswith(name.removeprefix("analytics/")) for test in asked), name
