"""The progress of a COPY: shown by a second session, which is never in its way."""

import dataclasses
import io
import logging
import threading
from contextlib import closing

import psycopg2
import pytest

from redjam import load_errors, progress, warehouse, watch
from redjam.local.sql import load_records
from redjam.local.sql.vocabulary import SCHEMA

BESIDE = warehouse.beside
HALF = {"source_file_bytes": 4_000_000, "file_bytes_scanned": 2_000_000, "source_file_count": 8}


@pytest.fixture
def aws(settings):
    """Settings of AWS, under which a COPY is watched; the connections of these tests are the stand-in's."""
    return dataclasses.replace(settings, target="redshift")


class Screen(io.StringIO):
    """A terminal's text."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch):
    """What a terminal gets to see, which takes no delay."""
    screen, make = Screen(), progress.bar
    monkeypatch.setattr(watch, "FIRST", 0)
    monkeypatch.setattr(watch, "EVERY", 0.01)
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr(progress, "bar", lambda *given, **more: make(*given, **more, file=screen, ncols=80))
    return screen


@pytest.fixture
def shown(monkeypatch):
    """An event: the bar has moved since it was last cleared."""
    moved, show = threading.Event(), watch.show

    def showing(*given):
        show(*given)
        moved.set()

    monkeypatch.setattr(watch, "show", showing)
    return moved


@pytest.fixture
def history(connection):
    """Write COPYs into sys_load_history, of which the stand-in has each only when it has ended."""
    with closing(warehouse.beside(connection)) as beside, beside.cursor() as cursor:
        cursor.execute(
            f"""CREATE TABLE copies AS SELECT * FROM {SCHEMA}.sys_load_history LIMIT 0;
                CREATE OR REPLACE VIEW {SCHEMA}.sys_load_history AS SELECT * FROM copies"""
        )

        def write(query: int, status: str = "running", session: int | None = None, **columns) -> None:
            row = {"session_id": session or connection.info.backend_pid, "query_id": query, "status": status}
            warehouse.insert(beside, "copies", [row | columns])

        yield write
        own = load_records.VIEWS["sys_load_history"]
        cursor.execute(f"CREATE OR REPLACE VIEW {SCHEMA}.sys_load_history AS {own}; DROP TABLE copies")


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.endswith("(_watch)")]


# --- What it asks -------------------------------------------------------------------------------------------


def test_it_asks_for_the_copy_that_the_session_is_running(connection, history):
    session = connection.info.backend_pid
    asked = warehouse.statement("copy_progress")
    history(1, "completed", **HALF)
    history(2, "aborted", **HALF)
    history(9, session=session + 1, **HALF)
    assert warehouse.frame(connection, asked, session=session).empty
    history(3, **HALF | {"file_count_scanned": 3, "loaded_rows": 7})
    found = warehouse.frame(connection, asked, session=session)
    names = ["bytes", "bytes_read", "files", "files_read", "rows_loaded"]
    assert found.columns.tolist() == names
    assert found.values.tolist() == [[4_000_000, 2_000_000, 8, 3, 7]]
    history(4)
    assert warehouse.frame(connection, asked, session=session).values.tolist() == [[0] * 5]


def test_what_the_stand_in_has_of_a_copy_at_its_end_is_no_progress(connection, put, settings):
    put(songs=[{}])
    copy = f"COPY songs FROM '{settings.song_data}' IAM_ROLE default JSON 'auto' MAXERROR 10"
    warehouse.execute(connection, copy)
    session = connection.info.backend_pid
    assert warehouse.frame(connection, warehouse.statement("copy_progress"), session=session).empty
    assert not warehouse.frame(connection, f"SELECT * FROM sys_load_history WHERE session_id = {session}").empty


# --- What it shows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (HALF, "songs:  50%|####3    | 2.00M/4.00M ["),
        ({"source_file_count": 8, "file_count_scanned": 2}, "songs:  25%|##2      | 2.00/8.00 ["),
        ({"loaded_rows": 1_200_000}, "songs: 1.20M rows ["),
        ({}, "songs: 0.00 rows ["),
    ],
)
def test_it_shows_bytes_or_files_or_rows(connection, aws, screen, shown, history, columns, text):
    history(1, **columns)
    with watch.copy(connection, aws, "songs"):
        assert shown.wait(20)
    assert text[:12] in screen.getvalue()
    assert text.partition("| ")[2] in screen.getvalue()
    assert screen.getvalue().endswith("\r")  # the line is cleared
    assert not watchers()


def test_it_takes_the_line_of_the_bar_around_it(connection, aws, screen, shown, history):
    history(1, **HALF)
    for _ in progress.bar(range(2), "stage songs", mininterval=0):
        with watch.copy(connection, aws, "stage songs"):
            assert shown.wait(20)
        shown.clear()
    lines = screen.getvalue().split("\r")
    assert any("50%" in line and "2.00M/4.00M" in line for line in lines)
    assert any("50%" in line and "1/2" in line for line in lines)
    assert "\n" not in screen.getvalue()
    assert "\x1b" not in screen.getvalue()


def test_it_goes_on_to_what_the_copy_has_read_since(connection, aws, screen, shown, history):
    history(1, **HALF)
    with watch.copy(connection, aws, "songs"):
        assert shown.wait(20)
        history(2, **HALF | {"file_bytes_scanned": 3_000_000})
        for _ in range(2):  # the first may have been asked before
            shown.clear()
            assert shown.wait(20)
    assert "75%" in screen.getvalue()


# --- What it leaves alone -----------------------------------------------------------------------------------


@pytest.fixture
def sessions(monkeypatch):
    """The second sessions that are opened."""
    opened, beside = [], warehouse.beside

    def open_one(connection):
        opened.append(beside(connection))
        return opened[-1]

    monkeypatch.setattr(warehouse, "beside", open_one)
    return opened


def test_a_short_copy_has_no_second_session(connection, aws, screen, sessions, monkeypatch):
    monkeypatch.setattr(watch, "FIRST", 3_600)
    with watch.copy(connection, aws, "songs"):
        assert len(watchers()) == 1
    assert not watchers()
    assert not sessions
    assert not screen.getvalue()


def test_where_nobody_watches_nothing_is_asked(connection, aws, screen, sessions, monkeypatch):
    monkeypatch.setattr(Screen, "isatty", lambda _: False)
    monkeypatch.setattr(warehouse, "frame", None)
    with watch.copy(connection, aws, "songs"):
        assert not watchers()
    assert not sessions


def test_the_stand_in_is_not_watched(connection, settings, screen, monkeypatch):
    monkeypatch.setattr(progress, "bar", None)
    with watch.copy(connection, settings, "songs"):
        assert not watchers()


def test_the_session_is_closed_in_the_end(connection, aws, screen, shown, history, sessions):
    history(1, **HALF)
    with watch.copy(connection, aws, "songs"):
        assert shown.wait(20)
    assert [session.closed for session in sessions] == [1]


@pytest.mark.parametrize("error", [load_errors.LoadFailed("3 rows rejected"), KeyboardInterrupt()])
def test_what_goes_wrong_in_the_block_ends_the_watching(connection, aws, screen, shown, history, error):
    history(1, **HALF)
    with pytest.raises(type(error)) as raised, watch.copy(connection, aws, "songs"):
        assert shown.wait(20)
        raise error
    assert raised.value is error
    assert not watchers()
    assert screen.getvalue().endswith("\r")


def refuse(connection):
    raise psycopg2.OperationalError("too many connections")


def lose(connection):
    session = BESIDE(connection)
    session.close()
    return session


@pytest.mark.parametrize(
    ("name", "instead", "why"),
    [
        ("beside", refuse, "too many connections"),
        ("beside", lose, "connection already closed"),
        ("statement", lambda name: "SELECT :session FROM nothing", 'relation "nothing" does not exist'),
    ],
)
def test_what_goes_wrong_in_the_watching_is_for_the_log_alone(
    connection, aws, screen, monkeypatch, caplog, name, instead, why
):
    monkeypatch.setattr(warehouse, name, instead)
    caplog.set_level(logging.DEBUG, "redjam")
    with watch.copy(connection, aws, "songs"):
        for thread in watchers():
            thread.join(20)
        assert warehouse.frame(connection, "SELECT 1 AS one").one.tolist() == [1]
    assert not watchers()
    assert [record.levelname for record in caplog.records] == ["DEBUG"]
    assert why in caplog.text


def test_a_connection_that_cannot_be_asked_is_not_watched(settings, cluster, aws, screen, caplog):
    caplog.set_level(logging.DEBUG, "redjam")
    lost = warehouse.connect(settings, cluster)
    lost.close()
    with watch.copy(lost, aws, "songs"):
        assert not watchers()
    assert "the COPY is not watched: connection already closed" in caplog.text


def test_the_end_does_not_wait_for_a_slow_answer(connection, aws, screen, monkeypatch):
    asked, answer = threading.Event(), threading.Event()

    def slow(_):
        asked.set()
        assert answer.wait(20)
        return refuse(_)

    monkeypatch.setattr(warehouse, "beside", slow)
    monkeypatch.setattr(watch, "LAST", 0.01)
    with watch.copy(connection, aws, "songs"):
        assert asked.wait(20)
    (thread,) = watchers()
    assert thread.daemon
    before = screen.getvalue()
    answer.set()
    thread.join(20)
    assert not watchers()
    assert screen.getvalue() == before
