"""Dates and times as Redshift's COPY stores them, read by its DATEFORMAT and TIMEFORMAT."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from redjam.documents import Reject
from redjam.local.columns import Column
from redjam.local.numbers import decimal
from redjam.local.sources import CopyError

EPOCH = datetime(1970, 1, 1)
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


def date(_column: Column, order) -> Callable[[str], str]:
    """Dates; a time of day is left out."""
    read = _reader(order.dateformat or "YYYY-MM-DD", "DATEFORMAT")

    def write(value: str) -> str:
        try:
            return read(value.strip()).date().isoformat()
        except (ValueError, OverflowError):
            reason = f"Invalid date format or value [{order.dateformat or 'YYYY-MM-DD'}]"
            raise Reject(1205, reason) from None

    return write


def timestamp(column: Column, order) -> Callable[[str], str]:
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
            raise Reject(1206, reason) from None
        return moment.replace(tzinfo=None).isoformat(" ") + ("+00" if zoned else "")

    return write


def _reader(pattern: str, option: str) -> Callable[[str], datetime]:
    """A function that reads the times of a TIMEFORMAT or DATEFORMAT; its keywords are case-sensitive.

    https://docs.aws.amazon.com/redshift/latest/dg/r_DATEFORMAT_and_TIMEFORMAT_strings.html
    """
    keywords = ("auto", "epochsecs", "epochmillisecs")
    if pattern == "auto":
        return lambda text: datetime.fromisoformat(text) if _ISO.fullmatch(text) else _first(AUTO, text)
    if pattern in keywords and option == "TIMEFORMAT":
        unit = 1_000 if pattern == "epochmillisecs" else 1_000_000
        return lambda text: EPOCH + timedelta(microseconds=int(decimal(text) * unit))
    if pattern.lower() in keywords or not _PART.search(pattern):
        raise CopyError(f"COPY: {option} '{pattern}' is no format; keywords like 'auto' are case-sensitive")
    if pattern.endswith("OF"):
        return lambda text: datetime.fromisoformat(text) if _ZONED.fullmatch(text) else _first((), text)
    form = _PART.sub(lambda part: PARTS[part[0].upper()], pattern)
    # Seconds may have a fraction and months a full name.
    return lambda text: _first((form, form.replace("%S", "%S.%f"), form.replace("%b", "%B")), text)


def _first(forms: tuple[str, ...], text: str) -> datetime:
    for form in forms if text.isascii() else ():  # strptime takes the digits of all scripts
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    raise ValueError(text)
