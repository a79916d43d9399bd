"""A plain reader of JSON files, after Redshift's documentation and nothing else: the judge of COPY in test_fuzz.

https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-json.html and the pages it leads to
"""

import json
import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_DOWN, Context, Decimal, InvalidOperation
from functools import cached_property


@dataclass(frozen=True)
class Column:
    """A column of a table, and the keys and array indexes that lead to its value."""

    name: str
    type: str
    path: tuple

    @cached_property
    def kind(self) -> str:
        return re.sub(r"\(.*| NOT NULL", "", self.type)

    @cached_property
    def size(self) -> list[int]:
        return [int(size) for size in re.findall(r"[0-9]+", self.type)]

    @cached_property
    def required(self) -> bool:
        return self.type.endswith("NOT NULL")

    @cached_property
    def recorded(self) -> tuple[str, str]:
        """The type and the length as Redshift's system tables name them."""
        return TYPES[self.kind], ",".join(map(str, self.size))


TYPES = {"SMALLINT": "int2", "INTEGER": "int4", "BIGINT": "int8", "REAL": "float4", "DOUBLE PRECISION": "float8"}
TYPES |= {"DECIMAL": "numeric", "BOOLEAN": "bool", "DATE": "date", "TIMESTAMP": "timestamp"}
TYPES |= {"TIMESTAMPTZ": "timestamptz", "CHAR": "char", "VARCHAR": "varchar"}


# --- A value ----------------------------------------------------------------------------------------------
#
# A cell is the tuple of all answers that are right: mostly one, a value or a `Bad`. Where the documentation leaves
# open whether a value is taken, the value and its error are both right, but no other value and no other error.


@dataclass(frozen=True)
class Bad:
    """The row is rejected with this code.

    https://docs.aws.amazon.com/redshift/latest/dg/r_Load_Error_Reference.html
    """

    code: int


class Number(str):
    """The text of a JSON number."""

    __slots__ = ()


class Object(dict):
    """A JSON object that knows if a key stands in it twice."""

    def __init__(self, pairs: list[tuple]):
        super().__init__(pairs)
        self.pairs = pairs if len(pairs) > len(self) else ()


ANY = object()  # any value: what it should be the documentation does not say
DOCUMENT_BYTES = 4 << 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INTEGERS = {"SMALLINT": 16, "INTEGER": 32, "BIGINT": 64}
ERRORS = dict.fromkeys(INTEGERS, 1207) | {"REAL": 1208, "DOUBLE PRECISION": 1208, "DECIMAL": 1209, "BOOLEAN": 1210}
ERRORS |= {"DATE": 1205, "TIMESTAMP": 1206, "TIMESTAMPTZ": 1206}
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
TIME = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[ T]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:\.([0-9]{1,6}))?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)


def cell(column: Column, value: object, options: str) -> tuple:
    """All right answers for a value of a document in this column."""
    kind, null = column.kind, Bad(1213) if column.required else None
    if value is None:
        return (null,)
    text, written = compact(value), isinstance(value, Number)
    if kind in ("VARCHAR", "CHAR"):
        if not text and "EMPTYASNULL" in options:
            return (null,)
        if text.isspace() and "BLANKSASNULL" in options:
            return (null,) if text.isascii() else (null, *characters(column, text, options))
        return characters(column, text, options)
    stripped = text.strip()
    if not stripped:
        return (null,) if text.isascii() else (null, Bad(ERRORS[kind]))
    if kind in INTEGERS:
        answers = integer(stripped, INTEGERS[kind], written)
    elif kind in ("REAL", "DOUBLE PRECISION"):
        answers = floating(stripped, "f" if kind == "REAL" else "d")
    elif kind == "DECIMAL":
        answers = decimal(stripped, *column.size)
    elif kind == "BOOLEAN":
        answers = boolean(stripped.lower())
    elif kind == "DATE":
        answers = day(stripped)
    else:
        answers = moment(stripped, kind == "TIMESTAMPTZ", options)
    return answers if stripped == text else (*answers, Bad(ERRORS[kind]))


def compact(value: object) -> str:
    """Text as it is; numbers as written; arrays and objects as JSON without white space."""
    return str(value) if isinstance(value, str) else _json(value)


