"""%sql and %%sql: the notebook's own connection, frames, and errors of one line."""

import gc
import json
from contextlib import closing

import nbformat
import pytest
from nbclient import NotebookClient

from redjam import magic, warehouse

LISTENER = "INSERT INTO users (user_id, last_played, last_songplay_id) VALUES (1, GETDATE(), 'a')"


@pytest.fixture
def shell():
    """An IPython of its own."""
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.clear_instance()
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_sql_cells_use_the_same_connection_and_give_frames(connection, shell, capsys):
    magic.sql_magic(connection)
    warehouse.execute(connection, "CREATE TEMP TABLE mine (n INTEGER)")
    warehouse.execute(connection, "INSERT INTO mine VALUES (5)")
    shell.user_ns["least"] = 1
    assert shell.run_cell("%sql SELECT n FROM mine WHERE n > :least").result.n.tolist() == [5]
    assert shell.run_cell("%sql SELECT n FROM mine WHERE n < :least").result.columns.tolist() == ["n"]
    shell.user_ns["question"] = warehouse.Statement("SELECT 7 AS n, ':' AS colon, '50%' AS share")
    shell.run_cell("%%sql answer <<\n{question}").raise_error()
    assert shell.user_ns["answer"].values.tolist() == [[7, ":", "50%"]]


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("SELECT REGEXP_SUBSTR('in 2018', '[0-9]{4}')", "2018"),
        ("SELECT '{least}'", "{least}"),
        ("SELECT '$least and {least + 1}'", "$least and {least + 1}"),
        ("SELECT ':least'", ":least"),
        ("SELECT '{\"a\":1}' -- it's :nothing", '{"a":1}'),
        ("SELECT '12:30', 1 -- and\n;;", "12:30"),
        ('SELECT 1 AS "a:b"; /* end */', 1),
        ("SELECT :least + 1", 8),
    ],
)
@pytest.mark.parametrize("kind", ["%sql ", "%%sql\n"])
def test_what_is_written_in_a_cell_reaches_the_warehouse_as_it_is(connection, shell, kind, statement, value):
    if kind == "%sql ":
        statement = statement.partition("\n")[0]
    magic.sql_magic(connection)
    shell.user_ns["least"] = 7
    assert shell.run_cell(kind + statement).result.iat[0, 0] == value


def test_a_functions_arguments_are_no_variables_of_python(connection, shell):
    magic.sql_magic(connection)
    made = "CREATE OR REPLACE FUNCTION squared (FLOAT) RETURNS FLOAT STABLE AS $$ SELECT $1 * $1 $$ LANGUAGE sql"
    shell.run_cell(f"%%sql\n{made}").raise_error()
    assert shell.run_cell("%sql SELECT squared(3)").result.iat[0, 0] == 9


REFUSED = "%%sql\nINSERT INTO songs (song_id) VALUES ('S')\nON CONFLICT DO NOTHING"
WHY = "Redshift has no ON CONFLICT. Write MERGE, or DELETE the old rows and INSERT the new ones."


def test_a_statement_that_fails_leaves_no_rows_of_an_earlier_run(connection, shell):
    magic.sql_magic(connection)
    for named in ("%%sql answer <<\n", "%sql answer << "):
        shell.run_cell(f"{named}SELECT 1 AS one").raise_error()
        assert "answer" in shell.user_ns
        assert shell.run_cell(f"{named}SELECT wrong FROM users").error_in_exec
        assert "answer" not in shell.user_ns


def test_a_year_that_python_cannot_hold_is_one_line(connection, shell):
    magic.sql_magic(connection)
    late = "SELECT TIMESTAMP 'epoch' + 1541121934796 * INTERVAL '1 second' AS late"
    failed = shell.run_cell(f"%%sql\n{late}").error_in_exec
    assert isinstance(failed, magic.StatementFailed)
    assert "CAST the time AS VARCHAR" in str(failed)
    assert "\n" not in str(failed)
    cast = f"SELECT CAST(late AS VARCHAR) AS year FROM ({late}) AS times"
    assert shell.run_cell(f"%sql {cast}").result.year[0].startswith("50806-")


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (
            "%sql SELECT nothing FROM nowhere",
            'relation "nowhere" does not exist\nLINE 1: SELECT nothing FROM nowhere\n',
        ),
        (REFUSED, WHY),
        ("%%sql\nSELECT a\nFROM t t u", "\n    FROM t t u\n             ^\n"),
        (
            "%sql SELECT 'x' || :least",
            r":least is no variable of this notebook; set least in a cell above, or write \:least",
        ),
        ("%sql SELECT 1 / 0", "division by zero"),
        ("%%sql\n{nothing}", "{nothing} is no variable of this notebook; set nothing in a cell above"),
        ("%%sql\n\\d users", "is for psql; write SELECT * FROM pg_table_def"),
    ],
)
def test_a_failed_sql_cell_says_why_and_no_more_and_the_next_one_works(connection, shell, capsys, cell, says):
    magic.sql_magic(connection)
    failed = shell.run_cell(cell).error_in_exec
    assert isinstance(failed, magic.StatementFailed)
    told = capsys.readouterr().out
    assert told.startswith("StatementFailed: ")
    assert says in told
    assert len(told.splitlines()) <= 4
    assert not any(word in told for word in ("Traceback", "sqlalche", "psycopg2"))
    assert shell.run_cell("%sql SELECT 1 AS one").result.one.tolist() == [1]


