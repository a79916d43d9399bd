"""Each bad file of the corpus loads right or is rejected with file, line and reason; nothing else changes."""

import ast
import json
import os
import re
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import psycopg2
import pytest
from conftest import EVENT, JSONPATHS, SONG
from corpus import EVENT_ROW, EVENTS, NAMES, PLACES, SONG_ROW, SONGS, Case, event, lines, song

from redjam import aws, config, etl, load_errors, schema, sources, warehouse

LIB = Path(__file__).parents[1] / "lib" / "redjam"
STAR = ("songs", "artists", "users", "time", "songplays")
EPOCH = datetime(1970, 1, 1)


@pytest.fixture(scope="module")
def own(servers, cluster, tmp_path_factory) -> config.Settings:
    """Settings with a folder of events and one of songs for all cases, a good file in each."""
    folder = tmp_path_factory.mktemp("corpus")
    for name, good in (("log-data", EVENT), ("song-data", SONG)):
        (folder / name).mkdir()
        (folder / name / "good.json").write_text(json.dumps(good))
    (folder / "log_json_path.json").write_text(JSONPATHS)
    places = "[S3]\nLOG_DATA=log-data\nLOG_JSON_PATH=log_json_path.json\nSONG_DATA=song-data\nWORK=s3://corpus\n"
    (folder / "dwh.cfg").write_text(f"[CLUSTER]\nTARGET=local\n{places}[LOCAL]\nDIR={servers}\n")
    return config.load(folder / "dwh.cfg")


