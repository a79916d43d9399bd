"""What COPY reads: the files of an S3 prefix, a manifest or a folder, and the JSON documents in them."""

import gzip
import json
import logging
import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import psycopg2
from botocore.exceptions import ClientError

from redjam import progress

DOCUMENT_BYTES = 4 * 1024 * 1024
PARALLEL = 8
_log = logging.getLogger(__name__)
# A jsonpaths file keeps to one notation, and each path leads to one element: no wildcards, no filters.
_BRACKETS = re.compile(r"\$(?:\['[^']+'\]|\[[0-9]+\])+")
_DOTS = re.compile(r"\$(?:\.[^'.\[\]*]+|\[[0-9]+\])+")
_STEP = re.compile(r"\['([^']+)'\]|\[([0-9]+)\]|\.([^'.\[\]]+)")
_SPACE = re.compile(r"[ \t\r\n]*")
_JUNK = re.compile(r"[^{\[\n]+")
_BRACKET = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}\[\]]|\n(?=[{\[])')


class CopyError(psycopg2.InternalError):
    """COPY fails and loads nothing; `errors` holds the rejected rows, if rows are the reason."""

    def __init__(self, message: str, errors: tuple = ()):
        super().__init__(message)
        self.errors = errors


class Reject(Exception):
    """One row cannot be loaded: Redshift's load error code and reason, and what the user can do."""

    def __init__(self, code: int, reason: str, advice: str = ""):
        super().__init__(reason)
        self.code, self.reason, self.advice = code, reason, advice


class Number(str):
    """The text of a JSON number, as written in the file."""

    __slots__ = ()


@dataclass(frozen=True)
class File:
    """A file to load: the name that messages show, where it lies, and its size in bytes."""

    name: str
    location: str
    size: int


def find(location: str, manifest: bool, s3: Callable) -> list[File]:
    """List what COPY loads, in a fixed order; to find nothing is an error.

    An S3 location is a prefix: `log-data` takes `log-data-old/` too, and a jsonpaths file beside the data.
    https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-source-s3.html
    """
    if manifest:
        files = _in_manifest(location, s3)
    elif location.startswith("s3://"):
        files = _under_prefix(location, s3())
    else:
        files = _in_folder(Path(location))
    if not files:
        raise CopyError(f"COPY found no file at '{location}'; check the path, and upload the data first")
    return files


def _under_prefix(location: str, client) -> list[File]:
    bucket, prefix = _split(location)
    try:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        listed = [item for page in pages for item in page.get("Contents", ())]
    except ClientError as error:
        raise _unreadable(error, location) from error
    names = [f"s3://{bucket}/{item['Key']}" for item in listed]
    return [File(name, name, item["Size"]) for name, item in zip(names, listed, strict=True)]


def _in_folder(root: Path) -> list[File]:
    if root.is_file():
        return [File(root.name, str(root), root.stat().st_size)]
    found = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        found += [Path(folder, name) for name in names if not name.startswith(".")]
    # S3 lists keys in the order of their bytes; the same files load in the same order from a folder.
    relative = sorted(path.relative_to(root).as_posix() for path in found)
    return [File(f"{root.name}/{name}", str(root / name), (root / name).stat().st_size) for name in relative]


def _in_manifest(location: str, s3: Callable) -> list[File]:
    """The manifest's entries in its order: one listed twice loads twice, only a mandatory one must exist."""
    try:
        listed = _json(location, s3)["entries"]
        entries = [(os.fspath(entry["url"]), entry.get("mandatory", False)) for entry in listed]
    except (KeyError, TypeError, AttributeError):
        form = '{"entries": [{"url": "s3://bucket/key", "mandatory": true}]}'
        raise CopyError(f"the manifest '{location}' is not properly formed; it has the form {form}") from None
    files = []
    for url, mandatory in entries:
        if file := _stat(url, s3):
            files.append(file)
        elif mandatory:
            raise CopyError(f"the manifest '{location}' says that '{url}' is mandatory, but it does not exist")
    return files


def _stat(location: str, s3: Callable) -> File | None:
    if not location.startswith("s3://"):
        return File(location, location, Path(location).stat().st_size) if Path(location).is_file() else None
    bucket, key = _split(location)
    if not key:
        raise CopyError(f"the manifest names '{location}': COPY with MANIFEST requires full object paths (8001)")
    try:
        return File(location, location, s3().head_object(Bucket=bucket, Key=key)["ContentLength"])
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NoSuchBucket"):
            return None
        raise _unreadable(error, location) from error


def _split(location: str) -> tuple[str, str]:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    if not bucket:
        raise CopyError(f"'{location}' names no bucket; write s3://<bucket>/<key or prefix>")
    return bucket, key


def _unreadable(error: ClientError, location: str) -> CopyError:
    problem = error.response["Error"]
    return CopyError(f"COPY cannot read '{location}': {problem.get('Message', '')} ({problem.get('Code')})")


def read(files: list[File], zipped: bool, s3: Callable, what: str) -> Iterator[tuple[File, bytes]]:
    """Give each file's content in order, under a bar; several objects of S3 are fetched ahead at a time."""
    on_s3 = any(file.location.startswith("s3://") for file in files)
    fetch = partial(_content, client=s3() if on_s3 else None, zipped=zipped)
    contents = _ahead(fetch, files) if on_s3 else map(fetch, files)
    with progress.bar(what=what, total=sum(file.size for file in files), unit="B", unit_scale=True) as bar:
        for file, data in zip(files, contents, strict=True):
            yield file, data
            bar.update(file.size)


def _ahead(fetch: Callable, files: list[File]) -> Iterator[bytes]:
    pool = ThreadPoolExecutor(PARALLEL)
    try:
        rest = iter(files)
        waiting = deque(pool.submit(fetch, file) for file in islice(rest, PARALLEL))
        while waiting:
            data = waiting.popleft().result()
            waiting.extend(pool.submit(fetch, file) for file in islice(rest, 1))
            yield data
    finally:
        pool.shutdown(cancel_futures=True)


def _content(file: File, client, zipped: bool) -> bytes:
    data = _bytes(file.location, client)
    if not zipped:
        if data.startswith(b"\x1f\x8b"):
            raise CopyError(f"{file.name} is compressed; add GZIP to the COPY")
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError) as error:
        reason = f"{file.name} is not a whole gzip file ({error})"
        raise CopyError(f"{reason}; GZIP stands for all files of the COPY") from error


def _bytes(location: str, client) -> bytes:
    if client is None or not location.startswith("s3://"):
        return Path(location).read_bytes()
    bucket, key = _split(location)
    try:
        return client.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        raise _unreadable(error, location) from error


def _json(location: str, s3: Callable):
    """The one JSON document of a small file: a manifest or a jsonpaths file."""
    try:
        return json.loads(_bytes(location, s3() if location.startswith("s3://") else None))
    except (OSError, ValueError) as error:
        raise CopyError(f"'{location}' is not a file with one JSON object: {error}") from error


def jsonpaths(location: str, s3: Callable) -> list[list[str | int]] | None:
    """Read a jsonpaths file: for each column the keys and array indexes that lead to its value.

    None if its key is not "jsonpaths": Redshift then ignores the file and takes 'auto'.
    https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html#copy-json-jsonpaths
    """
    document = _json(location, s3)
    if not isinstance(document, dict):
        raise CopyError(f"the jsonpaths file '{location}' must hold one JSON object, not an array or a value")
    if "jsonpaths" not in document:
        _log.warning("%s has no key \"jsonpaths\": COPY ignores the file and takes 'auto'", location)
        return None
    paths = document["jsonpaths"]
    if not isinstance(paths, list) or not all(isinstance(path, str) and path for path in paths):
        raise CopyError(f"'{location}': \"jsonpaths\" must be an array of strings that are not empty")
    if not all(map(_BRACKETS.fullmatch, paths)) and not all(map(_DOTS.fullmatch, paths)):
        wrong = next((p for p in paths if not _BRACKETS.fullmatch(p) and not _DOTS.fullmatch(p)), "a mixture")
        forms = "$['a']['b'][0] throughout, or $.a.b[0] throughout; no wildcards or filters"
        raise CopyError(f"'{location}': Invalid JSONPath format: {wrong}; write {forms}")
    steps = [[match.groups() for match in _STEP.finditer(path)] for path in paths]
    return [[int(index) if index else key or name for key, index, name in path] for path in steps]


def lookup(option: str, columns: list[str], s3: Callable) -> Callable[[dict | list], list]:
    """Make the function from a document to its values in the order of the columns; a missing one is None."""
    paths = None if option in ("auto", "auto ignorecase") else jsonpaths(option, s3)
    if paths is None:
        paths = [[name] for name in columns]
    if len(paths) != len(columns):
        sizes = f"JSONPath size: {len(paths)}, Number of columns in table or column list: {len(columns)}"
        raise CopyError(f"'{option}': Number of jsonpaths and the number of columns should match. {sizes}")
    if not all(len(path) == 1 and isinstance(path[0], str) for path in paths):
        return lambda document: [_follow(document, path) for path in paths]
    keys = [path[0] for path in paths]

    def values(document: dict | list) -> list:
        if isinstance(document, list):
            advice = "a root-level array; COPY takes objects that only white space separates"
            raise Reject(1216, "Invalid JSONPath format: Member is not an object", advice)
        if option == "auto ignorecase":
            document = {key.lower(): value for key, value in document.items()}
        return list(map(document.get, keys))

    return values


def _follow(value, path: list[str | int]):
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                reason = "Invalid JSONPath format: Not an array or index out of range"
                raise Reject(1216, reason, f"path ${''.join(f'[{part!r}]' for part in path)}")
            value = value[step]
        elif isinstance(value, dict):
            value = value.get(step)
        elif value is not None:
            reason = "Invalid JSONPath format: Member is not an object"
            raise Reject(1216, reason, f"path ${''.join(f'[{part!r}]' for part in path)}")
    return value


def _refuse_constant(name: str):
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_refuse_constant)


