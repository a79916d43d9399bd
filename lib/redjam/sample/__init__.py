"""Sample data in the source's own shapes: invented songs, listeners and events; one seed, one set of bytes.

Chance comes from Random.random() alone, the one method that Python promises never to change. Arithmetic keeps
to + - * / and sqrt, exact everywhere: log, exp and ** differ in the last digit between C libraries, and sum()
of floats between Python 3.11 and 3.12. Songs depend on the seed and their number only, and events are drawn
day by day, so that a shorter run's event files are the first of a longer one's.
"""

import json
import string
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import Any

from redjam import progress
from redjam.sample.catalogue import repertoire
from redjam.sample.events import DAY, event_days, listener
from redjam.sample.words import Chance, code, split

KEYS = split("""artist auth firstName gender itemInSession lastName length level location method page
    registration sessionId song status ts userAgent userId""")


def write_songs(folder: Path, records: list[dict[str, Any]], chance: Chance) -> None:
    """One file a record, 20 to a folder, in A/A/A, A/A/B, ...: the letters that begin its track id."""
    # In order of the ids, which are random: the first folders are not to hold the most popular.
    ordered = sorted(records, key=itemgetter("song_id"))
    for number, record in enumerate(progress.bar(ordered, "song files", unit=" files")):
        shelf = number // 20
        letters = [string.ascii_uppercase[shelf // 26**power % 26] for power in (2, 1, 0)]
        letters.append(string.ascii_uppercase[number % 20])  # so that no two ids are the same
        path = folder.joinpath(*letters[:3], f"TR{''.join(letters)}{code(chance, 1, 7)}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(json.dumps(record).encode("ascii"))


def write_events(folder: Path, first: date, days: int, lines: Iterator[list[str]]) -> None:
    """One file a day, without a newline at its end; empty for a day without events."""
    for n in progress.bar(range(days), "event files", unit=" days"):
        path = folder / f"{first + timedelta(n):%Y/%m/%Y-%m-%d}-events.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes("\n".join(next(lines)).encode("ascii"))


def check_number(name: str, value: Any, high: int, low: int = 1) -> None:
    """Raise ValueError unless an argument is a whole number in its range."""
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{name} is {value!r}: a whole number from {low:,} to {high:,}")


def check_date(name: str, value: Any) -> date:
    """An argument as a date; ValueError if it is none."""
    try:
        day = date.fromisoformat(value)
    except (TypeError, ValueError):
        day = None
    # fromisoformat also takes 20181101 and 2018-W44-4.
    if day is None or str(day) != value or not 2000 <= day.year < 2100:
        raise ValueError(f"{name} is {value!r}: a date like 2018-11-01, from 2000-01-01 to 2099-12-31")
    return day


def check_free(out: Path) -> None:
    """Raise FileExistsError unless `out` is absent or an empty folder."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise FileExistsError(f"{out} exists and is not an empty folder: name another, or remove it first")


def write(
    out: Path,
    *,
    days: int = 30,
    users: int = 1100,
    songs: int = 5000,
    seed: int = 2018,
    start: str = "2018-11-01",
) -> Path:
    """Write a sample to the new folder `out`, whole or not at all, and return its absolute path.

    A user makes about 3 events a day, the defaults about 100,000. The same arguments give the same bytes;
    more days add event files; another seed, or number of users or songs, changes all events.
    """
    for name, value, high in (("days", days, 3_660), ("users", users, 1_000_000), ("songs", songs, 300_000)):
        check_number(name, value, high)
    check_number("seed", seed, 2**63 - 1, low=0)
    first_day = check_date("start", start)
    out = Path(out).resolve()
    check_free(out)

    first = (first_day - date(1970, 1, 1)).days * DAY
    chances = {part: Random(f"{part} {seed}").random for part in ("songs", "tracks", "users", "events")}
    played = repertoire(chances["songs"], songs)
    listeners = [listener(chances["users"], number, first) for number in range(1, users + 1)]
    lines = event_days(chances["events"], listeners, played, first)
    paths = {"jsonpaths": [f"$['{key}']" for key in KEYS]}

    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as temporary:
        sample = Path(temporary) / out.name
        write_songs(sample / "song-data", [song.record for song in played if song.record], chances["tracks"])
        write_events(sample / "log-data", first_day, days, lines)
        (sample / "log_json_path.json").write_bytes(json.dumps(paths, indent=4).encode("ascii"))
        check_free(out)
        if out.exists():
            out.rmdir()  # Windows moves no folder onto another, not even onto an empty one
        sample.rename(out)
    return out
