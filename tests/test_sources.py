"""What lies at a location, in a folder of this machine and on the stand-in's S3, and what is in a file."""

import gzip
import json
import os
import random
from pathlib import Path

import pytest

from redjam import aws, documents, sources
from redjam.aws import AWSError
from redjam.sources import Source, SourceError


@pytest.fixture
def s3(settings):
    """A client of the stand-in's S3, with an empty bucket named music."""
    client = aws.client(settings, "s3")
    place = {"LocationConstraint": settings.region}
    aws.unless("BucketAlreadyOwnedByYou", client.create_bucket, Bucket="music", CreateBucketConfiguration=place)
    yield client
    for page in client.get_paginator("list_objects_v2").paginate(Bucket="music"):
        for item in page.get("Contents", ()):
            client.delete_object(Bucket="music", Key=item["Key"])


@pytest.fixture
def change(own_clients, monkeypatch):
    """Have a function called at an event of the clients that the library makes from now on."""
    client = aws.client

    def register(event, function):
        def changed(settings, service):
            made = client(settings, service)
            made.meta.events.register(event, function)
            return made

        monkeypatch.setattr(aws, "client", changed)

    return register


def upload(s3, *keys: str, body: bytes = b"{}"):
    for key in keys:
        s3.put_object(Bucket="music", Key=key, Body=body)


def write(folder: str, *names: str, body: bytes = b"{}"):
    for name in names:
        file = Path(folder, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)


def names(found: list[Source], start: str) -> list[str]:
    assert all(file.uri.startswith(start) for file in found)
    return [file.uri.removeprefix(start) for file in found]


KEYS = ["2.json", "10.json", "B/1.json", "a b/1.json", "a/1.json", "a.json/1.json", "é.json", "\U0001f3b5.json"]


# --- What lies there -------------------------------------------------------------------------------------


def test_a_folder_lists_its_files_in_the_order_of_their_bytes(settings):
    write(settings.log_data, *KEYS, ".hidden.json", ".hidden/1.json", "a/.hidden")
    found = sources.find(settings, settings.log_data)
    assert names(found, f"{settings.log_data}/") == sorted(KEYS, key=str.encode)


def test_s3_lists_the_same_files_in_the_same_order(settings, s3):
    upload(s3, *(f"log-data/{key}" for key in KEYS))
    upload(s3, "log-data/", "log-data/a/", body=b"")
    upload(s3, "other/1.json")
    found = sources.find(settings, "s3://music/log-data")
    assert names(found, "s3://music/log-data/") == sorted(KEYS, key=str.encode)


def test_a_location_on_s3_is_a_prefix(settings, s3):
    upload(s3, "log-data/1.json", "log-data-old/1.json", "log-data.json", "log")
    assert names(sources.find(settings, "s3://music/log-data"), "s3://music/") == [
        "log-data-old/1.json",
        "log-data.json",
        "log-data/1.json",
    ]
    assert names(sources.find(settings, "s3://music/log-data/"), "s3://music/") == ["log-data/1.json"]


def test_more_files_than_s3_lists_at_once(settings, s3, change):
    """It lists a thousand; two here."""
    pages = []
    change("before-parameter-build.s3.ListObjectsV2", lambda params, **_: pages.append(params.update(MaxKeys=2)))
    keys = [f"log-data/{number}.json" for number in range(7)]
    upload(s3, *keys)
    assert names(sources.find(settings, "s3://music/log-data/"), "s3://music/") == keys
    assert len(pages) == 4


def test_a_key_that_ends_in_a_slash_but_holds_something_is_a_file(settings, s3):
    upload(s3, "log-data/a/")
    assert names(sources.find(settings, "s3://music/log-data"), "s3://music/log-data/") == ["a/"]


