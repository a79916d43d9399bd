"""Sample data in the source's own shapes: invented songs, listeners and events; one seed, one set of bytes.

Chance comes from Random.random() alone, the one method that Python promises never to change. Arithmetic keeps
to + - * / and sqrt, exact everywhere: log, exp and ** differ in the last digit between C libraries, and sum()
of floats between Python 3.11 and 3.12. Songs depend on the seed and their number only, and events are drawn
day by day, so that a shorter run's event files are the first of a longer one's.
"""

import json
import math
import string
import tempfile
from bisect import bisect
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import accumulate, count
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import Any

from tqdm import tqdm

Chance = Callable[[], float]  # a stream of numbers from 0 up to, but not including, 1


def words(text: str, separator: str | None = None) -> list[str]:
    """The parts of a compact list."""
    return text.split(separator)


HOUR = 3_600_000  # milliseconds, the unit of every time here
DAY = 24 * HOUR
KEYS = words("""artist auth firstName gender itemInSession lastName length level location method page
    registration sessionId song status ts userAgent userId""")
NOBODY = (*["null"] * 6, '""')  # a listener's texts while logged out
REQUESTS = {"NextSong": ("PUT", 200), "Error": ("GET", 404)}  # all others: GET, 200
FORMS = words("Login|Logout|Save Settings|Submit Upgrade|Submit Downgrade", "|")  # all PUT, 307
NEXT_PAGE = {"Settings": "Save Settings", "Upgrade": "Submit Upgrade", "Downgrade": "Submit Downgrade"}
NEXT_LEVEL = {"Submit Upgrade": "paid", "Submit Downgrade": "free"}
# How likely a listener opens a page during a song.
VISITS = {"Home": 0.04, "Settings": 0.01, "Help": 0.006, "About": 0.002, "Error": 0.002}
LEVEL_VISITS = {"free": {"Upgrade": 0.015} | VISITS, "paid": {"Downgrade": 0.008} | VISITS}
SONGS_A_SESSION = {"free": 5, "paid": 12}
# How many sessions begin in each hour of the listeners' own week, from Monday's midnight.
WEEK = [int(digit) for digit in 5 * "211112346667777899987643" + 2 * "322111112345666766554432"]
TRENDS = {3: 1, 7: -1}  # by the last digit of the artist's rank: rising in the first month, falling

METROS = (  # the largest first, with the hours to UTC
    ("New York-Newark-Jersey City, NY-NJ-PA", -5),
    ("Los Angeles-Long Beach-Anaheim, CA", -8),
    ("Chicago-Naperville-Elgin, IL-IN-WI", -6),
    ("San Francisco-Oakland-Hayward, CA", -8),
    ("Dallas-Fort Worth-Arlington, TX", -6),
    ("Washington-Arlington-Alexandria, DC-VA-MD-WV", -5),
    ("Phoenix-Mesa-Scottsdale, AZ", -7),
    ("Minneapolis-St. Paul-Bloomington, MN-WI", -6),
    ("Nashville-Davidson--Murfreesboro--Franklin, TN", -6),
    ("Portland-South Portland, ME", -5),
    ("Waterloo-Cedar Falls, IA", -6),
    ("Urban Honolulu, HI", -10),
)
PLACES = (
    ("Memphis, TN", 35.14968, -90.04892),
    ("London, England", 51.50632, -0.12714),
    ("New York, NY [Manhattan]", 40.79086, -73.96644),
    ("Málaga, España", 36.72034, -4.41997),
    ("Kyoto, Japan", 35.0115, 135.7682),
)
SYSTEMS = ("Macintosh; Intel Mac OS X 10_9_4", "Windows NT 6.1; WOW64", "X11; Linux x86_64")
BROWSERS = (  # those of WebKit come in quotes of their own
    '"Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/36.0.1985.143 Safari/537.36"',
    '"Mozilla/5.0 ({}) AppleWebKit/537.77.4 (KHTML, like Gecko) Version/7.0.5 Safari/537.77.4"',
    "Mozilla/5.0 ({}; rv:31.0) Gecko/20100101 Firefox/31.0",
)
WOMEN = words("Ada Bela Clara Dora Elena Fay Greta Hanna Iris Juno Kira Lena Mina Nora Olive Petra Runa")
MEN = words("Abel Bruno Casper Dario Edgar Felix Gustav Hugo Ivo Jonas Kilian Leo Milo Nils Oscar Piet Remy")
SURNAMES = words("""Ashgrove Birkwell Coldbeck Dunmarsh Elderby Fennimoor Garrowby Hathersham Inglefell
    Jessamy Kestleton Larkmoor Merriden Netherby Oakhanger Pellinger Quillfeather Rowanlea Thornaby""")