def _json(value: object) -> str:
    if isinstance(value, Number):
        return value
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_json(key)}:{_json(member)}" for key, member in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def characters(column: Column, text: str, options: str) -> tuple:
    """Lengths are bytes. Of several faults at once any may be named."""
    (size,), char, faults = column.size, column.kind == "CHAR", []
    invalid = re.search("[\ud800-\udfff]", text)
    if invalid and "ACCEPTINVCHARS" in options and not char:
        # A byte of the file that is not UTF-8 was read as U+DC80 to U+DCFF; a half pair may also be an escape.
        if re.search("[\ud800-\udc7f\udd00-\udfff]", text):
            return ANY, Bad(1220), Bad(1204)
        text = re.sub("[\udc80-\udcff]", "?", text)
    elif invalid or (char and not text.isascii()):
        faults.append(Bad(1220))
    if "\0" in text:
        faults.append(Bad(1218))
    data = text.encode("utf-8", "surrogatepass")
    if len(data) > size and "TRUNCATECOLUMNS" in options:
        text = data[:size].decode("utf-8", "ignore")
    elif len(data) > size:
        faults.append(Bad(1204))
    return tuple(faults) or (text.ljust(size) if char else text,)


def integer(text: str, bits: int, written: bool) -> tuple:
    """Digits; also a JSON number without a fraction, like 1541044398796.0, which a text may not be."""
    if re.fullmatch(r"[+-]?[0-9]{30,}", text) or (written and exact(text) is None):
        return Bad(1222), Bad(1207)
    if re.fullmatch(r"[+-]?[0-9]+", text):
        number = int(text)
    elif written and exact(text) == exact(text).to_integral_value():
        number = int(exact(text))
    elif written and float(text).is_integer() and abs(float(text)) < 2**53:
        # Whole as a double only, 1e-400 or 0.99999999999999999999: nothing says how Redshift reads it.
        return int(float(text)), Bad(1207)
    else:
        return (Bad(1207),)
    answer = number if -(1 << bits - 1) <= number < 1 << bits - 1 else Bad(1222)
    return (answer,) if re.fullmatch(r"-?[0-9]+(\.0+)?", text) else (answer, Bad(1207))