@pytest.fixture(scope="module")
def connected(own, cluster):
    """A connection to tables for all cases. The good files are loaded, together with the cases that load as a whole.

    What other cases leave stays for the next.
    """
    place = {"LocationConstraint": own.region}
    s3 = aws.client(own, "s3")
    aws.unless("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket="corpus", CreateBucketConfiguration=place)
    for folder, cases in ((own.log_data, EVENTS), (own.song_data, SONGS)):
        for case in cases:
            if loads_whole(case):
                path(folder, case).write_bytes(case.content)
    with closing(warehouse.connect(own, cluster)) as connection:
        schema.create(connection, fresh=True)
        etl.run(connection, replace(own, max_rejected=1_000), cluster.role_arn)
        yield connection
        etl.check(connection)  # all that the cases have left, once: it takes as long as a load


@pytest.fixture
def load(connected, own, cluster):
    """Run the ETL on these tables, with other settings where they are given."""
    return lambda **changes: etl.run(connected, replace(own, **changes), cluster.role_arn)


def path(folder: str, case: Case) -> Path:
    """The file of a case."""
    return Path(folder, re.sub(r"\W+", "-", case.name) + f".{case.suffix}")


def loads_whole(case: Case) -> bool:
    """Whether nothing of a case is rejected."""
    return not case.rejects and not case.error


def rows(connection, query: str, *values) -> list[dict]:
    """The rows of a query as dicts, its values as the driver's own parameters."""
    with connection.cursor() as cursor:
        cursor.execute(query, values or None)
        return [dict(zip([column.name for column in cursor.description], row, strict=True)) for row in cursor]


def everything(connection) -> dict[str, list[str]]:
    """All rows of the star, of staging, and of the files that are loaded."""
    tables = (*STAR, *schema.STAGING, "load_files")
    return {table: sorted(map(repr, rows(connection, f"SELECT * FROM {table}"))) for table in tables}


def rejects(connection, uri: str) -> list[tuple[int, str, str]]:
    """What the latest run rejected of a file, in the order of a case."""
    query = """
        SELECT line, column_name, reason FROM load_errors
        WHERE uri = %s AND run_id = (SELECT run_id FROM etl_runs ORDER BY started_at DESC LIMIT 1)
        ORDER BY CASE WHEN code IS NULL THEN 1 ELSE 0 END, line"""
    return [tuple(row.values()) for row in rows(connection, query, uri)]


def match(found: list[tuple], expected: list[tuple]) -> bool:
    """Whether rejects are at these lines, of these columns, and for these reasons; those of one line in any order."""
    found, expected = sorted(found), sorted(expected, key=lambda row: row[:2])
    return [row[:2] for row in found] == [row[:2] for row in expected] and all(
        part in reason for (_, _, reason), (_, _, part) in zip(found, expected, strict=True)
    )


def accounted(connection, uri: str, case: Case) -> None:
    """Hold the ledger to a case: every row of the file is loaded or rejected."""
    files = rows(connection, "SELECT rows_read, rows_loaded, rows_rejected FROM load_files WHERE uri = %s", uri)
    read, loaded, rejected = len(case.rows) + len(case.rejects), len(case.rows), len(case.rejects)
    assert files == [{"rows_read": read, "rows_loaded": loaded, "rows_rejected": rejected}]


def staged(connection, table: str, uri: str, order: str) -> list[dict]:
    """The rows of a file in staging; by their ids they are in the order of the file."""
    query = f"SELECT * FROM {table} WHERE batch_id = (SELECT batch_id FROM load_files WHERE uri = %s) ORDER BY {order}"
    return [{key: value for key, value in row.items() if key != "batch_id"} for row in rows(connection, query, uri)]


def plain(found: list[dict]) -> list[str]:
    """Rows in a form and an order in which they compare; NaN as itself is not equal to NaN."""
    return sorted(repr(sorted(row.items())) for row in found)


def without(text: str | None) -> str | None:
    """A name as the star has it: without trailing blanks, and none if nothing is left."""
    return (text or "").rstrip(" ") or None


# --- What is in a file --------------------------------------------------------------------------------------


def survive(connection, load, file: Path, case: Case) -> None:
    """Load a file, at first without leave to reject anything; then what is good of it must be loaded."""
    uri = str(file)
    if not loads_whole(case):
        file.write_bytes(case.content)
        try:
            fail(connection, load, uri, case)
            if not case.error:
                run = load(max_rejected=100)
                assert run.reconciliation["read"].tolist() == run.reconciliation["found"].tolist()
                assert len(run.rejected) == len(case.rejects)
                assert match(rejects(connection, uri), case.rejects)
        finally:
            file.unlink()  # its rows stay
    if not case.error:
        accounted(connection, uri, case)


def fail(connection, load, uri: str, case: Case) -> None:
    """A load that rejects something fails with its file, line and reason, and changes nothing."""
    before = everything(connection)
    # A file that cannot be read at all is the COPY's own error, of which only the class is Redshift's.
    with pytest.raises(psycopg2.InternalError if case.error else load_errors.LoadFailed) as failed:
        load(max_rejected=100 if case.error else 0)
    assert everything(connection) == before
    found = rejects(connection, uri)
    assert match(found, case.rejects[: len(found)])
    assert bool(found) != bool(case.error)
    assert uri in str(failed.value)
    assert case.error in str(failed.value)
    if found:
        assert f"{uri} line {found[0][0]}" in str(failed.value)
    ended = "SELECT state, message FROM etl_runs WHERE step = 'etl' AND ended_at IS NOT NULL ORDER BY started_at DESC"
    (run,) = rows(connection, f"{ended} LIMIT 1")
    assert (run["state"], uri in run["message"]) == ("failed", True)


@pytest.mark.parametrize("case", EVENTS, ids=lambda case: case.name)
def test_events(connected, load, own, case):
    survive(connected, load, path(own.log_data, case), case)
    found = staged(connected, "staging_events", str(path(own.log_data, case)), "session_id")
    ids = [{"session_id": row["session_id"], "user_id": row["session_id"]} for row in found]
    assert plain(found) == plain([EVENT_ROW | of | row for of, row in zip(ids, case.rows, strict=True)])
    for row in found[-25:]:
        if row["page"] == "NextSong":
            assert_played(connected, row)


def assert_played(connection, row: dict) -> None:
    """Hold the star to an event of staging: its play, song, artist, listener and time."""
    about = {key: row[key] for key in ("session_id", "item_in_session", "user_id")}
    query = """
        SELECT p.level, p.location, p.user_agent, p.length, p.start_time, s.title, s.artist_name,
            u.first_name, u.last_name, u.gender, u.level AS last_level, t.start_time AS time
        FROM songplays AS p
        JOIN songs AS s ON s.song_id = p.song_id
        JOIN artists AS a ON a.artist_id = p.artist_id
        JOIN users AS u ON u.user_id = p.user_id
        JOIN time AS t ON t.start_time = p.start_time
        WHERE p.session_id = %s AND p.item_in_session = %s AND p.user_id = %s"""
    kept = ("level", "location", "user_agent", "length", "first_name", "last_name", "gender")
    start = EPOCH + timedelta(milliseconds=row["ts"])
    expected = {key: row[key] for key in kept} | {"last_level": row["level"], "start_time": start, "time": start}
    expected |= {"title": without(row["song"]), "artist_name": without(row["artist"])}
    assert plain(rows(connection, query, *about.values())) == plain([expected])
    # Each text is found by itself as a parameter of the warehouse's own.
    texts = {key: value for key, value in expected.items() if isinstance(value, str) and key != "last_level"}
    tables = {"title": "s", "artist_name": "s", "first_name": "u", "last_name": "u", "gender": "u"}
    wanted = " AND ".join(f"{tables.get(key, 'p')}.{key} = :{key}" for key in texts)
    query = f"""
        SELECT p.location, s.title
        FROM songplays AS p JOIN songs AS s ON s.song_id = p.song_id JOIN users AS u ON u.user_id = p.user_id
        WHERE p.session_id = :session_id AND {wanted}"""
    found = warehouse.frame(connection, query, session_id=row["session_id"], **texts)
    assert found.to_numpy().tolist() == [[expected["location"], expected["title"]]]


@pytest.mark.parametrize("case", SONGS, ids=lambda case: case.name)
def test_songs(connected, load, own, case):
    survive(connected, load, path(own.song_data, case), case)
    found = staged(connected, "staging_songs", str(path(own.song_data, case)), "song_id")
    ids = [{"song_id": row["song_id"], "artist_id": row["artist_id"]} for row in found]
    assert plain(found) == plain([SONG_ROW | of | row for of, row in zip(ids, case.rows, strict=True)])
    for row in found:
        title, artist = (row[key] and row[key].rstrip(" ") for key in ("title", "artist_name"))
        query = """
            SELECT s.title, s.artist_name, s.year, s.duration, a.name, a.location, a.latitude, a.longitude
            FROM songs AS s JOIN artists AS a ON a.artist_id = s.artist_id
            WHERE s.song_id = %s AND s.artist_id = %s AND NOT s.is_inferred AND NOT a.is_inferred"""
        expected = {"title": title, "artist_name": artist, "year": row["year"] or None, "duration": row["duration"]}
        expected |= {"name": artist, "location": without(row["artist_location"])}
        expected |= {"latitude": row["artist_latitude"], "longitude": row["artist_longitude"]}
        assert plain(rows(connected, query, row["song_id"], row["artist_id"])) == plain([expected])
        if title:
            query = "SELECT title FROM songs WHERE song_id = :id AND title = :title"
            assert warehouse.frame(connected, query, id=row["song_id"], title=title).to_numpy().tolist() == [[title]]


# --- Names and places ---------------------------------------------------------------------------------------


@pytest.fixture
def s3(own):
    """A client of the stand-in's S3; what it has put into the bucket of the loads' own is gone in the end."""
    client = aws.client(own, "s3")
    yield client
    for item in client.list_objects_v2(Bucket="corpus").get("Contents", ()):
        client.delete_object(Bucket="corpus", Key=item["Key"])


@pytest.fixture
def write(request, tmp_path, s3):
    """Write a file at a place, on this machine and on S3; gives its URI."""

    def here(place: str, name: str, content: bytes) -> str:
        path = tmp_path / place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return str(path)

    def on_s3(place: str, name: str, content: bytes) -> str:
        s3.put_object(Bucket="corpus", Key=f"{place}/{name}", Body=content)
        return f"s3://corpus/{place}/{name}"

    return here if request.param == "a folder" else on_s3


@pytest.mark.parametrize(
    ("write", "more"), [("a folder", 0), ("a folder", 100), ("S3", 0)], indirect=["write"], ids=str
)
def test_names_of_files(connected, load, write, more):
    names = NAMES + [f"{number}.json" for number in range(more)]
    if write.__name__ == "on_s3":
        names = [name for name in names if "\n" not in name]  # moto knows no such key
    uris = {name: write("names", name, lines(event(song=name), event(ts=5), event(ts="x"))) for name in names}
    place = uris["no-suffix"].removesuffix("/no-suffix")
    run = load(log_data=place, max_rejected=1_000)
    assert run.reconciliation["read"].tolist() == run.reconciliation["found"].tolist()
    assert sorted(run.files["uri"]) == sorted(uris.values())
    of_run = f"WHERE run_id = '{run.run_id}'"
    files = rows(connected, f"SELECT uri, rows_read, rows_loaded, rows_rejected FROM load_files {of_run}")
    assert sorted(tuple(row.values()) for row in files) == sorted((uri, 3, 1, 2) for uri in uris.values())
    errors = rows(connected, f"SELECT uri, line, COALESCE(code, 0) AS code FROM load_errors {of_run}")
    expected = [(uri, *of) for uri in uris.values() for of in ((2, 0), (3, 1207))]
    assert sorted(tuple(row.values()) for row in errors) == sorted(expected)
    batches = f"SELECT DISTINCT batch_id FROM load_files {of_run}"
    songs = rows(connected, f"SELECT song FROM staging_events WHERE batch_id IN ({batches})")
    assert sorted(row["song"] for row in songs) == sorted(names)
    assert len(rows(connected, batches)) == len(names)


@pytest.mark.parametrize("write", ["a folder", "S3"], indirect=True)
@pytest.mark.parametrize("place", PLACES)
def test_names_of_folders(connected, load, write, place):
    events = write(f"{place}/log", "a.json", lines(event(), event(ts="x")))
    songs = write(f"{place}/songs", "b.json", lines(song(title=place), song(year="x")))
    places = {"log_data": events.removesuffix("/a.json"), "song_data": songs.removesuffix("/b.json")}
    before = everything(connected)
    with pytest.raises(load_errors.LoadFailed) as failed:
        load(**places)
    assert f"{events} line 2, column ts" in str(failed.value)
    assert everything(connected) == before
    run = load(**places, max_rejected=2)
    assert sorted(run.rejected["uri"]) == sorted([events, songs])
    assert [row["title"] for row in staged(connected, "staging_songs", songs, "song_id")] == [place]


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: (folder / "x.json").symlink_to(folder.parent),
        lambda folder: (folder / "x.json").symlink_to("nothing"),
        lambda folder: os.mkfifo(folder / "x.json"),
        lambda folder: Path(os.fsdecode(bytes(folder) + b"/x.json\xff")).write_bytes(event()),
    ],
    ids=["a link to a folder", "a link to nothing", "a pipe", "a name that is not UTF-8"],
)
def test_what_is_no_file_is_named_and_nothing_is_loaded(connected, load, tmp_path, make):
    (tmp_path / "a.json").write_bytes(event())
    make(tmp_path)
    before = everything(connected)
    with pytest.raises(sources.SourceError, match=r"x\.json"):
        load(log_data=str(tmp_path))
    assert everything(connected) == before


