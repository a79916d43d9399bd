"""Statements come from files with their values quoted; queries run on one connection, also from %sql."""

import gc
import json
from contextlib import closing
from datetime import datetime

import nbformat
import psycopg2
import pytest
from nbclient import NotebookClient

from redjam import warehouse

COPY_SONGS = {"manifest": "s3://b/songs", "iam_role": "arn", "region": "us-west-2", "max_error": 3}
LISTENER = "INSERT INTO users (user_id, last_played, last_songplay_id) VALUES (1, GETDATE(), 'a')"


def test_a_statements_texts_are_quoted_and_its_numbers_are_not():
    text = warehouse.statement("copy/staging_songs", **COPY_SONGS | {"manifest": "s3://it's\\a"})
    assert "FROM 's3://it''s\\\\a'\n" in text
    assert "\nMAXERROR 3\n" in text


def test_a_quoted_value_is_the_value_and_no_parameter(connection):
    odd = "it's :b and \\ in s3://a:b/%s"
    text = warehouse.statement("copy/staging_songs", **COPY_SONGS | {"manifest": odd})
    literal = text.split("FROM ")[1].split("\n")[0]
    assert warehouse.frame(connection, f"SELECT {literal} AS value").value.tolist() == [odd]


@pytest.mark.parametrize("values", [{}, COPY_SONGS | {"more": "x"}, {"manifest": "s"}])
def test_a_missing_or_unused_value_is_an_error(values):
    with pytest.raises(ValueError, match=r"copy/staging_songs\.sql takes"):
        warehouse.statement("copy/staging_songs", **values)


def test_a_rule_is_the_comment_on_top():
    assert warehouse.rule("analytics/most_played_songs") == "Which songs are played most?"


def test_parameters_are_data(connection):
    hostile = "'; DROP TABLE songs; -- %s :x \\"
    frame = warehouse.frame(connection, "SELECT :text AS text, '100%' AS share", text=hostile)
    assert frame.values.tolist() == [[hostile, "100%"]]


def test_a_missing_or_unknown_parameter_is_an_error(connection):
    with pytest.raises(ValueError, match="top_n"):
        warehouse.frame(connection, warehouse.statement("analytics/most_played_songs"))
    with pytest.raises(ValueError, match="other"):
        warehouse.execute(connection, "SELECT 1", other=2)


def test_a_failed_statement_does_not_poison_the_session(connection):
    with pytest.raises(Exception, match="division by zero"):
        warehouse.execute(connection, "SELECT 1 / 0")
    assert warehouse.frame(connection, "SELECT 1 AS one").one.tolist() == [1]


def test_a_transaction_rolls_back_as_a_whole(connection):
    with pytest.raises(ZeroDivisionError), warehouse.transaction(connection):
        warehouse.execute(connection, LISTENER)
        raise ZeroDivisionError
    assert warehouse.frame(connection, "SELECT * FROM users").empty
    with warehouse.transaction(connection):
        warehouse.execute(connection, LISTENER)
    connection.rollback()
    assert len(warehouse.frame(connection, "SELECT * FROM users")) == 1


def test_an_error_on_a_lost_connection_is_told_and_not_that_it_cannot_roll_back(settings, cluster):
    with closing(warehouse.connect(settings, cluster)) as lost:
        with pytest.raises(ZeroDivisionError), warehouse.transaction(lost):
            lost.close()
            raise ZeroDivisionError
        assert lost.closed


def test_a_connection_that_is_lost_in_a_transaction_says_so(connection, settings, cluster):
    with closing(warehouse.connect(settings, cluster)) as lost:
        with pytest.raises(psycopg2.OperationalError, match="connection"), warehouse.transaction(lost):
            warehouse.execute(lost, "SELECT 1")
            warehouse.execute(connection, f"SELECT pg_terminate_backend({lost.info.backend_pid})")
            warehouse.execute(lost, "SELECT 2")
        assert lost.closed


@pytest.fixture
def numbers(connection):
    """A function that counts the rows of a table of this name, in another transaction each time."""
    warehouse.execute(connection, "DROP TABLE IF EXISTS numbers; CREATE TABLE numbers (n INTEGER)")
    yield lambda: warehouse.frame(connection, "SELECT count(*) AS n FROM numbers").n[0]
    warehouse.execute(connection, "DROP TABLE numbers")


