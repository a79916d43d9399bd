"""COPY as the stand-in executes it: the statement, the sources, the values, and what it says of a row that fails."""

import datetime as dt
import gzip
import http.client
import json
import os
import signal
import textwrap
import threading
import zlib
from collections import Counter
from contextlib import closing
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import urlsplit

import boto3
import pytest
import sqlalchemy
from conftest import EVENT, JSONPATHS, SONG
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from redjam.local import copy, fast, load, rows, services, session, sources
from redjam.local import postgres as embedded
from redjam.local.copy import Copy, CopyError
from redjam.local.load import LoadError

ROLE = "arn:aws:iam::123456789012:role/redjam"


@pytest.fixture(scope="module")
def one_connection(servers):
    """A plain connection, in autocommit: a database a test would take most of this file's time."""
    connection = embedded.connect(servers)
    connection.autocommit = True
    yield connection
    connection.close()


@pytest.fixture
def postgres(one_connection):
    """The connection, in an empty schema that is dropped after the test."""
    sql(one_connection, "CREATE SCHEMA copy; SET search_path = copy")
    yield one_connection
    one_connection.rollback()
    one_connection.autocommit = True
    sql(one_connection, "DROP SCHEMA IF EXISTS copy, s CASCADE")
    sql(one_connection, "DISCARD ALL")


@pytest.fixture(scope="module")
def moto():
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-west-2",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    server.stop()


@pytest.fixture
def s3(moto):
    """An S3 client on moto with one empty bucket, `music`."""
    moto.create_bucket(Bucket="music", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    yield moto
    s3_backends["123456789012"]["aws"].reset()


def put(s3, objects: dict[str, str | bytes]) -> None:
    for key, body in objects.items():
        s3.put_object(Bucket="music", Key=key, Body=body)


def no_s3():
    raise AssertionError("COPY asked for S3")


def run(connection, location, options="JSON 'auto'", table="t", s3=None) -> load.Result:
    order = copy.parse(f"COPY {table} FROM '{location}' IAM_ROLE '{ROLE}' {options}")
    return load.execute(connection.cursor(), order, (lambda: s3) if s3 else no_s3)


def rejected(connection, location, options="JSON 'auto'", s3=None) -> list[LoadError]:
    """The errors of a COPY that fails because of them, and loads nothing."""
    with pytest.raises(CopyError) as failure:
        run(connection, location, options, s3=s3)
    assert str(failure.value) == "Load into table 't' failed.  Check 'stl_load_errors' system table for details."
    assert sql(connection, "SELECT count(*) FROM t") == [(0,)]
    return failure.value.errors


def sql(connection, statement: str) -> list[tuple]:
    cursor = connection.cursor()
    cursor.execute(statement)
    return cursor.fetchall() if cursor.description else []


@pytest.fixture
def written(postgres, tmp_path):
    """Make a new table, and one file to load into it."""

    def write(columns: str, content: str | bytes):
        sql(postgres, f"DROP TABLE IF EXISTS t; CREATE TABLE t ({columns})")
        file = tmp_path / "data.json"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return write


@pytest.fixture
def loaded(postgres, written):
    """Load one file into a new table and give its rows."""

    def load(columns: str, content: str | bytes, options: str = "JSON 'auto'") -> list[tuple]:
        run(postgres, written(columns, content), options)
        return sql(postgres, "SELECT * FROM t")

    return load


@pytest.fixture
def by_row(monkeypatch):
    """The names of the files of which a piece was read row by row."""
    names, convert = [], rows._by_row

    def noted(file, *rest):
        names.append(file.name)
        return convert(file, *rest)

    monkeypatch.setattr(rows, "_by_row", noted)
    return names


# --- The statement ----------------------------------------------------------------------------------------


def test_a_statement_with_every_option():
    order = copy.parse(f"""
        -- events of a day
        cOpY public.Staging_Events (Artist, "user id") /* two of them; FROM */ FROM 's3://it''s/log-data'
        MAXERROR AS 7 truncatecolumns TIMEFORMAT AS 'epochmillisecs' dateformat 'auto' GZIP MANIFEST
        BLANKSASNULL emptyasnull ACCEPTINVCHARS AS '^' COMPUPDATE OFF STATUPDATE ON NOLOAD
        region 'us-west-2' FORMAT AS JSON 'auto ignorecase' iam_role '{ROLE}' ;
    """)
    assert order == Copy(
        table="public.staging_events",
        columns=("artist", "user id"),
        source="s3://it's/log-data",
        iam_role=ROLE,
        region="us-west-2",
        json="auto ignorecase",
        gzip=True,
        manifest=True,
        maxerror=7,
        timeformat="epochmillisecs",
        dateformat="auto",
        truncatecolumns=True,
        blanksasnull=True,
        emptyasnull=True,
        acceptinvchars="^",
        noload=True,
        compupdate="OFF",
        statupdate="ON",
    )


@pytest.mark.parametrize("form", ["CREDENTIALS", "WITH CREDENTIALS AS", "credentials as"])
def test_a_role_in_credentials_is_the_role(form):
    assert copy.parse(f"COPY t FROM '/data' {form} 'aws_iam_role={ROLE}' JSON 'auto'").iam_role == ROLE
    with pytest.raises(CopyError, match="IAM_ROLE stands twice"):
        copy.parse(f"COPY t FROM '/data' {form} 'aws_iam_role={ROLE}' IAM_ROLE default JSON 'auto'")


@pytest.mark.parametrize("form", ["JSON", "JSON 'auto'", "FORMAT JSON", "FORMAT AS JSON 'auto'", "json as 'auto'"])
def test_forms_of_the_format(form):
    order = copy.parse(f'COPY "Odd ""name""" FROM \'/data\' IAM_ROLE default {form}')
    assert (order.json, order.columns, order.table) == ("auto", None, '"odd ""name"""')


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("JSON 'auto' FASTER", "FASTER is not an option of COPY"),
        ("JSON 'auto' DELIMITER ','", "DELIMITER is not allowed with JSON"),
        ("JSON 'auto' NULL AS 'x'", "NULL is not allowed with JSON"),
        ("JSON 'auto' BZIP2", "BZIP2, the stand-in does not"),
        ("CSV", "JSON only, not CSV"),
        ("FORMAT AS PARQUET", "JSON only, not PARQUET"),
        ("FORMAT GZIP", "JSON expected, found GZIP"),
        ("", "stand-in loads FORMAT AS JSON"),
        ("JSON 'noshred'", "SUPER"),
        ("JSON 'auto' MAXERROR many", "MAXERROR and a number expected, found many"),
        ("JSON 'auto' MAXERROR 100001", "100000"),
        ("JSON 'auto' GZIP GZIP", "GZIP stands twice"),
        ("JSON 'auto' ACCEPTINVCHARS 'é'", "not one ASCII character"),
        ("JSON 'auto' REGION", "REGION '...' expected, found the end of the statement"),
        ("JSON 'auto'; SELECT 1", "nothing more after ;"),
        ("JSON 'auto", 'cannot read the statement from "\'auto"'),
    ],
)
def test_statements_that_are_refused(options, words):
    with pytest.raises(CopyError) as error:
        copy.parse(f"COPY t FROM '/data' IAM_ROLE '{ROLE}' {options}")
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("COPY t FROM '/data' JSON 'auto'", "no authorization"),
        ("COPY t FROM '/data' IAM_ROLE 'redjam' JSON 'auto'", "'redjam' is not an ARN"),
        ("COPY t FROM '/data' CREDENTIALS 'aws_access_key_id=x' JSON 'auto'", "keys do not belong into SQL"),
        ("COPY t FROM '' IAM_ROLE default JSON 'auto'", "names no location"),
        ("COPY t FROM bucket IAM_ROLE default JSON 'auto'", "FROM '<location>' expected, found bucket"),
        ("COPY t (a, a) FROM '/data' IAM_ROLE default JSON 'auto'", "a column stands twice"),
        ("COPY t (a b) FROM '/data' IAM_ROLE default JSON 'auto'", "a comma or ) after a column"),
    ],
)
def test_statements_without_a_part(statement, words):
    with pytest.raises(CopyError) as error:
        copy.parse(statement)
    assert words in str(error.value)


# --- Where the data lies ----------------------------------------------------------------------------------


def test_a_prefix_of_more_keys_than_s3_lists_at_once(postgres, s3):
    """It lists a thousand; fifty here."""
    pages = []

    def fifty(params, **_):
        pages.append(params.update(MaxKeys=50))

    put(s3, {f"log-data/{n:03}.json": f'{{"n": {n}}}' for n in range(120)})
    put(s3, {"log-data-old/0.json": '{"n": 5000}', "other/0.json": '{"n": 6000}'})
    sql(postgres, "CREATE TABLE t (n int)")
    s3.meta.events.register("before-parameter-build.s3.ListObjectsV2", fifty)
    try:
        assert run(postgres, "s3://music/log-data", s3=s3).rows == 121
    finally:
        s3.meta.events.unregister("before-parameter-build.s3.ListObjectsV2", fifty)
    assert len(pages) == 3
    assert sql(postgres, "SELECT count(*), max(n), sum(n)::int FROM t") == [(121, 5000, 7_140 + 5000)]


def test_keys_load_in_their_order(postgres, s3):
    put(s3, {f"{n:03}.json": f'{{"n": {n}}}' for n in reversed(range(100))})
    sql(postgres, "CREATE TABLE t (n int)")
    run(postgres, "s3://music/", s3=s3)
    assert [n for (n,) in sql(postgres, "SELECT n FROM t ORDER BY ctid")] == list(range(100))


