"""What a COPY leaves behind: records that no rollback takes, and one message that says which rows and what to do."""

import dataclasses
import json
import re
from contextlib import closing, nullcontext

import psycopg2
import pytest

from redjam import bucket, load_errors, sources, staging, warehouse
from redjam.load_errors import LoadFailed, Rejected, message
from redjam.local import history

BAD = [
    {"id": 1, "artist": "Zoë", "at": "2018-11-01 10:00:00", "name": "a"},
    {"id": 2, "artist": "Florence + The Machine", "at": "2018-11-01 10:00:00", "name": "b"},
    {"id": 3, "artist": "c", "at": "yesterday", "name": "c"},
    {"id": "x4", "artist": "d", "at": "2018-11-01 10:00:00", "name": "d"},
    {"id": 5, "artist": "e", "at": "2018-11-01 10:00:00"},
]
TABLE = "CREATE TEMP TABLE t (id INTEGER, artist VARCHAR(20), at TIMESTAMP, name VARCHAR(9) NOT NULL)"
FAILED = "Load into table 't' failed.  Check 'stl_load_errors' system table for details."


@pytest.fixture
def scratch(settings, cluster):
    """A connection to a database whose catalog a test may break."""
    connection = warehouse.connect(settings, dataclasses.replace(cluster, dbname="scratch"))
    yield connection
    connection.close()


@pytest.fixture
def copy(tmp_path):
    """Write documents to a file and give the COPY that loads it into a table."""

    def statement(documents: list, options: str = "", table: str = "t") -> str:
        lines = [json.dumps(document, ensure_ascii=False) for document in documents]
        (tmp_path / "rows.json").write_text("\n".join(lines))
        return f"COPY {table} FROM '{tmp_path / 'rows.json'}' IAM_ROLE default JSON 'auto' {options}"

    return statement


def rows(connection, query: str) -> list[tuple]:
    return [tuple(row) for row in warehouse.frame(connection, query).values.tolist()]


# --- The records ------------------------------------------------------------------------------------------


def test_a_failed_copy_leaves_a_record_of_each_row(connection, copy):
    warehouse.execute(connection, TABLE)
    with pytest.raises(LoadFailed):
        warehouse.execute(connection, copy(BAD))
    found = rows(
        connection,
        """SELECT err_code, line_number, TRIM(filename), TRIM(colname), TRIM(type), TRIM(col_length),
            TRIM(raw_field_value), TRIM(err_reason)
        FROM stl_load_errors WHERE query = pg_last_copy_id() ORDER BY line_number""",
    )
    assert [row[:7] for row in found] == [
        (1204, 2, "rows.json", "artist", "varchar", "20", "Florence + The Machine"),
        (1206, 3, "rows.json", "at", "timestamp", "", "yesterday"),
        (1207, 4, "rows.json", "id", "int4", "", "x4"),
        (1213, 5, "rows.json", "name", "varchar", "9", ""),
    ]
    assert found[0][7] == "String length exceeds DDL length"
    detail = """SELECT error_code, line_number, TRIM(file_name), TRIM(column_name), TRIM(column_type),
        TRIM(column_length), TRIM(error_message)
        FROM sys_load_error_detail WHERE query_id = pg_last_copy_id() ORDER BY line_number"""
    assert rows(connection, detail) == [row[:6] + row[7:] for row in found]
    history = "SELECT status, table_name, loaded_rows, error_count FROM sys_load_history ORDER BY query_id DESC LIMIT 1"
    assert rows(connection, history) == [("aborted", "t", 0, 4)]


def test_a_record_is_padded_and_its_line_is_ascii(connection, copy):
    warehouse.execute(connection, TABLE)
    warehouse.execute(connection, copy([BAD[0] | {"id": "é"}], "MAXERROR 2"))
    query = "SELECT * FROM stl_load_errors WHERE query = pg_last_copy_id() AND colname = 'id'"
    record = warehouse.frame(connection, query).iloc[0]
    assert record.colname == "id".ljust(127)
    assert record.raw_field_value == "é".ljust(1024)
    assert record.raw_line.startswith('{"id": ".", "artist": "Zo.", ')
    assert len(record.raw_line) == 1024