def test_a_file_is_known_by_size_and_version(settings, s3):
    path = f"{settings.log_data}/1.json"
    write(settings.log_data, "1.json", body=b"{ }")
    upload(s3, "log-data/1.json", body=b"{ }")
    (here,) = sources.find(settings, settings.log_data)
    (there,) = sources.find(settings, "s3://music/log-data")
    assert here == Source(path, 3, str(os.stat(path).st_mtime_ns), "")
    etag = s3.head_object(Bucket="music", Key="log-data/1.json")["ETag"]
    assert there == Source("s3://music/log-data/1.json", 3, etag.strip('"'), "")
    assert '"' not in there.version

    os.utime(path, ns=(0, 1541121934796000001))
    upload(s3, "log-data/1.json", body=b"[ ]")
    assert sources.find(settings, settings.log_data) == [Source(path, 3, "1541121934796000001", "")]
    (changed,) = sources.find(settings, "s3://music/log-data")
    assert changed.size == there.size
    assert changed.version != there.version


def test_one_file_is_a_location_too(settings, s3):
    write(settings.log_data, "2018-11-02.json", "2018-11-03.json")
    upload(s3, "2018-11-02.json", "2018-11-03.json")
    path = f"{settings.log_data}/2018-11-02.json"
    for location in (path, "s3://music/2018-11-02.json"):
        (found,) = sources.find(settings, location)
        assert (found.uri, found.day) == (location, "2018-11-02")


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2018-11-02-events.json", "2018-11-02"),
        ("events_20181102.json.gz", "2018-11-02"),
        ("2018_11_02.json", "2018-11-02"),
        ("20181102T093000Z.json", "2018-11-02"),
        ("2020-02-29.json", "2020-02-29"),
        ("2019-02-29.json", ""),
        ("2018-13-01.json", ""),
        ("0000-01-01.json", ""),
        ("2018-11_02.json", ""),
        ("2018-11-2.json", ""),
        ("201811021.json", ""),
        ("920181102.json", ""),
        ("2018-11-021.json", ""),
        ("２０１８-11-02.json", ""),
        ("99991399-20181102.json", "2018-11-02"),
        ("2018-11-02-to-2018-11-03.json", "2018-11-02"),
        ("2018/11/02/events.json", "2018-11-02"),
        ("a/2018/11/02/b/events.json", "2018-11-02"),
        ("1999/99/99/2018/11/02/events.json", "2018-11-02"),
        ("2018/11/03/2018-11-02.json", "2018-11-02"),
        ("2018/11/events.json", ""),
        ("12018/11/02/events.json", ""),
        ("2018/11/02", ""),
        ("2018-11-02/events.json", ""),
        ("events.json", ""),
    ],
)
def test_a_files_day_is_in_its_name_or_in_its_folders(settings, s3, name, day):
    write(settings.log_data, name)
    upload(s3, f"1999/01/01/{name}")
    (here,) = sources.find(settings, settings.log_data)
    (there,) = sources.find(settings, "s3://music/1999/01/01")
    assert (here.day, there.day) == (day, day)


def test_the_folders_above_a_location_tell_no_day(settings):
    folder = f"{settings.log_data}/2018/11/02"
    write(folder, "events.json")
    assert [file.day for file in sources.find(settings, folder)] == [""]


def test_a_prefix_may_end_within_a_files_name(settings, s3):
    upload(s3, "log-data/2018-11-02.json")
    (found,) = sources.find(settings, "s3://music/log-data/2018-1")
    assert found.day == "2018-11-02"


@pytest.mark.parametrize("setting", ["LOG_DATA", "SONG_DATA"])
def test_nothing_there_is_an_error_with_the_setting(settings, s3, setting):
    with pytest.raises(SourceError) as caught:
        sources.find(settings, getattr(settings, setting.lower()))
    assert str(caught.value) == (
        f"there is no file at {getattr(settings, setting.lower())}: put the data there, or correct [S3] {setting}"
    )
    with pytest.raises(SourceError, match=r"no file at s3://music/nothing: .*\[S3\] SONG_DATA"):
        sources.find(settings, "s3://music/nothing")
    with pytest.raises(SourceError, match=r"s3://no-such-bucket/x does not exist: .*\[S3\] SONG_DATA"):
        sources.find(settings, "s3://no-such-bucket/x")
    with pytest.raises(SourceError, match=r"/gone cannot be read: No such file or directory: .*\[S3\] SONG_DATA"):
        sources.find(settings, f"{settings.log_data}/gone")