def test_a_prefix_takes_the_jsonpaths_file_beside_the_data_too(postgres, s3):
    put(s3, {"data.json": '{"n": 1}', "data.jsonpaths": '{"jsonpaths": ["$.n"]}'})
    sql(postgres, "CREATE TABLE t (n int NOT NULL)")
    (error,) = rejected(postgres, "s3://music/data", "JSON 's3://music/data.jsonpaths'", s3=s3)
    assert (error.file, error.line, error.column, error.code) == ("s3://music/data.jsonpaths", 1, "n", 1213)


def test_a_folder_of_all_depths_without_hidden_files(postgres, tmp_path):
    for name in ("b/2.json", "b/c/3.json", "z.json", ".hidden.json", ".git/x.json"):
        file = tmp_path / "data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"name": name}))
    sql(postgres, "CREATE TABLE t (name varchar(20))")
    assert len(run(postgres, tmp_path / "data").files) == 3
    assert sql(postgres, "SELECT name FROM t ORDER BY ctid") == [("b/2.json",), ("b/c/3.json",), ("z.json",)]


def test_a_folder_whose_name_sql_would_read_otherwise(servers, postgres, tmp_path):
    # Not `run`: the location goes the whole way, as a literal of Redshift.
    folder = tmp_path / "it's a\\b"
    folder.mkdir()
    (folder / "1.json").write_text(json.dumps(EVENT))
    (tmp_path / "it's paths").write_text('{"jsonpaths": ["$.song"]}')
    sql(postgres, "CREATE TABLE t (song varchar(100))")
    with closing(embedded.connect(servers, connection_factory=session.Connection, options=session.LIKE_REDSHIFT)) as db:
        db.s3 = no_s3
        statement = "COPY copy.t FROM %s IAM_ROLE default JSON %s"
        db.cursor().execute(statement, (str(folder), str(tmp_path / "it's paths")))
        assert sql(db, "SELECT song FROM copy.t") == [(EVENT["song"],)]


def test_a_pipe_in_a_folder_is_named_instead_of_waited_for(postgres, tmp_path):
    sql(postgres, "CREATE TABLE t (n INTEGER)")
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(CopyError, match="it is no file"):
        run(postgres, tmp_path)


@pytest.mark.parametrize("content", [zlib.compress(b'{"n": 1}\n'), b"\x28\xb5\x2f\xfdxxx\n"])
def test_what_another_tool_has_compressed_is_no_json(loaded, content):
    with pytest.raises(CopyError) as error:
        loaded("n INTEGER", content)
    assert {rejected.code for rejected in error.value.errors} == {1216}


@pytest.mark.parametrize("location", ["s3://music/nothing", "s3://no-such-bucket/x", "/no/such/folder"])
def test_nothing_found_is_an_error(postgres, s3, location):
    sql(postgres, "CREATE TABLE t (n int)")
    with pytest.raises(CopyError, match=location):
        run(postgres, location, s3=s3)


def test_a_manifest_names_the_files(postgres, s3):
    put(s3, {"1.json": '{"n": 1}', "2.json": '{"n": 2}', "10.json": '{"n": 10}'})
    entries = [{"url": f"s3://music/{key}"} for key in ("1.json", "10.json", "1.json", "gone.json")]
    put(s3, {"manifest": json.dumps({"entries": entries})})
    sql(postgres, "CREATE TABLE t (n int)")
    run(postgres, "s3://music/manifest", "JSON 'auto' MANIFEST", s3=s3)
    assert sql(postgres, "SELECT n FROM t ORDER BY ctid") == [(1,), (10,), (1,)]


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ('{"entries": [{"url": "s3://music/gone", "mandatory": true}]}', "'s3://music/gone' is mandatory"),
        ('{"entries": [{"url": "s3://music/gone"}]}', "found no file"),
        ('{"entries": [{"url": "s3://music/"}]}', "8001"),
        ('{"entries": ["s3://music/1.json"]}', "not properly formed"),
        ("[]", "not properly formed"),
        ("{", "not a file with one JSON object"),
    ],
)
def test_manifests_that_fail(postgres, s3, manifest, words):
    put(s3, {"manifest": manifest})
    sql(postgres, "CREATE TABLE t (n int)")
    with pytest.raises(CopyError, match=words):
        run(postgres, "s3://music/manifest", "JSON 'auto' MANIFEST", s3=s3)


@pytest.mark.parametrize("zipped", [False, True])
def test_a_manifest_mixes_what_lies_here_and_on_s3(postgres, s3, tmp_path, zipped):
    def written(text: str) -> bytes:
        return gzip.compress(text.encode()) if zipped else text.encode()

    here, there = [str(tmp_path / f"{n}.json") for n in (1, 3)], [f"s3://music/{n}.json" for n in (2, 4)]
    for n, name in zip((1, 3), here, strict=True):
        (tmp_path / name).write_bytes(written(f'{{"n": {n}}}'))
    put(s3, {f"{n}.json": written(f'{{"n": {n}}}') for n in (2, 4)})
    urls = [here[1], there[1], here[0], there[0]]
    entries = [{"url": url, "mandatory": True} for url in urls]
    (tmp_path / "manifest").write_text(json.dumps({"entries": entries}))
    sql(postgres, "CREATE TABLE t (n int)")
    options = f"JSON 'auto' MANIFEST {'GZIP' if zipped else ''}"
    result = run(postgres, tmp_path / "manifest", options, s3=s3)
    assert [file.name for file in result.files] == urls
    assert sql(postgres, "SELECT n FROM t ORDER BY ctid") == [(3,), (4,), (1,), (2,)]
    for missing in (str(tmp_path / "gone.json"), "s3://music/gone.json", "s3://no-such-bucket/1.json", str(tmp_path)):
        text = json.dumps({"entries": [*entries, {"url": missing, "mandatory": True}]})
        (tmp_path / "manifest").write_text(text)
        with pytest.raises(CopyError, match=f"'{missing}' is mandatory, but it does not exist"):
            run(postgres, tmp_path / "manifest", options, s3=s3)


def test_the_objects_of_a_manifest_are_looked_up_at_the_same_time(postgres, s3, tmp_path):
    put(s3, {f"{n}.json": f'{{"n": {n}}}' for n in range(4)})
    entries = [{"url": f"s3://music/{n}.json", "mandatory": True} for n in range(4)]
    (tmp_path / "manifest").write_text(json.dumps({"entries": entries}))
    sql(postgres, "CREATE TABLE t (n int)")
    together = threading.Barrier(4, timeout=60)

    def wait(**_):
        together.wait()

    s3.meta.events.register("before-send.s3.HeadObject", wait)
    try:
        run(postgres, tmp_path / "manifest", "JSON 'auto' MANIFEST", s3=s3)
    finally:
        s3.meta.events.unregister("before-send.s3.HeadObject", wait)
    assert sql(postgres, "SELECT n FROM t ORDER BY ctid") == [(n,) for n in range(4)]


@pytest.mark.parametrize("place", ["s3://music/", "here"])
def test_a_file_that_vanishes_after_it_was_listed_is_named(postgres, s3, tmp_path, monkeypatch, place):
    place = f"{tmp_path}/" if place == "here" else place
    files = {"1.json": '{"n": 1}', "2.json": '{"n": 2}'}
    put(s3, files)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    entries = [{"url": f"{place}{name}", "mandatory": True} for name in files]
    (tmp_path / "manifest").write_text(json.dumps({"entries": entries}))
    sql(postgres, "CREATE TABLE t (n int)")
    find = sources.find

    def find_and_lose(*arguments):
        found = find(*arguments)
        s3.delete_object(Bucket="music", Key="2.json")
        (tmp_path / "2.json").unlink()
        return found

    monkeypatch.setattr(sources, "find", find_and_lose)
    with pytest.raises(CopyError, match=rf"COPY cannot read '{place}2.json': .*(No such file|does not exist)"):
        run(postgres, tmp_path / "manifest", "JSON 'auto' MANIFEST", s3=s3)
    assert sql(postgres, "SELECT count(*) FROM t") == [(0,)]


@pytest.fixture
def throttled(servers, monkeypatch):
    """A client as session.connect makes it, to a server before moto that first answers each GET so many times with 503.

    Gives the client's maker, that number to set, how often each path was asked for, and how long the client slept.
    """
    asked, slept = Counter(), []
    state = SimpleNamespace(refuse=0, asked=asked, slept=slept)
    moto = urlsplit(services.aws(servers))

    class Throttling(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # or who puts an object waits a second to be told to go on
        disable_nagle_algorithm = True  # or each answer, sent in two parts, takes 40 ms

        def do_any(self):
            asked[f"{self.command} {self.path}"] += 1
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.command == "GET" and asked[f"GET {self.path}"] <= state.refuse:
                said = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
                return self.answer(503, {"Content-Type": "application/xml"}, said)
            passed = http.client.HTTPConnection(moto.hostname, moto.port)
            passed.request(self.command, self.path, body, dict(self.headers))
            answer = passed.getresponse()
            return self.answer(answer.status, dict(answer.headers), answer.read())

        do_GET = do_PUT = do_HEAD = do_any

        def answer(self, status: int, headers: dict, body: bytes):
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)) if self.command != "HEAD" else headers["Content-Length"])
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=slept.append))
    with ThreadingHTTPServer(("127.0.0.1", 0), Throttling) as server:
        threading.Thread(target=server.serve_forever, args=[0.05]).start()
        monkeypatch.setattr(services, "aws", lambda folder: f"http://127.0.0.1:{server.server_port}")
        state.s3 = services.client(servers, "s3", "us-west-2")
        yield state
        server.shutdown()


