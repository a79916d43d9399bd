"""Numbers as Redshift's COPY stores them: functions from the text of a value to the text that Postgres reads."""

import math
import re
import struct
from collections.abc import Callable
from decimal import ROUND_DOWN, Context, Decimal, InvalidOperation

from redjam.documents import Number, Reject
from redjam.local.columns import INTEGERS, Column

EXACT = 2**53  # below it a double holds each whole number
TOO_LARGE = Decimal("1e400")
_INTEGER = re.compile(r"[+-]?[0-9]{1,99}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SPECIAL = re.compile(r"[+-]?inf(?:inity)?|nan", re.IGNORECASE)


def integer(column: Column, _order) -> Callable[[str], str]:
    """Whole numbers of the column's range."""
    bits, label = INTEGERS[column.kind]
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def write(value: str) -> str:
        number = int(value) if _INTEGER.fullmatch(value) else _whole(value, label)
        if not low <= number <= high:
            raise Reject(1222, f"Overflow, Value '{value[:40]}', Type: {label}")
        return str(number)

    return write


def _whole(value: str, label: str) -> int:
    """A JSON number like 1541044398796.0 is an integer, too; a text "1.0" is not.

    Whether a number is whole is asked of its double, as polars does: 0.99999999999999999999 is 1.
    """
    if isinstance(value, Number):
        if (double := float(value)).is_integer() and abs(double) < EXACT:
            return int(double)
        number = decimal(value)
        if number.adjusted() > 20:
            return 10**20
        if number == int(number):
            return int(number)
    if _INTEGER.fullmatch(stripped := value.strip()):
        return int(stripped)
    position = re.match(r"[+-]?[0-9]*", value).end()
    reason = f"Invalid digit, Value '{value[position : position + 1]}', Pos {position}, Type: {label}"
    raise Reject(1207, reason, position)


def decimal(value: str) -> Decimal:
    """The number that a text holds; ValueError if it holds none, or one beyond all columns."""
    if not _NUMBER.fullmatch(value):
        raise ValueError(value)
    try:
        number = Decimal(value)
    except InvalidOperation:  # an exponent of more than 18 digits
        number = TOO_LARGE
    return number if abs(number.adjusted()) < 400 else TOO_LARGE if number.adjusted() > 0 else Decimal(0)


def floating(column: Column, _order) -> Callable[[str], str]:
    """Doubles, and floats of 4 bytes."""

    def write(value: str) -> str:
        value = value.strip()
        if not _NUMBER.fullmatch(value):
            if not _SPECIAL.fullmatch(value):
                raise Reject(1208, "Invalid float format or value")
            return value
        try:
            number = float(value)
            number = struct.unpack("f", struct.pack("f", number))[0] if column.kind == "float4" else number
        except OverflowError:
            number = math.inf
        if math.isinf(number):
            raise Reject(1208, f"Overflow, Type: {column.type}")
        return repr(number + 0.0)  # -0.0 is 0.0, as polars reads -0

    return write


def numeric(column: Column, _order) -> Callable[[str], str]:
    """COPY truncates to the column's scale where INSERT rounds."""
    precision, scale = column.digits
    step, context = Decimal(1).scaleb(-scale), Context(prec=precision, rounding=ROUND_DOWN)

    def write(value: str) -> str:
        value = value.strip()
        try:
            return f"{decimal(value).quantize(step, context=context):f}"
        except ValueError:
            raise Reject(1209, "Invalid numeric format or value") from None
        except InvalidOperation:
            raise Reject(1209, f"Overflow for NUMERIC({precision},{scale})") from None

    return write
