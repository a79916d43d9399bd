"""Each worked solution is right, each known fault is told with its figures, and no answer ends in a traceback."""

import html
import json
import re
import shutil
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg2
import pytest
from conftest import EVENT, JSONPATHS, SONG

from redjam import answers, config, etl, exercises, infrastructure, schema, statements, warehouse

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
FAULTS = [(name, fault) for name in exercises._names() for fault in exercises._faults(name)]

SECOND, HOUR, DAY = 1_000, 3_600_000, 24 * 3_600_000
THURSDAY = 1541030400000  # 2018-11-01 00:00 UTC
WIDE = "é" * 60  # 120 bytes
ADA, BEN, DAN = (
    {"userId": n, "firstName": name, "lastName": "X"} for n, name in (("1", "Ada"), ("2", "Ben"), ("4", "Dan"))
)
# Ada goes from paid to free, Ben's last event is a Logout, Cleo (3) plays nothing, Dan upgrades after the last play.
# Ada and Ben each have a session 1, Ada's of Thursday passes midnight; 07:30 UTC is 00:30 in San Francisco, in summer.
EVENTS = [
    ADA | {"ts": THURSDAY + 20 * HOUR + 796, "level": "paid", "song": "A", "artist": "Anna"},
    ADA | {"ts": THURSDAY + DAY + 30 * SECOND + 1, "level": "paid", "song": "A", "artist": "Anna"},
    ADA | {"ts": THURSDAY + DAY + 8 * HOUR - HOUR // 2, "sessionId": 2, "song": "B", "artist": WIDE},
    BEN | {"ts": THURSDAY + DAY + 9 * HOUR, "song": "B", "artist": WIDE},
    BEN | {"ts": THURSDAY + 5 * DAY + 20 * HOUR, "sessionId": 3, "song": "A", "artist": "Otto"},
    BEN | {"ts": THURSDAY + 5 * DAY + 21 * HOUR, "sessionId": 3, "page": "Logout", "song": None, "artist": None},
    DAN | {"ts": THURSDAY + 6 * DAY + HOUR, "sessionId": 4, "song": "B", "artist": WIDE},
    DAN | {"ts": THURSDAY + 6 * DAY + 2 * HOUR, "sessionId": 4, "song": "D", "artist": "n" * 101},
    DAN
    | {
        "ts": THURSDAY + 6 * DAY + 3 * HOUR,
        "sessionId": 4,
        "level": "paid",
        "page": "Home",
        "song": None,
        "artist": None,
    },
    {"userId": "3", "firstName": "Cleo", "page": "Home", "song": None, "artist": None},
    {"userId": "", "firstName": None, "lastName": None, "gender": None, "page": "Home", "song": None, "artist": None},
]
# Anna's A is there twice and has a B beside it; of Otto the catalogue has nothing.
SONGS = [
    {"song_id": "SO1", "artist_id": "AR1", "artist_name": "Anna", "title": "A"},
    {"song_id": "SO2", "artist_id": "AR1", "artist_name": "Anna", "title": "A", "duration": 300.5},
    {"song_id": "SO3", "artist_id": "AR1", "artist_name": "Anna", "title": "B"},
]


@pytest.fixture(scope="module")
def connection(servers, tmp_path_factory):
    """A connection to a cluster of its own with these events and songs loaded."""
    folder = tmp_path_factory.mktemp("exercises")
    for name, records in (
        ("log-data", [EVENT | {"itemInSession": n} | e for n, e in enumerate(EVENTS)]),
        ("song-data", SONGS),
    ):
        (folder / name).mkdir()
        for n, record in enumerate(records):
            (folder / name / f"{n:02d}.json").write_text(json.dumps((SONG if name == "song-data" else {}) | record))
    (folder / "paths.json").write_text(JSONPATHS)
    (folder / "dwh.cfg").write_text(
        "[CLUSTER]\nTARGET=local\nIDENTIFIER=exercises\n[S3]\nLOG_DATA=log-data\nLOG_JSON_PATH=paths.json\n"
        f"SONG_DATA=song-data\n[LOCAL]\nDIR={servers}\n"
    )
    settings = config.load(folder / "dwh.cfg")
    cluster = infrastructure.build(settings)
    connection = warehouse.connect(settings, cluster)
    schema.create(connection)
    etl.run(connection, settings, cluster.role_arn)
    yield connection
    connection.close()


@pytest.fixture
def said(connection, capsys):
    """What `check` prints about an answer, in one line."""

    def say(name: str, answer: object) -> str:
        capsys.readouterr()
        exercises.check(connection, name, answer)
        return " ".join(capsys.readouterr().out.split())

    return say


@pytest.fixture
def put(tmp_path, monkeypatch):
    """Put another text in place of a file of sql/exercises, or a new one beside the others."""

    def write(file: str, text: str) -> None:
        shutil.copytree(warehouse.SQL / "exercises", tmp_path / "exercises")
        (tmp_path / "exercises" / f"{file}.sql").write_text(text)
        monkeypatch.setattr(statements, "SQL", tmp_path)
        monkeypatch.setattr(warehouse, "SQL", tmp_path)

    return write


def rows(connection, name: str, file: str = "solution") -> pd.DataFrame:
    return warehouse.frame(connection, warehouse.statement(f"exercises/{name}/{file}"))


# --- Solutions and faults ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", exercises._names())
def test_each_solution_is_right_and_shown_folded(connection, capsys, name):
    solution = exercises.solve(connection, name)
    assert 1 <= len(solution.head) <= 5
    folded = html.unescape(solution._repr_html_())
    assert folded.startswith("<details><summary>")
    for shown in (folded, repr(solution)):
        assert "SELECT" in shown
        assert "Right: " in shown
        assert "{" not in shown
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", exercises._names())
def test_each_solution_is_right_to_check_which_says_why(connection, said, name):
    text = said(name, rows(connection, name))
    assert text.startswith("Right. ")
    assert "tame" not in text


@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_each_fault_is_told(connection, said, name, fault):
    text = said(name, rows(connection, name, fault))
    parts = re.split(r"\{\w+\}", warehouse.rule(f"exercises/{name}/{fault}"))
    assert text.startswith("Not yet. ")
    # Which of them it is, these two cannot be told apart by what they give.
    if (name, fault) == ("null_key", "known_songs"):
        assert text.endswith("more than one fault gives this answer: count of the key, known songs.")
    else:
        assert re.match("Not yet\\. " + r"[\d,]+".join(map(re.escape, parts)), text)
    assert "{" not in text


@pytest.mark.parametrize("name", exercises._names())
def test_no_explanation_counts_in_words_that_are_wrong_of_one(name):
    for file in ("solution", *exercises._faults(name)):
        counted = re.findall(r"\{\w+\} (\w+s)\b", warehouse.rule(f"exercises/{name}/{file}"))
        assert set(counted) <= {"characters", "bytes"}, file  # of which there are more than 100


@pytest.mark.parametrize(
    ("name", "fault", "figures"),
    [
        (
            "listeners",
            "distinct_rows",
            "Rows: 4; listeners: 3. DISTINCT compares whole rows, so whoever changed level (1 of them)",
        ),
        ("listeners", "distinct_rows_of_all_pages", "Rows: 7; listeners: 3."),
        ("listeners", "distinct_rows_of_all_users", "Rows: 6; listeners: 3."),
        ("listeners", "latest_event", "Rows: 1; listeners: 3. "),
        ("listeners", "latest_event", "is gone (2 of them)."),
        ("listeners", "latest_of_all_pages", "Rows: 4; listeners: 3."),
        ("fan_out", "inner_join", "Of all plays (7) only those are left that found a song"),
        (
            "fan_out",
            "left_join",
            "more than were played, which is 7. Pairs of title and artist that the catalogue has more than once, with "
            "different ids: 1.",
        ),
        ("milliseconds", "integer_division", "gone. Plays that had some: 2 of 7."),
        ("milliseconds", "read_as_seconds", "comes out in the year 50805."),
        (
            "long_names",
            "characters",
            "The longest name has 101 characters but 120 bytes. Plays that COPY would reject: 4.",
        ),
        ("long_names", "a_row_a_play", "a row for each play, 4 in all"),
        ("local_day", "utc", "Plays that fall on another date there: 3 of 7."),
        ("local_day", "fixed_offset", "Plays on a wrong day: 1 of 7."),
        (
            "weekly_listeners",
            "sum_of_days",
            "the days' listeners add up to 5, the weeks' to 4. Sessions that pass midnight (1)",
        ),
        ("weekly_listeners", "number_alone", "Different numbers: 4; sessions: 5."),
        ("null_key", "count_of_the_key", "the plays of songs that the catalogue lacks, 5 of 7, count 0."),
        ("null_key", "made_from_names", "if the plays of such songs, 5 of 7, had NULL instead."),
    ],
)
def test_the_figures_of_an_explanation_are_those_of_the_data(connection, said, name, fault, figures):
    assert figures in said(name, rows(connection, name, fault))


def test_the_answers_are_those_that_can_be_counted_by_hand(connection):
    def answer(name: str) -> list[tuple]:
        return sorted(tuple(map(str, row)) for row in rows(connection, name).values)

    assert answer("listeners") == [
        ("1", "Ada", "X", "F", "free"),
        ("2", "Ben", "X", "F", "free"),
        ("4", "Dan", "X", "F", "free"),
    ]
    assert answer("fan_out") == [("7", "2")]
    assert [row[3] for row in answer("milliseconds")][:2] == [
        "2018-11-01 20:00:00.796000",
        "2018-11-02 00:00:30.001000",
    ]
    assert answer("long_names") == [("n" * 101,), (WIDE,)]
    assert answer("local_day") == [("2018-11-01", "2"), ("2018-11-02", "2"), ("2018-11-06", "3")]
    assert answer("weekly_listeners") == [("2018-10-29 00:00:00", "2", "3"), ("2018-11-05 00:00:00", "2", "2")]
    assert answer("null_key") == [("5",)]


@pytest.mark.parametrize(
    ("file", "text"), [("solution", "SELECT 7 AS plays, 3 AS matched;"), ("answer", "SELECT 7 AS plays, 3 AS matched;")]
)
def test_a_broken_solution_or_answer_is_not_taken_for_right(connection, put, file, text):
    put(f"fan_out/{file}", f"-- Broken.\n{text}\n")
    with pytest.raises(exercises.WrongSolution, match=r"fan_out/solution\.sql: Not yet\. .*matched"):
        exercises.solve(connection, "fan_out")


def test_a_solution_that_does_not_run_raises(connection, put):
    put("fan_out/solution", "-- Broken.\nSELECT nothing FROM songplays;\n")
    with pytest.raises(psycopg2.Error, match="nothing"):
        exercises.solve(connection, "fan_out")


def test_an_answer_is_right_also_where_the_data_cannot_show_a_fault(connection, said, put):
    solution = rows(connection, "local_day")
    put("local_day/tame_fault", warehouse.statement("exercises/local_day/solution"))
    text = said("local_day", solution)
    assert text.startswith("Right. ")
    assert text.endswith("These data are too tame to tell it from a query with a fault: tame fault.")


# --- What a reader may give -------------------------------------------------------------------------------


def test_case_order_types_and_further_columns_do_not_matter(connection, said):
    days = rows(connection, "local_day").iloc[::-1].rename(columns=str.upper).assign(NOTE="mine")
    for convert in (str, pd.Timestamp, lambda day: day):
        for number in (float, Decimal, int):
            assert said(
                "local_day", days.assign(DAY=days["DAY"].map(convert), PLAYS=days["PLAYS"].map(number))
            ).startswith("Right.")
    plays = rows(connection, "milliseconds")
    texts = plays.assign(start_time=plays["start_time"].astype(str), user_id=plays["user_id"].astype("Int64"))
    assert said("milliseconds", texts).startswith("Right.")
    nearly = plays.assign(start_time=plays["start_time"] + pd.Timedelta(200, "us"))
    assert said("milliseconds", nearly.astype({"start_time": "datetime64[ns]"})).startswith("Right.")
    assert "start_time NULL" in said("milliseconds", plays.assign(start_time=pd.NaT))
    assert "start_time NULL" in said(
        "milliseconds", plays.assign(start_time=plays["start_time"].where(plays["user_id"] > 2))
    )
    zoned = plays.assign(start_time=plays["start_time"].dt.tz_localize("UTC").dt.tz_convert("America/Los_Angeles"))
    assert said("milliseconds", zoned).startswith("Right.")


def test_numbers_and_times_with_a_zone_may_be_texts(connection, said):
    plays = rows(connection, "milliseconds")
    numbers = plays.assign(user_id=plays["user_id"].astype(str), session_id=plays["session_id"].map(" {}.0".format))
    assert said("milliseconds", numbers).startswith("Right.")
    zoned = plays["start_time"].dt.tz_localize("UTC").dt.tz_convert("Asia/Kolkata")
    for texts in (
        plays["start_time"].map(lambda time: f"{time.isoformat()}Z"),
        plays["start_time"].map("{}+00".format),
        zoned.astype(str),
        zoned.map(lambda time: f"{time:%Y-%m-%dT%H:%M:%S.%f%z}"),
    ):
        assert said("milliseconds", plays.assign(start_time=texts)).startswith("Right."), texts[0]
    wrong = zoned.astype(str).str.replace("+05:30", "-05:30")
    assert "They differ in start_time." in said("milliseconds", plays.assign(start_time=wrong))
    assert "user_id 'one'" in said("milliseconds", plays.assign(user_id="one"))


def test_where_a_text_is_asked_for_a_number_in_one_is_none():
    names = pd.DataFrame({"artist": ["1", "1.0", "01", "1e0"]})
    assert len(answers.rows(names, names)) == 4
    assert answers.rows(names, pd.DataFrame({"artist": [Decimal(1)]})) == {(1,): 4}


@pytest.mark.parametrize("answer", [5, 5.0, Decimal(5), "5", pd.Series([5], name="x"), pd.DataFrame({"max": [5]})])
def test_where_one_value_is_asked_for_it_needs_no_table_and_no_name(said, answer):
    assert said("null_key", answer).startswith("Right.")


def test_nulls_are_equal_to_each_other_and_to_nothing_else():
    missing = [None, float("nan"), pd.NaT, pd.NA, Decimal("NaN")]
    assert {answers.plain(value) for value in missing} == {None}
    assert len({answers.plain(value) for value in (None, 0, "", "NULL", "2018-13-45", date(2018, 11, 1))}) == 6


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, "Not yet. This answer is None; asked for are day, plays. Begin the cell with `%%sql local_day <<`"),
        (7, "Not yet. This answer is no table, but a value of the type int;"),
        ("SELECT 1", "no table, but a value of the type str;"),
        ([(1, 2)], "no table, but a value of the type list;"),
        (print, "no table, but a value of the type builtin_function_or_method;"),
        (pd.DataFrame(), "Not yet. This answer has no columns; asked for are day, plays."),
        (
            pd.DataFrame({"user_id": [1], "level": ["free"]}),
            "looks like the answer to another question. Its columns are user_id, level;",
        ),
        (pd.DataFrame([[1, 2]]), "looks like the answer to another question. Its columns are 0, 1;"),
        (
            pd.DataFrame({"day": [1], "count": [2]}),
            "No column plays; asked for are day, plays. Yours are day, count: `AS`",
        ),
        (pd.DataFrame([[1, 2, 3]], columns=["day", "Plays", "plays"]), "More than one column is called plays"),
        (pd.DataFrame({"day": [], "plays": []}), "No rows at all, instead of 3. Does the WHERE ask"),
        (
            pd.DataFrame({"day": [[1]], "plays": [{}]}),
            "2 rows too few: 1 instead of 3. The first that is not right: day [1], plays {}.",
        ),
        (pd.DataFrame({"day": [float("inf")], "plays": [True]}), "The first that is not right: day inf, plays True."),
        (pd.DataFrame({"day": [None], "plays": ["é"]}), "The first that is not right: day NULL, plays 'é'."),
    ],
)
def test_what_cannot_be_right_is_told_without_a_traceback(said, answer, told):
    assert told in said("local_day", answer)