def test_records_stay_when_the_transaction_is_rolled_back(connection, copy):
    warehouse.execute(connection, TABLE)
    with pytest.raises(ZeroDivisionError), warehouse.transaction(connection):
        warehouse.execute(connection, copy(BAD, "MAXERROR 9"))
        inside = rows(connection, "SELECT pg_last_copy_id(), pg_last_copy_count()")
        raise ZeroDivisionError
    query, count = inside[0]
    assert count == 1
    assert rows(connection, "SELECT COUNT(*) FROM t") == [(0,)]
    assert rows(connection, f"SELECT COUNT(*) FROM stl_load_errors WHERE query = {query}") == [(4,)]
    assert rows(connection, f"SELECT status, loaded_rows FROM sys_load_history WHERE query_id = {query}") == [
        ("completed", 1)
    ]
    assert rows(connection, f"SELECT transaction_id > 0 FROM sys_load_history WHERE query_id = {query}") == [(True,)]
    # https://docs.aws.amazon.com/redshift/latest/dg/PG_LAST_COPY_ID.html
    assert rows(connection, "SELECT pg_last_copy_id(), pg_last_copy_count()") == [(-1, 0)]


def test_a_copy_that_reads_no_row_is_recorded_and_is_not_the_last_copy(connection, copy):
    warehouse.execute(connection, TABLE)
    warehouse.execute(connection, copy(BAD[:1]))
    last = rows(connection, "SELECT pg_last_copy_id(), pg_last_copy_count()")
    with pytest.raises(psycopg2.InternalError, match="found no file"):
        warehouse.execute(connection, "COPY t FROM '/nowhere' IAM_ROLE default JSON 'auto'")
    newest = "SELECT status, data_source, error_count FROM sys_load_history ORDER BY query_id DESC LIMIT 1"
    assert rows(connection, newest) == [("aborted", "/nowhere", 0)]
    assert rows(connection, "SELECT pg_last_copy_id(), pg_last_copy_count()") == last
    assert last[0][0] > 0
    assert last[0][1] == 1


def test_each_session_has_its_own_last_copy(connection, copy, settings, cluster):
    warehouse.execute(connection, TABLE)
    with closing(warehouse.connect(settings, cluster)) as other:
        assert rows(other, "SELECT pg_last_copy_id(), pg_last_copy_count()") == [(-1, 0)]
        warehouse.execute(connection, copy(BAD[:1] * 3))
        assert rows(other, "SELECT pg_last_copy_id(), pg_last_copy_count()") == [(-1, 0)]
        warehouse.execute(other, TABLE)
        with pytest.raises(LoadFailed):
            warehouse.execute(other, copy(BAD))
        mine, theirs = (rows(who, "SELECT pg_last_copy_id(), pg_last_copy_count()")[0] for who in (connection, other))
    assert theirs[0] > mine[0] > 0
    assert (mine[1], theirs[1]) == (3, 0)


def test_a_former_session_of_the_same_process_id_is_another_one(scratch, copy):
    warehouse.execute(scratch, TABLE)
    warehouse.execute(scratch, copy(BAD[:1]))
    assert rows(scratch, "SELECT pg_last_copy_count()") == [(1,)]
    warehouse.execute(scratch, "UPDATE redshift_catalog.loads SET session_start = session_start - INTERVAL '1 day'")
    assert rows(scratch, "SELECT pg_last_copy_id(), pg_last_copy_count()") == [(-1, 0)]


