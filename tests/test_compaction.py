"""Small files that are put together are loaded, rejected and replaced as if each were a COPY of its own."""

import gzip
import json
import os
from dataclasses import replace as but
from pathlib import Path

import corpus
import psycopg2
import pytest
from conftest import EVENT, JSONPATHS, SONG, replace
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from redjam import aws, bucket, compaction, etl, load_errors, schema, selection, sources, staging, warehouse
from redjam.compaction import Compacted, compact, marked
from redjam.sources import Source

# --- Marks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}\n', '{"a": 1, "batch_id": 7}\n'),
        ('{"a": 1}', '{"a": 1, "batch_id": 7}\n'),
        ("{}", '{"batch_id": 7}\n'),
        ("{ }{}\n", '{ "batch_id": 7}{"batch_id": 7}\n'),
        ('{"a": {}}', '{"a": {}, "batch_id": 7}\n'),
        ('{"a": {"b": [{"c": 1}]} }', '{"a": {"b": [{"c": 1}]} , "batch_id": 7}\n'),
        ('{"a": "}", "b": "{\\"}"}\n', '{"a": "}", "b": "{\\"}", "batch_id": 7}\n'),
        ('{\n "a": 1\n}\n{"b":\n2}', '{\n "a": 1\n, "batch_id": 7}\n{"b":\n2, "batch_id": 7}\n'),
        ('{"a": 1}{"b": 2} \t{"c": 3}', '{"a": 1, "batch_id": 7}{"b": 2, "batch_id": 7} \t{"c": 3, "batch_id": 7}\n'),
        ('{"a": 1}\r\n\r\n{"b": 2}\r\n', '{"a": 1, "batch_id": 7}\r\n\r\n{"b": 2, "batch_id": 7}\r\n'),
        ('{"a": 1}\r{"b": 2}\r', '{"a": 1, "batch_id": 7}\r{"b": 2, "batch_id": 7}\r\n'),
        ("", ""),
        (" \n\t", " \n\t\n"),
        ('{"a": {"batch_id": 1}}', '{"a": {"batch_id": 1}, "batch_id": 7}\n'),
        ('{"a": "\\ud83c", "b": 1e400, "c": "\u2028"}', '{"a": "\\ud83c", "b": 1e400, "c": "\u2028", "batch_id": 7}\n'),
    ],
)
def test_each_object_gets_the_mark_and_all_else_stays(text, expected):
    assert marked(text, 7) == expected


@pytest.mark.parametrize(
    "text",
    [
        '\ufeff{"a": 1}',
        '[{"a": 1}]',
        '{"a": 1}, {"b": 2}',
        '{"a": 1} 42',
        '{"a": 1}\n{"b": ',
        '{"a": 1,}',
        '{"a": NaN}',
        '{"a": "x\ny"}',
        '{"a": 1}\0',
        "{'a': 1}",
        '{"batch_id": 1}',
        '{"a": 1}{"Batch_ID": 1}',
        '{"batch\\u005fid": 1}',
        '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"a": "' + "x" * compaction.LONGEST + '"}',
        '{"a": ' + "1" * 5_000 + "}",
        "a,b\n1,2\n",
    ],
    ids=lambda text: text[:24],
)
def test_what_is_more_than_objects_or_has_such_a_key_is_left_alone(text):
    assert marked(text, 7) is None


def test_a_mark_is_taken_off_again():
    for text in ('{"a": 1}', "{}", '{"a": {"batch_id": 1}}'):
        assert compaction.unmarked(marked(text, 12).strip()) == text


def test_a_line_of_a_part_is_known_by_its_file():
    part = Compacted({"p": [[3, 1], [4, 5], [5, 5], [8, 6]]}, [], "auto")
    assert [part.origin("p", line) for line in (1, 4, 5, 6, 9)] == [(3, 1), (3, 4), (5, 1), (8, 1), (8, 4)]


