"""Tab in SQL: what is offered where, from a real warehouse, and by a real kernel."""

from datetime import date
from types import SimpleNamespace

import psycopg2
import pytest
from IPython.core.completer import provisionalcompleter
from jupyter_client.manager import start_new_kernel
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from redjam import completion, magic, warehouse

TABLES = {"plays": ["start_time", "level"], "songs": ["song_id", "title", "Länge"], "time": ["start_time", "hour"]}
VARIABLES = {
    "top_n": 3,
    "since": "2018-11-02",
    "day": date(2018, 11, 2),
    "settings": object(),
    "_private": 1,
    "redjam_sql": "SELECT",
}


def offered(cell: str) -> list[str] | None:
    """What Tab offers at the `|` of a cell; None where it is Python."""
    offset = cell.index("|")
    if not (at := completion.sql_at(cell.replace("|", "", 1), offset)):
        return None
    word, offers = completion.complete(*at, TABLES, VARIABLES)
    assert cell[:offset].endswith(word)
    return [text for text, _ in offers]


@pytest.mark.parametrize(
    ("cell", "offers"),
    [
        ("%%sql\nSELECT * FROM |", ["plays", "songs", "time"]),
        ("%%sql\nSELECT * FROM s|", ["songs"]),
        ("%%sql\nselect * from S|", ["songs"]),
        ("%%sql\nSELECT * FROM plays\nJOIN t|", ["time"]),
        ("%%sql\nSELECT * FROM public.|", ["plays", "songs", "time"]),
        ("%%sql found <<\nWITH top AS (SELECT 1) SELECT * FROM t|", ["time", "top"]),
        ("%%sql\nSELECT p.|\nFROM plays p\nJOIN songs AS s ON 1 = 1", ["start_time", "level"]),
        ("%%sql\nSELECT s.|\nFROM plays p\nJOIN songs AS s ON 1 = 1", ["song_id", "title", "Länge"]),
        ("%%sql\nSELECT s.lä|\nFROM plays p\nJOIN songs AS s ON 1 = 1", ["Länge"]),
        ("%%sql\nSELECT PLAYS.l|\nFROM public.plays", ["level"]),
        # The columns of the tables in the query first, of all tables where none is named yet.
        ("%%sql\nSELECT t|\nFROM songs", ["title", "time", "THEN", "TRUE"]),
        ("%%sql\nSELECT l|\nFROM plays", ["level", "LEFT", "LIKE", "LIMIT"]),
        ("%%sql\nSELECT unknown.s|", ["start_time", "song_id"]),
        ("%%sql\nSELECT h|", ["hour", "HAVING"]),
        ("%%sql\nSELECT h|\n-- FROM songs\nFROM plays", ["HAVING"]),
        # A variable after a colon, but not in a cast; a statement in a variable.
        ("%%sql\nSELECT * FROM songs LIMIT :|", ["top_n", "since", "day"]),
        ("%%sql\nSELECT * FROM songs LIMIT :to|", ["top_n"]),
        ("%%sql\nSELECT title::l| FROM plays", ["level", "LEFT", "LIKE", "LIMIT"]),
        ("%%sql songs <<\n{|", ["since"]),
        # Nothing of Python: the word stays as it is.
        ("%%sql\nSELECT pri|", ["pri"]),
        ("%%sql\nSELECT 'it''s s|", ["s"]),
        ("%%sql\nSELECT 1 -- s|", ["s"]),
        ("%%sql\nSELECT 1 /* s|", ["s"]),
        ("%%sql\nSELECT 'it\\'s', 1 -- it's\nFROM s|", ["songs"]),
        ("%sql SELECT * FROM s|", ["songs"]),
        ("rows = 5\nfound = %sql SELECT * FROM s|\nprint()", ["songs"]),
        ("\n%%sql\nSELECT * FROM s|", ["songs"]),
        ("pri|", None),
        ("%%s|", None),
        ("|%%sql\nSELECT", None),
        ("%sql SELECT * FROM songs\ns|", None),
        ("text = '%sql'\ns|", None),
        ("100 %sql|", None),
    ],
)
def test_what_tab_offers(cell, offers):
    assert offered(cell) == offers