def documents(text: str, position: int = 0) -> Iterator[tuple[dict | list | Reject, int, int]]:
    """Give each root-level object or array with its start and end; a Reject stands where there is none.

    Only white space may stand between documents. After a malformed one, reading goes on where its brackets
    close or the next line opens a document.
    """
    position = _SPACE.match(text, position).end()
    while position < len(text):
        try:
            if text[position] not in "{[":
                raise ValueError("neither an object nor an array")
            document, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            document, end = _malformed(error, text, position), _resume(text, position)
        # A character has at most four bytes: the exact size is worked out only where it can matter.
        size = end - position
        if size * 4 > DOCUMENT_BYTES:
            size = len(text[position:end].encode("utf-8", "surrogatepass"))
        if size > DOCUMENT_BYTES:
            document = Reject(1216, "JSON object exceeds the maximum size of 4 MB", f"{size:,} bytes; split it")
        yield document, position, end
        position = _SPACE.match(text, end).end()


def _malformed(error: Exception, text: str, position: int) -> Reject:
    if text.startswith("\ufeff", position):
        return Reject(1216, "Invalid value", "a byte order mark; save the file as UTF-8 without one")
    reason = getattr(error, "msg", None) or str(error)
    return Reject(1216, "Invalid value", f"malformed JSON: {reason}")


def _resume(text: str, position: int) -> int:
    """Where to go on after malformed text: past junk, its last bracket, or where a line opens a document."""
    if junk := _JUNK.match(text, position):
        return junk.end()
    depth = 0
    for match in _BRACKET.finditer(text, position):
        mark = match[0]
        depth += (mark in "{[") - (mark in "}]")
        if mark == "\n":
            return match.start()
        if depth == 0:
            return match.end()
    return len(text)
