"""What lies at LOG_DATA and SONG_DATA, the manifests by which a COPY loads some of it, and the objects in a file."""

import gzip
import json
import logging
import os
import re
import stat
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import BinaryIO

from redjam import aws, documents
from redjam.config import Settings

PIECE = 2 * 1024 * 1024
WORK = "create the bucket, or correct [S3] WORK"  # the way out where it is not there
LONGEST_NAME = 2048  # bytes, in the ledger; S3 allows 1,024
# So S3 says that an object is not there, or not for us; a COPY, which has another role, may read it.
UNREADABLE = ("NoSuchKey", "NoSuchBucket", "InvalidObjectState")
ATTEMPTS = 3  # to read an object: botocore repeats a request, but not the reading of its answer
DELETED_AT_ONCE = 1000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
_DAY = re.compile(r"(?<![0-9])([0-9]{4})([-_]?)([0-9]{2})\2([0-9]{2})(?![0-9])")
_DAY_FOLDERS = re.compile(r"(?<![^/])([0-9]{4})(/)([0-9]{2})/([0-9]{2})(?=/)")
log = logging.getLogger(__name__)


class SourceError(LookupError):
    """A source is not there or cannot be read; the message names it and the way out."""


@dataclass(frozen=True)
class Source:
    """A file to load: s3://bucket/key or the path of a local file, and by what a changed one is known."""

    uri: str
    size: int
    version: str  # S3's ETag; of a local file its modification time in nanoseconds
    day: str  # YYYY-MM-DD by its name or else its folders; empty if these tell none

    @property
    def is_gzip(self) -> bool:
        """Whether COPY must be told that the file is compressed."""
        return self.uri.endswith(".gz")


# --- What lies there -------------------------------------------------------------------------------------


def find(settings: Settings, location: str) -> list[Source]:
    """List the files at a location, in the order of their keys' bytes; to find none is an error.

    An S3 location is a prefix, as to COPY: `log-data` takes `log-data-old/` too.
    """
    setting = "LOG_DATA" if location == settings.log_data else "SONG_DATA"
    way_out = f"put the data there, or correct [S3] {setting}"
    if location.startswith("s3://"):
        found = _under_prefix(settings, location, way_out)
    else:
        found = _in_folder(location, way_out)
    if not found:
        raise SourceError(f"there is no file at {location}: {way_out}")
    return found


