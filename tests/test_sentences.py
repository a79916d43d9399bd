"""Each sentence says what its frame holds: one row, many, a tie, or none."""

import inspect
import re
from decimal import Decimal

import pandas as pd
import pytest

from redjam import sentences, warehouse

MONDAY = pd.Timestamp("2018-11-05")
WEEKS = [MONDAY, MONDAY + pd.Timedelta(days=7), MONDAY + pd.Timedelta(days=14)]
QUESTIONS = [name.removeprefix("analytics/") for name in warehouse.names("analytics")]
COLUMNS = {
    "overview": "first_play last_play plays listeners sessions songs artists hours",
    "most_played_songs": "title artist plays listeners share",
    "most_played_artists": "artist plays listeners songs",
    "plays_by_day": "day plays listeners sessions",
    "plays_by_weekday_and_hour": "weekday hour plays",
    "sessions_by_week": "week sessions listeners sessions_a_listener plays_a_session median_minutes",
    "session_lengths": "bucket length sessions",
    "artist_popularity_by_week": "week artist plays position",
    "risers_and_fallers": "artist plays_before plays_after share_before share_after change",
    "levels_by_day": "day level plays listeners",
    "level_changes": "first_level last_level listeners",
    "plays_before_upgrade": "user_id plays_before days_before",
    "top_places": "place plays listeners",
    "retention_by_cohort": "cohort weeks_later listeners cohort_size share",
    "artist_by_week": "week plays listeners position",
    "artist_songs": "title plays listeners",
}


def frame(name: str, *rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS[name].split())


def said(name: str, *rows: tuple) -> str:
    artist = ["deadmau5"] if name in {"artist_by_week", "artist_songs"} else []
    return getattr(sentences, name)(frame(name, *rows), *artist)


def test_each_question_has_its_sentence_and_no_other_has_one():
    public = [name for name, _ in inspect.getmembers(sentences, inspect.isfunction) if not name.startswith("_")]
    assert sorted(public) == sorted(QUESTIONS) == sorted(COLUMNS)


@pytest.mark.parametrize("name", QUESTIONS)
def test_what_a_question_counts_is_a_column_of_its_answer(name):
    assert set(re.findall(r"How many (\w+)", warehouse.rule(f"analytics/{name}"))) <= set(COLUMNS[name].split())


@pytest.mark.parametrize("name", QUESTIONS)
def test_of_no_rows_it_says_that_there_is_nothing(name):
    assert said(name).split()[0] in {"Nothing", "No", "deadmau5"}
    assert "nan" not in said(name).lower()


def test_overview():
    rows = (MONDAY, WEEKS[1], 6820, 96, 1234, 5189, 3148, 470.25)
    assert said("overview", rows) == (
        "From 5 November 2018 to 12 November 2018 (UTC), 96 listeners played 5,189 songs by 3,148 artists in 1,234 "
        "sessions: 6,820 plays, 470 hours of music."
    )
    assert said("overview", (MONDAY, MONDAY, 1, 1, 1, 1, 1, 0.05)) == (
        "On 5 November 2018 (UTC), 1 listener played 1 song by 1 artist in 1 session: 1 play, 3 minutes of music."
    )
    assert said("overview", (None, None, 0, 0, 0, 0, 0, 0.0)) == sentences.NOTHING


def test_most_played_songs():
    first = ("Song $1", "Anna", 1234, 567, 0.0456)
    assert said("most_played_songs", first, ("B", "Ben", 3, 2, 0.01)) == (
        "“Song $1” by Anna is played most: 1,234 times, by 567 listeners. That is 4.6% of all plays; the 2 songs shown "
        "have 5.6%."
    )
    assert said("most_played_songs", ("A", "Anna", 1, 1, 1.0)) == (
        "“A” by Anna is played most: once, by 1 listener. That is 100.0% of all plays; the 1 song shown has 100.0%."
    )
    tie = said("most_played_songs", first, ("B", "Ben", 1234, 2, 0.0456))
    assert "by 567 listeners; at least one other song has as many plays. That is 4.6%" in tie


