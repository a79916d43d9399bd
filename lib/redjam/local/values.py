"""A value of a JSON document as Redshift's COPY would store it: the text that Postgres' COPY reads for one column.

Whatever Postgres could not take is rejected here: an error of Postgres' own would not know file and line.
"""

import json
import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Context, Decimal, InvalidOperation

from redjam.local.sources import CopyError, Number, Reject

NULL = r"\N"
ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
MAX_VARCHAR = 65_535
EPOCH = datetime(1970, 1, 1)
TOO_LARGE = Decimal("1e400")
INTEGERS = {"int2": (16, "Short"), "int4": (32, "Integer"), "int8": (64, "Long")}
BOOLEANS = dict.fromkeys(("true", "t", "yes", "y", "1"), "t") | dict.fromkeys(("false", "f", "no", "n", "0"), "f")
_INTEGER = re.compile(r"[+-]?[0-9]{1,99}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SPECIAL = re.compile(r"[+-]?inf(?:inity)?|nan", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Column:
    """A column to load: Postgres' type name and modifier, and the type as Redshift writes it."""

    name: str
    kind: str
    modifier: int
    not_null: bool
    type: str


def converter(column: Column, order) -> Callable[[object], str]:
    """Make the function that turns a value of a document into the column's text; `order` is a copy.Copy."""
    write = WRITERS[column.kind](column, order)
    # Empty and blank fields of types other than CHAR and VARCHAR are always NULL.
    text = column.kind in ("varchar", "bpchar", "text")
    empty_is_null, blank_is_null = (order.emptyasnull, order.blanksasnull) if text else (True, True)

    def convert(value: object) -> str:
        if value is not None:
            value = value if isinstance(value, str) else _json(value)
            if (value or not empty_is_null) and not (blank_is_null and value.isspace()):
                return write(value)
        if column.not_null:
            raise Reject(1213, "Missing data for not-null field", "add the value, or let the column be NULL")
        return NULL

    return convert


def _json(value: object) -> str:
    """JSON without white space, its numbers as they were written."""
    if isinstance(value, Number):
        return value
    if isinstance(value, dict):
        return "{" + ",".join([f"{_json(key)}:{_json(member)}" for key, member in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([_json(member) for member in value]) + "]"
    return json.dumps(value, ensure_ascii=False)


def _text(column: Column, order) -> Callable[[str], str]:
    """Lengths are bytes. NUL is refused: Redshift fails on a leading one, and cuts at a later one."""
    limit = column.modifier - 4 if column.modifier > 0 else MAX_VARCHAR

    def write(value: str) -> str:
        if not value.isascii():
            value = _valid(value, column, order)
        if "\0" in value:
            raise Reject(1218, "Invalid null byte - field longer than 1 byte", r"remove \u0000 from the data")
        if len(value) * 4 > limit and (size := len(value.encode())) > limit:
            if not order.truncatecolumns:
                advice = f"{size} bytes; widen the column or add TRUNCATECOLUMNS"
                raise Reject(1204, "String length exceeds DDL length", advice)
            value = value.encode()[:limit].decode(errors="ignore")
        return value.translate(ESCAPES)

    return write


def _valid(value: str, column: Column, order) -> str:
    """Text that is not ASCII; its invalid bytes, read as surrogates, are replaced if the COPY says so."""
    if column.kind == "bpchar":
        raise Reject(1220, "Multibyte character not supported for CHAR (Hint: Try using VARCHAR)")
    invalid = _SURROGATE.search(value)
    if invalid and not order.acceptinvchars:
        sequence = invalid[0].encode("utf-16-be", "surrogatepass").hex().removeprefix("dc")
        reason = f"String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: {sequence}"
        raise Reject(1220, reason, "write the file in UTF-8, or add ACCEPTINVCHARS")
    return _SURROGATE.sub(lambda _: order.acceptinvchars, value) if invalid else value


def _integer(column: Column, _order) -> Callable[[str], str]:
    bits, label = INTEGERS[column.kind]
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def write(value: str) -> str:
        number = int(value) if _INTEGER.fullmatch(value) else _whole(value, label)
        if not low <= number <= high:
            raise Reject(1222, f"Overflow, Value '{value[:40]}', Type: {label}", f"{low} to {high}; widen the column")
        return str(number)

    return write


def _whole(value: str, label: str) -> int:
    """A JSON number like 1541044398796.0 is an integer, too; a text "1.0" is not."""
    if isinstance(value, Number):
        number = _decimal(value)
        if number.adjusted() > 20:
            return 10**20
        if number == int(number):
            return int(number)
    if _INTEGER.fullmatch(value.strip()):
        return int(value)
    position = re.match(r"[+-]?[0-9]*", value).end()
    reason = f"Invalid digit, Value '{value[position : position + 1]}', Pos {position}, Type: {label}"
    raise Reject(1207, reason, "correct the value, or make the column DOUBLE PRECISION or VARCHAR")


def _decimal(value: str) -> Decimal:
    """The number that a text holds; ValueError if it holds none, or one beyond all columns."""
    if not _NUMBER.fullmatch(value):
        raise ValueError(value)
    try:
        number = Decimal(value)
    except InvalidOperation:  # an exponent of more than 18 digits
        number = TOO_LARGE
    return number if abs(number.adjusted()) < 400 else TOO_LARGE if number.adjusted() > 0 else Decimal(0)


def _float(column: Column, _order) -> Callable[[str], str]:
    def write(value: str) -> str:
        value = value.strip()
        if not _NUMBER.fullmatch(value):
            if not _SPECIAL.fullmatch(value):
                raise Reject(1208, "Invalid float format or value", "correct the value, or make the column VARCHAR")
            return value
        try:
            number = float(value)
            number = struct.unpack("f", struct.pack("f", number))[0] if column.kind == "float4" else number
        except OverflowError:
            number = math.inf
        if math.isinf(number):
            raise Reject(1208, f"Overflow, Type: {column.type}", "the number is too large for the column")
        return repr(number)

    return write


def _numeric(column: Column, _order) -> Callable[[str], str]:
    """COPY truncates to the column's scale where INSERT rounds; NUMERIC alone is NUMERIC(18, 0)."""
    precision, scale = divmod(column.modifier - 4, 1 << 16) if column.modifier > 0 else (18, 0)
    step, context = Decimal(1).scaleb(-scale), Context(prec=precision, rounding=ROUND_DOWN)

    def write(value: str) -> str:
        value = value.strip()
        try:
            return f"{_decimal(value).quantize(step, context=context):f}"
        except ValueError:
            raise Reject(1209, "Invalid numeric format or value", "make the column VARCHAR") from None
        except InvalidOperation:
            raise Reject(1209, f"Overflow for NUMERIC({precision},{scale})", "widen the column") from None

    return write


def _boolean(_column: Column, _order) -> Callable[[str], str]:
    def write(value: str) -> str:
        if written := BOOLEANS.get(value.strip().lower()):
            return written
        raise Reject(1210, "Invalid boolean format or value", "true, false, t, f, yes, no, y, n, 1 or 0")

    return write


def _date(_column: Column, order) -> Callable[[str], str]:
    read = _reader(order.dateformat or "YYYY-MM-DD", "DATEFORMAT")

    def write(value: str) -> str:
        try:
            return read(value.strip()).date().isoformat()
        except (ValueError, OverflowError):
            reason = f"Invalid date format or value [{order.dateformat or 'YYYY-MM-DD'}]"
            raise Reject(1205, reason, "name its format with DATEFORMAT, or add DATEFORMAT 'auto'") from None

    return write


def _timestamp(column: Column, order) -> Callable[[str], str]:
    """TIMESTAMP drops an offset that it is given, TIMESTAMPTZ takes a time without one as UTC."""
    zoned = column.kind == "timestamptz"
    default = "YYYY-MM-DD HH:MI:SSOF" if zoned else "YYYY-MM-DD HH:MI:SS"
    read = _reader(order.timeformat or default, "TIMEFORMAT")

    def write(value: str) -> str:
        try:
            moment = read(value.strip())
            if zoned and moment.tzinfo:
                moment = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            reason = f"Invalid timestamp format or value [{order.timeformat or default}]"
            number = "TIMEFORMAT 'epochmillisecs' or 'epochsecs' reads numbers"
            text = "name its format with TIMEFORMAT, or write TIMEFORMAT 'auto'"
            raise Reject(1206, reason, number if isinstance(value, Number) else text) from None
        return moment.replace(tzinfo=None).isoformat(" ") + ("+00" if zoned else "")

    return write


PARTS = {
    "YYYY": "%Y",
    "YY": "%y",
    "MM": "%m",
    "MON": "%b",
    "DD": "%d",
    "HH24": "%H",
    "HH12": "%I",
    "HH": "%H",
}
PARTS |= {"MI": "%M", "SS": "%S", "AM": "%p", "PM": "%p", "%": "%%"}
_PART = re.compile("|".join(sorted(PARTS, key=len, reverse=True)), re.IGNORECASE)
_ISO = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8})([T ][0-9]{2}:?[0-9]{2}[0-9:.]*(Z|[+-][0-9:]+)?)?")
_ZONED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([+-][0-9]{2}(:?[0-9]{2})?)?")
AUTO = ("%y%m%d %H%M%S", "%Y.%j", "%m/%d/%Y", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S.%f")
AUTO += ("%d %b %H:%M:%S %Y", "%b-%d-%Y", "%b %d %Y", "%b %d, %Y")


def _reader(pattern: str, option: str) -> Callable[[str], datetime]:
    """A function that reads the times of a TIMEFORMAT or DATEFORMAT; its keywords are case-sensitive.

    https://docs.aws.amazon.com/redshift/latest/dg/r_DATEFORMAT_and_TIMEFORMAT_strings.html
    """
    keywords = ("auto", "epochsecs", "epochmillisecs")
    if pattern == "auto":
        return lambda text: datetime.fromisoformat(text) if _ISO.fullmatch(text) else _first(AUTO, text)
    if pattern in keywords and option == "TIMEFORMAT":
        unit = 1_000 if pattern == "epochmillisecs" else 1_000_000
        return lambda text: EPOCH + timedelta(microseconds=int(_decimal(text) * unit))
    if pattern.lower() in keywords or not _PART.search(pattern):
        raise CopyError(f"COPY: {option} '{pattern}' is no format; keywords like 'auto' are case-sensitive")
    if pattern.endswith("OF"):
        return lambda text: datetime.fromisoformat(text) if _ZONED.fullmatch(text) else _first((), text)
    form = _PART.sub(lambda part: PARTS[part[0].upper()], pattern)
    # Seconds may have a fraction and months a full name.
    return lambda text: _first((form, form.replace("%S", "%S.%f"), form.replace("%b", "%B")), text)


def _first(forms: tuple[str, ...], text: str) -> datetime:
    for form in forms:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    raise ValueError(text)


WRITERS = {
    "varchar": _text,
    "bpchar": _text,
    "text": _text,
    "int2": _integer,
    "int4": _integer,
    "int8": _integer,
    "float4": _float,
    "float8": _float,
    "numeric": _numeric,
    "bool": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "timestamptz": _timestamp,
}