ADJECTIVES = words("""Amber Borrowed Bright Clockwork Copper Crooked Distant Drowsy Electric Feral Gentle
    Hidden Hollow Idle Lucky Lunar Marble Mossy Naïve Northern Painted Paper Patient Quiet Restless Rusty
    Salted Silver Slow Spare Tender Tidal Tin Unsent Upright Vacant Velvet Wandering Wooden Yellow""")
NOUNS = words("""Almanac Anthem Barge Beacon Café Camera Comet Corner Drift Engine Fjörd Garden Harbour Hinge
    Island Kettle Ladder Lantern Lark Letter Magnet Meadow Mirror Needle Orchard Otter Parade Pebble Piñata
    Planet Postcard Radio River Saddle Señal Signal Sparrow Station Storm Suitcase Telegram Thimble Tram""")
SIGNS = words("月光 電車 青空 海辺 夜風 별빛 바다 여름")
WORDS = {"adj": ADJECTIVES, "adj2": ADJECTIVES, "noun": NOUNS, "noun2": NOUNS, "sign": SIGNS}
WORDS |= {"person": WOMEN + MEN, "surname": SURNAMES}
ARTISTS = words(
    "The {adj} {noun}s|{adj} {noun}|{noun} & {noun2}|The {noun} {noun2} Orchestra|{adj} {noun} Club|"
    "{noun} of the {adj} {noun2}|{person} {surname}|{person} & The {noun}s|DJ {noun} {noun2}|"
    "{sign} {noun}|{surname} / {noun}|{surname}'s {noun}s|{adj}, {adj2} & {noun}|The {surname} Quartet",
    "|",
)
TITLES = words(
    "{noun}|{adj} {noun}|{noun} in the {noun2}|The {noun}'s {noun2}|Don't Wake the {noun}|{noun} by {noun}|"
    "{adj} and {adj2}|One {noun} for {person}|{noun} (Live)|{adj} {noun} (Album Version)|{sign} {noun}|"
    'Dear {person}, {adj} {noun}|The "{adj}" {noun}|{noun} / {noun2}|No More {noun}s [Remix]',
    "|",
)
# Artists of the catalogue with one of their songs, by rank (played, but not in the charts): JSON numbers, 100
# bytes and more in fewer characters, quotes, commas, text encoded twice, a tab, U+FFFD.
ODDITIES = {
    21: (311, "Ninety Miles of Corn"),
    24: ("Los Faroles", 4.6),
    27: ("月光電車", "夜のプラットホーム"),
    30: ("Señora Ñandú", "¿Dónde está la lluvia?"),
    33: ('Tin "Kettle" Harrowgate', 'The "Last" Bus'),
    36: ("Salt, Sugar & Smoke", "Monday, Tuesday, Gone"),
    39: ("O'Larkin's Daughters", "Don't Say 'Maybe'"),
    42: ("Orchestre de la Forêt Dorée / Chœur des Écoliers d'Été / Trio à Cordes / Société Éphémère", "Été"),
    45: ("SociÃ©tÃ© des MarÃ©es", "MarÃ©e basse"),
    48: ("Static Parade", "Left\tRight \ufffd"),
}


