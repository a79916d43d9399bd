"""Statements come from files with their values quoted; queries run on one connection, also from %sql."""

from contextlib import closing
from datetime import datetime

import psycopg2
import pytest

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
    assert warehouse.rule("analytics/plays_by_day") == (
        "How often do people listen, day by day? A session that runs past midnight counts on both days."
    )


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
