"""Which files a load takes, and which of them are compacted for it."""

from datetime import date

from redjam import ledger
from redjam.sources import Source

# Up to so many files are a COPY each. Of more, those are compacted that are smaller than AWS advises:
# https://docs.aws.amazon.com/redshift/latest/dg/c_best-practices-use-multiple-files.html
ALONE = 100
SMALL = 1_000_000  # bytes


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


def choose(asked: list[Source], known: dict[str, ledger.Loaded], reload: bool = False) -> list[Source]:
    """The files to load: of those asked for the new and the changed ones, or with `reload` all."""
    return [file for file in asked if reload or _has_changed(file, known.get(file.uri))]


def _has_changed(file: Source, loaded: ledger.Loaded | None) -> bool:
    return loaded is None or (file.size, file.version) != (loaded.size, loaded.version)


def divide(files: list[Source]) -> tuple[list[Source], list[Source]]:
    """The files to compact, which are the small ones if there are many, and those that are a COPY each."""
    if len(files) <= ALONE:
        return [], files
    return [file for file in files if file.size < SMALL], [file for file in files if file.size >= SMALL]