def test_only_the_latest_copies_are_kept(scratch, copy, monkeypatch):
    monkeypatch.setattr(history, "KEPT", 3)
    warehouse.execute(scratch, TABLE)
    for _ in range(5):
        warehouse.execute(scratch, copy(BAD, "MAXERROR 9"))
    assert rows(scratch, "SELECT COUNT(*) FROM sys_load_history") == [(3,)]
    assert rows(scratch, "SELECT COUNT(*) FROM stl_load_errors") == [(12,)]


def test_a_record_that_fails_does_not_hide_the_copy(scratch, copy, caplog):
    warehouse.execute(scratch, TABLE)
    plain = psycopg2.connect(**scratch.info.dsn_parameters, password=scratch.info.password)
    with closing(plain), plain.cursor() as cursor:
        cursor.execute("LOCK redshift_catalog.loads")  # what a hanging upgrade would do
        cursor.execute("ALTER TABLE redshift_catalog.loads RENAME TO lost")
        plain.commit()
        warehouse.execute(scratch, copy(BAD[:1]))
        with pytest.raises(psycopg2.InternalError, match=re.escape(FAILED)):
            warehouse.execute(scratch, copy(BAD))
        cursor.execute("ALTER TABLE redshift_catalog.lost RENAME TO loads")
        plain.commit()
    assert rows(scratch, "SELECT COUNT(*) FROM t") == [(1,)]
    assert len([record for record in caplog.messages if "the record of the COPY into t is lost" in record]) == 2


def test_a_record_is_written_though_its_connection_has_died(connection, copy):
    warehouse.execute(connection, f"{TABLE}; {copy(BAD[:1])}")
    warehouse.execute(connection, f"SELECT pg_terminate_backend({connection.beside.info.backend_pid})")
    with pytest.raises(LoadFailed, match="COPY t: 4 rows rejected"):
        warehouse.execute(connection, copy(BAD))


def test_the_notices_are_redshifts(connection, copy):
    warehouse.execute(connection, TABLE)
    warehouse.execute(connection, copy(BAD[:1]))
    assert connection.notices == ["INFO:  Load into table 't' completed, 1 record(s) loaded successfully.\n"]
    warehouse.execute(connection, copy(BAD, "MAXERROR 9"))
    with connection.cursor() as cursor:
        connection.notices.clear()
        cursor.execute(copy(BAD, "MAXERROR 9"))
    assert connection.notices == [
        "INFO:  Load into table 't' completed, 1 record(s) loaded successfully.\n",
        "INFO:  Load into table 't' completed, 4 record(s) could not be loaded.  "
        "Check 'stl_load_errors' system table for details.\n",
    ]


# --- The message ------------------------------------------------------------------------------------------

LONG = "Florence " * 12


@pytest.mark.parametrize(
    ("rejected", "line"),
    [
        (
            Rejected("s3://b/x.json", 12, "artist", "varchar", "100", LONG, 1204, "String length exceeds DDL length"),
            f"s3://b/x.json line 12, column artist varchar(100), value '{LONG[:57]}...' (108 bytes): "
            "String length exceeds DDL length (1204); widen the column or add TRUNCATECOLUMNS",
        ),
        # What the system table has cut, or written with a period for a character, says nothing of the size.
        (
            Rejected("f", 1, "a", "varchar", "100", "x" * 1024, 1204, "too long"),
            f"f line 1, column a varchar(100), value '{'x' * 57}...': too long (1204); widen the column or add "
            "TRUNCATECOLUMNS",
        ),
        (
            Rejected("f", 1, "a", "varchar", "3", "..", 1204, "too long"),
            "f line 1, column a varchar(3), value '..': too long (1204); widen the column or add TRUNCATECOLUMNS",
        ),
        # Serverless has no values.
        (
            Rejected("f", 3, "n", "int4", "", None, 1222, "Overflow"),
            "f line 3, column n int4: Overflow (1222); widen the column",
        ),
        (
            Rejected("f", 3, "", "", "", '{"a":\n 1', 1216, "Invalid value (malformed JSON)"),
            "f line 3, at '{\"a\": 1': Invalid value (malformed JSON) (1216); COPY takes JSON objects of up to 4 MB "
            "that only white space separates, and the elements that a path names",
        ),
        (
            Rejected("f", 3, "c", "char", "3", "é", 1220, "Multibyte ... (Hint: Try using VARCHAR)"),
            "f line 3, column c char(3), value 'é': Multibyte ... (Hint: Try using VARCHAR) (1220)",
        ),
        (
            Rejected("f", 3, "c", "int4", "", "q", 1299, "Something new"),
            "f line 3, column c int4, value 'q': Something new (1299)",
        ),
    ],
)
def test_a_line_says_where_what_why_and_what_to_do(rejected, line):
    assert message(FAILED, [rejected], 1) == f"COPY t: 1 row rejected, nothing was loaded.\n    {line}"


