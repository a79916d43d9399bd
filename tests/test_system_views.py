"""The system views have Redshift's columns and say of tables what is so; an older catalog is brought up to date."""

import json
from contextlib import closing
from datetime import UTC, datetime

import pytest
from conftest import EVENT

from redjam import aws, load_errors, warehouse
from redjam.local import postgres as embedded
from redjam.local.sql import system_views

# Column and type: https://docs.aws.amazon.com/redshift/latest/dg/ and the page of the view.
COLUMNS = {
    "stl_load_errors": """userid integer, slice integer, tbl integer, starttime timestamp without time zone,
        session integer, query integer, filename character(256), line_number bigint, colname character(127),
        type character(10), col_length character(10), position integer, raw_line character(1024),
        raw_field_value character(1024), err_code integer, err_reason character(100)""",
    "sys_load_error_detail": """user_id integer, query_id bigint, transaction_id bigint, session_id integer,
        database_name character(64), table_id integer, start_time timestamp without time zone,
        file_name character(256), line_number bigint, column_name character(127), column_type character(10),
        column_length character(10), position integer, error_code integer, error_message character(512)""",
    "sys_load_history": """user_id integer, query_id bigint, transaction_id bigint, session_id integer,
        database_name text, status text, table_name text, start_time timestamp without time zone,
        end_time timestamp without time zone, duration bigint, data_source text, file_format text,
        loaded_rows bigint, loaded_bytes bigint, source_file_count integer, source_file_bytes bigint,
        file_count_scanned integer, file_bytes_scanned bigint, error_count bigint, copy_job_id bigint""",
    "sys_load_detail": """user_id integer, query_id bigint, file_name character(256), bytes_scanned bigint,
        lines_scanned bigint, record_time timestamp without time zone, splits_scanned integer,
        start_time timestamp without time zone, end_time timestamp without time zone, file_etag character(256),
        file_last_modified timestamp without time zone""",
    "svv_table_info": """database text, schema text, table_id oid, table text, encoded text, diststyle text,
        sortkey1 text, max_varchar integer, sortkey1_enc character(32), sortkey_num integer, size bigint,
        pct_used numeric(10,4), empty bigint, unsorted numeric(5,2), stats_off numeric(5,2),
        tbl_rows numeric(38,0), skew_sortkey1 numeric(19,2), skew_rows numeric(19,2),
        estimated_visible_rows numeric(38,0), risk_event text, vacuum_sort_benefit numeric(12,2),
        create_time timestamp without time zone""",
    "svv_transactions": """txn_owner text, txn_db text, xid bigint, pid integer,
        txn_start timestamp without time zone, lock_mode text, lockable_object_type text, relation integer,
        granted boolean""",
}


@pytest.mark.parametrize("view", COLUMNS)
def test_a_view_has_redshifts_columns(connection, view):
    query = f"""SELECT attname || ' ' || format_type(atttypid, atttypmod) AS column_type FROM pg_attribute
        WHERE attrelid = 'redshift_catalog.{view}'::regclass AND attnum > 0 ORDER BY attnum"""
    found = warehouse.frame(connection, query).column_type.tolist()
    assert found == " ".join(COLUMNS[view].split()).split(", ")
    assert warehouse.frame(connection, f"SELECT * FROM {view} LIMIT 0").columns.tolist() == [
        column.split()[0] for column in found
    ]


@pytest.fixture
def about(connection):
    """Make a table in a schema of the test's own and give its line of svv_table_info as a dict, or None."""
    warehouse.execute(connection, "DROP SCHEMA IF EXISTS mine CASCADE; CREATE SCHEMA mine; SET search_path TO mine")

    def line(*statements: str) -> dict | None:
        for statement in statements:
            warehouse.execute(connection, statement)
        found = warehouse.frame(connection, """SELECT * FROM svv_table_info WHERE "schema" = 'mine'""")
        return None if found.empty else found.iloc[0].to_dict()

    yield line
    warehouse.execute(connection, "DROP SCHEMA mine CASCADE")


KEYS = [
    ("a INT", "", "AUTO(ALL)", "AUTO(SORTKEY)", None, 0, "Y, AUTO(ENCODE)"),
    ("a INT, b VARCHAR(7)", "DISTSTYLE EVEN SORTKEY (b, a)", "EVEN", "b", "none", 2, "Y, AUTO(ENCODE)"),
    ("a INT ENCODE RAW SORTKEY", "DISTSTYLE ALL", "ALL", "a", "none", 1, "N"),
    ("a INT DISTKEY, b INT ENCODE az64 SORTKEY", "", "KEY(a)", "b", "az64", 1, "Y"),
]