def test_folder_markers_and_hidden_files_are_nothing(settings, s3):
    write(settings.log_data, ".DS_Store", ".git/config")
    upload(s3, "log-data/", "log-data/2018/", body=b"")
    for location in (settings.log_data, "s3://music/log-data"):
        with pytest.raises(SourceError, match="there is no file at"):
            sources.find(settings, location)


def test_what_is_denied_says_so(settings, change):
    change("before-send", lambda request, **_: request.headers.__delitem__("Authorization"))
    with pytest.raises(AWSError, match="AccessDenied"):
        sources.find(settings, "s3://music/log-data")


def test_a_link_to_a_file_is_a_file(settings, tmp_path):
    write(tmp_path / "elsewhere", "1.json", body=b"{ }")
    os.symlink(tmp_path / "elsewhere/1.json", f"{settings.log_data}/2018-11-02.json")
    (found,) = sources.find(settings, settings.log_data)
    assert (found.uri, found.size, found.day) == (f"{settings.log_data}/2018-11-02.json", 3, "2018-11-02")


def test_what_cannot_be_loaded_is_named(settings, tmp_path):
    path = f"{settings.log_data}/it.json"
    os.mkfifo(path)
    with pytest.raises(SourceError, match=f"^{path} is no file: remove it"):
        sources.find(settings, settings.log_data)
    os.unlink(path)

    write(tmp_path / "elsewhere", "1.json")
    os.symlink(tmp_path / "elsewhere", path)
    with pytest.raises(SourceError, match=f"^{path} is no file: .* put the files themselves there"):
        sources.find(settings, settings.log_data)
    os.unlink(path)

    os.symlink(tmp_path / "nowhere", path)
    with pytest.raises(SourceError, match=f"^{path} cannot be read: No such file"):
        sources.find(settings, settings.log_data)


def test_a_name_that_no_manifest_can_hold_is_refused(settings):
    Path(os.fsdecode(os.fsencode(settings.log_data) + b"/\xff.json")).touch()
    with pytest.raises(SourceError, match=r"udcff\.json' is not UTF-8: rename"):
        sources.find(settings, settings.log_data)


def test_a_file_that_vanishes_meanwhile_is_named(settings, monkeypatch):
    write(settings.log_data, "1.json")
    listed = list(sources._walk(settings.log_data))
    os.unlink(listed[0])
    monkeypatch.setattr(sources, "_walk", lambda _: iter(listed))
    with pytest.raises(SourceError, match=rf"^{listed[0]} cannot be read: No such file"):
        sources.find(settings, settings.log_data)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_may_not_be_read_is_no_empty_one(settings):
    write(settings.log_data, "1.json", "shut/2.json")
    os.chmod(f"{settings.log_data}/shut", 0)
    with pytest.raises(SourceError, match=r"/shut cannot be read: Permission denied"):
        sources.find(settings, settings.log_data)


# --- Manifests -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["s3://music", "s3://music/red jam/work"])
def test_a_manifest_demands_each_of_its_files(settings, s3, place):
    uris = ["s3://music/1.json", "/a folder/é'\".json"]
    addresses = sources.put_manifests(settings, place, {"a1b2-7": uris, "a1b2-8": uris[:1]})
    assert addresses == [f"{place}/manifests/a1b2-7.manifest", f"{place}/manifests/a1b2-8.manifest"]
    for address, listed in zip(addresses, (uris, uris[:1]), strict=True):
        body = s3.get_object(Bucket="music", Key=address.removeprefix("s3://music/"))["Body"].read()
        assert json.loads(body) == {"entries": [{"url": uri, "mandatory": True} for uri in listed]}
    assert sources.put_manifests(settings, place, {}) == []


def test_a_document_is_put_as_it_is(settings, s3):
    text = '{"a": "é"}\n{"a": "\U0001f3b5"}\n'
    (address,) = sources.put(settings, "s3://music/work", {"1-files.json": text})
    assert address == "s3://music/work/manifests/1-files.json"
    assert s3.get_object(Bucket="music", Key="work/manifests/1-files.json")["Body"].read() == text.encode()