def test_most_played_artists():
    assert said("most_played_artists", ("Ben", 4, 2, 1), ("Anna", 3, 2, 1)) == (
        "Ben is played most: 4 times, by 2 listeners, with 1 song."
    )


def test_plays_by_day():
    assert said("plays_by_day", (MONDAY, 3, 2, 2), (WEEKS[1], 4, 1, 1)) == (
        "An average day with plays has 1.5 listeners and 3.5 plays, 2.3 a session; the busiest is Monday, "
        "12 November 2018 (UTC), with 4 plays."
    )
    assert said("plays_by_day", (MONDAY, 1, 1, 1)) == (
        "An average day with plays has 1 listener and 1 play, 1 a session; the busiest is Monday, "
        "5 November 2018 (UTC), with 1 play."
    )


def test_plays_by_weekday_and_hour_begin_the_week_on_sunday():
    assert said("plays_by_weekday_and_hour", (0, 9, 3), (1, 8, 2), (2, 8, 2), (6, 23, 1)) == (
        "The busiest hour of the week begins on Sunday at 09:00 UTC, with 38% of all plays; over all days it is the "
        "one from 08:00 UTC, with 50%."
    )


def test_sessions_by_week_weighs_the_weeks():
    assert said("sessions_by_week", (MONDAY, 1, 1, 1.0, 2.0, 22.0), (WEEKS[1], 5, 2, 2.5, 4.0, 8.25)) == (
        "Who listens in a week has 2 sessions in it on average, each of 3.7 plays; the median session lasts 8.2 to 22 "
        "minutes, depending on the week."
    )
    assert said("sessions_by_week", (MONDAY, 1, 1, 1.0, 1.0, Decimal("3.5"))) == (
        "Who listens in a week has 1 session in it on average, each of 1 play; the median session lasts 3.5 minutes."
    )


def test_session_lengths():
    assert said("session_lengths", (1, "under 5 min", 1), (2, "5 to 15 min", 2), (3, "15 to 30 min", 0)) == (
        "The most common length of a session is 5 to 15 min: 2 of 3 sessions (67%)."
    )
    assert said("session_lengths", (1, "under 5 min", 0), (2, "5 to 15 min", 0)) == sentences.NOTHING


def test_artist_popularity_by_week():
    places = {"Anna": (1, 1, 2), "Ben": (3, 2, 1), "Cleo": (2, 40, 1500)}
    rows = [(week, name, 9, at[n]) for n, week in enumerate(WEEKS) for name, at in places.items()]
    assert said("artist_popularity_by_week", *rows) == (
        "Anna is in first place in 2 of 3 weeks with plays; of these leaders, Ben gained most, from place 3 in its "
        "first week to place 1 in its last, Cleo lost most, from place 2 in its first week to place 1,500 in its last."
    )
    alone = said("artist_popularity_by_week", (WEEKS[0], "Anna", 3, 9), (WEEKS[1], "Anna", 3, 1))
    assert alone == (
        "Anna is in first place in 1 of 2 weeks with plays; Anna gained, from place 9 in its first week to place 1 in "
        "its last."
    )
    sank = said("artist_popularity_by_week", (WEEKS[0], "Anna", 3, 2), (WEEKS[1], "Anna", 3, 9))
    assert sank == "Anna lost, from place 2 in its first week to place 9 in its last."
    assert said("artist_popularity_by_week", (MONDAY, "Anna", 3, 1)) == "Anna is in first place in the only week."
    assert said("artist_popularity_by_week", (MONDAY, "Anna", 3, 2)) == "None of these artists changed place in 1 week."


def test_risers_and_fallers():
    up, down = ("Up", 1, 3, 0.25, 0.75, 50.0), ("Down", 2, 0, 0.5, 0.0, -50.0)
    rose = (
        "Up gained most: 25.00% of all plays in the first half of the period, 75.00% in the second (+50.00 "
        "percentage points)"
    )
    fell = (
        "Down lost most: 50.00% of all plays in the first half of the period, 0.00% in the second (−50.00 percentage "
        "points)"
    )
    assert said("risers_and_fallers", up, down) == f"{rose}; {fell}."
    assert said("risers_and_fallers", up) == f"{rose}."
    assert said("risers_and_fallers", down) == f"{fell}."