@pytest.fixture
def shell():
    """An IPython of its own."""
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.clear_instance()
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def tab(shell, text: str) -> list[str]:
    with provisionalcompleter():
        return [one.text for one in shell.Completer.completions(text, len(text))]


MADE = {
    "mine_table": "CREATE TEMP TABLE mine_table (n INTEGER)",
    "mine_view": "CREATE VIEW mine_view AS SELECT 'free' AS level",
    "mine_sums": "CREATE MATERIALIZED VIEW mine_sums AS SELECT 1 AS mine_plays",
}


def test_tables_are_read_again_after_a_cell_and_kept_when_the_connection_is_closed(connection, shell):
    magic.sql_magic(connection)
    assert "songplays" in tab(shell, "%sql SELECT * FROM ")
    with warehouse.transaction(connection):
        for statement in MADE.values():
            warehouse.execute(connection, statement)
        assert tab(shell, "%sql SELECT * FROM mine_") == ["mine_"]
        shell.run_cell("1", store_history=True)
        connection.commit()
        assert tab(shell, "%sql SELECT * FROM mine_") == sorted(MADE)
        # The next test finds none of it.
        warehouse.execute(connection, "DROP VIEW mine_view")
        warehouse.execute(connection, "DROP MATERIALIZED VIEW mine_sums")
    connection.close()
    shell.run_cell("1", store_history=True)
    assert tab(shell, "%sql SELECT * FROM mine_") == sorted(MADE)
    assert tab(shell, "%sql SELECT * FROM mine_sums WHERE mine_p") == ["mine_plays"]


def test_tab_leaves_a_transaction_and_its_failure_alone(connection, shell):
    magic.sql_magic(connection)
    shell.run_cell("%sql BEGIN", store_history=True).raise_error()
    shell.run_cell("%sql DROP TABLE load_errors", store_history=True).raise_error()
    assert "load_errors" in tab(shell, "%sql SELECT * FROM ")
    shell.run_cell("%sql SELECT wrong", store_history=True)
    assert "load_errors" in tab(shell, "%sql SELECT * FROM ")
    shell.run_cell("%sql ROLLBACK", store_history=True).raise_error()
    assert shell.run_cell("%sql SELECT COUNT(*) AS n FROM load_errors").result.n.tolist() == [0]


def test_a_warehouse_that_cannot_tell_is_no_error(shell, capsys):
    class Gone:
        closed = False
        info = SimpleNamespace(transaction_status=TRANSACTION_STATUS_IDLE)

        def cursor(self):
            raise psycopg2.OperationalError("server closed the connection unexpectedly")

    completion.offer(Gone())
    assert tab(shell, "%sql SELECT COU") == ["COUNT"]
    assert capsys.readouterr().err == ""


def test_a_second_setup_takes_the_place_of_the_first(connection, shell):
    magic.sql_magic(connection)
    magic.sql_magic(connection)
    assert len(shell.Completer.custom_matchers) == 1


def test_a_kernel_answers_jupyterlab(settings, cluster, monkeypatch):
    monkeypatch.setenv("REDJAM_CONFIG", str(settings.file))
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        setup = (
            "from redjam import config, infrastructure, magic, schema, warehouse\nsettings = config.load()\n"
            "connection = warehouse.connect(settings, infrastructure.find_cluster(settings))\n"
            "schema.create(connection)\nmagic.sql_magic(connection)\ntop_n = 3"
        )
        assert client.execute_interactive(setup, timeout=60, output_hook=print)["content"]["status"] == "ok"

        def complete(before: str, after: str = "") -> tuple[list[str], str]:
            content = client.complete(before + after, len(before), reply=True, timeout=60)["content"]
            return content["matches"], before[content["cursor_start"] : content["cursor_end"]]

        assert complete("%%sql\nSELECT p.us", "\nFROM songplays p") == (["user_id", "user_agent"], "us")
        assert complete("%%sql\nSELECT * FROM songs\nLIMIT :t") == (["top_n"], "t")
        assert complete("%%sql\nSELECT pri") == (["pri"], "pri")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