@pytest.mark.parametrize(("columns", "options", "diststyle", "sortkey", "encoding", "number", "encoded"), KEYS)
def test_table_info_shows_the_keys(about, columns, options, diststyle, sortkey, encoding, number, encoded):
    found = about(f"CREATE TABLE t ({columns}) {options}", "INSERT INTO t (a) VALUES (1), (2), (3)")
    assert (found["diststyle"], found["sortkey1"], found["sortkey_num"]) == (diststyle, sortkey, number)
    assert (found["sortkey1_enc"] and found["sortkey1_enc"].strip()) == encoding
    assert found["encoded"] == encoded
    assert (found["table"], found["tbl_rows"], found["max_varchar"]) == ("t", 3, 7 if "VARCHAR" in columns else 0)
    assert (found["skew_rows"] is None) == (not diststyle.startswith("KEY"))


def test_table_info_skips_empty_and_temporary_tables(about):
    assert about("CREATE TABLE t (a INT)", "CREATE TEMP TABLE u (a INT)", "INSERT INTO u VALUES (1)") is None


def test_table_info_shows_that_rows_without_a_key_lie_together(about):
    numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n"
    even = about("CREATE TABLE t (a INT DISTKEY)", f"INSERT INTO t {numbers}")
    assert 1 <= even["skew_rows"] < 1.3
    third = about("UPDATE t SET a = NULL WHERE a % 3 <> 0")
    assert 3 < third["skew_rows"] < 7
    none = about("UPDATE t SET a = NULL")
    assert none["skew_rows"] == 1000


def test_load_history_counts_files_and_bytes(connection, tmp_path):
    folder = tmp_path / "events"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.json").write_text(json.dumps(EVENT))
    warehouse.execute(connection, f"COPY staging_events FROM '{folder}' IAM_ROLE default JSON 'auto ignorecase'")
    found = warehouse.frame(connection, "SELECT * FROM sys_load_history WHERE query_id = pg_last_copy_id()").iloc[0]
    assert (found.status, found.loaded_rows, found.source_file_count) == ("completed", 3, 3)
    assert found.source_file_bytes == 3 * len(json.dumps(EVENT))
    assert found.data_source == str(folder)
    assert found.duration > 0
    assert found.end_time > found.start_time