def test_ten_rows_are_shown_and_the_others_counted():
    shown = [Rejected("f", n, "c", "int4", "", "q", 1207, "Invalid digit") for n in range(1, 13)]
    lines = message(FAILED, shown, 1200).splitlines()
    assert lines[0] == "COPY t: 1,200 rows rejected, nothing was loaded."
    assert [re.search(r"line (\d+)", line)[1] for line in lines[1:-1]] == [str(n) for n in range(1, 11)]
    assert lines[-1] == "    and 1,190 more"


def test_a_partial_copy_says_how_much_it_loaded():
    said = (
        "INFO:  Load into table 'x' completed, 5 record(s) loaded successfully.\n"
        "INFO:  Load into table 't' completed, 1097 record(s) loaded successfully.\n"
        "INFO:  Load into table 't' completed, 30 record(s) could not be loaded.  "
        "Check 'sys_load_error_detail' system table for details.\n"
    )
    row = Rejected("f", 1, "c", "int4", "", "q", 1299, "r")
    assert message(said, [row], 20).splitlines() == [
        "COPY t: 30 rows rejected, 1,097 loaded.",
        "    f line 1, column c int4, value 'q': r (1299)",
        "    and 29 more",
    ]


def test_a_failed_copy_raises_the_message(connection, copy):
    warehouse.execute(connection, TABLE)
    with pytest.raises(psycopg2.InternalError) as failed:
        warehouse.frame(connection, copy(BAD))
    assert isinstance(failed.value, LoadFailed)
    lines = str(failed.value).splitlines()
    assert lines[0] == "COPY t: 4 rows rejected, nothing was loaded."
    assert lines[1] == (
        "    rows.json line 2, column artist varchar(20), value 'Florence + The Machine' (22 bytes): "
        "String length exceeds DDL length (1204); widen the column or add TRUNCATECOLUMNS"
    )
    assert len(lines) == 5


def test_what_maxerror_lets_pass_is_one_warning(connection, copy, caplog):
    warehouse.execute(connection, TABLE)
    warehouse.execute(connection, copy(BAD, "MAXERROR 9"))
    warehouse.execute(connection, "SELECT 1")
    (warning,) = caplog.messages
    assert warning.startswith("COPY t: 4 rows rejected, 1 loaded.\n    rows.json line 2, column artist")


def told_of(rejected: list[Rejected]) -> list[tuple]:
    return [(row.file, row.line, row.column, row.value, row.code) for row in rejected]


REJECTED = [
    ("rows.json", 2, "artist", "Florence + The Machine", 1204),
    ("rows.json", 3, "at", "yesterday", 1206),
    ("rows.json", 4, "id", "x4", 1207),
    ("rows.json", 5, "name", "", 1213),
]


def test_a_failed_copy_gives_its_rejected_rows_also_in_a_transaction(connection, copy):
    warehouse.execute(connection, TABLE)
    for block in (nullcontext(), warehouse.transaction(connection)):
        with pytest.raises(LoadFailed) as failed, block:
            warehouse.execute(connection, copy(BAD))
        assert told_of(failed.value.rejected) == REJECTED