@dataclass(frozen=True)
class Song:
    """A song that may be played, and its file's content if the catalogue has it."""

    artist: str  # as the log writes it, like the title
    title: str
    length: float  # seconds
    weight: float  # of its plays among all
    trend: int
    record: dict[str, Any] | None = None


@dataclass
class Listener:
    """A user, and the state that sessions move on: busy_until (none begins before), level, free_plays."""

    texts: tuple[str, ...]  # first name, gender, last name, location, registration, user agent, id, as logged
    utc_offset: int  # hours
    rate: float  # sessions a day
    leaves: int
    busy_until: int
    level: str
    free_plays: int = 0


def pick(chance: Chance, values: Sequence):
    """One of the values, each as likely."""
    return values[int(chance() * len(values))]


def skewed(chance: Chance) -> float:
    """0 or more, 1 on average, mostly below 0.5, and once in ten thousand times above 99 (Pareto)."""
    return 1 / math.sqrt(1 - chance()) - 1


def code(chance: Chance, letters: int, digits: int) -> str:
    """Random capital letters, 128F as in most of the real ids, and hexadecimal digits."""
    head = "".join(pick(chance, string.ascii_uppercase) for _ in range(letters))
    return f"{head}128F{int(chance() * 16**digits):0{digits}X}"


def phrase(chance: Chance, patterns: list[str], taken: set[str]) -> str:
    """Words in one of the patterns that are not in `taken`, to which they are added."""
    value = pick(chance, patterns).format(**{key: pick(chance, values) for key, values in WORDS.items()})
    while value in taken:
        value = f"{value} {pick(chance, NOUNS)}"
    taken.add(value)
    return value


def logged(value: Any) -> str:
    """A value as the real logs write it: ASCII, slashes escaped."""
    return json.dumps(value).replace("/", "\\/")


def encoded_twice(text: str) -> str:
    """What the real logs hold for text beyond ASCII: its UTF-8 bytes read as Latin-1, and that again."""
    return text.encode().decode("latin-1").encode().decode("latin-1")


def place(chance: Chance) -> dict[str, Any]:
    """An artist's home as the song files have it: often '', more often without coordinates."""
    (location, latitude, longitude), known = pick(chance, PLACES), chance()
    return {
        "artist_latitude": latitude if known < 0.4 else None,
        "artist_longitude": longitude if known < 0.4 else None,
        "artist_location": location if known < 0.55 else "",
    }


