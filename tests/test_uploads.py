"""Folders of data on an AWS target, mirrored into our bucket, against a moto server over HTTP."""

import dataclasses
import functools
import hashlib
import json
import logging
import os
import threading
import types
from pathlib import Path

import boto3
import pytest
from conftest import EVENT, JSONPATHS, SONG

from redjam import aws, bucket, config, etl, schema, sources, uploads
from redjam.aws import AWSError

STAR = ("songs", "artists", "users", "time", "songplays")
READS = ("Get", "Head", "List")
REGION = "us-west-2"


@pytest.fixture
def folder(tmp_path):
    """A folder of data: two files of events, two of songs and a file of paths."""
    for name in ("log-data/2018/11/2018-11-01-events.json", "log-data/2018-11-02-events.json"):
        write(tmp_path / name, json.dumps(EVENT))
    for name in ("song-data/A/a.json", "song-data/b.json"):
        write(tmp_path / name, json.dumps(SONG))
    write(tmp_path / "log_json_path.json", JSONPATHS)
    return tmp_path


SOURCES = {"LOG_DATA": "log-data", "LOG_JSON_PATH": "log_json_path.json", "SONG_DATA": "song-data"}
ALL = [
    "data/log-data/2018-11-02-events.json",
    "data/log-data/2018/11/2018-11-01-events.json",
    "data/log_json_path.json",
    "data/song-data/A/a.json",
    "data/song-data/b.json",
]


@pytest.fixture
def load(account, folder):
    """Settings of a dwh.cfg with these keys in [CLUSTER] and, of [S3], these."""

    def read(of_s3=None, **cluster):
        cluster = {"TARGET": "redshift"} | cluster
        sections = {"CLUSTER": cluster, "S3": SOURCES | (of_s3 or {})}
        lines = [
            f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in of.items()) for name, of in sections.items()
        ]
        (folder / "dwh.cfg").write_text("".join(lines))
        return config.load(folder / "dwh.cfg")

    return read


@pytest.fixture
def on_aws(load):
    return load()


class Wire:
    """What the library's clients call; `at` has what is to happen at the nth call of an operation, once."""

    def __init__(self):
        self.calls = []
        self.at = {}
        self.lock = threading.Lock()

    def before_call(self, model, params, **_):
        with self.lock:
            self.calls.append((model.name, params["headers"]))
            happen = self.at.pop((model.name, self.count(model.name)), None)
        return happen() if happen else None

    def count(self, operation):
        return sum(name == operation for name, _ in self.calls)

    def changes(self):
        return [name for name, _ in self.calls if not name.startswith(READS)]


def refused(code):
    """What happens where AWS refuses a call."""
    error = {"Error": {"Code": code, "Message": "it says no"}}
    return lambda: (types.SimpleNamespace(status_code=400), error)


@pytest.fixture
def wire(own_clients, monkeypatch):
    wire, make = Wire(), aws.client

    def client(settings, service, connections=10):
        made = make(settings, service)
        made.meta.events.register("before-call", wire.before_call)
        return made

    monkeypatch.setattr(aws, "client", client)
    return wire


