"""The rows of what COPY reads, in Postgres' text format, and what is wrong with those that cannot be loaded."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from redjam import documents
from redjam.documents import Reject
from redjam.local import fast, jsonpaths, sources
from redjam.local.columns import Column
from redjam.local.copy import Copy
from redjam.local.sources import CopyError
from redjam.local.values import as_text, converter
from redjam.threads import ahead

RAW = 1_024
ROWS = 5_000
WORKERS = 2
_UNPRINTABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True)
class LoadError:
    """Why one row was rejected, as STL_LOAD_ERRORS tells it; `column`, `type` and `value` are "" if all of it is wrong.

    `line` is the last line of the object, `position` the byte of the field that a wrong digit stands at. All text
    can be printed and stored: NUL and bytes that are not UTF-8 are shown as \\x00 and so on.
    https://docs.aws.amazon.com/redshift/latest/dg/r_STL_LOAD_ERRORS.html
    """

    file: str
    line: int
    column: str
    type: str
    length: str
    position: int
    value: str
    raw: str
    code: int
    reason: str


@dataclass
class _Open:
    """A file that is read: its rows, the next line's number, and an object with no end within so many characters."""

    name: str
    rows: int = 0
    line: int = 1
    begun: str = ""
    tried: int = 0


def chunks(
    order: Copy,
    columns: list[Column],
    paths: list,
    contents: Iterator,
    errors: list[LoadError],
    most: int,
    counts: list[int],
) -> Iterator[bytes]:
    """Convert file after file, a line a row; after one error too many, check the rest for more, and fail.

    `contents` is what sources.read gives. A row that cannot be loaded is left out, and its error added to `errors`;
    at so many errors as `most` says, the rest is not read. At the end `counts` gets the rows of each file, loaded or
    not.
    """
    files: list[_Open] = []
    values = jsonpaths.lookup(paths, order.json == "auto ignorecase")
    converters = [converter(column, order) for column in columns]
    limit = max(order.maxerror, 1)

    def reject(file: _Open, raw: str, document, reason: Reject) -> None:
        column, value = _culprit(columns, converters, values, document)
        errors.append(_load_error(file, column, value, raw, reason))
        if len(errors) >= max(limit, most):
            raise _failure(order, errors)

    def convert(document) -> str:
        return _row(converters, values, document)

    def convert_line(line: bytes) -> bytes:
        document, _, _ = next(documents.documents(_text(line)))
        return convert(document).encode()

    for pieces, written in _attempts(fast.reader(order, columns, paths, convert_line), _together(contents, files)):
        # The object that a file goes on with can only be read with its beginning.
        if written is None or pieces[0][0].begun:
            parts = _in_parts(row for piece in pieces for row in _by_row(*piece, convert, reject))
        else:
            parts = [written] if written else []
            _count(pieces, written.count(b"\n"))
        for part in parts:
            if len(errors) < limit:
                yield part
    if len(errors) >= limit:
        raise _failure(order, errors)
    counts += [file.rows for file in files]


def _count(pieces: list[tuple[_Open, bytes, bool]], rows: int) -> None:
    """Count the lines and the rows of what the fast way has read: of the lines that are not blank each is a row."""
    lines = [data.count(b"\n") for _, data, _ in pieces]
    of_each = [count + (not data.endswith(b"\n")) for count, (_, data, _) in zip(lines, pieces, strict=True)]
    if sum(of_each) != rows:
        of_each = [sum(1 for line in data.split(b"\n") if line.strip()) for _, data, _ in pieces]
    for (file, _, _), ends, count in zip(pieces, lines, of_each, strict=True):
        file.line += ends
        file.rows += count


def _together(contents: Iterator, files: list[_Open]) -> Iterator[list[tuple[_Open, bytes, bool]]]:
    """Small files together, a large one piece by piece: each piece, and whether it is the last of its file."""
    pieces, size = [], 0
    for file, rest in contents:
        opened, data = _Open(file.name), next(rest, b"")
        files.append(opened)
        while data:
            following = next(rest, b"")
            pieces.append((opened, data, not following))
            size += len(data)
            if size >= sources.PIECE:
                yield pieces
                pieces, size = [], 0
            data = following
    if pieces:
        yield pieces


def _attempts(convert: fast.Read | None, chunks: Iterator[list]) -> Iterator[tuple[list, bytes | None]]:
    """Each chunk and what the fast way, in threads of its own, made of it: None if it is for the slow one."""
    if not convert:
        yield from ((pieces, None) for pieces in chunks)
        return

    def attempt(pieces: list) -> tuple[list, bytes | None]:
        return pieces, convert(b"".join([data if data.endswith(b"\n") else data + b"\n" for _, data, _ in pieces]))

    with closing(ahead(attempt, chunks, WORKERS, 2 * WORKERS)) as results:
        yield from results


def _in_parts(rows: Iterator[str]) -> Iterator[bytes]:
    while part := "".join([row + "\n" for row in islice(rows, ROWS)]):
        yield part.encode()


def _by_row(file: _Open, data: bytes, last: bool, convert: Callable, reject: Callable) -> Iterator[str]:
    """Convert document after document; what does not end in this piece of the file is kept for the next."""
    text, counted = file.begun + _text(data), 0
    # At least as much again, so that the time for a long object stays in proportion to it.
    if len(text) < 2 * file.tried and not last:
        file.begun = text
        return
    file.begun, file.tried = "", 0
    for document, start, end in documents.documents(text, more=not last):
        if document is None:
            file.line, counted = file.line + text.count("\n", counted, start), len(text)
            file.begun, file.tried = text[start:], len(text) - start
            break
        file.rows += 1
        try:
            yield convert(document)
        except Reject as reason:
            file.line, counted = file.line + text.count("\n", counted, end), end
            reject(file, text[start:end], document, reason)
    file.line += text.count("\n", counted)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _row(converters: list[Callable], values: Callable, document) -> str:
    if document.__class__ is Reject:
        raise document
    try:
        texts = [convert(value) for convert, value in zip(converters, values(document), strict=True)]
    except RecursionError:
        raise Reject(1216, "Invalid value (nested too deep)") from None
    return "\t".join(texts)


def _culprit(columns: list[Column], converters: list[Callable], values: Callable, document) -> tuple:
    """The first column that a rejected document fails in, and its value; two None if it fails as a whole."""
    try:
        found = [] if document.__class__ is Reject else values(document)
    except Reject:
        found = []
    for column, convert, value in zip(columns, converters, found, strict=False):
        try:
            convert(value)
        except (Reject, RecursionError):
            return column, value
    return None, None


def _load_error(file: _Open, column: Column | None, value, raw: str, reject: Reject) -> LoadError:
    name, kind, length = (column.name, column.type, column.length) if column else ("", "", "")
    try:
        value = "" if value is None else as_text(value)
    except RecursionError:
        value = raw
    value, raw, reason = (printable(text[:RAW])[:RAW] for text in (value, raw, reject.reason))
    return LoadError(file.name, file.line, name, kind, length, reject.position, value, raw, reject.code, reason)


def printable(text: str) -> str:
    """Text that can be printed and sent to Postgres: a NUL, a byte that is not UTF-8 (read as a lone surrogate)."""
    return _UNPRINTABLE.sub(lambda found: _escape(ord(found[0])), text)


def _escape(code: int) -> str:
    return rf"\x{code & 0xFF:02x}" if code == 0 or code >= 0xDC80 else rf"\u{code:04x}"


def _failure(order: Copy, errors: list[LoadError]) -> CopyError:
    return CopyError(
        f"Load into table '{order.table}' failed.  Check 'stl_load_errors' system table for details.", errors
    )