def songs_of(chance: Chance, rank: int, name: Any, first_title: Any) -> Iterator[Song]:
    """An artist's songs, of which about half are in the catalogue, unless it lacks the artist."""
    artist_id, home = f"AR{code(chance, 7, 5)}", place(chance)
    listed, titles = chance() < 0.7, set()
    for number in range(1 + int(4 * chance()) + 40 // (rank + 8)):
        title = first_title if first_title and not number else phrase(chance, TITLES, titles)
        artist = f"{name} feat. {phrase(chance, ARTISTS, set())}" if number and chance() < 0.06 else name
        listed_here = title == first_title or (listed and chance() < 0.48)
        spoil = encoded_twice if rank > 50 and not listed_here and chance() < 0.3 else str
        for _ in range(2 if listed_here and chance() < 0.03 else 1):  # twice: two ids, two lengths
            length = round(60 + 100 * (chance() + chance() + chance()) + 30 * min(skewed(chance), 15), 5)
            record = {
                "num_songs": 1,
                "artist_id": artist_id,
                **(home if chance() < 0.95 else place(chance)),
                "artist_name": artist,
                "song_id": f"SO{code(chance, 7, 5)}",
                "title": title,
                "duration": length,
                "year": 0 if chance() < 0.6 else 1955 + int(56 * chance()),
            }
            yield Song(
                artist=logged(spoil(str(artist))),
                title=logged(spoil(str(title))),
                length=length,
                weight=1 / (rank + 20) / (number + 2),
                trend=TRENDS.get(rank % 10, 0),
                record=record if listed_here else None,
            )


def repertoire(chance: Chance, in_catalogue: int) -> list[Song]:
    """Songs by artists of falling popularity, as many as it takes for `in_catalogue` to have a record."""
    songs, taken = [], {str(name) for name, _ in ODDITIES.values()}
    for rank in count():
        name, title = ODDITIES.get(rank) or (phrase(chance, ARTISTS, taken), None)
        for song in songs_of(chance, rank, name, title):
            songs.append(song)
            in_catalogue -= song.record is not None
            if not in_catalogue:
                return songs


def popularity(songs: list[Song], day: int) -> list[float]:
    """Running totals of the weights of a day: a rising artist grows 13-fold in 30 days, then falls back."""
    high = abs(day % 60 - 30) / 30  # from 1 down to 0 and up again
    factor = {0: 1, 1: 0.25 + 3 * (1 - high), -1: 0.25 + 3 * high}
    return list(accumulate(song.weight * factor[song.trend] for song in songs))


def listener(chance: Chance, number: int, first: int) -> Listener:
    """User `number`, registered in the 60 days before the sample's beginning or the 28 days after it."""
    registered = first + int((88 * chance() - 60) * DAY)
    names, gender = pick(chance, [(WOMEN, "F"), (MEN, "M")])
    location, utc_offset = METROS[int(len(METROS) * chance() * chance())]
    agent = pick(chance, BROWSERS).format(pick(chance, SYSTEMS))
    days = 7 + 50 * chance() if chance() < 0.3 else 99_999
    name, surname = pick(chance, names), pick(chance, SURNAMES)
    facts = (name, gender, surname, location, float(registered), agent, str(number))
    return Listener(
        texts=tuple(map(logged, facts)),
        utc_offset=utc_offset,
        rate=min(0.14 + 0.35 * skewed(chance), 2.5),
        leaves=max(registered, first) + int(days * DAY),
        busy_until=registered,
        level="paid" if chance() < 0.15 else "free",
    )


@cache
def day_from(hour: int) -> list[int]:
    """Running totals of the week's weights over the 24 hours from an hour of the week."""
    return list(accumulate(WEEK[(hour + n) % len(WEEK)] for n in range(24)))


def beginnings(chance: Chance, user: Listener, midnight: int) -> Iterator[int]:
    """When a listener opens the app on the UTC day from `midnight`."""
    weekday = midnight // DAY + 3  # 1970 began on a Thursday
    hours = day_from((24 * weekday + user.utc_offset) % len(WEEK))
    for _ in range(int(user.rate * hours[-1] * 7 / sum(WEEK) + chance())):
        yield midnight + int((bisect(hours, hours[-1] * chance()) + chance()) * HOUR)


def pages(chance: Chance, user: Listener) -> list[str]:
    """What a listener opens during a song: mostly nothing."""
    draw = chance()
    for page, likely in LEVEL_VISITS[user.level].items():
        draw -= likely
        if draw < 0:
            # The more somebody has heard while free, the readier to pay.
            convinced = user.free_plays / (user.free_plays + 100)
            goes_on = {"Settings": 0.15, "Upgrade": convinced, "Downgrade": 0.06}.get(page, 0)
            return [page, NEXT_PAGE[page]] if chance() < goes_on else [page]
    return []


def session(
    chance: Chance, user: Listener, now: int, songs: list[Song], totals: list[float]
) -> Iterator[tuple[int, str, str, bool, Song | None]]:
    """Each event of a session as (ts, page, level, logged in, song); moves the user's state on."""
    if chance() < 0.06:
        yield now, "Home", user.level, False, None
        if chance() < 0.4:
            return
        yield now + 1000, "Login", user.level, False, None
        now += 5000 + int(60_000 * chance())
    if chance() < 0.5:
        yield now, "Home", user.level, True, None
        now += 5000 + int(60_000 * chance())
    for _ in range(min(int(0.7 + SONGS_A_SESSION[user.level] * skewed(chance)), 150)):
        song = songs[bisect(totals, totals[-1] * chance())]
        seconds = int(song.length)
        yield now, "NextSong", user.level, True, song
        user.free_plays += user.level == "free"
        for n, page in enumerate(pages(chance, user)):
            yield now + 400 * seconds + 1000 * n, page, user.level, True, None
            if page in NEXT_LEVEL:
                user.level, user.free_plays = NEXT_LEVEL[page], 0
                yield now + 800 * seconds, "Home", user.level, True, None
        now += 1000 * seconds
    user.busy_until = now + HOUR // 2
    if chance() < 0.05:
        yield now, "Logout", user.level, True, None
        if chance() < 0.4:
            yield now + 20_000, "Home", user.level, False, None


def event_line(event: tuple, item: int, session_id: int, user: Listener) -> str:
    """An event of a session as the real logs write it."""
    ts, page, level, logged_in, song = event
    auth = "Logged In" if logged_in else "Logged Out"
    first, gender, last, location, registered, agent, user_id = user.texts if logged_in else NOBODY
    artist, title, length = (song.artist, song.title, song.length) if song else ("null", "null", "null")
    method, status = REQUESTS.get(page) or (("PUT", 307) if page in FORMS else ("GET", 200))
    return (
        f'{{"artist":{artist},"auth":"{auth}","firstName":{first},"gender":{gender},"itemInSession":{item},'
        f'"lastName":{last},"length":{length},"level":"{level}","location":{location},"method":"{method}",'
        f'"page":"{page}","registration":{registered},"sessionId":{session_id},"song":{title},'
        f'"status":{status},"ts":{ts},"userAgent":{agent},"userId":{user_id}}}'
    )


def event_days(chance: Chance, users: list[Listener], songs: list[Song], first: int) -> Iterator[list[str]]:
    """The lines of one UTC day after another, without end; moves the users' states on."""
    lines: dict[int, list[tuple]] = defaultdict(list)  # by day, since sessions run past midnight
    session_ids = count(1)
    for day in count():
        midnight, totals = first + day * DAY, popularity(songs, day)
        begun = ((ts, n) for n, user in enumerate(users) for ts in beginnings(chance, user, midnight))
        for begins, n in sorted(begun):
            user = users[n]
            if user.busy_until < begins < user.leaves:
                session_id = next(session_ids)
                for item, event in enumerate(session(chance, user, begins, songs, totals)):
                    row = (event[0], session_id, item, event_line(event, item, session_id, user))
                    lines[(event[0] - first) // DAY].append(row)
        yield [line for *_, line in sorted(lines.pop(day, []))]


def write_songs(folder: Path, records: list[dict[str, Any]], chance: Chance) -> None:
    """One file a record, 20 to a folder, in A/A/A, A/A/B, ...: the letters that begin its track id."""
    # In order of the ids, which are random: the first folders are not to hold the most popular.
    ordered = sorted(records, key=itemgetter("song_id"))
    for number, record in enumerate(tqdm(ordered, desc="song files", unit=" files", leave=False, disable=None)):
        shelf = number // 20
        letters = [string.ascii_uppercase[shelf // 26**power % 26] for power in (2, 1, 0)]
        letters.append(string.ascii_uppercase[number % 20])  # so that no two ids are the same
        path = folder.joinpath(*letters[:3], f"TR{''.join(letters)}{code(chance, 1, 7)}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(json.dumps(record).encode("ascii"))


def write_events(folder: Path, first: date, days: int, lines: Iterator[list[str]]) -> None:
    """One file a day, without a newline at its end; empty for a day without events."""
    for n in tqdm(range(days), desc="event files", unit=" days", leave=False, disable=None):
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
