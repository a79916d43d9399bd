"""What COPY reads: the files of an S3 prefix, a manifest or a folder."""

import gzip
import json
import os
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError

from redjam import progress
from redjam.threads import ahead

PARALLEL = 8
# What one row in trouble takes along to be read row by row.
PIECE = 2 * 1024 * 1024


class CopyError(psycopg2.InternalError):
    """COPY fails and loads nothing; `errors` holds the rejected rows, if rows are the reason."""

    def __init__(self, message: str, errors: list | tuple = ()):
        super().__init__(message)
        self.errors = list(errors)


@dataclass(frozen=True)
class File:
    """A file to load: the name that messages show, where it lies, its size in bytes, last change, and S3's ETag."""

    name: str
    location: str
    size: int
    modified: datetime
    etag: str = ""


def find(location: str, manifest: bool, s3: Callable) -> list[File]:
    """List what COPY loads, in a fixed order; to find nothing is an error.

    An S3 location is a prefix: `log-data` takes `log-data-old/` too, and a jsonpaths file beside the data.
    https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-source-s3.html
    """
    try:
        if manifest:
            files = _in_manifest(location, s3)
        elif location.startswith("s3://"):
            files = _under_prefix(location, s3())
        else:
            files = _in_folder(Path(location))
    except OSError as error:
        raise _unreadable_here(error) from error
    if not files:
        raise CopyError(f"COPY found no file at '{location}'; check the path, and upload the data first")
    return files


def _under_prefix(location: str, client) -> list[File]:
    bucket, prefix = _split(location)
    try:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        listed = [item for page in pages for item in page.get("Contents", ())]
    except (ClientError, BotoCoreError) as error:
        raise _unreadable(error, location) from error
    return [_object(f"s3://{bucket}/{item['Key']}", item["Size"], item) for item in listed]


def _object(location: str, size: int, about: dict) -> File:
    return File(location, location, size, about["LastModified"], about["ETag"].strip('"'))


def _in_folder(root: Path) -> list[File]:
    if root.is_file():
        return [_here(root.name, str(root), root.stat())]
    found = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        found += [os.path.join(folder, name) for name in names if not name.startswith(".")]
    # S3 lists keys in the order of their bytes; the same files load in the same order from a folder.
    start = len(os.path.join(root, ""))
    relative = sorted((path[start:].replace(os.sep, "/"), path) for path in found)
    return [_file(f"{root.name}/{name}", path) for name, path in relative]


def _file(name: str, path: str) -> File:
    about = os.stat(path)
    if not stat.S_ISREG(about.st_mode):  # from a pipe, COPY would wait for ever
        raise CopyError(f"COPY cannot read '{name}': it is no file; remove it from the folder")
    return _here(name, path, about)


def _here(name: str, path: str, about: os.stat_result) -> File:
    return File(name, path, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC))


def _in_manifest(location: str, s3: Callable) -> list[File]:
    """The manifest's entries in its order: one listed twice loads twice, only a mandatory one must exist."""
    try:
        listed = one_document(location, s3)["entries"]
        entries = [(os.fspath(entry["url"]), entry.get("mandatory", False)) for entry in listed]
    except (KeyError, TypeError, AttributeError):
        form = '{"entries": [{"url": "s3://bucket/key", "mandatory": true}]}'
        raise CopyError(f"the manifest '{location}' is not properly formed; it has the form {form}") from None
    on_s3 = any(url.startswith("s3://") for url, _ in entries)
    find_one, files = partial(_stat, client=s3() if on_s3 else None), []
    with closing(ahead(find_one, [url for url, _ in entries], PARALLEL, PARALLEL)) as found:
        for (url, mandatory), file in zip(entries, found, strict=True):
            if file:
                files.append(file)
            elif mandatory:
                raise CopyError(f"the manifest '{location}' says that '{url}' is mandatory, but it does not exist")
    return files