def test_s3_that_throttles_is_asked_again(postgres, throttled):
    s3 = throttled.s3
    s3.create_bucket(Bucket="throttled", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    for n in range(10):
        s3.put_object(Bucket="throttled", Key=f"{n}.json", Body=b'{"n": %d}' % n)
    sql(postgres, "CREATE TABLE t (n int)")
    throttled.refuse = 2
    run(postgres, "s3://throttled/", s3=s3)
    assert sql(postgres, "SELECT n FROM t ORDER BY ctid") == [(n,) for n in range(10)]
    assert {throttled.asked[f"GET /throttled/{n}.json"] for n in range(10)} == {3}
    assert len(throttled.slept) == 2 * 11

    throttled.refuse = 1_000_000
    throttled.slept.clear()
    throttled.asked.clear()
    with pytest.raises(
        CopyError, match=r"COPY cannot read 's3://throttled/': Please reduce your request rate. \(SlowDown"
    ):
        run(postgres, "s3://throttled/", s3=s3)
    assert sum(throttled.asked.values()) == 6
    assert len(throttled.slept) == 5
    assert max(throttled.slept) <= 20
    assert sql(postgres, "SELECT count(*) FROM t") == [(10,)]


def test_s3_that_is_not_there_is_one_clear_error(postgres, throttled):
    sql(postgres, "CREATE TABLE t (n int)")
    address = {"endpoint_url": "http://127.0.0.1:9", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    s3 = boto3.client("s3", region_name="us-west-2", **address)
    with pytest.raises(CopyError, match=r"COPY cannot read 's3://music/': Could not connect"):
        run(postgres, "s3://music/", s3=s3)


def test_gzip_is_a_keyword(loaded, postgres, s3):
    zipped = gzip.compress(b'{"n": 1}{"n": 2}')
    assert loaded("n int", zipped, "JSON 'auto' GZIP") == [(1,), (2,)]
    with pytest.raises(CopyError, match="add GZIP"):
        loaded("n int", zipped)
    with pytest.raises(CopyError, match="not a whole gzip file"):
        loaded("n int", b'{"n": 1}', "JSON 'auto' GZIP")
    put(s3, {"1.gz": zipped, "2.gz": zipped[:-9]})
    with pytest.raises(CopyError, match=r"s3://music/2.gz is not a whole gzip file"):
        run(postgres, "s3://music/", "JSON 'auto' GZIP", s3=s3)


# --- The target -------------------------------------------------------------------------------------------


def test_a_temporary_table_and_the_search_path(postgres, tmp_path):
    (tmp_path / "data.json").write_text('{"n": 1}')
    sql(postgres, "CREATE SCHEMA s; CREATE TABLE s.t (n int); CREATE TABLE t (n int); SET search_path = s, copy")
    run(postgres, tmp_path, table="t")
    sql(postgres, "CREATE TEMP TABLE t (n int)")
    run(postgres, tmp_path, table="t")
    run(postgres, tmp_path, table="copy.T")
    counts = "SELECT (SELECT count(*) FROM s.t), (SELECT count(*) FROM pg_temp.t), (SELECT count(*) FROM copy.t)"
    assert sql(postgres, counts) == [(1, 1, 1)]


def test_a_list_of_columns(postgres, tmp_path):
    (tmp_path / "data.json").write_text('{"a": 1, "b": 2, "c": 3}')
    (tmp_path / "paths").write_text('{"jsonpaths": ["$.b", "$.a"]}')
    sql(postgres, "CREATE TABLE t (a int, b int, c int DEFAULT 9, id int GENERATED ALWAYS AS IDENTITY)")
    run(postgres, tmp_path / "data.json", "JSON 'auto'", table="t (b, a)")
    run(postgres, tmp_path / "data.json", f"JSON '{tmp_path}/paths'", table="t (a, b)")
    run(postgres, tmp_path / "data.json", "JSON 'auto'")
    assert sql(postgres, "SELECT a, b, c FROM t ORDER BY id") == [(1, 2, 9), (2, 1, 9), (1, 2, 3)]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("missing", "Cannot COPY into nonexistent table missing"),
        ("t (a, x)", "the table has no column x"),
        ("t (a, id)", "cannot set identity column id"),
        ("t (id_)", "column a is NOT NULL without a DEFAULT"),
        ("j", "cannot load into column j, of type json"),
    ],
)
def test_targets_that_are_refused(postgres, tmp_path, table, words):
    (tmp_path / "data.json").write_text('{"a": 1}')
    sql(
        postgres,
        "CREATE TABLE t (a int NOT NULL, id_ int, id int GENERATED ALWAYS AS IDENTITY); CREATE TABLE j (j json)",
    )
    with pytest.raises(CopyError) as error:
        run(postgres, tmp_path, table=table)
    assert words in str(error.value)


# --- Documents --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        '{"n":1}{"n":2}{"n":3}',
        '{"n":1} {"n":2}\t{"n":3}',
        '\n\n{"n":1}\n{"n":2}\n{"n":3}\n\n',
        '{"n":1}\r\n{"n":2}\r\n{"n":3}\r\n',
        '{\n  "n":\n1\n}\n{"n":2}\n{\n"n":3}',
    ],
)
def test_objects_that_white_space_separates(loaded, content):
    assert loaded("n int", content) == [(1,), (2,), (3,)]


@pytest.mark.parametrize(
    ("content", "rows", "lines"),
    [
        ('{"n":1},\n{"n":2}', [1, 2], [1]),
        ('[{"n":1},\n{"n":2}]', [], [2]),
        ('{"n":1}\n{"n":2\n{"n":3}', [1, 3], [2]),
        ('{"n":1}\n{"n":2}}\n{"n":3}', [1, 2, 3], [2]),
        ('{"n":1}\n{"n" 2, "m": {"n": 5}} {"n":3}', [1, 3], [2]),
        ('{"n":1}\n{\n "n":\n oops\n}\n{"n":3}', [1, 3], [5]),
        ('{"n":1}\n{"n":2, "s": "no end}\n{"n":3}', [1, 3], [2]),
        ('{"n":1}\n{"n":2, "s": "a } in text" oops}\n{"n":3}', [1, 3], [2]),
        ('{"n":NaN}\n{"n":2}', [2], [1]),
        ('{"n":1}\nnull\n"text"\n12\n{"n":3}', [1, 3], [2, 3, 4]),
        ('{"n":1}\n{"n":', [1], [2]),
        ("{'n':1}\n{\"n\":2}", [2], [1]),
        ('{"n":1, "s": "raw\ttab"}\n{"n":2}', [2], [1]),
        ('{"n":1, "s": ' + "[" * 100_000 + '\n{"n":2}', [2], [1]),
        ('\ufeff{"n":1}\n{"n":2}', [1, 2], [1]),
    ],
)
def test_malformed_text_is_an_error_each_and_reading_goes_on(loaded, postgres, tmp_path, content, rows, lines):
    with pytest.raises(CopyError) as error:
        loaded("n int", content)
    assert [(e.line, e.code) for e in error.value.errors] == [(line, 1216) for line in lines]
    assert sql(postgres, "SELECT * FROM t") == []
    result = run(postgres, tmp_path / "data.json", "JSON 'auto' MAXERROR 9")
    assert [n for (n,) in sql(postgres, "SELECT n FROM t ORDER BY ctid")] == rows
    assert [e.line for e in result.errors] == lines


def test_a_byte_order_mark_is_named(postgres, written):
    (error,) = rejected(postgres, written("n int", b'\xef\xbb\xbf{"n":1}'))
    assert error.reason == "Invalid value (a byte order mark; save the file as UTF-8 without one)"


def test_an_object_has_at_most_four_megabytes(postgres, loaded, written):
    document = '{"n":1,"s":"é%s"}'
    fitting = 4 * 1024 * 1024 - len((document % "").encode())
    assert loaded("n int", document % ("x" * fitting)) == [(1,)]
    (error,) = rejected(postgres, written("n int", document % ("x" * fitting + "x")))
    assert (error.code, error.reason) == (1216, "JSON object exceeds the maximum size of 4 MB (4,194,305 bytes)")
    assert len(error.raw) == 1_024


def test_keys_of_auto_are_those_of_the_first_level_in_lower_case(loaded):
    content = '{"userid": 1, "in": {"userid": 2}, "other": 3} {"userId": 4}'
    assert loaded("userid int", content) == [(1,), (None,)]
    assert loaded("userid int", content, "JSON 'auto ignorecase'") == [(1,), (4,)]


# --- jsonpaths --------------------------------------------------------------------------------------------


@pytest.fixture
def by_paths(postgres, tmp_path):
    """Load one document by jsonpaths, given as the content of their file."""

    def load(columns: str, document: str, paths: str) -> list[tuple]:
        sql(postgres, f"DROP TABLE IF EXISTS t; CREATE TABLE t ({columns})")
        (tmp_path / "data.json").write_text(document)
        (tmp_path / "paths.json").write_text(paths)
        run(postgres, tmp_path / "data.json", f"JSON '{tmp_path}/paths.json'")
        return sql(postgres, "SELECT * FROM t")

    return load


