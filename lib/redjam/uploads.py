"""Folders of data on an AWS target: a mirror of them on S3, from which everything after goes on."""

import hashlib
import logging
import os
import queue
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, CancelledError, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Event, Lock

from tqdm import tqdm

from redjam import aws, bucket, sources
from redjam.aws import AWSError
from redjam.config import Settings
from redjam.progress import bar
from redjam.sources import Source, SourceError

PLACES = {"log_data": "log-data/", "song_data": "song-data/", "log_json_path": "log_json_path.json"}
MARK = "redjam.txt"  # beside them where the place is the user's own: whose mirror this is
THREADS = 32
PART = 8 * 1024 * 1024  # bytes; as the AWS CLI has it, so that what it has sent counts as sent
MOST_PARTS = 10_000  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
LONGEST_KEY = 1024  # bytes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
# S3's own encryption, which is the default, leaves the ETag the MD5 of the content; a KMS key, which may be the default
# of a bucket in WORK, does not: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
ENCRYPTED = {"ServerSideEncryption": "AES256"}
log = logging.getLogger(__name__)


def ensure(settings: Settings) -> Settings:
    """The settings with all data on S3: on AWS, folders are uploaded, as far as they are not there, and replaced.

    What has gone from a folder goes from S3 too. On local, folders stay as they are.
    """
    return settings if settings.is_local else upload(settings)


@aws.clear_errors()
def upload(settings: Settings) -> Settings:
    """Do the work of `ensure`, whatever the target."""
    here = defaultdict(list)
    for name in PLACES:
        if os.path.isabs(getattr(settings, name)):  # and not s3:// or COPY's word auto
            # COPY is told one region, for the data and for the jsonpaths file.
            data = settings.song_data if name == "song_data" else settings.log_data
            here[bucket.bucket_region(settings, data)].append(name)
    addresses = {}
    for region, names in here.items():
        found = {name: _found(settings, name) for name in names}  # before a bucket is made
        place = f"{bucket.work_place(settings, region)}/data"
        _mirror(replace(settings, region=region), place, found)
        addresses |= {name: f"{place}/{PLACES[name]}" for name in names}
    return replace(settings, **addresses)


def _found(settings: Settings, name: str) -> dict[str, Source]:
    """The files of a source by their keys below the mirror."""
    location = getattr(settings, name)
    if name != "log_json_path":
        start = len(os.path.join(location, ""))
        return {PLACES[name] + file.uri[start:]: file for file in sources.find(settings, location)}
    try:
        about = os.stat(location)
    except OSError as error:
        raise SourceError(f"{location} cannot be read: {error.strerror}: correct [S3] LOG_JSON_PATH") from error
    return {PLACES[name]: Source(location, about.st_size, str(about.st_mtime_ns), "")}


@dataclass(frozen=True)
class _Mirror:
    """What the threads share."""

    s3: object
    bucket: str
    there: dict[str, tuple[int, str]]  # by key, size and ETag of what was there before
    todo: queue.SimpleQueue
    stop: Event
    shown: tqdm
    lock: Lock

    def show(self, size: int) -> None:
        with self.lock:
            self.shown.update(size)


def _mirror(settings: Settings, place: str, found: dict[str, dict[str, Source]]) -> None:
    """Make what lies at a place the same as the files, by their keys below it."""
    name, _, prefix = f"{place.removeprefix('s3://')}/".partition("/")
    files = {f"{prefix}{key}": file for of_source in found.values() for key, file in of_source.items()}
    for key, file in files.items():
        if (size := len(key.encode())) > LONGEST_KEY:
            whole = f"as s3://{name}/{key} its name has {size:,} bytes, of {LONGEST_KEY:,}"
            raise SourceError(f"{file.uri} cannot be uploaded: {whole}: rename the file or its folders")
    s3, todo = aws.client(settings, "s3", THREADS), queue.SimpleQueue()
    there = _listed(s3, name, prefix)
    if settings.work:
        _claim(s3, name, prefix, there, f"{bucket.own_account(settings)} {settings.region} {settings.identifier}")
    for item in files.items():
        todo.put(item)
    with bar(what="upload", total=sum(file.size for file in files.values()), unit="B", unit_scale=True) as shown:
        counts = _send_all(_Mirror(s3, name, there, todo, Event(), shown, Lock()))
    folders = tuple(prefix + PLACES[source] for source in found if PLACES[source].endswith("/"))
    gone = [key for key in there.keys() - files.keys() if key.startswith(folders)]
    bucket.delete(s3, name, [{"Key": key} for key in gone])
    numbers = (counts["sent"], counts["bytes"], len(files) - counts["sent"], len(gone))
    sent, size, unchanged, removed = (f"{number:,}" for number in numbers)
    log.info("%s: %s files sent (%s bytes), %s unchanged, %s removed", place, sent, size, unchanged, removed)
    if settings.work and counts["sent"]:
        log.info("%s: stays when all else is deleted: it is in your own [S3] WORK", place)