def test_an_empty_folder_named_json_is_nothing(connected, load, tmp_path):
    (tmp_path / "x.json").mkdir()
    (tmp_path / "a.json").write_bytes(event())
    assert load(log_data=str(tmp_path)).files["uri"].tolist() == [str(tmp_path / "a.json")]


# --- SQL is never built from data -----------------------------------------------------------------------------

# Module and expression: all the places that put a SQL text together, and why each may.
BUILT = {
    # tables and a number that stand in the code
    ("etl", "f'SET statement_timeout TO {ASKS_AGAIN}'"),
    ("design", "f'DROP TABLE IF EXISTS {table}'"),
    ("schema", "f'DROP TABLE IF EXISTS {table}'"),
    ("schema", "f'DROP MATERIALIZED VIEW IF EXISTS {mart}'"),
    ("schema", "f'SELECT COUNT(*) FROM {table}'"),
    ("staging", "f'DROP TABLE {arrivals}'"),
    # a table and columns that stand in the code; the values are parameters
    ("warehouse", "f'INSERT INTO {table} ({names}) VALUES %s'"),
    # no SQL but a message
    ("load_errors", """f"COPY {table[-1]}: {total:,} row{('' if total == 1 else 's')} rejected, {outcome}\""""),
}
VERB = re.compile(r"\s*(ALTER|CALL|COPY|CREATE|DELETE|DROP|GRANT|INSERT|LOCK|MERGE|SELECT|SET|TRUNCATE|UPDATE|WITH)\s")