@pytest.mark.parametrize(
    "paths", [["$['b']['c'][1]", "$['b']['a d']", "$['no']['way']"], ["$.b.c[1]", "$.b.a d", "$.no.way"]]
)
def test_paths_lead_to_nested_values(by_paths, paths):
    document = '{"b": {"c": [10, {"x": [1.50, null, true, "é\\n"]}], "a d": false}}'
    row = by_paths("x varchar(99), y boolean, z int", document, json.dumps({"jsonpaths": paths}))
    assert row == [('{"x":[1.50,null,true,"é\\n"]}', False, None)]


def test_two_paths_to_one_value(by_paths):
    assert by_paths("a int, b varchar(9)", '{"x": 1}', '{"jsonpaths": ["$.x", "$.x"]}') == [(1, "1")]


def test_paths_of_a_root_level_array(by_paths):
    assert by_paths("a int, b int", "[1, 2]\n[3, 4]", '{"jsonpaths": ["$[1]", "$[0]"]}') == [(2, 1), (4, 3)]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ('{"a": {"b": 1}}', "Not an array or index out of range (path $['a']['b'][0])"),
        ('{"a": {"b": []}}', "Not an array or index out of range"),
        ("{}", "Not an array or index out of range"),
        ('{"a": "text"}', "Member is not an object"),
    ],
)
def test_paths_that_the_data_does_not_have(by_paths, document, words):
    with pytest.raises(CopyError) as error:
        by_paths("a int", document, "{\"jsonpaths\": [\"$['a']['b'][0]\"]}")
    (rejected,) = error.value.errors
    assert words in rejected.reason
    assert (rejected.code, rejected.column, rejected.value, rejected.raw) == (1216, "", "", document)


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ('{"jsonpaths": ["$.a"]}', "JSONPath size: 1, Number of columns in table or column list: 2"),
        ('{"jsonpaths": ["$.a", ""]}', "array of strings that are not empty"),
        ('{"jsonpaths": ["$.a", 1]}', "array of strings that are not empty"),
        ('{"jsonpaths": "$.a"}', "array of strings that are not empty"),
        ('{"jsonpaths": ["$.a", "$[\'b\']"]}', "a mixture"),
        ('{"jsonpaths": ["$.a", "$.*"]}', "Invalid JSONPath format: $.*"),
        ('{"jsonpaths": ["$.a", "b"]}', "Invalid JSONPath format: b"),
        ('[{"jsonpaths": ["$.a", "$.b"]}]', "one JSON object, not an array"),
        ('{"jsonpaths": ["$.a", "$.b"]} {}', "not a file with one JSON object"),
        ('{"jsonpaths": ["$.a", "$.b"]', "not a file with one JSON object"),
    ],
)
def test_jsonpaths_files_that_fail(by_paths, paths, words):
    with pytest.raises(CopyError) as error:
        by_paths("a int, b int", '{"a": 1, "b": 2}', paths)
    assert words in str(error.value)


def test_a_file_without_the_key_jsonpaths_means_auto(by_paths, caplog):
    assert by_paths("a int", '{"a": 1, "b": 2}', '{"jsonPaths": ["$.b"]}') == [(1,)]
    assert 'no key "jsonpaths"' in caplog.text


def test_jsonpaths_from_s3_are_one_key(postgres, s3):
    put(s3, {"data/1.json": '{"userId": 7}', "paths.json": '{"jsonpaths": ["$.userId"]}'})
    sql(postgres, "CREATE TABLE t (user_id int)")
    run(postgres, "s3://music/data/", "JSON 's3://music/paths.json'", s3=s3)
    assert sql(postgres, "SELECT * FROM t") == [(7,)]
    with pytest.raises(CopyError, match="cannot read 's3://music/paths'"):
        run(postgres, "s3://music/data/", "JSON 's3://music/paths'", s3=s3)


# --- Values -----------------------------------------------------------------------------------------------

A_TIME = dt.datetime(2018, 11, 1, 20, 57, 10, 796_000)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("int", "null", None),
        ("int", '""', None),
        ("int", '"  "', None),
        ("int", "42", 42),
        ("int", '"42"', 42),
        ("int", '" -42 "', -42),
        ("int", r'"\u00a042\u001c"', 42),
        ("int", "0.99999999999999999999", 1),
        ("bigint", "12345678901234567.0", 12345678901234567),
        ("bigint", "1541044398796.0", 1541044398796),
        ("bigint", "1.541044398796e12", 1541044398796),
        ("bigint", "-9223372036854775808", -9223372036854775808),
        ("smallint", "0e5", 0),
        ("varchar(20)", '""', ""),
        ("varchar(20)", '"  "', "  "),
        ("varchar(20)", "4.6", "4.6"),
        ("varchar(20)", "4.60", "4.60"),
        ("varchar(20)", "112", "112"),
        ("varchar(20)", "1e5", "1e5"),
        ("varchar(20)", "true", "true"),
        ("varchar(20)", "null", None),
        ("varchar(20)", '"null"', "null"),
        ("varchar(20)", r'"\\N"', r"\N"),
        ("varchar(20)", r'"a\tb\nc\rd\\e\/f\u0007"', "a\tb\nc\rd\\e/f\a"),
        ("varchar(20)", r'"\ud83d\ude00 \u00e9"', "😀 é"),
        ("varchar(40)", '{"b": [1.0, "ü"], "a": {}}', '{"b":[1.0,"ü"],"a":{}}'),
        ("varchar(40)", '[1, "a\\"b", null]', '[1,"a\\"b",null]'),
        ("char(4)", '"ab"', "ab  "),
        ("double precision", "200.50", 200.5),
        ("double precision", '"1e-400"', 0.0),
        ("double precision", '""', None),
        ("double precision", "12", 12.0),
        ("real", "0.1", 0.1),
        ("numeric(8,2)", "20.259", Decimal("20.25")),
        ("numeric(8,2)", '"-1e3"', Decimal("-1000.00")),
        ("boolean", "true", True),
        ("boolean", '"F"', False),
        ("boolean", '"Yes"', True),
        ("boolean", "0", False),
        ("boolean", '""', None),
        ("date", '"2018-11-01"', dt.date(2018, 11, 1)),
        ("date", '""', None),
        ("timestamp", '"2018-11-01 20:57:10.796"', A_TIME),
        ("timestamp", '"2018-11-01 20:57:10"', A_TIME.replace(microsecond=0)),
        ("timestamptz", '"2018-11-01 12:57:10.796-08"', A_TIME.replace(tzinfo=dt.UTC)),
        ("timestamptz", '"2018-11-01 20:57:10.796"', A_TIME.replace(tzinfo=dt.UTC)),
    ],
)
def test_values(loaded, kind, value, expected):
    assert loaded(f"x {kind}", f'{{"x": {value}}}') == [(expected,)]


@pytest.mark.parametrize(
    ("kind", "options", "value", "expected"),
    [
        ("timestamp", "TIMEFORMAT 'epochmillisecs'", "1541105830796", A_TIME),
        ("timestamp", "TIMEFORMAT 'epochmillisecs'", '"1541105830796"', A_TIME),
        ("timestamp", "TIMEFORMAT 'epochmillisecs'", "1541105830796.0", A_TIME),
        ("timestamptz", "TIMEFORMAT 'epochmillisecs'", "1541105830796", A_TIME.replace(tzinfo=dt.UTC)),
        ("bigint", "TIMEFORMAT 'epochmillisecs'", "1541105830796", 1541105830796),
        ("timestamp", "TIMEFORMAT 'epochsecs'", "1541105830", A_TIME.replace(microsecond=0)),
        ("timestamp", "TIMEFORMAT 'epochsecs'", "-1", dt.datetime(1969, 12, 31, 23, 59, 59)),
        ("timestamp", "TIMEFORMAT 'auto'", '"2018-11-01T20:57:10.796Z"', A_TIME),
        ("timestamp", "TIMEFORMAT 'auto'", '"11/01/2018 20:57:10.796"', A_TIME),
        ("timestamp", "TIMEFORMAT 'auto'", '"2018-11-01"', dt.datetime(2018, 11, 1)),
        ("timestamptz", "TIMEFORMAT 'auto'", '"2018-11-01T12:57:10.796-0800"', A_TIME.replace(tzinfo=dt.UTC)),
        ("timestamp", "TIMEFORMAT 'DD.MM.YYYY HH:MI:SS'", '"01.11.2018 20:57:10.796"', A_TIME),
        (
            "timestamp",
            "TIMEFORMAT 'MON DD, YYYY HH12:MI AM'",
            '"Nov 01, 2018 08:57 PM"',
            dt.datetime(2018, 11, 1, 20, 57),
        ),
        ("date", "DATEFORMAT 'MM/DD/YYYY'", '"11/01/2018"', dt.date(2018, 11, 1)),
        ("date", "DATEFORMAT 'auto'", '"20181101"', dt.date(2018, 11, 1)),
        ("date", "DATEFORMAT 'auto'", '"2018-11-01 20:57:10"', dt.date(2018, 11, 1)),
        ("varchar(9)", "EMPTYASNULL", '""', None),
        ("varchar(9)", "EMPTYASNULL", '" "', " "),
        ("varchar(9)", "BLANKSASNULL", '" \\t "', None),
        ("varchar(9)", "BLANKSASNULL", '""', ""),
        ("varchar(5)", "TRUNCATECOLUMNS", '"abcdefgh"', "abcde"),
        ("varchar(5)", "TRUNCATECOLUMNS", '"ééé"', "éé"),
        ("varchar(5)", "TRUNCATECOLUMNS", '"a😀😀"', "a😀"),
        ("char(2)", "TRUNCATECOLUMNS", '"abc"', "ab"),
    ],
)
def test_values_by_option(loaded, kind, options, value, expected):
    assert loaded(f"x {kind}", f'{{"x": {value}}}', f"JSON 'auto' {options}") == [(expected,)]