def test_manifests_are_deleted_some_at_once_and_nothing_else(settings, s3, change, monkeypatch):
    calls = []
    change("before-call.s3.DeleteObjects", lambda model, **_: calls.append(model.name))
    monkeypatch.setattr(sources, "DELETED_AT_ONCE", 3)
    upload(s3, "manifests/kept.manifest", *(f"manifests/{number}.manifest" for number in range(7)))
    sources.delete_manifests(settings, (f"s3://music/manifests/{number}.manifest" for number in range(7)))
    assert len(calls) == 3
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="music")["Contents"]] == ["manifests/kept.manifest"]


def test_deleting_what_is_gone_is_fine(settings, s3):
    sources.delete_manifests(settings, [])
    sources.delete_manifests(settings, ["s3://music/manifests/1.manifest", "s3://no-such-bucket/manifests/1.manifest"])


def test_what_is_not_deleted_is_logged(settings, s3, change, caplog):
    upload(s3, "manifests/1.manifest")
    failed = {"Errors": [{"Key": "manifests/1.manifest", "Code": "AccessDenied"}]}
    change("after-call.s3.DeleteObjects", lambda parsed, **_: parsed.update(failed))
    sources.delete_manifests(settings, ["s3://music/manifests/1.manifest"])
    assert "s3://music/manifests/1.manifest: not deleted: AccessDenied" in caplog.text


def test_a_place_without_its_bucket(settings):
    with pytest.raises(SourceError, match=r"^s3://no-such-bucket does not exist: create .*\[S3\] WORK$"):
        sources.put_manifests(settings, "s3://no-such-bucket/x", {"1": []})


# --- The objects in a file -------------------------------------------------------------------------------


def of(settings, body: bytes, name: str = "1.json") -> list[tuple[int, dict]]:
    write(settings.log_data, name, body=body)
    return list(sources.objects(settings, f"{settings.log_data}/{name}"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\n ", []),
        ('{"a": 1}', [(1, {"a": "1"})]),
        ('{"a": 1}\n{"a": 2}\n', [(1, {"a": "1"}), (2, {"a": "2"})]),
        ('\n\r\n{"a": 1}\r\n\r\n{"a": 2}', [(3, {"a": "1"}), (5, {"a": "2"})]),
        ('{"a":\n 1\n}{"a": 2} {"a": 3}', [(3, {"a": "1"}), (3, {"a": "2"}), (3, {"a": "3"})]),
        ('{"a": "\\n"}\n{"a": {"b": [1]}}', [(1, {"a": "\n"}), (2, {"a": {"b": ["1"]}})]),
        ('{"a": 1, "a": 2}', [(1, {"a": "1"})]),
        ('[{"a": 1}]\n{"a": 2}', [(2, {"a": "2"})]),
        ('{"a": oops, "b": {"a": 9}}\n{"a": 2}', [(2, {"a": "2"})]),
        ('{"a": oops} {"a": 2}', [(1, {"a": "2"})]),
        ('{"a": "}\n{"a": 2}', [(2, {"a": "2"})]),
        ('{"a":\n\n{"a": 2}\n', [(3, {"a": "2"})]),
        ('oops {"a": 1},\n{"a": 2}', [(1, {"a": "1"}), (2, {"a": "2"})]),
        ('}}\n{"a": 2}', [(2, {"a": "2"})]),
        ('{"a": 1}\n{"a": 2', [(1, {"a": "1"})]),
        ('\ufeff{"a": 1}', [(1, {"a": "1"})]),
        (f'{"[" * 100_000}\n{{"a": 2}}', [(2, {"a": "2"})]),
        (f'{{"a": {"9" * 5000}}}\n{{"a": 2}}', [(1, {"a": "9" * 5000}), (2, {"a": "2"})]),
        ('{"a": NaN}{"a": -Infinity}\n{"a": 2}', [(2, {"a": "2"})]),
    ],
)
@pytest.mark.parametrize("piece", [1, 2 * 1024 * 1024])
def test_objects_are_told_apart_and_their_last_lines_counted(settings, monkeypatch, text, expected, piece):
    monkeypatch.setattr(sources, "PIECE", piece)
    assert of(settings, text.encode()) == expected
    assert of(settings, gzip.compress(text.encode()), "1.json.gz") == expected