def test_what_maxerror_lets_pass_can_be_asked_for(connection, copy):
    warehouse.execute(connection, TABLE)
    for block in (nullcontext(), warehouse.transaction(connection)):
        with block:
            warehouse.execute(connection, copy(BAD, "MAXERROR 9"))
            assert told_of(load_errors.rejected(connection)) == REJECTED
            # Of a statement that rejects nothing, there is nothing to tell.
            warehouse.execute(connection, copy(BAD[:1]))
            assert load_errors.rejected(connection) == []
            warehouse.execute(connection, copy(BAD, "MAXERROR 9"))
            warehouse.execute(connection, "SELECT 1")
            assert load_errors.rejected(connection) == []


@pytest.mark.parametrize("maxerror", [60, 30])
def test_all_rejected_rows_are_given_though_the_message_shows_ten(connection, copy, caplog, maxerror):
    warehouse.execute(connection, TABLE)
    try:
        warehouse.execute(connection, copy([BAD[3]] * 40, f"MAXERROR {maxerror}"))
        found, said = load_errors.rejected(connection), caplog.messages[0]
    except LoadFailed as failed:
        found, said = failed.rejected, str(failed)
    # A COPY that fails has stopped at its last error.
    count = min(maxerror, 40)
    assert [row.line for row in found] == list(range(1, count + 1))
    assert said.splitlines()[-1] == f"    and {count - 10} more"


def test_a_warning_leaves_the_transaction_as_it_is(connection, copy, caplog):
    warehouse.execute(connection, TABLE)
    with warehouse.transaction(connection):
        warehouse.execute(connection, copy(BAD, "MAXERROR 9"))
        warehouse.execute(connection, "INSERT INTO t (name) VALUES ('more')")
    assert "value 'Florence + The Machine'" in caplog.messages[0]
    assert rows(connection, "SELECT COUNT(*) FROM t") == [(2,)]


def test_two_copies_in_one_text_are_reported_in_redshifts_words(connection, copy, caplog):
    warehouse.execute(connection, TABLE)
    warehouse.execute(connection, f"{copy(BAD, 'MAXERROR 9')}; {copy(BAD, 'MAXERROR 9')}")
    (warning,) = caplog.messages
    assert warning.count("4 record(s) could not be loaded.  Check 'stl_load_errors'") == 2


INSERT = "INSERT INTO users (user_id, last_played, last_songplay_id) VALUES (1, GETDATE(), 'a')"


def test_a_failed_copy_in_a_transaction_rolls_it_back_to_say_why(connection, copy):
    warehouse.execute(connection, TABLE)
    told = r"4 rows rejected(?s:.)+\nThe transaction is rolled back\.$"
    with pytest.raises(LoadFailed, match=told), warehouse.transaction(connection):
        warehouse.execute(connection, INSERT)
        warehouse.execute(connection, copy(BAD))
    assert connection.autocommit
    warehouse.execute(connection, "BEGIN")
    warehouse.execute(connection, INSERT)
    with pytest.raises(LoadFailed, match="4 rows rejected"):
        warehouse.execute(connection, copy(BAD))
    # As after any error, nothing is taken until the user ends what she began.
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        warehouse.execute(connection, INSERT)
    warehouse.execute(connection, "COMMIT")
    assert rows(connection, "SELECT COUNT(*) FROM users") == [(0,)]


@pytest.fixture
def reader(scratch):
    """The connection as a user to whom, as on Serverless, the STL tables are denied."""
    warehouse.execute(scratch, TABLE)
    warehouse.execute(scratch, "REVOKE SELECT ON redshift_catalog.stl_load_errors FROM PUBLIC")
    warehouse.execute(scratch, "CREATE USER reader PASSWORD DISABLE; GRANT ALL ON t TO reader; SET ROLE reader")
    yield scratch
    warehouse.execute(scratch, "RESET ROLE; REVOKE ALL ON t FROM reader; DROP USER reader")
    warehouse.execute(scratch, "GRANT SELECT ON redshift_catalog.stl_load_errors TO PUBLIC")
    warehouse.execute(scratch, "GRANT SELECT ON redshift_catalog.sys_load_error_detail TO PUBLIC")