def built(source: str) -> set[str]:
    """The expressions of a source that put values into a text which begins as SQL does, or into one by `format`."""

    def is_sql(node: ast.AST) -> bool:
        return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(VERB.match(node.value))

    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.JoinedStr(values=[start, *_]) if is_sql(start):
                found.add(ast.unparse(node))
            case ast.BinOp(left=left, op=ast.Add() | ast.Mod()) if is_sql(left):
                found.add(ast.unparse(node))
            case ast.Call(func=ast.Attribute(attr="format" | "format_map" | "join")) if _of_sql(node, is_sql):
                found.add(ast.unparse(node))
    return found


def _of_sql(call: ast.Call, is_sql) -> bool:
    """Whether a call of a text's method is on SQL; of a variable's that may be so."""
    return is_sql(call.func.value) or (call.func.attr != "join" and not isinstance(call.func.value, ast.Constant))


def test_sql_is_put_together_only_from_names_of_the_code():
    assert {(path.stem, text) for path in LIB.glob("*.py") for text in built(path.read_text())} == BUILT


@pytest.mark.parametrize(
    "source",
    ["f'SELECT {x}'", "'SELECT ' + x", "'DELETE FROM t WHERE a = %s' % x", "'SELECT {}'.format(x)", "QUERY.format(x)"],
)
def test_sql_that_is_built_is_seen(source):
    assert built(f"cursor.execute({source})") == {ast.unparse(ast.parse(source))}
    assert not built("cursor.execute('SELECT %s', (x,)); print(f'{x} SELECT', 'a' + x, '{}'.format(x))")


def test_the_corpus_is_as_large_as_it_should_be():
    assert len(EVENTS) + len(SONGS) + len(NAMES) >= 100
    for cases in (EVENTS, SONGS):
        assert len({case.name for case in cases}) == len(cases)
    assert max(len(case.content) for case in EVENTS) > 5_000_000