@pytest.mark.parametrize(
    ("kind", "options", "value", "code", "reason"),
    [
        ("bigint", "", "1.5", 1207, "Invalid digit, Value '.', Pos 1, Type: Long"),
        ("int", "", '"1.0"', 1207, "Invalid digit, Value '.', Pos 1, Type: Integer"),
        ("int", "", '"a"', 1207, "Invalid digit, Value 'a', Pos 0, Type: Integer"),
        ("int", "", '"1_000"', 1207, "Invalid digit, Value '_', Pos 1, Type: Integer"),
        ("int", "", '"٣"', 1207, "Invalid digit, Value '٣', Pos 0, Type: Integer"),
        ("int", "", "true", 1207, "Invalid digit, Value 't', Pos 0, Type: Integer"),
        ("int", "", '{"a": 1}', 1207, "Invalid digit, Value '{', Pos 0, Type: Integer"),
        ("smallint", "", "40000", 1222, "Overflow, Value '40000', Type: Short"),
        ("int", "", "2147483648", 1222, "Overflow"),
        ("bigint", "", "1e400", 1222, "Overflow"),
        ("bigint", "", "1e99999999999999999999", 1222, "Overflow"),
        ("bigint", "", "9" * 5000, 1222, "Overflow"),
        ("int", "", '"' + "9" * 5000 + '"', 1207, "Invalid digit"),
        ("int NOT NULL", "", "null", 1213, "Missing data for not-null field"),
        ("int NOT NULL", "", '""', 1213, "Missing data for not-null field"),
        ("varchar(5) NOT NULL", "EMPTYASNULL", '""', 1213, "Missing data for not-null field"),
        ("varchar(5)", "", '"abcdef"', 1204, "String length exceeds DDL length"),
        ("varchar(5)", "", '"ééé"', 1204, "String length exceeds DDL length"),
        ("varchar(5)", "", "123456", 1204, "String length exceeds DDL length"),
        ("varchar(5)", "", "[1,2,3]", 1204, "String length exceeds DDL length"),
        ("char(5)", "", '"é"', 1220, "Multibyte character not supported for CHAR"),
        ("varchar(5)", "", r'"a\u0000"', 1218, "Invalid null byte"),
        ("varchar(5)", "", r'"\ud800"', 1220, "Bad UTF8 hex sequence: d800"),
        ("double precision", "", '"1,5"', 1208, "Invalid float format or value"),
        ("double precision", "", "1e400", 1208, "Overflow, Type: float8"),
        ("real", "", "1e39", 1208, "Overflow, Type: float4"),
        ("numeric(5,2)", "", "1000", 1209, "Overflow for NUMERIC(5,2)"),
        ("numeric(5,2)", "", '"NaN"', 1209, "Invalid numeric format or value"),
        ("boolean", "", '"maybe"', 1210, "Invalid boolean format or value"),
        ("date", "", '"11/01/2018"', 1205, "Invalid date format or value [YYYY-MM-DD]"),
        ("date", "", '"２018-11-01"', 1205, "Invalid date format or value"),
        ("date", "", '"2018-02-30"', 1205, "Invalid date format or value"),
        ("timestamp", "", "1541105830796", 1206, "Invalid timestamp format or value [YYYY-MM-DD HH:MI:SS]"),
        ("timestamp", "", '"2018-11-01T20:57:10Z"', 1206, "Invalid timestamp format or value"),
        ("timestamp", "TIMEFORMAT 'auto'", "1541121931200", 1206, "Invalid timestamp format or value [auto]"),
        ("timestamp", "TIMEFORMAT 'epochsecs'", "1541105830796", 1206, "[epochsecs]"),
        ("timestamp", "TIMEFORMAT 'epochsecs'", "1e999999999", 1206, "[epochsecs]"),
        ("timestamp", "TIMEFORMAT 'epochsecs'", '"2018-11-01"', 1206, "[epochsecs]"),
    ],
)
def test_values_that_are_rejected(loaded, kind, options, value, code, reason):
    with pytest.raises(CopyError) as error:
        loaded(f"id int, x {kind}", f'{{"id": 1, "x": {value}}}', f"JSON 'auto' {options}")
    (rejected,) = error.value.errors
    assert (rejected.code, rejected.column, rejected.line) == (code, "x", 1)
    assert reason in rejected.reason
    if "Pos" in reason:
        assert f"Pos {rejected.position}," in reason


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("varchar(2)", '"abc"', ("varchar", "2", "abc")),
        ("varchar(2)", '{"b": [1.50, "é"]}', ("varchar", "2", '{"b":[1.50,"é"]}')),
        ("char(2)", '"abc"', ("char", "2", "abc")),
        ("smallint", "40000", ("int2", "", "40000")),
        ("int NOT NULL", "null", ("int4", "", "")),
        ("bigint", '" x"', ("int8", "", " x")),
        ("real", "true", ("float4", "", "true")),
        ("double precision", '"\\u0000"', ("float8", "", r"\x00")),
        ("numeric(5,2)", '"x"', ("numeric", "5,2", "x")),
        ("numeric", '"x"', ("numeric", "18,0", "x")),
        ("boolean", '"x"', ("bool", "", "x")),
        ("date", '"x"', ("date", "", "x")),
        ("timestamp", '"\\ud800"', ("timestamp", "", r"\ud800")),
        ("timestamptz", '"' + "x" * 2_000 + '"', ("timestamptz", "", "x" * 1_024)),
    ],
)
def test_type_length_and_value_of_an_error(postgres, written, kind, value, expected):
    (error,) = rejected(postgres, written(f"x {kind}", f'{{"x": {value}}}'))
    assert (error.type, error.length, error.value) == expected


def test_a_missing_key_is_null_and_a_missing_column_its_default(postgres, tmp_path):
    (tmp_path / "data.json").write_text('{"a": 1}')
    sql(postgres, "CREATE TABLE t (a int, b int DEFAULT 2)")
    run(postgres, tmp_path)
    run(postgres, tmp_path, table="t (a)")
    assert sql(postgres, "SELECT * FROM t ORDER BY ctid") == [(1, None), (1, 2)]


def test_format_keywords_are_case_sensitive(loaded):
    with pytest.raises(CopyError, match=r"TIMEFORMAT 'EPOCHMILLISECS' is no format; .*case-sensitive"):
        loaded("x timestamp", '{"x": 1}', "JSON 'auto' TIMEFORMAT 'EPOCHMILLISECS'")


def test_invalid_utf_8(postgres, loaded, written):
    content = b'{"s": "a\xff\xe2\x82b"}\n{"s": "\xc3\xa9"}'
    (error,) = rejected(postgres, written("s varchar(9)", content))
    assert (error.line, error.code, error.value, error.raw) == (1, 1220, r"a\xff\xe2\x82b", r'{"s": "a\xff\xe2\x82b"}')
    assert error.reason.endswith("Bad UTF8 hex sequence: ff")
    assert loaded("s varchar(9)", content, "JSON 'auto' ACCEPTINVCHARS") == [("a???b",), ("é",)]
    assert loaded("s varchar(9)", content, "JSON 'auto' ACCEPTINVCHARS '^'") == [("a^^^b",), ("é",)]
    (error,) = rejected(postgres, written("s int", b'{"s": "\xffa"}'))
    assert (error.value, error.reason) == (r"\xffa", r"Invalid digit, Value '\xff', Pos 0, Type: Integer")


def test_nesting_beyond_pythons_stack_is_an_error_of_the_row(postgres, written):
    deep = ['{"s": ' + "[" * depth + "]" * depth + "}" for depth in (700, 50_000)]
    assert [e.code for e in rejected(postgres, written("s varchar(9999)", "\n".join(deep)))] == [1216, 1216]


def test_of_keys_that_stand_twice_the_first_counts(loaded):
    assert loaded("n int", '{"n": 1, "n": "x"}\n{"n": 2, "n": 3}') == [(1,), (2,)]
    assert loaded("n int", '{"n": 1, "n": "x"}{"n": 2, "\\u006e": 3}') == [(1,), (2,)]
    assert loaded("n int", '{"N": 1, "n": 2}', "JSON 'auto ignorecase'") == [(1,)]


# --- What fails, and what is said of it -------------------------------------------------------------------


@pytest.fixture
def two_files(postgres, tmp_path):
    folder = tmp_path / "log-data"
    (folder / "11").mkdir(parents=True)
    (folder / "11" / "a.json").write_text('{"n": 1, "s": "ok"}\n{"n": "1x", "s": "ok"}\n{"n": 3, "s": "ok"}')
    (folder / "11" / "b.json").write_text('{"n": 4, "s": "ok"}\n\n{\n"n": 5,\n"s": "much too long"}\n{"n": 6}')
    sql(postgres, "CREATE TABLE t (n int, s varchar(10))")
    return folder