def exact(text: str) -> Decimal | None:
    """The number, or None if its exponent is beyond all sense."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.adjusted() < 1_000 else Decimal("1e1000")


def floating(text: str, form: str) -> tuple:
    if re.fullmatch(r"[+-]?(inf|infinity|nan)", text, re.IGNORECASE):
        return float(text), Bad(1208)
    if not NUMBER.fullmatch(text):
        return (Bad(1208),)
    try:
        (number,) = struct.unpack(form, struct.pack(form, float(text)))
    except OverflowError:
        return (Bad(1208),)
    if math.isinf(number):
        return (Bad(1208),)
    tiny = abs(number) < (1.2e-38 if form == "f" else 2.3e-308) and re.match("[^eE]*[1-9]", text)
    return (number, Bad(1208)) if tiny else (number,)


def decimal(text: str, precision: int, scale: int) -> tuple:
    """COPY cuts what the scale does not hold."""
    if not NUMBER.fullmatch(text):
        return (Bad(1209),)
    number = exact(text)
    if number is None:
        return ANY, Bad(1209)
    if number.adjusted() < precision:
        number = number.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_DOWN, context=Context(prec=999))
    answer = number if abs(number) < 10 ** (precision - scale) else Bad(1209)
    return (answer, Bad(1209)) if "e" in text.lower() else (answer,)


def boolean(text: str) -> tuple:
    if text in ("true", "t", "yes", "y", "1"):
        return (True,)
    return (False,) if text in ("false", "f", "no", "n", "0") else (Bad(1210),)


def day(text: str) -> tuple:
    """YYYY-MM-DD; whether it may be written otherwise, or with a time, is open."""
    found = when(text)
    if not found:
        return (ANY, Bad(1205)) if re.fullmatch("[0-9]{8}", text) else (Bad(1205),)
    return (found.date(),) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else (found.date(), Bad(1205))


def moment(text: str, zoned: bool, options: str) -> tuple:
    """YYYY-MM-DD HH:MI:SS; TIMESTAMPTZ with an offset, or in UTC."""
    sure = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    found = None
    if "epochmillisecs" in options:
        sure = "-?[0-9]+"
        if not re.fullmatch("-?[0-9]{1,15}", text):
            return (ANY, Bad(1206)) if NUMBER.fullmatch(text) and not re.fullmatch(sure, text) else (Bad(1206),)
        try:
            found = EPOCH + timedelta(milliseconds=int(text))
        except OverflowError:
            return (Bad(1206),)
    else:
        found = when(text)
        sure += r"([+-](0[0-9]|1[0-2]))?" if zoned else ""
    if not found:
        return (Bad(1206),)
    try:
        answer = found.astimezone(UTC) if zoned else found.replace(tzinfo=None)
    except OverflowError:
        return (Bad(1206),)
    return (answer,) if re.fullmatch(sure, text) else (answer, Bad(1206))


def when(text: str) -> datetime | None:
    if not (match := TIME.fullmatch(text)):
        return None
    *parts, fraction, offset = match.groups()
    digits = re.sub("[^0-9]", "", offset or "")
    minutes = int(digits[:2] or 0) * 60 + int(digits[2:] or 0)
    try:
        zone = timezone(timedelta(minutes=-minutes if (offset or "").startswith("-") else minutes))
        return datetime(*(int(part or 0) for part in parts), int((fraction or "0").ljust(6, "0")), tzinfo=zone)
    except ValueError:
        return None


# --- A file -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Document:
    """A well-formed object or array: its last line, and a cell a column; `whole` may be wrong with all of it."""

    line: int
    cells: list[tuple] | None
    whole: tuple[Bad, ...]
    columns: list[Column]

    def gives(self, row: tuple) -> bool:
        return self.cells is not None and all(
            any(answer is ANY or _same(answer, value) for answer in cell)
            for cell, value in zip(self.cells, row, strict=True)
        )

    def unlike(self, rows: list[tuple]) -> str:
        """What the next row has and should not have, in words."""
        lines = [f"line {self.line}: {'; '.join(map(str, self.whole)) or 'a row or its error'} is expected"]
        for row in rows:
            for column, answers, value in zip(self.columns, self.cells or (), row, strict=False):
                if not any(answer is ANY or _same(answer, value) for answer in answers):
                    lines.append(f"  {column.name} {column.type} should be {answers}; the next row has {value!r}")
        return "\n".join(lines)

    def fails_by(self, error) -> bool:
        """Whether it is this error, of the first column that must fail or of one before that may fail."""
        if error.line != self.line or not error.column:
            return error.line == self.line and Bad(error.code) in self.whole
        for column, answers in zip(self.columns, self.cells or (), strict=False):
            if column.name == error.column:
                return Bad(error.code) in answers
            if all(isinstance(answer, Bad) for answer in answers):
                return False
        return False


@dataclass(frozen=True)
class Malformed:
    """Lines that hold something else than well-formed objects: one error at least, and what can be read in it."""

    first: int
    last: int
    text: str
    columns: list[Column]
    options: str

    @cached_property
    def documents(self) -> list[Document]:
        """Whatever in here a reader may find again after the malformed part."""
        starts = [match.start() for match in _OPENED.finditer(self.text)]
        found = [_decoded(self.text, start) for start in starts]
        return [
            _document(self.text[start:end], value, 0, self.columns, self.options)
            for start, (value, end) in zip(starts, found, strict=True)
            if end
        ]

    def unlike(self, rows: list[tuple]) -> str:
        """What is expected, in words."""
        expected = f"lines {self.first} to {self.last}: an error is expected, and any rows of {self.text[:300]!r}"
        return f"{expected}\n  next row: {rows}"

    def gives(self, row: tuple) -> bool:
        return any(document.gives(row) for document in self.documents)


def _same(answer: object, value: object) -> bool:
    if isinstance(answer, float) and math.isnan(answer):
        return isinstance(value, float) and math.isnan(value)
    return type(answer) is type(value) and answer == value


def _refuse(constant: str):
    raise ValueError(constant)


DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_refuse, object_pairs_hook=Object)


def _decoded(text: str, start: int) -> tuple[object, int]:
    """The object or array that starts here, and its end; 0 if there is none."""
    try:
        return DECODER.raw_decode(text, start) if text[start] in "{[" else (None, 0)
    except (ValueError, RecursionError):
        return None, 0


def _document(text: str, value: object, line: int, columns: list[Column], options: str) -> Document:
    if len(text.encode("utf-8", "surrogateescape")) > DOCUMENT_BYTES:
        return Document(line, None, (Bad(1216),), columns)
    if "ignorecase" in options and isinstance(value, dict):
        value = Object([(key.lower(), member) for key, member in value.pairs or value.items()])
    try:
        cells = [
            tuple(answer for found in _follow(value, column.path) for answer in cell(column, found, options))
            for column in columns
        ]
    except LookupError:
        return Document(line, None, (Bad(1216),), columns)
    # How deep a document may be is open.
    return Document(line, cells, (Bad(1216),) if text.count("[") + text.count("{") > 100 else (), columns)


def _follow(value: object, path: tuple) -> list:
    """The values that the path leads to: of a key that stands twice any, for the documentation does not say which."""
    if not path:
        return [value]
    step, rest = path[0], path[1:]
    if value is None and isinstance(step, str):
        return [None]
    if not isinstance(value, list if isinstance(step, int) else dict):
        raise LookupError
    if isinstance(step, str):
        members = [member for key, member in value.pairs if key == step] or [value.get(step)]
        return [found for member in members for found in _follow(member, rest)]
    if step >= len(value):
        raise LookupError
    return _follow(value[step], rest)


def read(content: bytes, columns: list[Column], options: str) -> Iterator[Document | Malformed]:
    """What is in a file, in order.

    After malformed text, what comes is sure again at a line that one whole object fills, if no object that starts
    in the malformed text reaches into it.
    """
    text, position, line, counted = content.decode("utf-8", "surrogateescape"), 0, 1, 0
    while position < len(text):
        if text[position] in " \t\r\n":
            position += 1
            continue
        value, end = _decoded(text, position)
        malformed, end = not end, end or _next_sure(text, position)
        first, line, counted = line + text.count("\n", counted, position), line + text.count("\n", counted, end), end
        if malformed:
            yield Malformed(first, line, text[position:end], columns, options)
        else:
            yield _document(text[position:end], value, line, columns, options)
        position = end


def _next_sure(text: str, start: int) -> int:
    reach = start
    for line in _LINE.finditer(text, start):
        here = line.start()
        for opened in _OPENED.finditer(text, reach, here):
            if opened.start() >= reach:
                reach = max(reach, _decoded(text, opened.start())[1])
        reach = max(reach, here)
        alone = text[end:].partition("\n")[0] if (end := _decoded(text, here + 1)[1]) else "no"
        if reach == here and not alone.strip(" \t\r"):
            return here
    return len(text)


_LINE, _OPENED = re.compile(r"\n(?={)"), re.compile(r"[{\[]")


def difference(files: dict[str, bytes], columns: list[Column], options: str, rows: list, errors: list) -> str:
    """What contradicts the plain reader, "" if nothing does; `files` in the order of their loading."""
    order = {name: number for number, name in enumerate(files)}
    if strange := [error for error in errors if error.file not in order]:
        return f"an error of no file: {strange[0]}"
    errors = sorted(errors, key=lambda error: (order[error.file], error.line))
    # How many rows and errors are explained so far; more than one pair where what malformed text gives is open.
    states = {(0, 0)}
    for name, content in files.items():
        for found in read(content, columns, options):
            after = set()
            for row, error in states:
                if isinstance(found, Document):
                    if row < len(rows) and found.gives(rows[row]):
                        after.add((row + 1, error))
                    if error < len(errors) and errors[error].file == name and found.fails_by(errors[error]):
                        after.add((row, error + 1))
                    continue
                last, given = error, row
                while last < len(errors) and errors[last].file == name and errors[last].line <= found.last:
                    last += 1
                while given < len(rows) and found.gives(rows[given]):
                    given += 1
                if last > error and errors[error].line >= found.first:
                    after |= {(count, last) for count in range(row, given + 1)}
            if not after:
                row, error = max(states)
                return f"{name} {found.unlike(rows[row:][:1])}\n  next error: {errors[error:][:1]}"
            states = after
    row, error = max(states)
    if (len(rows), len(errors)) not in states:
        return f"more than the files hold\n  next row:   {rows[row:][:1]}\n  next error: {errors[error:][:1]}"
    return ""
