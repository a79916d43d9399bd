"""Listeners, and what they do in the app: the event files, day by day."""

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, count

from redjam.sample.catalogue import Song, logged, popularity
from redjam.sample.words import MEN, SURNAMES, WOMEN, Chance, pick, skewed

HOUR = 3_600_000  # milliseconds, the unit of every time here
DAY = 24 * HOUR
NOBODY = (*["null"] * 6, '""')  # a listener's texts while logged out
REQUESTS = {"NextSong": ("PUT", 200), "Error": ("GET", 404)}  # all others: GET, 200
FORMS = ("Login", "Logout", "Save Settings", "Submit Upgrade", "Submit Downgrade")  # all PUT, 307
NEXT_PAGE = {"Settings": "Save Settings", "Upgrade": "Submit Upgrade", "Downgrade": "Submit Downgrade"}
NEXT_LEVEL = {"Submit Upgrade": "paid", "Submit Downgrade": "free"}
# How likely a listener opens a page during a song.
VISITS = {"Home": 0.04, "Settings": 0.01, "Help": 0.006, "About": 0.002, "Error": 0.002}
LEVEL_VISITS = {"free": {"Upgrade": 0.015} | VISITS, "paid": {"Downgrade": 0.008} | VISITS}
SONGS_A_SESSION = {"free": 5, "paid": 12}
# How many sessions begin in each hour of the listeners' own week, from Monday's midnight.
WEEK = [int(digit) for digit in 5 * "211112346667777899987643" + 2 * "322111112345666766554432"]

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
SYSTEMS = ("Macintosh; Intel Mac OS X 10_9_4", "Windows NT 6.1; WOW64", "X11; Linux x86_64")
BROWSERS = (  # those of WebKit come in quotes of their own
    '"Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/36.0.1985.143 Safari/537.36"',
    '"Mozilla/5.0 ({}) AppleWebKit/537.77.4 (KHTML, like Gecko) Version/7.0.5 Safari/537.77.4"',
    "Mozilla/5.0 ({}; rv:31.0) Gecko/20100101 Firefox/31.0",
)


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
