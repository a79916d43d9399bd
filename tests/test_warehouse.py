"""Statements come from files with their values quoted; queries run on one connection, also from %sql."""

import pytest

from redjam import warehouse

COPY_SONGS = {"song_data": "s3://b/songs", "iam_role": "arn", "region": "us-west-2"}


def test_a_statements_values_are_quoted():
    text = warehouse.statement("copy/staging_songs", **COPY_SONGS | {"song_data": "s3://it's\\a"})
    assert "FROM 's3://it''s\\\\a'\n" in text


def test_a_quoted_value_is_the_value_and_no_parameter(connection):
    odd = "it's :b and \\ in s3://a:b/%s"
    text = warehouse.statement("copy/staging_songs", **COPY_SONGS | {"song_data": odd})
    literal = text.split("FROM ")[1].split("\n")[0]
    assert warehouse.frame(connection, f"SELECT {literal} AS value").value.tolist() == [odd]


@pytest.mark.parametrize("values", [{}, COPY_SONGS | {"more": "x"}, {"song_data": "s"}])
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
    insert = "INSERT INTO users (user_id, last_played) VALUES (1, GETDATE())"
    with pytest.raises(ZeroDivisionError), warehouse.transaction(connection):
        warehouse.execute(connection, insert)
        raise ZeroDivisionError
    assert warehouse.frame(connection, "SELECT * FROM users").empty
    with warehouse.transaction(connection):
        warehouse.execute(connection, insert)
    connection.rollback()
    assert len(warehouse.frame(connection, "SELECT * FROM users")) == 1


def test_truncate_commits_as_on_redshift(connection):
    with pytest.raises(ZeroDivisionError), warehouse.transaction(connection):
        warehouse.execute(connection, "INSERT INTO users (user_id, last_played) VALUES (1, GETDATE())")
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
    shell.user_ns["question"] = warehouse.Statement("SELECT 7 AS n, ':' AS colon, '50%' AS share")
    shell.run_cell("%%sql answer <<\n{question}").raise_error()
    assert shell.user_ns["answer"].values.tolist() == [[7, ":", "50%"]]


def test_a_failed_sql_cell_fails_and_the_next_one_works(connection, shell):
    warehouse.sql_magic(connection)
    assert shell.run_cell("%sql SELECT nothing FROM nowhere").error_in_exec
    assert shell.run_cell("%sql SELECT 1 AS one").result.one.tolist() == [1]


def test_the_setup_cell_can_run_again(connection, shell, settings, cluster):
    warehouse.sql_magic(connection)
    again = warehouse.connect(settings, cluster)
    warehouse.sql_magic(again)
    connection.close()
    assert shell.run_cell("%sql SELECT 1 AS one").result.one.tolist() == [1]
    again.close()