class Stubborn:
    """It cannot be hashed, compared or written."""

    __hash__ = None

    def __eq__(self, other):
        raise RuntimeError

    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (10**400, str(10**400)),
        (10**5000, "a value of the type int"),
        ([10**5000], "a value of the type list"),
        (Decimal("sNaN"), "sNaN"),
        (Decimal("1e400"), "1E+400"),
        ("9" * 400, "'999"),
        ("0001-01-01T00:00+14:00", "'0001-01-01T00:00+14:00'"),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), "0001-01-01 00:00:00+14:00"),
        (np.datetime64("50805-01-01", "s"), "50805"),
        (([1],), "([1],)"),
        (True, "True"),
        (1j, "1j"),
        (Stubborn(), "a value of the type Stubborn"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_value_raises(said, value, told):
    series = pd.Series([value])
    for column in (pd.Series([value], dtype=object), series):
        for name in ("day", "plays"):
            frame = pd.DataFrame({"day": ["2018-11-01"], "plays": [2]}).astype(object).assign(**{name: column})
            assert told in said("local_day", frame)
    assert f"plays {told}" in said("null_key", series)
    assert said("null_key", value).startswith("Not yet. ")


def test_a_difference_is_told_by_its_first_row(connection, said):
    days = rows(connection, "local_day")
    assert said("local_day", days.assign(plays=[2, 2, 4])) == (
        "Not yet. The first that is not right: day 2018-11-06, plays 4. The nearest that is missing: day 2018-11-06, "
        "plays 3. They differ in plays."
    )
    assert said("local_day", days.iloc[1:]) == (
        "Not yet. 1 row too few: 2 instead of 3. The first that is missing: day 2018-11-01, plays 2."
    )
    assert said("local_day", pd.concat([days, days])) == (
        "Not yet. 3 rows too many: 6 instead of 3. This one is there more often than it should be: day 2018-11-01, "
        "plays 2."
    )
    more = pd.concat([days, pd.DataFrame({"day": ["2018-12-01"], "plays": [1_000]})])
    assert said("local_day", more) == (
        "Not yet. 1 row too many: 4 instead of 3. The first that is not right: day '2018-12-01', plays 1,000."
    )


def test_what_is_printed_is_at_most_100_columns_wide(connection, capsys):
    exercises.check(connection, "listeners", rows(connection, "listeners", "distinct_rows"))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) <= 100