def _listed(s3, name: str, prefix: str) -> dict[str, tuple[int, str]]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=name, Prefix=prefix)
    try:
        listed = [item for page in pages for item in page.get("Contents", ())]
    except s3.exceptions.NoSuchBucket as error:
        raise AWSError(f"s3://{name} does not exist: create the bucket, or correct [S3] WORK") from error
    return {item["Key"]: (item["Size"], item["ETag"].strip('"')) for item in listed}


def _claim(s3, name: str, prefix: str, there: dict, owner: str) -> None:
    """Mark a place in WORK as ours; AWSError if what lies there is not, for a mirror deletes what has no file."""
    mark = f"{owner}\n".encode()
    if there.get(prefix + MARK) == (len(mark), _md5(mark)):
        return
    if there:
        whose = "another stack's data" if prefix + MARK in there else "not ours"
        way_out = "choose another [S3] WORK, or remove them"
        raise AWSError(f"the objects below s3://{name}/{prefix} are {whose} and would be deleted: {way_out}")
    s3.put_object(Bucket=name, Key=prefix + MARK, Body=mark, **ENCRYPTED)


# --- Sending ---------------------------------------------------------------------------------------------


def _send_all(mirror: _Mirror) -> Counter:
    """Work off what is to do in threads; the first error, or Ctrl-C, stops all of them soon."""
    with ThreadPoolExecutor(THREADS) as pool:
        threads = [pool.submit(_work, mirror) for _ in range(min(THREADS, mirror.todo.qsize()))]
        try:
            wait(threads, return_when=FIRST_EXCEPTION)
        finally:
            mirror.stop.set()
    errors = [error for thread in threads if (error := thread.exception())]
    for error in sorted(errors, key=lambda error: isinstance(error, CancelledError)):
        raise error
    return sum((thread.result() for thread in threads), Counter())


def _work(mirror: _Mirror) -> Counter:
    counts = Counter()
    while not mirror.stop.is_set():
        try:
            key, file = mirror.todo.get_nowait()
        except queue.Empty:
            break
        if _send(mirror, key, file):
            counts += Counter(sent=1, bytes=file.size)
    return counts


def _send(mirror: _Mirror, key: str, file: Source) -> bool:
    """Send a file unless what is there has its content; says whether it did."""
    size, etag = mirror.there.get(key, (0, ""))
    before = etag if size == file.size else ""
    if file.size >= PART:
        if before and before == _etag_of_parts(mirror, file):
            mirror.show(file.size)
            return False
        _send_parts(mirror, key, file)
        return True
    content = b"".join(_parts(mirror, file))
    if changed := before != _md5(content):
        mirror.s3.put_object(Bucket=mirror.bucket, Key=key, Body=content, **ENCRYPTED)
    mirror.show(file.size)
    return changed


def _send_parts(mirror: _Mirror, key: str, file: Source) -> None:
    s3, target = mirror.s3, {"Bucket": mirror.bucket, "Key": key}
    target["UploadId"] = s3.create_multipart_upload(**target, **ENCRYPTED)["UploadId"]
    try:
        sent = []
        for number, part in enumerate(_parts(mirror, file), 1):
            etag = s3.upload_part(**target, PartNumber=number, Body=part)["ETag"]
            sent.append({"PartNumber": number, "ETag": etag})
            mirror.show(len(part))
        s3.complete_multipart_upload(**target, MultipartUpload={"Parts": sent})
    except BaseException:
        # Parts are paid for until then; where this fails too, our bucket's rules do it after a day.
        with suppress(aws.exceptions.ClientError, aws.exceptions.BotoCoreError):
            s3.abort_multipart_upload(**target)
        raise


def _parts(mirror: _Mirror, file: Source) -> Iterator[bytes]:
    """The content of a file that is to be as it was when it was listed."""
    part = PART * max(1, -(-file.size // (PART * MOST_PARTS)))
    try:
        with open(file.uri, "rb") as opened:
            while content := opened.read(part):
                if mirror.stop.is_set():
                    raise CancelledError
                yield content
        about = os.stat(file.uri)
        same = (about.st_size, str(about.st_mtime_ns)) == (file.size, file.version)
    except FileNotFoundError:
        same = False
    except OSError as error:
        raise SourceError(f"{file.uri} cannot be read: {error.strerror}: mend it, or remove it") from error
    if not same:
        raise SourceError(f"{file.uri} changed while it was uploaded: run it again when nobody writes there")


def _etag_of_parts(mirror: _Mirror, file: Source) -> str:
    """What S3 says of a file that was sent in such parts."""
    digests = [hashlib.md5(part, usedforsecurity=False).digest() for part in _parts(mirror, file)]
    return f"{_md5(b''.join(digests))}-{len(digests)}"


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