def test_load_detail_counts_the_rows_of_each_file(connection, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    contents = {
        "1.json": '{"n": 1}\n{"n": 2}',
        "2.json": "",
        "3.json": '{"n": 3}\n\n{"n": "x"}\n',
        "4\udce9.json": "{}",
    }
    for name, content in contents.items():
        (folder / name).write_text(content)
    warehouse.execute(connection, "CREATE TEMP TABLE t (n INT)")
    copy = f"COPY t FROM '{folder}' IAM_ROLE default JSON 'auto'"
    warehouse.execute(connection, f"{copy} MAXERROR 2")
    about = "SELECT * FROM sys_load_detail WHERE query_id = pg_last_copy_id() ORDER BY file_name"
    found = warehouse.frame(connection, about)
    names = ["data/1.json", "data/2.json", "data/3.json", r"data/4\xe9.json"]
    assert found["file_name"].str.rstrip().tolist() == names
    assert found["lines_scanned"].tolist() == [2, 0, 2, 1]
    assert found["bytes_scanned"].tolist() == [len(content) for content in contents.values()]
    changed = datetime.fromtimestamp((folder / "1.json").stat().st_mtime, UTC).replace(tzinfo=None)
    assert found["file_last_modified"][0] == changed
    assert (found["end_time"] > found["start_time"]).all()
    history = warehouse.frame(connection, "SELECT * FROM sys_load_history WHERE query_id = pg_last_copy_id()").iloc[0]
    assert (history.source_file_count, history.loaded_rows, history.error_count) == (4, 4, 1)

    # Of a COPY that fails, no files are kept.
    with pytest.raises(load_errors.LoadFailed):
        warehouse.execute(connection, copy)
    assert warehouse.frame(connection, about).empty


def test_load_detail_shows_what_s3_says_of_an_object(connection, settings):
    s3 = aws.client(settings, "s3")
    s3.create_bucket(Bucket="detail", CreateBucketConfiguration={"LocationConstraint": settings.region})
    s3.put_object(Bucket="detail", Key="data/1.json", Body=b'{"n": 1}{"n": 2}')
    s3.put_object(Bucket="detail", Key="manifest", Body=b'{"entries": [{"url": "s3://detail/data/1.json"}]}')
    said = s3.head_object(Bucket="detail", Key="data/1.json")
    warehouse.execute(connection, "CREATE TEMP TABLE t (n INT)")
    for source in ("'s3://detail/data/'", "'s3://detail/manifest' MANIFEST"):
        location, _, manifest = source.partition(" ")
        warehouse.execute(connection, f"COPY t FROM {location} IAM_ROLE default JSON 'auto' {manifest}")
        found = warehouse.frame(connection, "SELECT * FROM sys_load_detail WHERE query_id = pg_last_copy_id()").iloc[0]
        assert (found.file_name.rstrip(), found.lines_scanned) == ("s3://detail/data/1.json", 2)
        assert found.file_etag.rstrip() == said["ETag"].strip('"')
        assert found.file_last_modified.replace(tzinfo=UTC) == said["LastModified"]


def test_a_catalog_of_an_older_version_is_brought_up_to_date(postgres):
    """Its records and what users made stay; a view whose columns have changed is made anew."""
    with postgres.cursor() as cursor:
        system_views.install(cursor)
        cursor.execute("INSERT INTO redshift_catalog.loads (session, completed, rows) VALUES (1, true, 5)")
        cursor.execute("ALTER TABLE redshift_catalog.loads DROP COLUMN scanned CASCADE")
        cursor.execute("CREATE VIEW mine AS SELECT * FROM redshift_catalog.pg_table_def")
        cursor.execute("DROP VIEW redshift_catalog.sys_load_history, redshift_catalog.svv_table_info")
        cursor.execute("CREATE VIEW redshift_catalog.sys_load_history AS SELECT 1 AS other")
        cursor.execute("GRANT DELETE ON redshift_catalog.stale_views TO PUBLIC")
        cursor.execute("COMMENT ON SCHEMA redshift_catalog IS 'an older version'")
        system_views.install(cursor)
        cursor.execute(
            "SELECT count(*) FROM information_schema.table_privileges WHERE table_name = 'stale_views'"
            " AND grantee = 'PUBLIC'"
        )
        assert cursor.fetchall() == [(0,)]
        cursor.execute("SELECT loaded_rows FROM redshift_catalog.sys_load_history")
        assert cursor.fetchall() == [(5,)]
        cursor.execute("SELECT count(*) FROM redshift_catalog.sys_load_detail")
        assert cursor.fetchall() == [(0,)]
        cursor.execute("SELECT count(*) FROM redshift_catalog.svv_table_info, mine")
        assert cursor.fetchall() == [(0,)]


def test_the_tables_of_an_older_version_get_the_indexes_of_their_keys(postgres):
    keys = json.dumps({"diststyle": "KEY", "distkey": "a", "sortkey": ["b", "a"]})
    with postgres.cursor() as cursor:
        system_views.install(cursor)
        cursor.execute(f"""CREATE TABLE "Odd name" (a int, b int); COMMENT ON TYPE "Odd name" IS '{keys}'""")
        cursor.execute("COMMENT ON SCHEMA redshift_catalog IS 'an older version'")
        system_views.install(cursor)
        cursor.execute("SELECT indkey::text FROM pg_index WHERE indrelid = '\"Odd name\"'::regclass ORDER BY 1")
        assert cursor.fetchall() == [("1",), ("2 1",)]


def test_a_function_of_an_older_version_may_have_had_another_type(postgres):
    with postgres.cursor() as cursor:
        system_views.install(cursor)
        cursor.execute("DROP FUNCTION redshift_catalog.len")
        cursor.execute("CREATE FUNCTION redshift_catalog.len(s text) RETURNS text LANGUAGE sql AS 'SELECT s'")
        cursor.execute("COMMENT ON SCHEMA redshift_catalog IS 'an older version'")
        system_views.install(cursor)
        cursor.execute("SELECT redshift_catalog.len('three'), count(*) FROM redshift_catalog.svv_table_info")
        assert cursor.fetchall() == [(5, 0)]


def test_a_new_database_has_no_records(postgres, servers):
    with postgres.cursor() as cursor:
        system_views.install(cursor)
        with closing(embedded.connect(servers, dbname=postgres.info.dbname)) as other, other.cursor() as asking:
            asking.execute("SELECT redshift_catalog.pg_last_copy_id(), redshift_catalog.pg_last_copy_count()")
            assert asking.fetchone() == (-1, 0)