def test_an_unknown_exercise_is_named_with_those_that_there_are(connection):
    with pytest.raises(ValueError, match="no exercise 'bytes'; there are fan_out, listeners, "):
        exercises.check(connection, "bytes", None)


def test_a_connection_that_takes_nothing_is_told(connection, said, capsys):
    warehouse.execute(connection, "BEGIN")
    with pytest.raises(psycopg2.Error, match="wrong"):
        warehouse.execute(connection, "SELECT wrong FROM songplays")
    assert said("null_key", 5).startswith("Not looked at: the transaction is aborted. `%sql ROLLBACK` ends it")
    warehouse.execute(connection, "ROLLBACK")
    assert said("null_key", 5).startswith("Right.")
    closed = warehouse.beside(connection)
    closed.close()
    exercises.check(closed, "null_key", 5)
    assert capsys.readouterr().out.startswith("Not looked at: the connection is closed. Run the notebook's setup cell")


# --- The notebooks ----------------------------------------------------------------------------------------


def posed() -> dict[str, tuple[str, dict]]:
    """Each exercise of the notebooks with the query in the cell before its check, and the cell after it."""
    found = {}
    for path in NOTEBOOKS:
        cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
        for before, cell, after in zip(cells, cells[1:], cells[2:], strict=False):
            if named := re.fullmatch(r'exercises\.check\(connection, "(\w+)", \1\)', "".join(cell["source"])):
                found[named[1]] = ("".join(before["source"]), after)
    return found


def test_the_notebooks_pose_each_exercise_with_a_fault_that_check_knows():
    exercise_cells = posed()
    assert sorted(exercise_cells) == exercises._names()
    for name, (query, solution) in exercise_cells.items():
        faulty = {
            re.sub(r"\A(--.*\n)+", "", warehouse.statement(f"exercises/{name}/{fault}"))
            for fault in exercises._faults(name)
        }
        assert query.removeprefix(f"%%sql {name} <<\n") + ";" in faulty, name
        assert "".join(solution["source"]) == f'exercises.solve(connection, "{name}")'
        assert solution["metadata"]["jupyter"] == {"outputs_hidden": True, "source_hidden": True}, "out of sight"
