"""What the questions of sql/analytics are asked about: a period, and one artist."""

import difflib
from datetime import date, datetime, timedelta

from psycopg2.extensions import connection as Connection

from redjam import selection, warehouse

DAY = timedelta(days=1)


class UnknownArtist(LookupError):
    """The warehouse has no artist of that name; the message has close ones."""


def period(connection: Connection, since: str = "", until: str = "") -> tuple[datetime, datetime]:
    """Where a period begins and the first moment after it, both midnight in UTC.

    `since` and `until` are its first and its last day. It never begins before the first day with plays, nor ends after
    the last one: half of it would be empty. What is no day, and a period without plays, is a selection.WrongDays.
    """
    first, last = selection.days(since, until) or ("0001-01-01", "9999-12-31")
    begin, end = datetime.fromisoformat(first), _after(last)
    there = warehouse.frame(connection, warehouse.statement("days_with_plays"), begin=begin, end=end).iloc[0]
    if not there["all_plays"]:
        raise selection.WrongDays("no plays in songplays: run notebooks/03_etl.ipynb first (or: redjam etl)")
    days = there["first_play"].date(), there["last_play"].date()
    if not there["plays"]:
        asked = " and ".join(f"{name} {day}" for name, day in (("since", since), ("until", until)) if day)
        raise selection.WrongDays(f"no plays {asked}: those that are there are of {days[0]} to {days[1]}")
    return max(begin, datetime.fromisoformat(str(days[0]))), min(end, _after(str(days[1])))


def at_least_one(top_n: int) -> int:
    """How many rows to show; a ValueError if that is none."""
    if not isinstance(top_n, int) or top_n < 1:
        raise ValueError(f"top_n is {top_n!r}: give 1 or more")
    return top_n


def artist(connection: Connection, name: str, begin: datetime, end: datetime) -> str:
    """An artist's name as the warehouse has it, whatever its case; of "" the most played artist of the period.

    UnknownArtist if there is none.
    """
    if not name.strip():
        most_played = _most_played(connection, begin, end)
        if not most_played:
            raise UnknownArtist(f"no artist is played from {begin:%Y-%m-%d} to {end - DAY:%Y-%m-%d}")
        return most_played[0]
    names = warehouse.frame(connection, warehouse.statement("artist_names"))["artist"].tolist()
    if name in names:
        return name
    spelled = {_plain(known): known for known in reversed(names)}  # of several, the first
    wanted = _plain(name)
    if wanted in spelled:
        return spelled[wanted]
    near = (
        difflib.get_close_matches(wanted, spelled, n=3) or [plain for plain in sorted(spelled) if wanted in plain][:3]
    )
    if near:
        hint = f"did you mean {', '.join(spelled[plain] for plain in near)}?"
    else:
        hint = f"most played are {', '.join(_most_played(connection, begin, end))}"
    raise UnknownArtist(f"no artist is named {name!r}: {hint}")


def _most_played(connection: Connection, begin: datetime, end: datetime) -> list[str]:
    question = warehouse.statement("analytics/most_played_artists")
    return warehouse.frame(connection, question, begin=begin, end=end, top_n=3)["artist"].tolist()


def _after(day: str) -> datetime:
    """The midnight that ends a day; the last day that Python knows has none."""
    return datetime.combine(min(date.fromisoformat(day), date.max - DAY) + DAY, datetime.min.time())


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
