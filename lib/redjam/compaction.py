"""Small files -> a few gzip files for one COPY, in which each row has the mark of the file that it comes from."""

import bisect
import gzip
import hashlib
import json
import logging
import math
import re
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from operator import itemgetter

from redjam import aws, sources
from redjam.config import Settings
from redjam.progress import bar
from redjam.sources import Source
from redjam.threads import ahead

MARK = "batch_id"  # the key, and the column that takes it
FORMAT = 1  # of the parts; those of another one are not used again
PART = 64 * 1024 * 1024  # bytes of text in a part, about
PACKED = 8  # so many bytes of text are one of gzip, about
LARGE = 8 * 1024 * 1024  # bytes of text in a file: a larger one is no burden to COPY, but to our memory
LONGEST = 1_000_000  # characters of an object, which with their mark are less than COPY's 4 MB
# Bytes of a name in the system tables: https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_DETAIL.html
SHOWN_NAME = 256
THREADS = 32
# Files a second. COPY: 42 minutes for 385,252 files of one song, by one author's figure. To read, mark and pack them
# was measured here, with a server that lets each request wait: 957 without a wait, 871 with 20 ms, 305 with 100 ms.
COPY_RATE, READ_RATE = 150, 305
_SPACE = re.compile(r"[ \t\r\n]*")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Compacted:
    """What became of small files, which are known by their places in the list of them: these places are the marks."""

    parts: dict[str, list[list[int]]]  # a part's address -> the files in it, each with the line at which it begins
    alone: list[int]  # those that are no part of one: COPY itself is to say what is wrong with them
    json_paths: str  # what COPY is to be told of the parts' keys

    @property
    def marks(self) -> list[int]:
        """The files in the parts."""
        return [mark for files in self.parts.values() for mark, _ in files]

    def origin(self, part: str, line: int) -> tuple[int, int]:
        """The file that a line of a part comes from, and which line it is there."""
        files = self.parts[part]
        mark, first = files[bisect.bisect(files, line, key=itemgetter(1)) - 1]
        return mark, line - first + 1


def compact(settings: Settings, place: str, table: str, files: list[Source], slices: int, json_paths: str) -> Compacted:
    """Write small files together, below a place on S3; parts that an earlier load has written are used again.

    Their number is a multiple of the slices, which share them out:
    https://docs.aws.amazon.com/redshift/latest/dg/c_best-practices-use-multiple-files.html
    """
    s3 = aws.client(settings, "s3", THREADS + 1)  # one writes parts meanwhile
    folder = f"{place}/compacted/{settings.identifier}/{table}"
    size = sum(map(_text_size, files))
    count = min(len(files), slices * math.ceil(max(size, 1) / PART / slices))
    plan = f"{folder}/{_hash(files, count)}"
    paths = _marked_paths(settings, json_paths)
    if paths is None or len(_part(plan, count).encode()) > SHOWN_NAME:  # then nobody could tell where a bad row stands
        return Compacted({}, list(range(len(files))), json_paths)
    with aws.clear_errors():
        there = sources.listed(s3, f"{folder}/")
        groups = dict(zip((_part(plan, n) for n in range(count)), _groups(files, count), strict=True))
        todo = {part: group for part, group in groups.items() if not {part, _index(part)} <= there}
        _announce(table, files, slices, groups, todo)
        _write(s3, files, todo, table)
        indexes = {part: json.loads(sources.get_object(s3, _index(part))) for part in groups}
        if paths:
            sources.put_object(s3, json_paths := f"{plan}/json_paths.json", paths)
        with suppress(aws.AWSError):  # what is left of older plans is of no use, and does no harm
            sources.delete_manifests(settings, sorted(old for old in there if not old.startswith(f"{plan}/")))
    parts = {part: index["files"] for part, index in indexes.items() if index["files"]}
    return Compacted(parts, [mark for index in indexes.values() for mark in index["alone"]], json_paths)


def unmarked(text: str) -> str:
    """The text of an object as its file has it."""
    return re.sub(rf'(, )?"{MARK}": [0-9]+\}}$', "}", text)


# --- The plan ---------------------------------------------------------------------------------------------


def _text_size(file: Source) -> int:
    return file.size * PACKED if file.is_gzip else file.size


def _hash(files: list[Source], count: int) -> str:
    """The name of the plan: another one where a file is another, or would have another mark or place."""
    plan = [FORMAT, count, *([file.uri, file.size, file.version] for file in files)]
    return hashlib.sha256(json.dumps(plan).encode()).hexdigest()[:16]


def _part(plan: str, number: int) -> str:
    return f"{plan}/{number:05}.json.gz"