def test_numbers_are_given_as_they_are_written(settings):
    """COPY makes text of them in a column of text, and a play is found again by what COPY made of it."""
    written = ["0", "-0", "7.0", "1.50", "1e5", "1E+2", "-1e-400", "1541121934796", "0.1", "9" * 30]
    assert of(settings, f'{{"a": [{", ".join(written)}]}}'.encode()) == [(1, {"a": written})]
    assert of(settings, b'{"a": "1.50", "b": true, "c": null}') == [(1, {"a": "1.50", "b": True, "c": None})]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.50", "1.50"),
        ('"x"', "x"),
        ("null", None),
        ("true", True),
        ('{"a": [1, {"b": 2.0}]}', {"a": ["1", {"b": "2.0"}]}),
        ('{"a": 1, "a": 2}', {"a": "1"}),
    ],
)
def test_a_value_has_its_numbers_as_the_objects_have_them(text, value):
    assert documents.value(text) == value


@pytest.mark.parametrize("text", ["", "x", "1 2", "01", "NaN", "-Infinity", "{", '{"a": 1}}'])
def test_what_is_no_value_is_an_error(text):
    with pytest.raises(ValueError, match=r"Expecting|Extra data|is not JSON"):
        documents.value(text)


def test_bytes_that_are_no_text_spoil_nothing_else(settings):
    assert of(settings, b'{"a": "\xff\xe9"}\n{"a": "\xc3\xa9"}') == [(1, {"a": "��"}), (2, {"a": "é"})]
    assert of(settings, random.Random(1).randbytes(100_000) + b'\n{"a": 1}')[-1][1] == {"a": "1"}


def test_they_are_those_that_copy_finds(settings, monkeypatch):
    """Against the stand-in's own reader, on objects that are torn at random."""
    monkeypatch.setattr(sources, "PIECE", 64)
    whole = '{"a": 1, "b": [2, {"c": "x"}]}\n{"a":\n  "}{"\n}\n\n{"a": 3} {"a": 4}\n[{"a": 5}]\n'
    for seed in range(300):
        chance = random.Random(seed)
        text = list(whole * 3)
        for _ in range(chance.randrange(6)):
            text[chance.randrange(len(text))] = chance.choice(["", "{", "}", '"', "\n", "[", "x", ","])
        text = "".join(text)
        expected = [
            (text.count("\n", 0, end) + 1, json.loads(text[start:end], parse_int=str, parse_float=str))
            for document, start, end in documents.documents(text)
            if isinstance(document, dict)
        ]
        assert of(settings, text.encode()) == expected, f"seed {seed}"


def test_objects_on_s3(settings, s3):
    upload(s3, "1.json", body=b'{"a": 1}\n{"a": 2}')
    upload(s3, "2.json.gz", body=gzip.compress(b'{"a": 1}\n{"a": 2}'))
    for uri in ("s3://music/1.json", "s3://music/2.json.gz"):
        assert list(sources.objects(settings, uri)) == [(1, {"a": "1"}), (2, {"a": "2"})]


def test_a_large_file_is_read_in_pieces(settings):
    lines = b"".join(b'{"a": %d}\n' % number for number in range(400_000))
    assert len(lines) > 2 * sources.PIECE
    found = of(settings, lines)
    assert [line for line, _ in found] == list(range(1, 400_001))
    assert all(document == {"a": str(line - 1)} for line, document in found)


@pytest.mark.parametrize(
    ("name", "body"),
    [("gone.json", None), ("no.gz", b"{}"), ("torn.gz", gzip.compress(random.Random(1).randbytes(9999))[:-99])],
)
def test_a_file_that_cannot_be_read_is_named(settings, s3, name, body):
    if body is not None:
        write(settings.log_data, name, body=body)
        upload(s3, name, body=body)
    for uri in (f"{settings.log_data}/{name}", f"s3://music/{name}"):
        with pytest.raises(SourceError, match=f"^{uri} (cannot be read|does not exist): "):
            list(sources.objects(settings, uri))