@given(st.lists(st.integers(0, 900_000), min_size=1, max_size=60), st.data())
def test_parts_have_all_files_in_order_and_about_the_same_size(sizes, data):
    count = data.draw(st.integers(1, len(sizes)))
    groups = compaction._groups([Source("a", size, "", "") for size in sizes], count)
    assert [mark for group in groups for mark in group] == list(range(len(sizes)))
    assert len(groups) == count
    assert all(groups)
    of_each = [sum(sizes[mark] for mark in group) for group in groups]
    assert max(of_each) <= sum(sizes) / count + max(sizes)


# --- The COPY of the parts --------------------------------------------------------------------------------


def test_the_copy_of_parts_takes_the_mark(settings):
    args = (settings, "arn:aws:iam::0:role/a")
    events = staging.copy_statement(*args, "staging_events", "s3://b/m", 1, "us-west-2", True, "s3://b/paths.json")
    songs = staging.copy_statement(*args, "staging_songs", "s3://b/m", 1, "us-west-2", True, "auto")
    assert ", user_agent, user_id,\n    batch_id\n)\nFROM 's3://b/m'\n" in events
    assert "FORMAT AS JSON 's3://b/paths.json'\n" in events
    assert ", duration, year,\n    batch_id\n)\nFROM" in songs
    assert songs.endswith("COMPUPDATE OFF\nGZIP;")


def test_the_slices_are_those_of_the_cluster_and_of_serverless_its_capacity(settings, connection):
    assert staging.slices(connection, settings) == 2
    assert staging.slices(None, but(settings, target="serverless", base_capacity=24)) == 24


@pytest.mark.parametrize(
    ("document", "paths"),
    [
        ('{"jsonpaths": ["$[\'a\']", "$[\'b\'][0]"]}', ["$['a']", "$['b'][0]", "$['batch_id']"]),
        ('{"jsonpaths": ["$.a", "$.b[0]"]}', ["$.a", "$.b[0]", "$.batch_id"]),
    ],
)
def test_a_jsonpaths_file_keeps_to_its_notation(settings, document, paths):
    file = Path(settings.log_json_path)
    file.write_text(document)
    assert json.loads(compaction._marked_paths(settings, str(file))) == {"jsonpaths": paths}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ('{"paths": ["$.a"]}', b""),  # to COPY this is 'auto'
        ('{"jsonpaths": ["$.a", "$[\'b\']"]}', None),
        ('{"jsonpaths": ["a"]}', None),
        ('{"jsonpaths": [1]}', None),
        ('{"jsonpaths": {}}', None),
        ('["$.a"]', None),
        ("{", None),
        (None, None),
    ],
)
def test_what_is_wrong_with_a_jsonpaths_file_is_left_to_copy(settings, document, expected):
    file = Path(settings.log_json_path)
    file.unlink() if document is None else file.write_text(document)
    assert compaction._marked_paths(settings, str(file)) == expected


# --- Loads ------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def many(monkeypatch):
    """Take two files for many."""
    monkeypatch.setattr(selection, "ALONE", 1)


@pytest.fixture
def load(connection, settings, cluster):
    """Run the ETL, with these settings changed."""
    return lambda **changes: etl.run(connection, but(settings, **changes), cluster.role_arn)


@pytest.fixture
def write(settings):
    """Write files of events, a name to its content; there is a song, too."""
    Path(settings.song_data, "song.json").write_text(json.dumps(SONG))

    def files(**contents) -> None:
        for name, content in contents.items():
            text = content if isinstance(content, str) else "\n".join(map(event, content))
            replace(Path(settings.log_data, f"{name}.json"), text)

    return files


def event(changes: dict) -> str:
    return json.dumps(EVENT | changes)