def test_an_error_loads_nothing_and_tells_all(postgres, two_files):
    assert rejected(postgres, two_files) == [
        LoadError(
            file="log-data/11/a.json",
            line=2,
            column="n",
            type="int4",
            length="",
            position=1,
            value="1x",
            raw='{"n": "1x", "s": "ok"}',
            code=1207,
            reason="Invalid digit, Value 'x', Pos 1, Type: Integer",
        ),
        LoadError(
            file="log-data/11/b.json",
            line=5,
            column="s",
            type="varchar",
            length="10",
            position=0,
            value="much too long",
            raw='{\n"n": 5,\n"s": "much too long"}',
            code=1204,
            reason="String length exceeds DDL length",
        ),
    ]


def test_an_error_is_the_databases_to_psycopg2_and_sqlalchemy(servers, postgres, two_files):
    connection = embedded.connect(servers, connection_factory=session.Connection, options="-c search_path=copy")
    connection.s3 = no_s3
    engine = sqlalchemy.create_engine("redshift+psycopg2://", creator=lambda: connection)
    with engine.connect() as through, pytest.raises(sqlalchemy.exc.InternalError) as error:
        through.exec_driver_sql(f"COPY t FROM '{two_files}' IAM_ROLE default JSON 'auto'")
    engine.dispose()
    assert isinstance(error.value.orig, CopyError)
    assert [rejected.code for rejected in error.value.orig.errors] == [1207, 1204]


def test_a_failure_of_no_row_has_no_errors(postgres, tmp_path):
    sql(postgres, "CREATE TABLE t (n int)")
    with pytest.raises(CopyError) as error:
        run(postgres, tmp_path / "nothing")
    assert error.value.errors == []


@pytest.mark.parametrize("maxerror", [0, 1, 2])
def test_as_many_errors_as_maxerror_fail(postgres, two_files, maxerror):
    assert len(rejected(postgres, two_files, f"JSON 'auto' MAXERROR {maxerror}")) == 2


def test_what_maxerror_lets_pass_is_returned(postgres, two_files):
    result = run(postgres, two_files, "JSON 'auto' MAXERROR 3")
    sizes = [file.stat().st_size for file in sorted(two_files.rglob("*.json"))]
    assert (result.rows, [file.size for file in result.files]) == (4, sizes)
    assert [(e.file, e.line, e.code) for e in result.errors] == [
        ("log-data/11/a.json", 2, 1207),
        ("log-data/11/b.json", 5, 1204),
    ]
    assert sql(postgres, "SELECT n FROM t ORDER BY ctid") == [(1,), (3,), (4,), (6,)]


COUNTED = {
    "": 0,
    " \n\n\r\n": 0,
    '{"n": 1}': 1,
    '{"n": 1}\n': 1,
    '{"n": 1}\n{"n": 2}': 2,
    '\n{"n": 1}\n \n\t{"n": 2}\n\r\n\n': 2,
    '{"n": 1}\r\n{"n": 2}\r\n': 2,
    '{"n": 1}{"n": 2} {"n": 3}\n\n{"n": 4}': 4,
    '{"n":\n1}\n{\n"n": 2\n}\n': 2,
    '{"n": "x"}\n{"n": 1}\n{"n": "y"}': 3,
    '{"n": 1}\nno object\n{"n": 2}': 3,
    '{"n": 1}\n{"n": 2': 2,
    '{"n": 1}\n' * 3000: 3000,
    '{"n": 1}\n\n' * 3000: 3000,
    '{"n": 1}{"n": 1}\n' * 3000: 6000,
}


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("piece", [1, 20, 1_000, sources.PIECE])
@pytest.mark.parametrize("way", ["fast", "slow"])
def test_the_rows_of_each_file_are_counted(postgres, tmp_path, monkeypatch, way, piece, zipped):
    monkeypatch.setattr(sources, "PIECE", piece)
    if way == "slow":
        monkeypatch.setattr(fast, "reader", lambda *_: None)
    counted = {text: rows for text, rows in COUNTED.items() if piece > 20 or rows < 100}
    # Among files that the fast way reads, and that are read together with them.
    texts = [text for one in counted for text in (one, '{"n": 7}\n')]
    for number, text in enumerate(texts):
        content = text.encode()
        (tmp_path / f"{number:02}.json").write_bytes(gzip.compress(content) if zipped else content)
    sql(postgres, "CREATE TABLE t (n int)")
    result = run(postgres, tmp_path, f"JSON 'auto' MAXERROR 100 {'GZIP' if zipped else ''}")
    assert result.counts == [counted.get(text, 1) for text in texts]
    assert sum(result.counts) == result.rows + len(result.errors)
    assert len(result.errors) == 4
    assert [file.name.rpartition("/")[2] for file in result.files] == [f"{n:02}.json" for n in range(len(texts))]


def test_the_rows_of_clean_files_are_counted_on_the_fast_way(postgres, tmp_path, by_row):
    for number, blank in enumerate(("", "\n", " \t\n\r\n")):
        (tmp_path / f"{number}.json").write_text(f'{{"n": 1}}\n{blank}' * 1_000 + '{"n": 2}' + blank)
    sql(postgres, "CREATE TABLE t (n int)")
    assert run(postgres, tmp_path).counts == [1_001] * 3
    assert run(postgres, tmp_path, "JSON 'auto' NOLOAD").counts == [1_001] * 3
    assert by_row == []


def test_a_file_that_a_manifest_names_twice_is_counted_twice(postgres, s3):
    put(s3, {"1.json": '{"n": 1}\n{"n": 2}', "2.json": "", "3.json": '{"n": 3}'})
    entries = [{"url": f"s3://music/{key}.json"} for key in (1, 2, 1, 3)]
    put(s3, {"manifest": json.dumps({"entries": entries})})
    sql(postgres, "CREATE TABLE t (n int)")
    assert run(postgres, "s3://music/manifest", "JSON 'auto' MANIFEST", s3=s3).counts == [2, 0, 2, 1]


@pytest.mark.parametrize(("maxerror", "found"), [(0, load.SHOWN), (1, load.SHOWN), (20, 20)])
def test_a_file_full_of_errors_stops_early(postgres, written, maxerror, found):
    file = written("n int", '{"n": "x"}\n' * 10_000)
    assert len(rejected(postgres, file, f"JSON 'auto' MAXERROR {maxerror}")) == found


def test_errors_in_the_last_file_undo_the_first(postgres, tmp_path, monkeypatch):
    """More than one chunk: what was already sent to Postgres must go, too."""
    monkeypatch.setattr(sources, "PIECE", 10_000)
    (tmp_path / "1.json").write_text('{"n": 1}\n' * 10_000)
    (tmp_path / "2.json").write_text('{"n": "x"}')
    sql(postgres, "CREATE TABLE t (n int)")
    (error,) = rejected(postgres, tmp_path)
    assert error.file.endswith("/2.json")
    (tmp_path / "2.json").unlink()
    assert run(postgres, tmp_path).rows == 10_000
    assert sql(postgres, "SELECT count(*) FROM t") == [(10_000,)]


def test_a_copy_is_part_of_its_transaction(postgres, tmp_path):
    (tmp_path / "1.json").write_text('{"n": 1}')
    sql(postgres, "CREATE TABLE t (n int)")
    postgres.autocommit = False
    run(postgres, tmp_path)
    postgres.rollback()
    assert sql(postgres, "SELECT count(*) FROM t") == [(0,)]


def test_noload_checks_without_loading(postgres, two_files):
    assert len(rejected(postgres, two_files, "JSON 'auto' NOLOAD")) == 2
    result = run(postgres, two_files, "JSON 'auto' NOLOAD MAXERROR 3")
    assert (result.rows, len(result.errors)) == (0, 2)
    assert sql(postgres, "SELECT count(*) FROM t") == [(0,)]