def test_several_statements_in_one_text_are_one_transaction(connection, numbers):
    for fails in ("SELECT 1 / 0", "SELECT 1 ON CONFLICT", "SELECT nothing FROM nowhere"):
        with pytest.raises(psycopg2.Error):
            warehouse.execute(connection, f"INSERT INTO numbers VALUES (1); {fails}; INSERT INTO numbers VALUES (2)")
        assert numbers() == 0
    found = warehouse.frame(connection, "INSERT INTO numbers VALUES (1); SELECT n FROM numbers")
    assert found.n.tolist() == [1]
    assert numbers() == 1


def test_a_text_that_ends_its_transaction_itself_is_left_alone(connection, numbers):
    warehouse.execute(connection, "BEGIN; INSERT INTO numbers VALUES (1); COMMIT; INSERT INTO numbers VALUES (2)")
    warehouse.execute(connection, "BEGIN; DELETE FROM numbers")
    assert numbers() == 0
    warehouse.execute(connection, "ROLLBACK; INSERT INTO numbers VALUES (3)")
    assert numbers() == 3


def test_many_rows_of_values_go_through_the_translator(connection, numbers):
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO numbers VALUES (NVL(%s, 5))", [(1,), (None,)])
    assert warehouse.frame(connection, "SELECT n FROM numbers ORDER BY n").n.tolist() == [1, 5]


TEXTS = [
    "",
    "it's",
    '"a"',
    "100% :x %s {n} $n",
    "back\\slash \\' ",
    "a\nb\t",
    "Björk 坂本 🎵",
    "'; DROP TABLE songs; --",
    None,
]


def test_rows_are_inserted_as_they_are(connection):
    warehouse.execute(connection, "CREATE TEMP TABLE mine (n INTEGER, text VARCHAR(99), at TIMESTAMP)")
    at = datetime(2018, 11, 1, 21, 1, 46, 796001)
    rows = [{"text": text, "n": n, "at": at if n % 2 else None} for n, text in enumerate(TEXTS)]
    warehouse.insert(connection, "mine", rows)
    with connection.cursor() as cursor:
        cursor.execute("SELECT text, n, at FROM mine ORDER BY n")
        assert cursor.fetchall() == [tuple(row.values()) for row in rows]


@pytest.mark.parametrize("count", [0, 1, 500, 501, 1203])
def test_any_number_of_rows_is_inserted(connection, count):
    warehouse.execute(connection, "CREATE TEMP TABLE mine (n INTEGER, text VARCHAR(99))")
    warehouse.insert(connection, "mine", [{"n": n, "text": f"{n}%"} for n in range(count)])
    found = warehouse.frame(connection, "SELECT n, text FROM mine ORDER BY n")
    assert found.values.tolist() == [[n, f"{n}%"] for n in range(count)]


def test_inserted_rows_belong_to_the_transaction(connection, numbers):
    with pytest.raises(ZeroDivisionError), warehouse.transaction(connection):
        warehouse.insert(connection, "numbers", [{"n": n} for n in range(501)])
        raise ZeroDivisionError
    assert numbers() == 0


def test_a_text_without_a_statement_is_an_error(connection):
    for text in ("", ";", "-- nothing"):
        with pytest.raises(psycopg2.ProgrammingError, match="empty query"):
            warehouse.execute(connection, text)


def test_truncate_commits_as_on_redshift(connection):
    with pytest.raises(ZeroDivisionError), warehouse.transaction(connection):
        warehouse.execute(connection, LISTENER)
        warehouse.execute(connection, "TRUNCATE songs")
        raise ZeroDivisionError
    assert len(warehouse.frame(connection, "SELECT * FROM users")) == 1


@pytest.fixture
def shell():
    """An IPython of its own."""
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.clear_instance()
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_sql_cells_use_the_same_connection_and_give_frames(connection, shell, capsys):
    warehouse.sql_magic(connection)
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
@pytest.mark.parametrize("magic", ["%sql ", "%%sql\n"])
def test_what_is_written_in_a_cell_reaches_the_warehouse_as_it_is(connection, shell, magic, statement, value):
    if magic == "%sql ":
        statement = statement.partition("\n")[0]
    warehouse.sql_magic(connection)
    shell.user_ns["least"] = 7
    assert shell.run_cell(magic + statement).result.iat[0, 0] == value