def test_levels_by_day():
    rows = [(MONDAY, "free", 3, 2), (MONDAY, "paid", 1, 1), (WEEKS[1], "paid", 1200, 2)]
    assert said("levels_by_day", *rows) == (
        "99.8% of all plays are on the paid level, 1,201 of 1,204: 25% on the first day, 5 November 2018, and 100% on "
        "the last, 12 November 2018 (UTC). Who listens on a day plays 400 songs on the paid level, and 1.5 songs on "
        "the free one."
    )
    assert (
        said("levels_by_day", rows[0]) == "0% of all plays are on the paid level, 0 of 3, all on 5 November 2018 (UTC)."
    )


def test_level_changes():
    rows = [("free", "free", 30), ("free", "paid", 10), ("paid", "free", 1)]
    assert said("level_changes", *rows) == (
        "Of 40 listeners whose first play is free, 10 (25%) ended paid; of the one listener whose first play is paid, "
        "1 (100%) ended free."
    )
    assert said("level_changes", rows[0]) == "Of 30 listeners whose first play is free, 0 (0%) ended paid."


def test_plays_before_upgrade():
    assert said("plays_before_upgrade", (10, 2, 1.0), (13, 5, 0.25), (15, 1234, 30.0)) == (
        "3 listeners went from free to paid; the median is 5 plays and 1 day before the first paid play."
    )
    assert said("plays_before_upgrade", (10, 1, 0.5)) == (
        "1 listener went from free to paid, after 1 play and 0.5 days."
    )


def test_top_places():
    assert said("top_places", ("Eugene, OR", 2000, 2), ("Bend, OR", 1, 1)) == (
        "Most is played in Eugene, OR: 2,000 plays by 2 listeners; in Bend, OR, the last of the 2, 1."
    )
    assert said("top_places", ("Eugene, OR", 1, 1)) == "Most is played in Eugene, OR: 1 play by 1 listener."


def test_retention_by_cohort_leaves_the_last_week_out_where_it_can():
    first = [(MONDAY, 0, 4, 4, 1.0), (MONDAY, 1, 3, 4, 0.75), (MONDAY, 2, 1, 4, 0.25), (MONDAY, 3, 0, 4, 0.0)]
    second = [(WEEKS[1], 0, 2, 2, 1.0), (WEEKS[1], 1, 0, 2, 0.0), (WEEKS[1], 2, 2, 2, 1.0)]
    assert said("retention_by_cohort", *first, *second) == (
        "50% of the listeners played again in the week after their first; of the earliest, 25% played 2 weeks after."
    )
    assert said("retention_by_cohort", *first[:2]) == (
        "75% of the listeners played again in the week after their first, which may be cut short."
    )
    assert said("retention_by_cohort", first[0]) == (
        "All plays are of one week: nobody can have come back in another one yet."
    )


def test_artist_by_week():
    weeks = frame("artist_by_week", (WEEKS[0], 0, 0, None), (WEEKS[1], 1234, 56, 2), (WEEKS[2], 1, 1, 1000))
    assert sentences.artist_by_week(weeks, "Ben") == (
        "Ben is played most in the week from 12 November 2018: 1,234 times, by 56 listeners, which is place 2 among "
        "all artists; in 2 of 3 weeks with plays."
    )
    assert sentences.artist_by_week(weeks.head(1), "Ben") == "Ben was not played in this period."
    assert sentences.artist_by_week(weeks, "deadmau5").startswith("deadmau5 is played most in the week from ")


def test_artist_songs():
    songs = frame("artist_songs", ("B", 2, 1), ("C", 1, 1))
    assert sentences.artist_songs(songs, "Ben") == "“B” is the most played song of Ben: twice, by 1 listener."
    assert sentences.artist_songs(songs.head(0), "Ben") == "Ben was not played in this period."