def rows(connection, query: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def outcome(connection) -> dict[str, list]:
    """All that is staged, each row with the file that it comes from, what was rejected, and the files."""
    found = {}
    for table in schema.STAGING:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""SELECT f.uri, f.table_name, s.* FROM {table} AS s
                    LEFT JOIN load_files AS f ON f.batch_id = s.batch_id"""
            )
            kept = [n for n, column in enumerate(cursor.description) if column.name != "batch_id"]
            found[table] = sorted(repr([row[n] for n in kept]) for row in cursor.fetchall())
    errors = rows(connection, "SELECT table_name, uri, line, column_name, value, code, reason FROM load_errors")
    files = rows(connection, "SELECT table_name, uri, rows_read, rows_loaded, rows_rejected FROM load_files")
    return found | {"errors": sorted(map(repr, errors)), "files": sorted(files)}


@pytest.fixture
def both(connection, load, monkeypatch):
    """Load all files put together, and then one by one into empty tables; gives what came of each."""

    def run(**changes) -> tuple[dict, dict]:
        found = []
        for alone in (1, 1_000_000):
            monkeypatch.setattr(selection, "ALONE", alone)
            schema.create(connection, fresh=True)
            load(max_rejected=10_000, **changes)
            found.append(outcome(connection))
        return tuple(found)

    return run


@pytest.fixture
def read(monkeypatch):
    """The names of the files that are read to be put together."""
    found, content = [], sources.content

    def note(s3, file: Source) -> bytes | None:
        found.append(os.path.basename(file.uri))
        return content(s3, file)

    monkeypatch.setattr(sources, "content", note)
    return found


def parts(settings) -> set[str]:
    """What is there of the events that were put together."""
    place = bucket.work_place(settings, settings.region)
    return sources.listed(aws.client(settings, "s3"), f"{place}/compacted/redjam/staging_events/")


def test_the_bad_files_of_the_corpus_are_told_by_their_own_names_and_lines(settings, load, connection):
    cases = {}
    for kind, folder in ((corpus.EVENTS, settings.log_data), (corpus.SONGS, settings.song_data)):
        for number, case in enumerate(kind):
            if not case.error and len(case.content) < selection.SMALL:
                file = Path(folder, f"{number:03}.{case.suffix}")
                file.write_bytes(case.content)
                cases[str(file)] = case
    load(max_rejected=10_000)
    files = rows(connection, "SELECT uri, rows_loaded, rows_rejected FROM load_files")
    assert sorted(files) == sorted((uri, len(case.rows), len(case.rejects)) for uri, case in cases.items())
    errors = rows(connection, "SELECT uri, line, column_name, reason FROM load_errors ORDER BY uri, code IS NULL, line")
    for uri, case in cases.items():
        of_file = [error[1:] for error in errors if error[0] == uri]
        assert [error[:2] for error in of_file] == [reject[:2] for reject in case.rejects], case.name
        assert all(reject[2] in error[2] for error, reject in zip(of_file, case.rejects, strict=True)), case.name


PIECES = {
    "good": lambda number: event({"sessionId": number, "itemInSession": 1}),
    "over lines": lambda number: json.dumps(EVENT | {"sessionId": number, "song": "a } {"}, indent=1),
    "rejected over lines": lambda number: json.dumps(EVENT | {"ts": "x"}, indent=1),
    "rejected": lambda number: event({"ts": "x", "sessionId": number}),
    "against a rule": lambda number: event({"ts": 5, "sessionId": number}),
    "empty": lambda number: "{}",
    "malformed": lambda number: '{"ts": ',
    "a key of ours": lambda number: event({"sessionId": number, "batch_id": 99}),
    "an array": lambda number: "[1]",
    "a byte order mark": lambda number: "\ufeff",
    "blank": lambda number: "  ",
}
BETWEEN = st.sampled_from(["\n", "\r\n", "\n\n", " ", "", "\r"])
GOOD = [name for name in PIECES if name not in ("malformed", "a key of ours", "an array", "a byte order mark")]
FILE = st.tuples(
    st.one_of(*(st.lists(st.tuples(st.sampled_from(kinds), BETWEEN), max_size=4) for kinds in (GOOD, list(PIECES)))),
    st.booleans(),
)


@hypothesis_settings(
    max_examples=int(os.environ.get("REDJAM_FUZZ", "2")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(files=st.lists(FILE, min_size=2, max_size=8))
@example(files=[([(name, "\n")], bool(number % 2)) for number, name in enumerate(PIECES)])
@example(files=[([("rejected", "")], False), ([], True), ([("blank", "")], False), ([("rejected", "\n")], False)])
def test_files_put_together_leave_what_they_leave_one_by_one(settings, write, both, files):
    for file in Path(settings.log_data).iterdir():
        file.unlink()
    number = 0
    for place, (pieces, zipped) in enumerate(files):
        text = ""
        for name, between in pieces:
            number += 1
            text += PIECES[name](number) + between
        content = gzip.compress(text.encode()) if zipped else text.encode()
        Path(settings.log_data, f"{place:02}.json" + (".gz" if zipped else "")).write_bytes(content)
    together, alone = both()
    assert together == alone


AUTO = {"page": "NextSong", "ts": EVENT["ts"], "song": "First", "level": "free"}
IDS = {"user_id": 1, "session_id": 1, "item_in_session": 1}


@pytest.mark.parametrize(
    ("json_paths", "documents"),
    [
        ("auto ignorecase", [{key.upper(): value for key, value in (AUTO | IDS | {"session_id": n}).items()}
                             for n in (1, 2)]),
        (JSONPATHS.replace("['", ".").replace("']", ""), [EVENT, EVENT | {"sessionId": 2}]),
        ('{"other": 1}', [AUTO | IDS, AUTO | IDS | {"session_id": 2}]),
        (JSONPATHS.replace("['artist']", "['a'][0]"), [EVENT | {"a": ["Zoe"]}, EVENT | {"sessionId": 2, "a": []}]),
    ],
    ids=["ignorecase", "dots", "no jsonpaths", "a path that goes astray"],
)  # fmt: skip
def test_keys_find_their_columns_however_they_are_named(settings, write, both, tmp_path, json_paths, documents):
    if not json_paths.startswith("auto"):
        (tmp_path / "paths.json").write_text(json_paths)
        json_paths = str(tmp_path / "paths.json")
    write(**{f"file{n}": json.dumps(document) for n, document in enumerate(documents)})
    together, alone = both(log_json_path=json_paths)
    assert together == alone
    assert len(together["staging_events"]) + len(together["errors"]) == 2


def test_one_copy_loads_all_small_files_and_each_is_replaced_alone(write, load, connection, settings, read, caplog):
    caplog.set_level("INFO", "redjam")
    write(**{f"f{n}": [{"sessionId": n}] for n in range(5)})
    Path(settings.log_data, "large.json").write_text(event({"sessionId": 9}) + " " * selection.SMALL)
    load()
    assert sorted(read) == [f"f{n}.json" for n in range(5)]
    assert "staging_events: 5 small files (0.0 MB) are put together into 2, for 2 slices; 0 of these" in caplog.text
    counts = rows(connection, "SELECT source_file_count FROM sys_load_history WHERE table_name = 'new_events' "
                              "ORDER BY query_id DESC LIMIT 2")  # fmt: skip
    assert counts == [(1,), (2,)]
    batches = rows(connection, "SELECT COUNT(DISTINCT batch_id), MAX(rows_loaded) FROM load_files")
    assert batches == [(7, 1)]
    write(f3=[{"sessionId": 3, "song": "Another"}])
    assert [os.path.basename(uri) for uri in load().files["uri"]] == ["f3.json"]
    assert rows(connection, "SELECT COUNT(*) FROM songplays") == [(6,)]
    etl.check(connection)


def test_parts_are_used_again_until_a_file_changes(write, load, connection, settings, read, monkeypatch, caplog):
    caplog.set_level("INFO", "redjam")
    write(a=[{}], b=[{"sessionId": 2}], c="nonsense")
    with pytest.raises(load_errors.LoadFailed, match=r"c\.json line 1"):
        load()
    assert sorted(read) == ["a.json", "b.json", "c.json"]
    first = parts(settings)
    read.clear()
    load(max_rejected=1)
    assert read == []
    assert "2 of these are there already" in caplog.text
    assert parts(settings) == first
    schema.create(connection, fresh=True)
    write(b=[{"sessionId": 3}])
    load(max_rejected=1)
    assert sorted(read) == ["a.json", "b.json", "c.json"]
    assert len(parts(settings)) == len(first)
    assert not parts(settings) & first
    assert rows(connection, "SELECT session_id FROM staging_events ORDER BY 1") == [(1,), (3,)]


def test_what_was_written_before_a_crash_is_not_written_again(write, load, settings, read, monkeypatch):
    write(a=[{}], b=[{"sessionId": 2}])
    put_object = sources.put_object

    def crash(s3, address: str, content: bytes) -> None:
        if address.endswith("00001.index.json"):
            raise KeyboardInterrupt
        put_object(s3, address, content)

    monkeypatch.setattr(sources, "put_object", crash)
    with pytest.raises(KeyboardInterrupt):
        load()
    monkeypatch.setattr(sources, "put_object", put_object)
    read.clear()
    load()
    assert read == ["b.json"]


def test_the_same_files_make_the_same_parts(write, load, settings, connection):
    write(a=[{}], b=[{"sessionId": 2}])
    s3 = aws.client(settings, "s3")

    def contents() -> dict[str, bytes]:
        load()
        found = {address: sources.get_object(s3, address) for address in parts(settings)}
        sources.delete_manifests(settings, found)
        schema.create(connection, fresh=True)
        return found

    first = contents()
    assert len(first) == 5
    assert contents() == first


def test_rejected_rows_are_told_by_their_own_file_and_line(write, load, settings, connection, caplog):
    bad = [{"sessionId": 3}, {"sessionId": 3, "itemInSession": 1, "ts": "x"}]
    write(a=[{}, {"itemInSession": 1}], b=bad, c=[{"ts": 5, "sessionId": 4}])
    with pytest.raises(load_errors.LoadFailed) as failed:
        load()
    named = str(Path(settings.log_data, "b.json"))
    assert f"{named} line 2, column ts int8, value 'x'" in str(failed.value)
    assert "compacted" not in str(failed.value)
    run = load(max_rejected=2)
    assert [(os.path.basename(row.uri), row.line, row.column_name) for row in run.rejected.itertuples()] == [
        ("b.json", 2, "ts"),
        ("c.json", 1, "ts"),
    ]
    assert f"{named} line 2, column ts" in caplog.text
    assert "compacted" not in caplog.text
    files = {os.path.basename(row.uri): (row.rows_read, row.rows_loaded, row.rows_rejected)
             for row in run.files.itertuples()}  # fmt: skip
    assert files == {"a.json": (2, 2, 0), "b.json": (2, 1, 1), "c.json": (1, 0, 1), "song.json": (1, 1, 0)}


def test_a_copy_that_does_not_say_what_has_arrived_is_an_error(write, load, monkeypatch, connection):
    write(a=[{}], b=[{"sessionId": 2}])
    statement = warehouse.statement

    def lose(name: str, **values):
        text = statement(name, **values)
        return text.replace("FROM new_events", "FROM new_events WHERE batch_id = 1") if "arrived" in name else text

    monkeypatch.setattr(warehouse, "statement", lose)
    with pytest.raises(
        psycopg2.InternalError, match="2 rows are loaded into new_events, by what COPY says, but 1 are there"
    ):
        load()
    assert rows(connection, "SELECT COUNT(*) FROM staging_events") == [(0,)]


# --- Files that are not what they were --------------------------------------------------------------------


@pytest.fixture
def objects(settings):
    """Put objects of events on S3, a key to its content; gives the client."""
    s3 = aws.client(settings, "s3")
    s3.create_bucket(Bucket="compact", CreateBucketConfiguration={"LocationConstraint": settings.region})
    for key, content in {"log/a.json": event({}), "log/b.json": event({"sessionId": 2})}.items():
        s3.put_object(Bucket="compact", Key=key, Body=content.encode())
    yield s3
    for item in s3.list_objects_v2(Bucket="compact").get("Contents", ()):
        s3.delete_object(Bucket="compact", Key=item["Key"])
    s3.delete_bucket(Bucket="compact")


def test_objects_of_s3_are_put_together(objects, write, load, connection, caplog):
    caplog.set_level("WARNING")
    run = load(log_data="s3://compact/log")
    assert sorted(run.files["uri"])[1:] == ["s3://compact/log/a.json", "s3://compact/log/b.json"]
    assert rows(connection, "SELECT COUNT(DISTINCT batch_id) FROM staging_events") == [(2,)]
    assert caplog.text == ""  # nor that the client has too few connections


@pytest.mark.parametrize("location", ["s3://compact/log", "a folder"])
@pytest.mark.parametrize("becomes", [event({"sessionId": 3}), None])
def test_a_file_that_changes_or_goes_before_it_is_read_is_named(
    objects, write, load, settings, monkeypatch, connection, location, becomes
):
    write(a=[{}], b=[{"sessionId": 2}])
    of = "compact/log/b.json" if location.startswith("s3:") else "log-data/b.json"
    file, announce = Path(settings.log_data, "b.json"), compaction._announce

    def change(*args) -> None:
        announce(*args)
        if becomes:
            replace(file, becomes)
            objects.put_object(Bucket="compact", Key="log/b.json", Body=becomes.encode())
        else:
            file.unlink()
            objects.delete_object(Bucket="compact", Key="log/b.json")

    monkeypatch.setattr(compaction, "_announce", change)
    place = {"log_data": location} if location.startswith("s3:") else {}
    # A condition on an object that is gone is NoSuchKey to S3, and to moto a condition that does not hold.
    said = f"{of} changed while it was loaded" + ("" if becomes else f"|{of}' is mandatory, but it does not exist")
    with pytest.raises((sources.SourceError, psycopg2.InternalError), match=said):
        load(**place)
    assert rows(connection, "SELECT COUNT(*) FROM staging_events") == [(0,)]


def test_what_s3_denies_us_is_said_since_a_copy_of_each_file_would_take_days(objects, monkeypatch, settings):
    file = sources.find(but(settings, log_data="s3://compact/log"), "s3://compact/log")[0]
    assert sources.content(objects, file) == event({}).encode()

    def refuse(code: str) -> None:
        answer = {"Error": {"Code": code, "Message": ""}}

        def get_object(**_):
            raise aws.exceptions.ClientError(answer, "GetObject")

        monkeypatch.setattr(objects, "get_object", get_object)

    refuse("NoSuchKey")
    assert sources.content(objects, file) is None
    refuse("AccessDenied")
    with pytest.raises(aws.AWSError, match=r"s3://compact/log/a.json: allow yourself s3:GetObject"):
        sources.content(objects, file)
    refuse("ExpiredToken")
    with pytest.raises(aws.exceptions.ClientError):
        sources.content(objects, file)


def test_a_file_that_unpacks_to_much_is_a_copy_of_its_own(settings, monkeypatch, write):
    monkeypatch.setattr(compaction, "LARGE", 500)
    for name, text in (("a", "{}\n"), ("b", "{}\n" * 200)):
        Path(settings.log_data, f"{name}.json.gz").write_bytes(gzip.compress(text.encode()))
    files = sources.find(settings, settings.log_data)
    place = bucket.work_place(settings, settings.region)
    compacted = compact(settings, place, "staging_events", files, 2, "auto")
    assert (compacted.marks, compacted.alone) == ([0], [1])


def test_a_place_whose_name_no_system_table_shows_is_not_used(settings, write):
    write(a=[{}], b=[{}])
    files = sources.find(settings, settings.log_data)
    compacted = compact(settings, "s3://compact/" + "é" * 100, "staging_events", files, 2, "auto")
    assert compacted == Compacted({}, [0, 1], "auto")


@pytest.mark.parametrize("breaks", [2, 3])
def test_a_connection_that_breaks_while_an_object_is_read_is_tried_again(objects, monkeypatch, settings, breaks):
    file = sources.find(but(settings, log_data="s3://compact/log"), "s3://compact/log")[0]
    get, calls = objects.get_object, []

    class Broken:
        def read(self):
            raise aws.exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2)

    def get_object(**asked):
        calls.append(asked)
        return {"Body": Broken()} if len(calls) <= breaks else get(**asked)

    monkeypatch.setattr(objects, "get_object", get_object)
    if breaks < sources.ATTEMPTS:
        assert sources.content(objects, file) == event({}).encode()
    else:
        with pytest.raises(aws.exceptions.IncompleteReadError):
            sources.content(objects, file)
    assert len(calls) == 3