def test_where_stl_is_denied_the_message_comes_from_sys(reader, copy, caplog):
    with pytest.raises(psycopg2.ProgrammingError, match="permission denied for view stl_load_errors"):
        warehouse.frame(reader, "SELECT * FROM stl_load_errors")
    with pytest.raises(LoadFailed) as failed:
        warehouse.execute(reader, copy(BAD))
    assert str(failed.value).splitlines()[:2] == [
        "COPY t: 4 rows rejected, nothing was loaded.",
        "    rows.json line 2, column artist varchar(20): String length exceeds DDL length (1204); "
        "widen the column or add TRUNCATECOLUMNS",
    ]
    warehouse.execute(reader, copy(BAD, "MAXERROR 9"))
    [warning] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warning.startswith("COPY t: 4 rows rejected, 1 loaded.\n    rows.json line 2, column artist")


def test_where_stl_is_denied_a_transaction_can_still_say_why(reader, copy):
    with pytest.raises(LoadFailed, match=r"line 2, column artist varchar\(20\): "), warehouse.transaction(reader):
        warehouse.execute(reader, copy(BAD))
    # To ask in vain would abort the transaction; that must not come as a surprise at its next statement.
    aborted = (
        "4 record(s) could not be loaded.  Check 'stl_load_errors' system table for details.\nBut you may not read"
    )
    with pytest.raises(LoadFailed, match=re.escape(aborted)), warehouse.transaction(reader):
        warehouse.execute(reader, copy(BAD, "MAXERROR 9"))


def test_where_both_are_denied_redshifts_own_words_stay(reader, copy):
    warehouse.execute(reader, "RESET ROLE")
    warehouse.execute(reader, "REVOKE SELECT ON redshift_catalog.sys_load_error_detail FROM PUBLIC")
    warehouse.execute(reader, "SET ROLE reader")
    with pytest.raises(LoadFailed) as failed:
        warehouse.execute(reader, copy(BAD))
    assert str(failed.value) == FAILED


def test_a_query_about_the_system_tables_is_no_failed_copy():
    error = psycopg2.ProgrammingError("permission denied for relation stl_load_errors")
    assert load_errors.explained(None, error) is error


def test_the_real_data_has_two_artists_of_101_bytes(connection, settings, cluster, real_data):
    warehouse.execute(connection, "DROP TABLE staging_events")
    narrow = re.sub(r"(\bartist\s+)VARCHAR(\(\d+\))?", r"\1VARCHAR(100)", warehouse.statement("tables/staging_events"))
    warehouse.execute(connection, narrow)
    source = dataclasses.replace(
        settings, log_data=str(real_data / "log-data"), log_json_path=str(real_data / "log_json_path.json")
    )
    region = staging.region(source, "staging_events")
    files = [file.uri for file in sources.find(source, source.log_data)]
    manifests = sources.put_manifests(source, bucket.work_place(source, region), {"real": files})
    copy = staging.copy_statement(source, cluster.role_arn, "staging_events", *manifests, 1)
    with pytest.raises(LoadFailed) as failed, warehouse.transaction(connection):
        warehouse.execute(connection, warehouse.statement("stage/new_events"))
        warehouse.execute(connection, copy)
    lines = str(failed.value).splitlines()
    assert lines[0] == "COPY new_events: 2 rows rejected, nothing was loaded."
    assert lines[3:] == ["The transaction is rolled back."]
    for line in lines[1:3]:
        assert re.match(r"    \S+\.json line \d+, column artist varchar\(100\), value '.+' \(101 bytes\): ", line)