@pytest.mark.parametrize("begin", ["%sql BEGIN", "%%sql\nbegin transaction", "%%sql\nBEGIN;\nDELETE FROM users;"])
@pytest.mark.parametrize("wrong", ["%sql SELECT nothing FROM nowhere", REFUSED])
def test_an_error_in_a_transaction_aborts_it_until_rollback(connection, shell, capsys, begin, wrong):
    magic.sql_magic(connection)
    for cell in (begin, f"%sql {LISTENER}"):
        assert shell.run_cell(cell).result is None
    assert shell.run_cell(wrong).error_in_exec
    assert shell.run_cell("%sql SELECT 1 AS one").error_in_exec
    told = capsys.readouterr().out
    assert "current transaction is aborted, commands ignored until end of transaction block" in told
    assert told.count("The transaction is aborted; ROLLBACK ends it") == 2
    shell.run_cell("%sql ROLLBACK").raise_error()
    assert shell.run_cell("%sql SELECT COUNT(*) AS n FROM users").result.n.tolist() == [0]


def test_truncate_commits_a_transaction_of_a_cell(connection, shell):
    magic.sql_magic(connection)
    for cell in (
        "%sql BEGIN",
        f"%sql {LISTENER}",
        "%sql TRUNCATE songs",
        "%sql ROLLBACK",
    ):
        shell.run_cell(cell).raise_error()
    assert shell.run_cell("%sql SELECT COUNT(*) AS n FROM users").result.n.tolist() == [1]


def test_a_copy_in_a_cell_tells_of_the_rows_it_leaves_out(connection, shell, capsys, caplog, tmp_path):
    magic.sql_magic(connection)
    warehouse.execute(connection, "CREATE TEMP TABLE mine (n INTEGER)")
    (tmp_path / "rows.json").write_text('{"n": 1}\n{"n": "one"}\n')
    cell = f"%%sql\nCOPY mine FROM '{tmp_path}/rows.json' IAM_ROLE default JSON 'auto'"
    line = "\n    rows.json line 2, column n int4, value 'one': Invalid digit, Value 'o', Pos 0, Type: Integer (1207); "
    assert shell.run_cell(cell).error_in_exec
    assert f"COPY mine: 1 row rejected, nothing was loaded.{line}" in capsys.readouterr().out
    assert shell.run_cell(f"{cell} MAXERROR 5").success
    (warning,) = caplog.messages
    assert f"COPY mine: 1 row rejected, 1 loaded.{line}" in warning
    assert shell.run_cell(
        "%sql SELECT err_code FROM stl_load_errors WHERE query = pg_last_copy_id()"
    ).result.values == [[1207]]


def test_a_cell_on_a_closed_connection_fails(connection, shell, capsys):
    magic.sql_magic(connection)
    connection.close()
    assert shell.run_cell("%sql SELECT 1").error_in_exec
    out = capsys.readouterr().out
    assert out.startswith(
        "StatementFailed: connection already closed\nThe connection is closed. Run the notebook's setup"
    )


def test_a_notebook_shows_the_reason_alone_and_goes_on(settings, cluster, monkeypatch, tmp_path):
    monkeypatch.setenv("REDJAM_CONFIG", str(settings.file))
    monkeypatch.setenv("TQDM_DISABLE", "1")
    (tmp_path / "rows.json").write_text(json.dumps({"n": "one"}))
    setup = """from redjam import config, infrastructure, magic, warehouse
settings = config.load()
connection = warehouse.connect(settings, infrastructure.find_cluster(settings))
magic.sql_magic(connection)"""
    copy = f"COPY mine FROM '{tmp_path}/rows.json' IAM_ROLE default JSON 'auto' MAXERROR 5"
    cells = [setup, REFUSED, "%sql SELECT 1 AS one", "%sql CREATE TEMP TABLE mine (n INTEGER)", f"%%sql\n{copy}"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(book, kernel_name="python3", allow_errors=True, timeout=60).execute()
    prepared, refused, went_on, created, copied = (cell.outputs for cell in book.cells)
    assert prepared == created == []
    (error,) = refused
    assert (error.output_type, error.ename, error.evalue) == ("error", "StatementFailed", WHY)
    assert error.traceback == [f"StatementFailed: {WHY}"]
    assert went_on[0].data["text/plain"] == "   one\n0    1"
    (warning,) = copied
    assert (warning.output_type, warning.name) == ("stream", "stderr")
    assert warning.text.startswith(
        "COPY mine: 1 row rejected, 0 loaded.\n    rows.json line 1, column n int4, value 'one'"
    )


def test_the_setup_cell_can_run_again(connection, shell, settings, cluster):
    magic.sql_magic(connection)
    again = warehouse.connect(settings, cluster)
    magic.sql_magic(again)
    connection.close()
    assert shell.run_cell("%sql SELECT 1 AS one").result.one.tolist() == [1]
    again.close()


def test_a_second_setup_after_closing_says_nothing_of_the_first(connection, shell, settings, cluster, caplog):
    magic.sql_magic(connection)
    connection.close()
    with closing(warehouse.connect(settings, cluster)) as again:
        magic.sql_magic(again)
        gc.collect()
    assert caplog.messages == []