def copying() -> list[str]:
    """The threads of a COPY that are alive."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_an_interrupt_is_not_taken_for_an_error_of_postgres(postgres, tmp_path, monkeypatch):
    """Ctrl-C while threads are at work: it ends the COPY and them."""

    def convert(chunk: bytes) -> bytes:
        if b"9" in chunk:  # not one of the first: all threads have started
            assert copying()
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        return b"1\n"

    monkeypatch.setattr(fast, "reader", lambda *_: convert)
    monkeypatch.setattr(sources, "PIECE", 1)
    (tmp_path / "1.json").write_text("\n".join(f'{{"n": {n}}}' for n in range(20)))
    sql(postgres, "CREATE TABLE t (n int)")
    with pytest.raises(KeyboardInterrupt):
        run(postgres, tmp_path)
    assert copying() == []
    assert sql(postgres, "SELECT count(*) FROM t") == [(0,)]


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, CopyError])
def test_an_error_of_the_thread_is_raised_as_it_is(postgres, tmp_path, monkeypatch, error):
    def failing(_chunk: bytes):
        raise error("here")

    monkeypatch.setattr(fast, "reader", lambda *_: failing)
    (tmp_path / "1.json").write_text('{"n": 1}')
    sql(postgres, "CREATE TABLE t (n int)")
    with pytest.raises(error, match="here"):
        run(postgres, tmp_path)
    assert copying() == []


# --- Any documents ----------------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
DOCUMENT = st.fixed_dictionaries(
    {},
    optional={
        "s": st.none() | TEXT | st.integers() | st.lists(TEXT | st.integers(), max_size=3),
        "n": st.none() | st.just("") | st.integers(-(2**63), 2**63 - 1),
        "x": st.none() | st.just("") | st.floats(allow_nan=False, allow_infinity=False),
        "b": st.none() | st.booleans(),
        "unknown": TEXT,
    },
)
SPACE = st.sampled_from(["", " ", "\n", "\r\n", "\n\n\t"])


def read_plainly(document: dict) -> tuple:
    """What COPY must load, in the most direct words."""
    s, n, x = document.get("s"), document.get("n"), document.get("x")
    if isinstance(s, list):
        s = json.dumps(s, ensure_ascii=False, separators=(",", ":"))
    return (None if s is None else str(s), None if n == "" else n, None if x == "" else x, document.get("b"))


@given(documents=st.lists(st.tuples(DOCUMENT, SPACE, st.booleans(), st.sampled_from([None, 2])), max_size=8))
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_documents_come_back_as_a_plain_reader_says(loaded, documents):
    content = "".join(json.dumps(d, ensure_ascii=a, indent=i) + space for d, space, a, i in documents)
    rows = loaded("s varchar(65535), n bigint, x double precision, b boolean", content)
    assert rows == [read_plainly(document) for document, *_ in documents]


@given(values=st.lists(st.integers(0, 99) | st.sampled_from(["1.5", "x"]) | st.just("oops}"), max_size=30))
@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_row_is_loaded_or_recorded(postgres, tmp_path, values):
    file = tmp_path / "data.json"
    file.write_text("\n".join(f'{{"n": {value if value != "x" else chr(34) * 2 + "x"}}}' for value in values) or "\n")
    sql(postgres, "DROP TABLE IF EXISTS t; CREATE TABLE t (n int)")
    result = run(postgres, file, "JSON 'auto' MAXERROR 1000")
    good = [line for line, value in enumerate(values, 1) if isinstance(value, int)]
    assert [n for (n,) in sql(postgres, "SELECT n FROM t ORDER BY ctid")] == [values[line - 1] for line in good]
    recorded = {error.line for error in result.errors}
    assert recorded == set(range(1, len(values) + 1)) - set(good)


# --- The fast way -----------------------------------------------------------------------------------------

KINDS = {
    "v": "varchar(9)",
    "w": "varchar(40)",
    "c": "char(5)",
    "s": "smallint",
    "i": "int",
    "l": "bigint",
    "r": "real",
    "d": "double precision",
    "b": "boolean",
    "t": "timestamp",
    "z": "timestamptz",
}
SPELLINGS = r"""
    -0 0 0.0 -0.0 1.0 1e3 1E3 1.5e3 100e-2 1e400 1e-400 -1e-400 9223372036854775807 9223372036854775808
    -9223372036854775808 -9223372036854775809 18446744073709551616 1e38 1e39 3.4028235677973366e38 16777217 0.1 4.60
    9007199254740991 9007199254740992 9007199254740993 9007199254740993.0 4503599627370497.5 12345678901234567.0
    0.99999999999999999999 1541105830796 1541105830796.0 253402300799999 253402300800000 -62135596800000
    -62135596800001 253402300800 32767 32768 -32769 2147483648 1. .5 01 +1 - 1e NaN Infinity true false null tru
    99999999999999999999999999999999999999 999999999999999999999999999999999999999999 123456789012345678901234567890
    {} [] [1,"a"] {"v":1} {"a":{"v":1.50}} "" "\u0020" "4.6" "39" "-0" "01" "1.0" "1e3" "+5" "[1]" "{}" "true" "inf"
    "123456789012345" "1234567890123456" "-32769" "2018-11-01" "1541105830796" "\\N" "\\." "\t\n\r\\\/\"" "\u0000"
    "\ud800" "\udc00" "\ud83d\ude00" "\ud83d\u0041" "\u12" "\x" "\u001c" "\u00e9" "é" "😀" "ééééé" "\u0085"
    "abcdefghij"
"""
SPELLED = SPELLINGS.split()
FITTING = {
    "v": st.text("ab1é😀", max_size=3).map(json.dumps) | st.integers(0, 9).map('"{}"'.format),
    "w": st.text(max_size=8).map(json.dumps) | st.integers(0, 9).map(str),
    "c": st.text("ab1", max_size=3).map(json.dumps),
    "s": st.integers(-99, 99).map(str) | st.integers(0, 99).map("{}.0".format),
    "i": st.integers(-99, 99).map(str) | st.integers(0, 99).map('"{}"'.format),
    "l": st.integers(-(2**63), 2**63 - 1).map(str),
    "r": st.floats(-99, 99).map(repr),
    "d": st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.integers().map(str),
    "b": st.sampled_from(["true", "false"]),
    "t": st.integers(-(10**13), 10**13).map(str),
    "z": st.integers(0, 10**12).map(str),
}


def spelled(key: str, odd: bool) -> st.SearchStrategy[str]:
    """A member of an object; what is odd may be refused, or leave the fast way."""
    fitting = st.just("null") | FITTING[key]
    number = st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
    value = fitting | st.sampled_from(SPELLED) | number if odd else fitting
    names = st.sampled_from([key, key, key, key.upper(), rf"\\u00{ord(key):x}"]) if odd else st.just(key)
    blank = st.sampled_from(["", "", " ", "\t", "\r"])
    return st.tuples(names, blank, blank, value, blank).map(lambda part: '"{}"{}:{}{}{}'.format(*part))


def objects(odd: bool) -> st.SearchStrategy[str]:
    members = st.lists(st.sampled_from(sorted(KINDS)), max_size=8, unique=not odd)
    return members.flatmap(lambda keys: st.tuples(*[spelled(key, odd) for key in keys])).map(
        lambda parts: "{" + ",".join(parts) + "}"
    )


JUNK = [b"", b"\n", b"{", b"}", b"[", b'"', b",", b"\xff", b"\0", b"\xef\xbb\xbf", b"null"]


@st.composite
def files(draw) -> list[bytes]:
    """Objects that mostly stand on lines of their own, here and there mangled."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        odd = draw(st.sampled_from([st.just(False), st.booleans(), st.just(True)]))
        lines = draw(st.lists(odd.flatmap(objects), max_size=8))
        data = draw(st.sampled_from(["\n"] * 6 + ["\r\n", "\n \n", " ", ",\n"])).join(lines)
        data = (data + draw(st.sampled_from(["", "\n"]))).encode("utf-8", "surrogatepass")
        if draw(st.integers(0, 5)) == 0:
            at = draw(st.integers(0, len(data)))
            junk = draw(st.sampled_from(JUNK))
            data = data[:at] + junk + data[at + draw(st.integers(0, 3)) :]
        found.append(data)
    return found


OPTIONS = ["", "TRUNCATECOLUMNS", "EMPTYASNULL", "BLANKSASNULL", "ACCEPTINVCHARS"]
OPTIONS += ["EMPTYASNULL BLANKSASNULL TRUNCATECOLUMNS"]


def both_ways(postgres, folder, options: str, piece: int) -> tuple:
    """What a COPY loads and records with the fast way in pieces of so many bytes, and without it at once."""
    found = []
    for reader, size in ((fast.reader, piece), (lambda *_: None, sources.PIECE)):
        sql(postgres, "TRUNCATE t")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fast, "reader", reader)
            patch.setattr(sources, "PIECE", size)
            errors = run(postgres, folder, f"JSON 'auto' MAXERROR 1000 {options}").errors
        found.append((sql(postgres, "SELECT t::text FROM t ORDER BY ctid"), errors))
    return tuple(found)


@given(
    contents=files(),
    options=st.sampled_from(OPTIONS),
    time=st.sampled_from(["epochmillisecs", "epochmillisecs", "epochsecs", "auto"]),
    required=st.sampled_from(["", "", " NOT NULL"]),
    piece=st.sampled_from([1, 100, sources.PIECE]),
)
@hypothesis_settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_fast_way_loads_and_records_the_same(postgres, tmp_path, contents, options, time, required, piece):
    columns = ", ".join(f"{name} {kind}{required if name in 'vi' else ''}" for name, kind in KINDS.items())
    sql(postgres, f"DROP TABLE IF EXISTS t; CREATE TABLE t ({columns})")
    for old in tmp_path.iterdir():
        old.unlink()
    for number, content in enumerate(contents):
        (tmp_path / f"{number}.json").write_bytes(content)
    one, other = both_ways(postgres, tmp_path, f"{options} TIMEFORMAT '{time}'", piece)
    assert one == other


@pytest.mark.parametrize("kind", KINDS.values())
@pytest.mark.parametrize("key", ["x", r"\u0078"])
def test_each_spelling_of_a_value_is_loaded_the_same(postgres, written, kind, key):
    """Each as a chunk of its own, and each among others, which may be fast, of numbers or texts."""
    lines = [f'{{"{key}": {value}, "n": 3}}\n' for value in SPELLED]
    none, text = '{"n": 1}\n{"n": 2}\n' * 4, '{"x": "1", "n": 2}\n' * 8
    for before in ("", none, text):
        file = written(f"n int, x {kind}", "".join(before + line for line in lines))
        one, other = both_ways(postgres, file, "TIMEFORMAT 'epochmillisecs'", len(before) or 1)
        assert one == other


ODD_EVENTS = [
    {"userId": "", "registration": None, "auth": "Logged Out", "song": None, "length": None},
    {"song": "4.6", "artist": "311", "location": 'a "b" \\ c\td\ne\rf'},
    {"song": "[untitled] {x}", "artist": "50 Cent", "userAgent": "\x7f\x1c\u2028"},
    {"song": "-0", "artist": "\U0001f600 Zoë", "length": 119},
    {"song": "1234567890123456789012", "artist": "true"},
]