def _under_prefix(settings: Settings, location: str, way_out: str) -> list[Source]:
    bucket, prefix = _split(location)
    with _there(location, way_out):
        pages = aws.client(settings, "s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        listed = [item for page in pages for item in page.get("Contents", ())]
    return [
        Source(f"s3://{bucket}/{key}", item["Size"], item["ETag"].strip('"'), _day(key, key.removeprefix(prefix)))
        for item in listed
        # What the console makes for a folder is no file.
        if not (key := item["Key"]).endswith("/") or item["Size"]
    ]


def _in_folder(location: str, way_out: str) -> list[Source]:
    try:
        if os.path.isfile(location):
            return [_file(location, os.path.basename(location))]
        start = len(os.path.join(location, ""))
        below = [path[start:] for path in _walk(location)]
        return [_file(os.path.join(location, path), path) for path in sorted(below, key=os.fsencode)]
    except OSError as error:
        raise SourceError(f"{error.filename} cannot be read: {error.strerror}: {way_out}") from error


def _walk(location: str) -> Iterator[str]:
    """All that is no folder, without what is hidden; a link to a folder would be left out unseen, so it is among it."""

    def refuse(error: OSError) -> None:
        raise error

    for folder, subfolders, names in os.walk(location, onerror=refuse):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        links = [name for name in subfolders if os.path.islink(os.path.join(folder, name))]
        yield from (os.path.join(folder, name) for name in (*names, *links) if not name.startswith("."))


def _file(path: str, below: str) -> Source:
    about = os.stat(path)
    if not stat.S_ISREG(about.st_mode):  # from a pipe, COPY would wait for ever
        raise SourceError(f"{path} is no file: remove it, or put the files themselves there")
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        raise SourceError(f"the name of {path!r} is not UTF-8: rename the file") from None
    if size > LONGEST_NAME:
        raise SourceError(f"the name of {path} has {size:,} bytes: rename the file or its folders, to {LONGEST_NAME:,}")
    return Source(path, about.st_size, str(about.st_mtime_ns), _day(path, below))


def _day(path: str, below: str) -> str:
    """The first date in a file's name, else in its folders below the location."""
    dates = (*_DAY.findall(path.rpartition("/")[2]), *_DAY_FOLDERS.findall(below))
    for year, _, month, day in dates:
        try:
            return date(int(year), int(month), int(day)).isoformat()
        except ValueError:
            continue
    return ""


# --- Manifests -------------------------------------------------------------------------------------------


def put_manifests(settings: Settings, place: str, manifests: dict[str, list[str]]) -> list[str]:
    """Write manifests, each a name and its files, below a place on S3, and give their addresses.

    A COPY fails if one of the files is missing.
    https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
    """
    documents = {
        f"{name}.manifest": json.dumps(
            {"entries": [{"url": uri, "mandatory": True} for uri in uris]}, ensure_ascii=False
        )
        for name, uris in manifests.items()
    }
    return put(settings, place, documents)


def put(settings: Settings, place: str, documents: dict[str, str]) -> list[str]:
    """Write documents, each a name and its text, below a place on S3, and give their addresses."""
    s3, addresses = aws.client(settings, "s3"), []
    for name, text in documents.items():
        addresses.append(f"{place}/manifests/{name}")
        put_object(s3, addresses[-1], text.encode())
    return addresses


def put_object(s3, address: str, content: bytes) -> None:
    """Write an object with this client of S3."""
    bucket, key = _split(address)
    with _there(f"s3://{bucket}", WORK):
        s3.put_object(Bucket=bucket, Key=key, Body=content)


def listed(s3, prefix: str) -> set[str]:
    """The addresses of all objects that begin so."""
    bucket, key = _split(prefix)
    with _there(f"s3://{bucket}", WORK):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
        return {f"s3://{bucket}/{item['Key']}" for page in pages for item in page.get("Contents", ())}


@aws.clear_errors()
def delete_manifests(settings: Settings, addresses: Iterable[str]) -> None:
    """Delete manifests; fine if they are gone. What AWS does not let go is logged."""
    keys = defaultdict(list)
    for address in addresses:
        bucket, key = _split(address)
        keys[bucket].append({"Key": key})
    s3 = aws.client(settings, "s3") if keys else None
    for bucket, all_of in keys.items():
        for start in range(0, len(all_of), DELETED_AT_ONCE):
            objects = {"Objects": all_of[start : start + DELETED_AT_ONCE], "Quiet": True}
            answer = aws.unless("NoSuchBucket", s3.delete_objects, Bucket=bucket, Delete=objects) or {}
            for error in answer.get("Errors", ()):
                log.warning("s3://%s/%s: not deleted: %s", bucket, error["Key"], error["Code"])


# --- What a file holds ---------------------------------------------------------------------------------------


def content(s3, file: Source) -> bytes | None:
    """All that a file holds, with this client of S3; None if it is not there or cannot be read.

    One that is not as it was listed any more is a SourceError.
    """
    try:
        if file.uri.startswith("s3://"):
            return _whole(s3, file)
        with open(file.uri, "rb") as opened:
            found, about = opened.read(), os.fstat(opened.fileno())
    except OSError:
        return None
    except aws.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        if code in UNREADABLE:
            return None
        if code == "AccessDenied":
            raise aws.AWSError(f"you may not read {file.uri}: allow yourself s3:GetObject there") from error
        if code != "PreconditionFailed":
            raise
    else:
        if (len(found), str(about.st_mtime_ns)) == (file.size, file.version):
            return found
    raise changed(file.uri)


def _whole(s3, file: Source) -> bytes:
    bucket, key = _split(file.uri)

    def attempt() -> bytes:
        return s3.get_object(Bucket=bucket, Key=key, IfMatch=f'"{file.version}"')["Body"].read()

    for _ in range(ATTEMPTS - 1):
        with suppress(aws.exceptions.HTTPClientError, aws.exceptions.IncompleteReadError):
            return attempt()
    return attempt()


def changed(uri: str) -> SourceError:
    """The error of a file that is not what it was when it was listed."""
    return SourceError(f"{uri} changed while it was loaded: nothing is loaded; run it again when nobody writes there")


def read(settings: Settings, uri: str) -> bytes:
    """All that a file holds now; a SourceError if it cannot be read."""
    try:
        with _raw(settings, uri) as file:
            return file.read()
    except OSError as error:
        raise SourceError(f"{uri} cannot be read: {error.strerror}: put it back, or mend it") from error


def get_object(s3, address: str) -> bytes:
    """Read an object with this client of S3."""
    bucket, key = _split(address)
    with _there(address, "put it back"):
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def objects(settings: Settings, uri: str) -> Iterator[tuple[int, dict]]:
    """Give each JSON object of a file with the number of its last line, as COPY counts; .gz is decompressed.

    Objects may span lines, or share one. What is malformed is passed over, as COPY does with MAXERROR. Numbers are
    given as text, as they are written.
    """
    text, line, more = "", 1, True
    with _opened(settings, uri) as file:
        while more:
            # At least as much again, so that the time for a long object stays in proportion to it.
            lines = file.readlines(max(PIECE, len(text)))
            text, more = text + b"".join(lines).decode(errors="replace"), bool(lines)
            read = 0
            for document, _, end in documents.documents(text, more):
                if document is None:
                    break
                line += text.count("\n", read, end)
                read = end
                if isinstance(document, dict):
                    yield line, document
            text = text[read:]


@contextmanager
def _opened(settings: Settings, uri: str) -> Iterator[BinaryIO]:
    try:
        with _raw(settings, uri) as file:
            yield gzip.GzipFile(fileobj=file) if uri.endswith(".gz") else file
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{uri} cannot be read: {reason}: put it back, or mend it") from error


def _raw(settings: Settings, uri: str) -> BinaryIO:
    if not uri.startswith("s3://"):
        return open(uri, "rb")
    return BytesIO(get_object(aws.client(settings, "s3"), uri))


@contextmanager
def _there(what: str, way_out: str) -> Iterator[None]:
    """Turn S3's word that a bucket or a key is missing into a SourceError."""
    with aws.clear_errors():
        try:
            yield
        except aws.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchBucket", "NoSuchKey"):
                raise
            raise SourceError(f"{what} does not exist: {way_out}") from error


def _split(address: str) -> tuple[str, str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key