@pytest.fixture
def one_thread(monkeypatch):
    """Files are sent in the order of their names."""
    monkeypatch.setattr(uploads, "THREADS", 1)


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of 100 bytes, which no AWS would take."""
    monkeypatch.setattr(uploads, "PART", 100)
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)


def write(file, content):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)


@functools.cache
def client(service="s3", region=REGION):
    return boto3.Session(region_name=region).client(service)


def own(settings, region=REGION):
    return bucket.bucket_name(settings, "123456789012", region)


def keys(name):
    return sorted(item["Key"] for item in client().list_objects_v2(Bucket=name).get("Contents", ()))


def content(name, key):
    return client().get_object(Bucket=name, Key=key)["Body"].read()


def unfinished(name):
    return client().list_multipart_uploads(Bucket=name).get("Uploads", [])


def make_bucket(name, region=REGION):
    client(region=region).create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})


# --- The mirror ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["redshift", "serverless"])
def test_folders_are_uploaded_and_the_settings_name_where(load, folder, caplog, target):
    caplog.set_level(logging.INFO, "redjam")
    before = load(TARGET=target)
    after = uploads.ensure(before)
    place = f"s3://{own(before)}/data"
    assert after == dataclasses.replace(
        before,
        log_data=f"{place}/log-data/",
        song_data=f"{place}/song-data/",
        log_json_path=f"{place}/log_json_path.json",
    )
    assert keys(own(before)) == ALL
    for key in ALL:
        assert content(own(before), key) == (folder / key.removeprefix("data/")).read_bytes()
    found = sources.find(after, after.log_data)
    assert [file.day for file in found] == ["2018-11-02", "2018-11-01"]
    size = sum((folder / key.removeprefix("data/")).stat().st_size for key in ALL)
    said = [record.getMessage() for record in caplog.records if record.name == "redjam.uploads"]
    assert said == [f"{place}: 5 files sent ({size:,} bytes), 0 unchanged, 0 removed"]


def test_nothing_is_sent_twice(on_aws, wire, caplog):
    first = uploads.ensure(on_aws)
    wire.calls.clear()
    caplog.set_level(logging.INFO, "redjam")
    assert uploads.ensure(on_aws) == first
    assert wire.changes() == []
    assert wire.count("ListObjectsV2") == 1
    assert caplog.messages[-1] == f"s3://{own(on_aws)}/data: 0 files sent (0 bytes), 5 unchanged, 0 removed"


def test_a_changed_file_is_sent_again_and_one_that_is_gone_goes(on_aws, folder, wire, caplog):
    uploads.ensure(on_aws)
    elsewhere = ["data/log_json_path.json.old", "data/log-data-old/a.json", "manifests/a"]
    for key in elsewhere:
        client().put_object(Bucket=own(on_aws), Key=key, Body=b"")
    wire.calls.clear()
    caplog.set_level(logging.INFO, "redjam")
    changed, gone = (folder / key.removeprefix("data/") for key in (ALL[0], ALL[1]))
    changed.write_text(changed.read_text().replace("free", "paid"))  # of the same size
    gone.unlink()
    write(folder / "song-data" / "new.json", b"")
    write(folder / "song-data" / ".hidden", b"x")
    uploads.ensure(on_aws)
    assert sorted(wire.changes()) == ["DeleteObjects", "PutObject", "PutObject"]
    assert keys(own(on_aws)) == sorted([ALL[0], *ALL[2:], "data/song-data/new.json", *elsewhere])
    assert b'"paid"' in content(own(on_aws), ALL[0])
    assert f"2 files sent ({changed.stat().st_size:,} bytes), 3 unchanged, 1 removed" in caplog.text


def test_the_same_content_is_known_whatever_the_files_time(on_aws, folder, wire):
    uploads.ensure(on_aws)
    wire.calls.clear()
    for key in ALL:
        os.utime(folder / key.removeprefix("data/"), (1, 1))
    uploads.ensure(on_aws)
    assert wire.changes() == []


@pytest.mark.parametrize("threads", [1, 10])
def test_what_was_sent_before_an_error_is_not_sent_again(on_aws, folder, wire, monkeypatch, threads):
    monkeypatch.setattr(uploads, "THREADS", threads)
    for number in range(30):
        write(folder / "song-data" / f"{number}.json", json.dumps(SONG | {"year": number}))
    wire.at["PutObject", 15] = refused("ExpiredToken")
    with pytest.raises(AWSError, match=r"^AWS refused PutObject: ExpiredToken: .*: log in again"):
        uploads.ensure(on_aws)
    there = len(keys(own(on_aws)))
    # Each other thread may end the file that it is at.
    assert 15 - threads <= there <= 14 + threads
    wire.calls.clear()
    uploads.ensure(on_aws)
    assert wire.changes() == ["PutObject"] * (35 - there)
    assert len(keys(own(on_aws))) == 35


def test_nothing_is_removed_before_all_is_sent(on_aws, folder, wire):
    uploads.ensure(on_aws)
    (folder / "song-data" / "b.json").unlink()
    write(folder / "song-data" / "new.json", "{}")
    wire.calls.clear()
    wire.at["PutObject", 1] = refused("AccessDenied")
    with pytest.raises(AWSError, match="PutObject: AccessDenied"):
        uploads.ensure(on_aws)
    assert keys(own(on_aws)) == ALL


NAMES = ["日本 – Zoë.json", "Zoe\u0308.json", "a b+c%20&<>'\"\\?#=.json", "\x01\t.json", "~😀.json", "x/y z/é.gz"]


def test_any_name_is_kept_and_can_be_deleted(on_aws, folder):
    for name in NAMES:
        write(folder / "song-data" / name, json.dumps(SONG))
    after = uploads.ensure(on_aws)
    found = {file.uri.removeprefix(after.song_data) for file in sources.find(after, after.song_data)}
    assert found == {*NAMES, "A/a.json", "b.json"}
    assert uploads.ensure(on_aws) == after
    for name in NAMES:
        (folder / "song-data" / name).unlink()
    uploads.ensure(on_aws)
    assert keys(own(on_aws)) == ALL


def test_a_name_that_is_too_long_for_s3_is_named(on_aws, folder):
    fits = "/".join(["d" * 200] * 6)[: 1024 - len("data/song-data/")]
    write(folder / "song-data" / fits, "{}")
    uploads.ensure(on_aws)
    write(folder / "song-data" / f"{fits}é"[1:], "{}")
    with pytest.raises(sources.SourceError) as raised:
        uploads.ensure(on_aws)
    line = str(raised.value)
    assert line.startswith(f"{folder}/song-data/{fits[1:]}é cannot be uploaded: as s3://{own(on_aws)}/data/song-data/")
    assert line.endswith("é its name has 1,025 bytes, of 1,024: rename the file or its folders")
    assert "\n" not in line


def test_the_bar_counts_each_byte_once(on_aws, folder, small_parts, monkeypatch):
    bars = []

    def bar(**options):
        bars.append(uploads.tqdm(disable=False, file=open(os.devnull, "w"), total=options["total"]))  # noqa: SIM115
        return bars[-1]

    monkeypatch.setattr(uploads, "bar", bar)
    for _ in range(2):  # sent, then unchanged
        uploads.ensure(on_aws)
    size = sum((folder / key.removeprefix("data/")).stat().st_size for key in ALL)
    assert [(shown.total, shown.n) for shown in bars] == [(size, size)] * 2


# --- Big files -------------------------------------------------------------------------------------------


@pytest.fixture
def big(folder, small_parts):
    """A file of three parts, which comes before all others."""
    write(folder / "log-data" / "0-big.json", bytes(range(256)) + b"x" * 20)
    return folder / "log-data" / "0-big.json"


def test_a_big_file_goes_in_parts_and_is_known_again(on_aws, big, wire):
    uploads.ensure(on_aws)
    data = big.read_bytes()
    digests = b"".join(hashlib.md5(data[start : start + 100]).digest() for start in (0, 100, 200))
    head = client().head_object(Bucket=own(on_aws), Key="data/log-data/0-big.json")
    assert head["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    assert content(own(on_aws), "data/log-data/0-big.json") == data
    assert wire.count("CompleteMultipartUpload") == wire.count("CreateMultipartUpload") > 0
    wire.calls.clear()
    uploads.ensure(on_aws)
    assert wire.changes() == []
    big.write_bytes(data[:-1] + b"y")
    uploads.ensure(on_aws)
    assert wire.changes() == ["CreateMultipartUpload", *["UploadPart"] * 3, "CompleteMultipartUpload"]
    assert content(own(on_aws), "data/log-data/0-big.json") == data[:-1] + b"y"


def test_a_file_of_too_many_parts_has_larger_ones(on_aws, big, wire, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_PARTS", 2)
    uploads.ensure(on_aws)
    head = client().head_object(Bucket=own(on_aws), Key="data/log-data/0-big.json")
    assert head["ETag"].endswith('-2"')
    wire.calls.clear()
    uploads.ensure(on_aws)
    assert wire.changes() == []


@pytest.mark.parametrize("operation", ["UploadPart", "CompleteMultipartUpload"])
def test_a_big_file_that_fails_leaves_no_parts_and_is_sent_anew(on_aws, big, one_thread, wire, operation):
    wire.at[operation, 1] = refused("SlowDown")
    with pytest.raises(AWSError, match=f"{operation}: SlowDown"):
        uploads.ensure(on_aws)
    assert unfinished(own(on_aws)) == []
    assert keys(own(on_aws)) == []
    uploads.ensure(on_aws)
    assert content(own(on_aws), "data/log-data/0-big.json") == big.read_bytes()


def test_what_fails_is_told_even_if_the_parts_cannot_be_given_up(on_aws, big, one_thread, wire):
    wire.at["UploadPart", 2] = refused("SlowDown")
    wire.at["AbortMultipartUpload", 1] = refused("AccessDenied")
    with pytest.raises(AWSError, match="UploadPart: SlowDown"):
        uploads.ensure(on_aws)
    assert len(unfinished(own(on_aws))) == 1


def test_ctrl_c_ends_within_the_part_that_is_sent_and_leaves_no_parts(on_aws, big, one_thread, wire, monkeypatch):
    reached, stop = threading.Event(), threading.Event()

    def wait(*_, **__):
        assert reached.wait(30)
        raise KeyboardInterrupt

    def hold():
        reached.set()
        assert stop.wait(30)

    monkeypatch.setattr(uploads, "wait", wait)
    monkeypatch.setattr(uploads, "Event", lambda: stop)
    wire.at["UploadPart", 1] = hold
    with pytest.raises(KeyboardInterrupt):
        uploads.ensure(on_aws)
    assert wire.count("UploadPart") == 1
    assert wire.count("PutObject") == 0
    assert unfinished(own(on_aws)) == []


# --- Files that do not hold still ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "happen",
    [
        lambda file: file.unlink(),
        lambda file: file.write_text("{}") and None,
        lambda file: os.utime(file, (1, 1)),
    ],
    ids=["vanishes", "grows", "is touched"],
)
@pytest.mark.parametrize("name", ["log-data/1.json", "log-data/0-big.json"])
def test_a_file_that_changes_while_it_is_sent_is_an_error(on_aws, folder, big, one_thread, wire, name, happen):
    write(folder / "log-data" / "1.json", "{ }")
    wire.at["UploadPart", 2] = lambda: happen(folder / name)  # which is of the first file
    with pytest.raises(sources.SourceError) as raised:
        uploads.ensure(on_aws)
    path = folder / name
    assert str(raised.value) == f"{path} changed while it was uploaded: run it again when nobody writes there"
    assert f"data/{name}" not in keys(own(on_aws))
    assert unfinished(own(on_aws)) == []


def test_what_cannot_be_read_is_named_before_a_bucket_is_made(on_aws, folder, wire):
    (folder / "log_json_path.json").unlink()
    with pytest.raises(
        sources.SourceError, match=r"log_json_path.json cannot be read: .*: correct \[S3\] LOG_JSON_PATH"
    ):
        uploads.ensure(on_aws)
    for file in (folder / "song-data").rglob("*.json"):
        file.unlink()
    with pytest.raises(sources.SourceError, match=r"there is no file at .*song-data: .* \[S3\] SONG_DATA"):
        uploads.ensure(on_aws)
    assert wire.changes() == []


def test_a_file_that_cannot_be_read_is_named(on_aws, folder, one_thread, wire):
    file = folder / ALL[1].removeprefix("data/")

    def become_a_folder():
        file.unlink()
        file.mkdir()

    wire.at["PutObject", 1] = become_a_folder
    with pytest.raises(sources.SourceError, match=r"2018-11-01-events.json cannot be read: Is a directory: "):
        uploads.ensure(on_aws)


# --- Where to --------------------------------------------------------------------------------------------


def test_what_is_on_s3_or_local_stays_and_nobody_is_asked(load, wire):
    there = {"LOG_DATA": "s3://logs/a", "SONG_DATA": "s3://songs/b", "LOG_JSON_PATH": "auto ignorecase"}
    for settings in (load(there), load(TARGET="local")):
        assert uploads.ensure(settings) == settings
    assert wire.calls == []


def test_only_what_is_a_folder_is_uploaded(load):
    settings = load({"LOG_DATA": "s3://logs/a", "LOG_JSON_PATH": "auto"})
    after = uploads.ensure(settings)
    assert (after.log_data, after.log_json_path) == ("s3://logs/a", "auto")
    assert after.song_data == f"s3://{own(settings)}/data/song-data/"
    assert keys(own(settings)) == ALL[3:]


def test_the_paths_lie_in_the_region_of_the_logs(load):
    make_bucket("logs", "eu-north-1")
    settings = load({"LOG_DATA": "s3://logs/a"})
    after = uploads.ensure(settings)
    north = own(settings, "eu-north-1")
    assert after.log_json_path == f"s3://{north}/data/log_json_path.json"
    assert after.song_data == f"s3://{own(settings)}/data/song-data/"
    assert (keys(north), keys(own(settings))) == ([ALL[2]], ALL[3:])
    assert sorted(bucket.ensure_buckets(settings)) == sorted([north, own(settings)])  # so the role may read it, too


def test_a_place_of_your_own_is_marked_and_the_data_stay_there(load, caplog):
    caplog.set_level(logging.INFO, "redjam")
    make_bucket("mine")
    settings = load({"WORK": "s3://mine/red jam/"}, HOST="tunnel.example.com")
    for _ in range(2):
        after = uploads.ensure(settings)
    assert after.log_data == "s3://mine/red jam/data/log-data/"
    assert keys("mine") == sorted([*(f"red jam/{key}" for key in ALL), "red jam/data/redjam.txt"])
    assert content("mine", "red jam/data/redjam.txt") == b"123456789012 us-west-2 redjam\n"
    assert caplog.text.count("s3://mine/red jam/data: stays when all else is deleted") == 1


def test_what_is_not_ours_in_a_place_of_your_own_is_not_deleted(load):
    make_bucket("mine")
    client().put_object(Bucket="mine", Key="data/log-data/theirs.json", Body=b"{}")
    with pytest.raises(
        AWSError, match=r"^the objects below s3://mine/data/ are not ours .*: choose another \[S3\] WORK"
    ):
        uploads.ensure(load({"WORK": "s3://mine"}))
    assert keys("mine") == ["data/log-data/theirs.json"]

    uploads.ensure(load({"WORK": "s3://mine/a"}, IDENTIFIER="another"))
    with pytest.raises(AWSError, match=r"^the objects below s3://mine/a/data/ are another stack's data "):
        uploads.ensure(load({"WORK": "s3://mine/a"}))


def test_a_place_that_is_missing_is_named(load):
    with pytest.raises(AWSError, match=r"^s3://nobodys does not exist: create the bucket, or correct \[S3\] WORK$"):
        uploads.ensure(load({"WORK": "s3://nobodys/x"}))
    with pytest.raises(AWSError, match=r"where HOST is given, .* \[S3\] WORK"):
        uploads.ensure(load(HOST="tunnel.example.com"))


def test_all_is_encrypted_by_s3s_own_key(load, big, wire):
    make_bucket("mine")
    uploads.ensure(load({"WORK": "s3://mine"}))
    starts = [headers for name, headers in wire.calls if name in ("PutObject", "CreateMultipartUpload")]
    assert len(starts) == len(ALL) + 2
    assert {headers["x-amz-server-side-encryption"] for headers in starts} == {"AES256"}


# --- The bucket ------------------------------------------------------------------------------------------


def rules(name):
    return client().get_bucket_lifecycle_configuration(Bucket=name)["Rules"]


def test_uploads_stay_while_manifests_and_parts_expire(on_aws):
    (name,) = bucket.ensure_buckets(on_aws)
    found = {rule["Filter"]["Prefix"]: rule for rule in rules(name)}
    assert {prefix: rule.get("Expiration") for prefix, rule in found.items()} == {
        "compacted/": {"Days": 7},
        "data/": None,
        "manifests/": {"Days": 7},
    }
    for prefix in ("compacted/", "data/"):
        assert found[prefix]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert {rule["Status"] for rule in found.values()} == {"Enabled"}


def open_to_all(name):
    opened = dict.fromkeys(bucket.CLOSED, True) | {"BlockPublicAcls": False}
    client().put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=opened)


def of_old(name):
    old = {"ID": "manifests", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 7}}
    client().put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [old]})


def tagged_anew(name):
    client().put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "team", "Value": "music"}]})


DRIFT = {
    "opened": (open_to_all, "PutPublicAccessBlock", "closed again"),
    "no block": (lambda name: client().delete_public_access_block(Bucket=name), "PutPublicAccessBlock", "closed again"),
    "old rule": (of_old, "PutBucketLifecycleConfiguration", "rules of expiry"),
    "no rules": (
        lambda name: client().delete_bucket_lifecycle(Bucket=name),
        "PutBucketLifecycleConfiguration",
        "rules",
    ),
    "other tags": (tagged_anew, "PutBucketTagging", "its tag was missing"),
    "no tags": (lambda name: client().delete_bucket_tagging(Bucket=name), "PutBucketTagging", "its tag was missing"),
}


def state(name):
    s3 = client()
    return (
        s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"],
        rules(name),
        [tag for tag in s3.get_bucket_tagging(Bucket=name)["TagSet"] if tag in aws.TAGS],
    )


def warnings_of(caplog):
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(("drift", "call", "said"), DRIFT.values(), ids=DRIFT)
def test_a_bucket_that_has_drifted_is_mended_and_that_is_said_once(on_aws, wire, caplog, drift, call, said):
    (name,) = bucket.ensure_buckets(on_aws)
    assert sorted(wire.changes()) == [
        "CreateBucket",
        "PutBucketLifecycleConfiguration",
        "PutBucketTagging",
        "PutPublicAccessBlock",
    ]
    assert warnings_of(caplog) == []
    before = state(name)
    drift(name)
    wire.calls.clear()
    bucket.ensure_buckets(on_aws)
    assert wire.changes() == [call]
    assert state(name) == before
    (line,) = warnings_of(caplog)
    assert line.startswith(f"bucket {name}: ")
    assert said in line
    bucket.ensure_buckets(on_aws)
    assert wire.changes() == [call]


def test_tags_of_your_own_stay(on_aws):
    (name,) = bucket.ensure_buckets(on_aws)
    tagged_anew(name)
    bucket.ensure_buckets(on_aws)
    assert client().get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "team", "Value": "music"}, *aws.TAGS]


def test_a_load_asks_for_the_tag_alone(on_aws, wire):
    bucket.ensure_buckets(on_aws)
    wire.calls.clear()
    bucket.work_place(on_aws, REGION)
    assert [name for name, _ in wire.calls] == ["GetCallerIdentity", "GetBucketTagging"]


def test_a_bucket_is_deleted_with_all_its_versions_and_unfinished_uploads(on_aws):
    uploads.ensure(on_aws)
    s3 = client()
    name = own(on_aws)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket=name, Key="data/song-data/ü&.json", Body=body)
        s3.put_object(Bucket=name, Key=ALL[0], Body=body)
    s3.delete_object(Bucket=name, Key=ALL[1])
    s3.create_multipart_upload(Bucket=name, Key="data/log-data/big")
    bucket.delete_buckets(on_aws)
    assert s3.list_buckets()["Buckets"] == []


def test_an_object_that_is_kept_is_named(on_aws, wire):
    uploads.ensure(on_aws)
    kept = {"Errors": [{"Key": ALL[0], "Code": "AccessDenied", "Message": "no."}]}
    wire.at["DeleteObjects", 1] = lambda: (types.SimpleNamespace(status_code=200), kept)
    with pytest.raises(AWSError) as raised:
        bucket.delete_buckets(on_aws)
    said = "cannot be deleted: AccessDenied: no: ask the account's owner"
    assert str(raised.value) == f"s3://{own(on_aws)}/{ALL[0]} {said}"


# --- A load of it ----------------------------------------------------------------------------------------


def test_a_load_of_what_was_uploaded_is_a_load_of_the_folder(settings, cluster, connection, put, monkeypatch):
    put([{}, {"page": "Home"}, {"sessionId": 2, "song": "Ünknown"}], [{}, {"song_id": "SO2", "title": "Two"}])
    put([{"ts": 1541221934796, "sessionId": 3}], name="2018-11-03-events")

    def star():
        rows = {}
        with connection.cursor() as cursor:
            for table in STAR:
                cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
                rows[table] = cursor.fetchall()
        return rows

    folder = etl.run(connection, settings, cluster.role_arn)
    of_folder = star()
    assert set(folder.files["uri"].str[0]) == {"/"}
    schema.create(connection, fresh=True)
    monkeypatch.setattr(uploads, "ensure", uploads.upload)  # as on AWS
    try:
        there = etl.run(connection, settings, cluster.role_arn)
        assert star() == of_folder
        place = bucket.work_place(settings, settings.region)
        assert sorted(there.files["uri"]) == sorted(
            f"{place}/data/{Path(uri).relative_to(Path(settings.log_data).parent)}" for uri in folder.files["uri"]
        )
        assert str(etl.run(connection, settings, cluster.role_arn)) == "nothing new, nothing read: 4 files unchanged"
        Path(settings.song_data, "events-1.json").unlink()
        again = etl.run(connection, settings, cluster.role_arn, reload=True)
        assert len(again.files) == 3
    finally:
        bucket.delete_buckets(settings)