def _stat(location: str, client) -> File | None:
    if not location.startswith("s3://"):
        return _here(location, location, Path(location).stat()) if Path(location).is_file() else None
    bucket, key = _split(location)
    if not key:
        raise CopyError(f"the manifest names '{location}': COPY with MANIFEST requires full object paths (8001)")
    try:
        about = client.head_object(Bucket=bucket, Key=key)
        return _object(location, about["ContentLength"], about)
    except (ClientError, BotoCoreError) as error:
        missing = ("404", "NoSuchKey", "NoSuchBucket")
        if isinstance(error, ClientError) and error.response["Error"]["Code"] in missing:
            return None
        raise _unreadable(error, location) from error


def _split(location: str) -> tuple[str, str]:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    if not bucket:
        raise CopyError(f"'{location}' names no bucket; write s3://<bucket>/<key or prefix>")
    return bucket, key


def _unreadable(error: ClientError | BotoCoreError, location: str) -> CopyError:
    said = str(error)
    if isinstance(error, ClientError):
        problem = error.response["Error"]
        said = f"{problem.get('Message', '')} ({problem.get('Code')})"
    return CopyError(f"COPY cannot read '{location}': {said}")


def _unreadable_here(error: OSError) -> CopyError:
    return CopyError(f"COPY cannot read '{error.filename}': {error.strerror}")


def read(files: list[File], zipped: bool, s3: Callable, what: str) -> Iterator[tuple[File, Iterator[bytes]]]:
    """Give each file in order and its content in pieces of whole lines, under a bar; a small file is one piece.

    Several objects of S3 are fetched ahead at a time. What lies on S3 or is compressed is held as a whole.
    """
    on_s3 = any(file.location.startswith("s3://") for file in files)
    fetch = partial(_content, client=s3() if on_s3 else None, zipped=zipped)
    contents = ahead(fetch, files, PARALLEL, PARALLEL) if on_s3 else (fetch(file) for file in files)
    total = sum(file.size for file in files)
    with closing(contents), progress.bar(what=what, total=total, unit="B", unit_scale=True) as bar:
        for file, content in zip(files, contents, strict=True):
            with content:
                packed = file.size / (content.seek(0, os.SEEK_END) or 1)
                content.seek(0)
                yield file, _pieces(content, bar, packed)


def _pieces(content: BinaryIO, bar, packed: float) -> Iterator[bytes]:
    while piece := content.read(PIECE):
        piece += content.readline() if len(piece) == PIECE else b""
        yield piece
        bar.update(len(piece) * packed)


def _content(file: File, client, zipped: bool) -> BinaryIO:
    local = client is None or not file.location.startswith("s3://")
    try:
        if local and not zipped and file.size > PIECE:
            content = open(file.location, "rb")  # noqa: SIM115, read closes it
        else:
            content = BytesIO(_bytes(file.location, client))
    except OSError as error:
        raise _unreadable_here(error) from error
    if not zipped:
        if content.read(2) == b"\x1f\x8b":
            content.close()
            raise CopyError(f"{file.name} is compressed; add GZIP to the COPY")
        return content
    try:
        return BytesIO(gzip.decompress(content.getbuffer()))
    except (OSError, EOFError, zlib.error) as error:
        reason = f"{file.name} is not a whole gzip file ({error})"
        raise CopyError(f"{reason}; GZIP stands for all files of the COPY") from error


def _bytes(location: str, client) -> bytes:
    if client is None or not location.startswith("s3://"):
        with open(location, "rb") as file:
            return file.read()
    bucket, key = _split(location)
    try:
        return client.get_object(Bucket=bucket, Key=key)["Body"].read()
    except (ClientError, BotoCoreError) as error:
        raise _unreadable(error, location) from error


def one_document(location: str, s3: Callable):
    """The one JSON document of a small file: a manifest or a jsonpaths file."""
    try:
        return json.loads(_bytes(location, s3() if location.startswith("s3://") else None))
    except (OSError, ValueError) as error:
        raise CopyError(f"'{location}' is not a file with one JSON object: {error}") from error