def test_a_functions_arguments_are_no_variables_of_python(connection, shell):
    warehouse.sql_magic(connection)
    made = "CREATE OR REPLACE FUNCTION squared (FLOAT) RETURNS FLOAT STABLE AS $$ SELECT $1 * $1 $$ LANGUAGE sql"
    shell.run_cell(f"%%sql\n{made}").raise_error()
    assert shell.run_cell("%sql SELECT squared(3)").result.iat[0, 0] == 9


REFUSED = "%%sql\nINSERT INTO songs (song_id) VALUES ('S')\nON CONFLICT DO NOTHING"
WHY = "Redshift has no ON CONFLICT. Write MERGE, or DELETE the old rows and INSERT the new ones."


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
    warehouse.sql_magic(connection)
    failed = shell.run_cell(cell).error_in_exec
    assert isinstance(failed, warehouse.StatementFailed)
    told = capsys.readouterr().out
    assert told.startswith("StatementFailed: ")
    assert says in told
    assert len(told.splitlines()) <= 4
    assert not any(word in told for word in ("Traceback", "sqlalche", "psycopg2"))
    assert shell.run_cell("%sql SELECT 1 AS one").result.one.tolist() == [1]


@pytest.mark.parametrize("begin", ["%sql BEGIN", "%%sql\nbegin transaction", "%%sql\nBEGIN;\nDELETE FROM users;"])
@pytest.mark.parametrize("wrong", ["%sql SELECT nothing FROM nowhere", REFUSED])
def test_an_error_in_a_transaction_aborts_it_until_rollback(connection, shell, capsys, begin, wrong):
    warehouse.sql_magic(connection)
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
    warehouse.sql_magic(connection)
    for cell in (
        "%sql BEGIN",
        f"%sql {LISTENER}",
        "%sql TRUNCATE songs",
        "%sql ROLLBACK",
    ):
        shell.run_cell(cell).raise_error()
    assert shell.run_cell("%sql SELECT COUNT(*) AS n FROM users").result.n.tolist() == [1]


def test_a_copy_in_a_cell_tells_of_the_rows_it_leaves_out(connection, shell, capsys, caplog, tmp_path):
    warehouse.sql_magic(connection)
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
    warehouse.sql_magic(connection)
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
    setup = """from redjam import config, infrastructure, warehouse
settings = config.load()
connection = warehouse.connect(settings, infrastructure.find_cluster(settings))
warehouse.sql_magic(connection)"""
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
    warehouse.sql_magic(connection)
    again = warehouse.connect(settings, cluster)
    warehouse.sql_magic(again)
    connection.close()
    assert shell.run_cell("%sql SELECT 1 AS one").result.one.tolist() == [1]
    again.close()


def test_a_second_setup_after_closing_says_nothing_of_the_first(connection, shell, settings, cluster, caplog):
    warehouse.sql_magic(connection)
    connection.close()
    with closing(warehouse.connect(settings, cluster)) as again:
        warehouse.sql_magic(again)
        gc.collect()
    assert caplog.messages == []


def test_a_database_has_the_name_that_the_cluster_gives_it(connection, settings):
    found = warehouse.frame(connection, "SELECT current_database() AS name").name.tolist()
    assert found + warehouse.frame(connection, "SHOW DATABASES").database_name.tolist() == [settings.dbname] * 2


def test_a_session_beside_sees_what_is_committed_and_ends_by_itself(connection, numbers):
    with closing(warehouse.beside(connection)) as beside:
        assert beside.info.backend_pid != connection.info.backend_pid
        with warehouse.transaction(connection):
            warehouse.execute(connection, "INSERT INTO numbers VALUES (1)")
            assert warehouse.frame(beside, "SELECT n FROM numbers").empty
        assert warehouse.frame(beside, "SELECT n FROM numbers").n.tolist() == [1]
        warehouse.execute(beside, "INSERT INTO numbers VALUES (2)")
    assert numbers() == 2


def test_skew_has_a_line_for_each_table_with_rows(connection):
    skew = warehouse.statement("skew")
    assert warehouse.frame(connection, skew).empty
    warehouse.execute(connection, LISTENER)
    found = warehouse.frame(connection, skew).set_index("table")
    assert found.index.tolist() == ["users"]
    assert found.columns.tolist() == ["diststyle", "sortkey1", "tbl_rows", "skew_rows", "unsorted", "stats_off"]
    assert (found.at["users", "diststyle"], found.at["users", "tbl_rows"]) == ("ALL", 1)