def test_events_and_songs_go_the_fast_way(postgres, tmp_path, by_row, monkeypatch):
    """The shapes of the real data, with all that is odd in them but still of the right type."""
    monkeypatch.setattr(sources, "PIECE", 10_000)
    events = [{"itemInSession": n} | (ODD_EVENTS[n // 10 % 5] if n % 10 == 0 else {}) for n in range(300)]
    (tmp_path / "events.json").write_text("\n".join(json.dumps(EVENT | event) for event in events))
    (tmp_path / "songs").mkdir()
    for n in range(100):
        song = {"title": 4.6, "artist_name": 311, "artist_location": "\t"} if n == 7 else {}
        song |= {"artist_latitude": 35.1 if n % 2 else None}
        (tmp_path / "songs" / f"{n}.json").write_text(json.dumps(SONG | song))
    (tmp_path / "paths").write_text(JSONPATHS)
    sql(postgres, f"CREATE TABLE staging_events ({EVENTS.format(artist=1024)}); CREATE TABLE staging_songs ({SONGS})")
    run(postgres, tmp_path / "events.json", f"JSON '{tmp_path}/paths'", table="staging_events")
    run(postgres, tmp_path / "songs", table="staging_songs")
    assert by_row == []
    odd = """SELECT song, artist, location, user_id FROM staging_events
             WHERE item_in_session % 10 = 0 ORDER BY item_in_session"""
    expected = [EVENT | event for event in events[::10]]
    assert sql(postgres, odd) == [
        (e["song"], e["artist"], e["location"], int(e["userId"]) if e["userId"] else None) for e in expected
    ]
    located = "SELECT title, artist_name FROM staging_songs WHERE artist_location <> ''"
    assert sql(postgres, located) == [("4.6", "311")]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("varchar(20)", ['"39"', "39", '"-5"', "null"]),
        ("int", ["1", "1.0", "1e3", '"7"', '""', "null"]),
        ("bigint", ["1541044398796.0", "-9007199254740991"]),
        ("smallint", ["32767", "-32768"]),
        ("double precision", ["1", "1.5", "-0", "1e300", "123456789012345678901234567890", "null"]),
        ("real", ["0.1", "16777217"]),
        ("boolean", ["true", "false", "null"]),
        ("char(4)", ['"ab"', '"\\u0041"']),
        ("timestamp", ["1541105830796", "-1", "null"]),
        ("timestamptz", ["1541105830796"]),
    ],
)
def test_what_else_goes_the_fast_way(postgres, written, by_row, kind, values):
    file = written(f"x {kind}", "\n".join(f'{{"x": {value}}}' for value in values) + "\n\n")
    assert run(postgres, file, "JSON 'auto' TIMEFORMAT 'epochmillisecs'").rows == len(values)
    assert by_row == []


def test_a_later_chunk_with_other_types_goes_the_fast_way_too(postgres, written, by_row, monkeypatch):
    monkeypatch.setattr(sources, "PIECE", 1)
    lines = ['{"a": null}', '{"a": 1}', '{"a": 2.0}', '{"a": "3"}', "{}", '{"b": 1, "a": 4}', '{"a": 5.0}']
    run(postgres, written("a int, c int", "\n".join(lines)))
    assert sql(postgres, "SELECT a FROM t ORDER BY ctid") == [(None,), (1,), (2,), (3,), (None,), (4,), (5,)]
    assert by_row == []


@pytest.mark.parametrize("depth", [100, 900, 960, 990, 1_010, 5_000])
def test_depth_is_judged_the_same(postgres, written, depth):
    """The decoders of Python and polars have limits of their own, here for a value that no column takes."""
    lines = ['{"n": 1}'] * 9 + ['{"n": 2, "deep": ' + "[" * depth + "]" * depth + "}"]
    one, other = both_ways(postgres, written("n int", "\n".join(lines)), "", sources.PIECE)
    assert one == other


def test_one_bad_row_takes_only_its_chunk_from_the_fast_way(postgres, written, by_row, monkeypatch):
    monkeypatch.setattr(sources, "PIECE", 1_000)
    lines = [f'{{"n": {n}}}' for n in range(2_000)]
    lines[1_200] = '{"n": "x"}'
    file = written("n int", "\n".join(lines))
    (error,) = rejected(postgres, file)
    assert (error.line, error.raw) == (1_201, '{"n": "x"}')
    assert run(postgres, file, "JSON 'auto' MAXERROR 2").rows == 1_999
    assert sql(postgres, "SELECT count(*), sum(n)::int FROM t") == [(1_999, 1_999_000 - 1_200)]
    assert by_row == ["data.json"] * 2


def test_a_bad_file_among_many_is_named(postgres, tmp_path):
    for n in range(200):
        (tmp_path / f"{n:03}.json").write_text(f'{{"n": {n}}}' if n != 150 else '\n{"n":')
    sql(postgres, "CREATE TABLE t (n int)")
    (error,) = rejected(postgres, tmp_path)
    assert (error.file, error.line, error.code) == (f"{tmp_path.name}/150.json", 2, 1216)


def test_chunks_without_a_row_do_not_end_the_copy(postgres, written, monkeypatch):
    monkeypatch.setattr(sources, "PIECE", 1)
    file = written("n int", '{"n": 1}\n\n \n{"n": "x"}\n{"n": 2}\n\n')
    assert run(postgres, file, "JSON 'auto' MAXERROR 2").rows == 2


@pytest.mark.parametrize("piece", [1, 7, 30, 10_000])
def test_objects_longer_than_a_piece(postgres, written, monkeypatch, piece):
    """What is read piece by piece is what it is as a whole, the errors too."""
    monkeypatch.setattr(sources, "PIECE", piece)
    content = textwrap.dedent("""
        {"n":
          1,

          "s": {
            "a": [
              1
            ] } }
        {"n": 2 } {
          "n": oops
        }
        [1,
        2]
        {"n": 3, "s":
        {"n":
          4}
        {"n": 5}
        {"n": 6, "s": "
        {"n": "7"
        }
        {"n":""")
    result = run(postgres, written("n int", content), "JSON 'auto' MAXERROR 9")
    assert sql(postgres, "SELECT n FROM t ORDER BY ctid") == [(1,), (2,), (4,), (5,), (7,)]
    assert [error.line for error in result.errors] == [11, 13, 14, 18, 21]


def test_a_large_file_is_read_in_pieces_of_whole_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "PIECE", 100)
    lines = [f'{{"n": {n}}}\n'.encode() for n in range(1_000)]
    (tmp_path / "1.json").write_bytes(b"".join(lines))
    found = sources.find(str(tmp_path), False, no_s3)
    ((_, pieces),) = [(file, list(pieces)) for file, pieces in sources.read(found, False, no_s3, "")]
    assert b"".join(pieces) == b"".join(lines)
    assert all(piece.endswith(b"\n") and len(piece) < 100 + len(lines[-1]) for piece in pieces)


# --- The real data ----------------------------------------------------------------------------------------

EVENTS = """artist varchar({artist}), auth varchar(32), first_name varchar(256), gender varchar(16),
    item_in_session int, last_name varchar(256), length double precision, level varchar(16), location varchar(1024),
    method varchar(16), page varchar(64), registration bigint, session_id bigint, song varchar(1024), status int,
    ts bigint, user_agent varchar(1024), user_id int"""
SONGS = """num_songs int, artist_id varchar(32) NOT NULL, artist_latitude double precision,
    artist_longitude double precision, artist_location varchar(1024), artist_name varchar(1024),
    song_id varchar(32) NOT NULL, title varchar(1024), duration double precision, year int"""


def test_the_real_events(postgres, real_data, by_row):
    sql(postgres, f"CREATE TABLE t ({EVENTS.format(artist=1024)})")
    assert run(postgres, real_data / "log-data", f"JSON '{real_data}/log_json_path.json'").rows == 1_882
    counts = """SELECT count(*), count(*) FILTER (WHERE page = 'NextSong'), count(*) FILTER (WHERE user_id IS NULL),
                count(DISTINCT ts) FILTER (WHERE page = 'NextSong'), bool_and(registration > 15e11::bigint) FROM t"""
    assert sql(postgres, counts) == [(1_882, 1_594, 43, 1_594, True)]
    assert by_row == []


def test_the_real_artist_of_101_bytes(postgres, real_data):
    sql(postgres, f"CREATE TABLE t ({EVENTS.format(artist=100)})")
    options = f"JSON '{real_data}/log_json_path.json'"
    with pytest.raises(CopyError) as error:
        run(postgres, real_data / "log-data", options)
    found = [(e.file.rpartition("/")[2], e.line, e.column, e.length, e.code) for e in error.value.errors]
    lines = [
        (file.name, number, "artist", "100", 1204)
        for file in sorted((real_data / "log-data").rglob("*.json"))
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if len((json.loads(line).get("artist") or "").encode()) > 100
    ]
    assert found == lines
    assert len(found) == 2
    assert run(postgres, real_data / "log-data", f"{options} MAXERROR 3").rows == 1_880
    assert run(postgres, real_data / "log-data", f"{options} TRUNCATECOLUMNS").rows == 1_882


def test_the_real_songs(postgres, real_data, by_row):
    sql(postgres, f"CREATE TABLE t ({SONGS})")
    assert run(postgres, real_data / "song-data").rows == 71
    counts = "SELECT count(DISTINCT song_id), count(DISTINCT artist_id), count(title) FROM t"
    assert sql(postgres, counts) == [(71, 69, 71)]
    assert by_row == []
