"""Which files a load takes, and which of them share a COPY."""

import logging
from datetime import date

from redjam import ledger
from redjam.sources import Source

# Up to so many new files come in a COPY each, so that each can be replaced alone; more come together.
ALONE = 100
TOGETHER, TOGETHER_BYTES = 1_000, 8 * 1024 * 1024
SHOWN_NAME = 256  # bytes of a file's name: https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_DETAIL.html
log = logging.getLogger(__name__)


class WrongDays(ValueError):
    """The days asked for are none, or a file does not say which day it holds."""


def days(since: str, until: str) -> tuple[str, str] | None:
    """The first and the last day asked for, as ISO text; None if none is."""
    for name, day in (("since", since), ("until", until)):
        try:
            if day and date.fromisoformat(day).isoformat() != day:
                raise ValueError
        except (ValueError, TypeError):
            raise WrongDays(f"{name} is {day!r}: write a day such as 2018-11-02") from None
    if since and until and since > until:
        raise WrongDays(f"since {since} is after until {until}: no day lies between them")
    return (since or "0001-01-01", until or "9999-12-31") if since or until else None


def of_days(found: list[Source], asked: tuple[str, str] | None) -> list[Source]:
    """The files of the days asked for, by their names; WrongDays if one has no date there."""
    if not asked:
        return found
    if undated := [file.uri for file in found if not file.day]:
        raise WrongDays(
            f"{undated[0]} has no date in its name, so whether it is of the days asked for is unknown: name files "
            "after their day, as in 2018-11-02-events.json, or load without since and until"
        )
    chosen = [file for file in found if asked[0] <= file.day <= asked[1]]
    if not chosen:
        days_there = sorted({file.day for file in found})
        raise WrongDays(
            f"there is no file of the days asked for: those that are there are of {days_there[0]} to {days_there[-1]}"
        )
    return chosen


def choose(
    asked: list[Source], found: list[Source], known: dict[str, ledger.Loaded], reload: bool = False
) -> list[Source]:
    """The files to load: of those asked for the new and the changed ones, and what came in one COPY with these.

    Rows that came in one COPY with those of a file that is gone stay as they are, which is logged: to take them anew
    would lose that file's.
    """
    chosen = {file.uri for file in asked if reload or _has_changed(file, known.get(file.uri))}
    batch_of = {uri: loaded.batch_id for uri, loaded in known.items()}
    gone = {batch_of[uri]: uri for uri in sorted(known.keys() - {file.uri for file in found}, reverse=True)}
    for uri in sorted(uri for uri in chosen if batch_of.get(uri) in gone):
        chosen.remove(uri)
        log.warning(
            "%s is left as it was loaded before: it came in one COPY with %s, which is no longer there; put that back, "
            "or make all anew from the files that are there: redjam etl --reload",
            uri,
            gone[batch_of[uri]],
        )
    again = {batch_of[uri] for uri in chosen if uri in known}
    return [file for file in found if file.uri in chosen or batch_of.get(file.uri) in again]


def _has_changed(file: Source, loaded: ledger.Loaded | None) -> bool:
    return loaded is None or (file.size, file.version) != (loaded.size, loaded.version)


def batches(files: list[Source]) -> list[list[Source]]:
    """The files of each COPY: every one alone, or if they are many, small ones together; gzip never with plain ones."""
    if len(files) <= ALONE:
        return [[file] for file in files]
    together, size = [], 0
    for file in sorted(filter(_can_be_told, files), key=lambda file: file.is_gzip):
        size += file.size
        full = size > TOGETHER_BYTES or (together and len(together[-1]) == TOGETHER)
        if not together or full or together[-1][0].is_gzip != file.is_gzip:
            together.append([])
            size = file.size
        together[-1].append(file)
    return [[file] for file in files if not _can_be_told(file)] + together


def _can_be_told(file: Source) -> bool:
    """Whether the system tables, which cut names at 256 bytes and fill them up with blanks, show all of its name."""
    return len(file.uri.encode()) <= SHOWN_NAME and not file.uri.endswith(" ")