def _index(part: str) -> str:
    return part.replace(".json.gz", ".index.json")


def _groups(files: list[Source], count: int) -> list[range]:
    """The files of each part, of about the same size in all; at least one in each."""
    sizes = [_text_size(file) for file in files]
    ends, left, start = [], sum(sizes), 0
    for parts in range(count, 0, -1):
        end, size, most = start + 1, sizes[start], len(files) - parts + 1
        while end < most and (parts == 1 or size + sizes[end] / 2 <= left / parts):
            size, end = size + sizes[end], end + 1
        ends.append(range(start, end))
        left, start = left - size, end
    return ends


def _announce(table: str, files: list[Source], slices: int, groups: dict, todo: dict) -> None:
    size = sum(file.size for file in files) / 1e6
    log.info(
        "%s: %s small files (%.1f MB) are put together into %d, for %d %s; %d of these are there already. That takes "
        "about %s, a COPY of the files as they are %s",
        *(table, f"{len(files):,}", size, len(groups), slices, "slice" if slices == 1 else "slices"),
        len(groups) - len(todo),
        *(_minutes(sum(map(len, todo.values())) / READ_RATE), _minutes(len(files) / COPY_RATE)),
    )


def _minutes(seconds: float) -> str:
    return "less than a minute" if seconds < 60 else f"{math.ceil(seconds / 60):,} min"


# --- The parts --------------------------------------------------------------------------------------------


def _write(s3, files: list[Source], todo: dict[str, range], table: str) -> None:
    marks = [mark for group in todo.values() for mark in group]
    with closing(ahead(partial(_read, s3, files), marks, THREADS, 4 * THREADS)) as read:
        texts = iter(bar(read, f"compact {table}", total=len(marks)))
        for part, group in todo.items():
            _write_part(s3, part, group, texts)


def _write_part(s3, part: str, group: range, texts: Iterator[str | None]) -> None:
    """Write a part and, when it is there, its index: at which line each file begins, and which are left out."""
    index, line, content = {"files": [], "alone": []}, 1, BytesIO()
    with gzip.GzipFile("", "wb", 6, content, mtime=0) as packed:  # the same files make the same bytes
        for mark, text in zip(group, texts, strict=False):
            if text is None:
                index["alone"].append(mark)
            else:
                index["files"].append((mark, line))
                line += text.count("\n")
                packed.write(text.encode())
    sources.put_object(s3, part, content.getvalue())
    sources.put_object(s3, _index(part), json.dumps(index).encode())


# --- A file -----------------------------------------------------------------------------------------------


def _read(s3, files: list[Source], mark: int) -> str | None:
    """The text of a file with its mark; None if it is to be loaded alone."""
    file = files[mark]
    content = sources.content(s3, file)
    if content is None:
        return None
    try:
        if file.is_gzip:
            with gzip.GzipFile(fileobj=BytesIO(content)) as packed:
                content = packed.read(LARGE + 1)
        return marked(content.decode(), mark) if len(content) <= LARGE else None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        return None


def marked(text: str, mark: int) -> str | None:
    """The text with the mark as the last member of each object, and otherwise as it is, up to a line's end.

    None if it is more than objects that white space separates, or has a key of the mark's name already.
    """
    pieces, copied, position = [], 0, _SPACE.match(text).end()
    while position < len(text):
        try:
            document, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            return None
        if not isinstance(document, dict) or MARK in map(str.lower, document) or end - position > LONGEST:
            return None
        pieces += text[copied : end - 1], ", " if document else "", f'"{MARK}": {mark}'
        copied = end - 1
        position = _SPACE.match(text, end).end()
    pieces.append(text[copied:])
    return "".join(pieces) + ("\n" if text and text[-1] != "\n" else "")


def _refuse_constant(name: str):
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _marked_paths(settings: Settings, json_paths: str) -> bytes | None:
    """A jsonpaths file with the path of the mark; empty where keys find their columns without, None if it has faults.

    https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html#copy-json-jsonpaths
    """
    if json_paths in ("auto", "auto ignorecase"):
        return b""
    try:
        document = json.loads(sources.read(settings, json_paths))
    except (ValueError, sources.SourceError):
        return None
    if not isinstance(document, dict):
        return None
    if "jsonpaths" not in document:  # then COPY takes it for 'auto'
        return b""
    paths = document["jsonpaths"]
    # Brackets and dots do not go together.
    for start, path in (("$[", f"$['{MARK}']"), ("$.", f"$.{MARK}")):
        if isinstance(paths, list) and all(isinstance(each, str) and each.startswith(start) for each in paths):
            return json.dumps({"jsonpaths": [*paths, path]}, ensure_ascii=False).encode()
    return None
