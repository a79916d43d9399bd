"""Bad files: what is in each, and what must become of it, row by row.

A case is a file of events or of songs. `rows` are the rows that it must leave in staging, each by what differs from
EVENT_ROW or SONG_ROW; `rejects` what must be rejected, as (line, column, part of the reason), first what COPY rejects,
then what a rule does. An empty column stands for the whole object. With an `error` nothing of the file can be loaded.
Each event has its own session and listener, each song its own ids, so that no case touches the rows of another.
"""

import gzip
import itertools
import json
import re
from dataclasses import dataclass

from conftest import EVENT, SONG

MIB = 1024 * 1024
_numbers = itertools.count(1000)


def event(**changes) -> bytes:
    """One event as JSON; a change to ... leaves the key out."""
    number = next(_numbers)
    return _json(EVENT | {"sessionId": number, "userId": str(number)} | changes)


def song(**changes) -> bytes:
    """One song as JSON."""
    number = next(_numbers)
    return _json(SONG | {"song_id": f"SO{number}", "artist_id": f"AR{number}"} | changes)


def _json(document: dict) -> bytes:
    document = {key: value for key, value in document.items() if value is not ...}
    return json.dumps(document, ensure_ascii=False).encode()


def escaped(document: bytes) -> bytes:
    """The document with all but ASCII as escapes."""
    return json.dumps(json.loads(document)).encode()


def lines(*parts: bytes) -> bytes:
    """A file of these lines."""
    return b"\n".join(parts)


def first(text: str, document: bytes) -> bytes:
    """The document with this in front of its first key."""
    return b"{" + text.encode() + document[1:]


def instead(document: bytes, **literals: str) -> bytes:
    """The document with values of keys put in as they are written here, JSON or not."""
    for key, literal in literals.items():
        found = re.search(rb'"%s": ("[^"]*"|[^,}]*)' % key.encode(), document)
        document = document[: found.start(1)] + literal.encode() + document[found.end(1) :]
    return document


def columns(changes: dict) -> dict:
    """What differs from EVENT, by the names of the columns."""
    return {re.sub("([A-Z])", r"_\1", key).lower(): value for key, value in changes.items()}


# As staging has them, without the ids.
EVENT_ROW = {key: value for key, value in columns(EVENT).items() if key not in ("session_id", "user_id")}
EVENT_ROW["registration"] = int(EVENT["registration"])
SONG_ROW = {key: value for key, value in SONG.items() if key not in ("song_id", "artist_id")}
SONG_ROW["artist_location"] = None  # of songs, text that is empty or blank is none


@dataclass(frozen=True)
class Case:
    """A file and what must become of it."""

    name: str
    content: bytes
    rows: list[dict]
    rejects: list[tuple[int, str, str]] = ()
    error: str = ""
    suffix: str = "json"


# --- Texts that something on their way could take for its own -----------------------------------------------

TEXTS = {
    "SQL": "'; DROP TABLE songplays; DELETE FROM songs; --",
    "a quote": "it's",
    "quotes": "'\"`''\"\"",
    "percent signs": "100% %s %(name)s %%",
    "dollars": "$name ${name} $$ $1",
    "colons": ":name ::int \\:x",
    "braces": "{name} {0} {{}}",
    "backslashes": "a\\b \\\\ \\' \\n",
    "NULL of COPY": "\\N",
    "end of COPY": "\\.",
    "NULL as a word": "NULL",
    "a comment": "/* a */ -- b",
    "control characters": "a\tb\nc\rd\x0b\x7f",
    "a blank before": "  x",
    "right to left": "\u202eשלום\u202c سلام",
    "four bytes": "🎸𝔊👩‍👩‍👧",
    "letters and marks": "e\u0301 é \u200d\u00a0\ufeff",  # not to be composed; a byte order mark within a text
    "no characters": "\ufffe\uffff\U0010ffff",
    "line ends of Unicode": "a\u2028b\u2029c\x85d",
    "JSON": '{"a": [1, null]}',
    "a number": "007",
    "HTML": "<script>alert(1)</script>&amp;",
}
LONG = ("artist", "firstName", "lastName", "location", "song", "userAgent")
SHORT = {"auth": 32, "gender": 16, "level": 16, "method": 16}


def _plays_with(text: str) -> dict:
    """A text in each field of an event that takes it, cut to the field; the page says that it is a play."""
    return dict.fromkeys(LONG, text) | {key: _cut(text, size) for key, size in SHORT.items()}


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore").rstrip(" ")


WITH_TEXTS = [_plays_with(text) for text in TEXTS.values()]
PAGES = [{"page": _cut(text, 64)} for text in TEXTS.values()]
SONGS_WITH_TEXTS = [dict.fromkeys(("title", "artist_name", "artist_location"), text) for text in TEXTS.values()]

# --- Events -------------------------------------------------------------------------------------------------

ONE_ROW = [{}]
A_TIME = "a time before the year 2000 or in the future"
MALFORMED = "malformed JSON"
INVALID_UTF8 = "invalid or unsupported UTF8"
TOO_LONG = "String length exceeds DDL length"
MISSING = "Missing data for not-null field"

EVENTS = [
    # The file as a whole
    Case("empty", b"", []),
    Case("only white space", b" \r\n\t\n\n", []),
    Case("no line end at the end", lines(event(), event()), [{}, {}]),
    Case("CRLF, and blank lines between", event() + b"\r\n\r\n \t\r\n" + event() + b"\r\n", [{}, {}]),
    Case("CR alone: white space, but no line", event() + b"\r" + event(page=...), [{}], [(1, "page", MISSING)]),
    Case("objects that share a line", event() + event() + b" " + event(ts="x"), [{}, {}], [(1, "ts", "Invalid digit")]),
    Case("an object over lines, rejected at its last", lines(event(), event(ts="x").replace(b', "', b',\n"')), [{}],
         [(1 + len(EVENT), "ts", "Invalid digit")]),
    Case("a byte order mark: what follows it is loaded", b"\xef\xbb\xbf" + lines(event(), event()), [{}, {}],
         [(1, "", "byte order mark")]),
    Case("UTF-16", event().decode().encode("utf-16"), [], [(1, "", MALFORMED)] * 3),
    Case("UTF-16 without a mark", event().decode().encode("utf-16-be"), [], [(1, "", MALFORMED)] * 2),
    Case("an array of events", b"[" + event() + b", " + event() + b"]", [], [(1, "", "root-level array")]),
    Case("events with commas between", lines(event() + b",", event()), [{}, {}], [(1, "", MALFORMED)]),
    Case("the song catalogue", lines(song(), song()), [], [(1, "page", MISSING), (2, "page", MISSING)]),
    Case("CSV", b"artist,page,ts\nZoe,NextSong,1541121934796\n", [],
         [(1, "", MALFORMED), (2, "", MALFORMED)]),
    Case("HTML, as of a portal that asks for a login", b"<!DOCTYPE html>\n<p>{}</p>", [],
         [(1, "", MALFORMED), (2, "", MALFORMED), (2, "page", MISSING), (2, "", MALFORMED)]),
    Case("bytes of a picture", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xfe", [],
         [(1, "", MALFORMED), (2, "", MALFORMED), (3, "", MALFORMED)]),
    Case("gzip under a plain name", gzip.compress(event()), [], error="is compressed"),
    Case("plain text under the name of gzip", event(), [], error="not a whole gzip file", suffix="json.gz"),
    Case("gzip that was cut off", gzip.compress(event())[:-12], [], error="not a whole gzip file", suffix="json.gz"),
    Case("gzip in two members", gzip.compress(event() + b"\n") + gzip.compress(event()), [{}, {}], suffix="json.gz"),
    Case("gzip with a bad line", gzip.compress(lines(event(), event(ts=1))), [{}], [(2, "ts", A_TIME)],
         suffix="json.gz"),
    Case("gzip of nothing", b"", [], suffix="json.gz"),
    # What is no object
    Case("no JSON between events", lines(event(), b"nonsense", event()), [{}, {}], [(2, "", MALFORMED)]),
    Case("a value, a null and a text", lines(b"42", event(), b"null", b'"x"', event()), [{}, {}],
         [(1, "", MALFORMED), (3, "", MALFORMED), (4, "", MALFORMED)]),
    Case("an empty object", lines(b"{}", event()), [{}], [(1, "page", MISSING)]),
    Case("an event that was cut off", lines(event(), event()[:-40], event()), [{}, {}], [(2, "", MALFORMED)]),
    Case("cut off at the end of the file", lines(event(), event()[:100]), [{}], [(2, "", MALFORMED)]),
    Case("a comma too many", lines(event()[:-1] + b",}", event()), [{}], [(1, "", MALFORMED)]),
    Case("single quotes, as of Python's repr", event().replace(b'"', b"'") + b"\n" + event(), [{}],
         [(1, "", MALFORMED)]),
    Case("a comment of JavaScript", lines(b"// events", event()), [{}], [(1, "", MALFORMED)]),
    Case("a NUL between events", event() + b"\n\0\n" + event(), [{}, {}], [(2, "", MALFORMED)]),
    Case("NULs at the end, as after a crash", event() + b"\n" + b"\0" * 4096, [{}], [(2, "", MALFORMED)]),
    Case("a NUL within a text", lines(event(song="a#b").replace(b"#", b"\0"), event()), [{}], [(1, "", MALFORMED)]),
    Case("a line end within a text", event(song="a#b").replace(b"#", b"\n"), [], [(2, "", MALFORMED)]),
    Case("NaN as Python writes it", lines(event(length=float("nan")), event()), [{}], [(1, "", MALFORMED)]),
    Case("Infinity in a key that nobody asks for", lines(event(more=float("-inf")), event()), [{}],
         [(1, "", MALFORMED)]),
    Case("nested 100,000 deep", lines(first('"more": ' + "[" * 100_000 + "]" * 100_000 + ", ", event()), event()), [{}],
         [(1, "", MALFORMED)]),
    Case("nested 400 deep is JSON", first('"more": ' + '{"a":' * 400 + "1" + "}" * 400 + ", ", event()), ONE_ROW),
    Case("100,000 brackets that nobody closes", lines(b"[" * 100_000, event()), [{}], [(1, "", MALFORMED)]),
    Case("an object of 5 MB", lines(event(more="x" * 5 * MIB), event()), [{}], [(1, "", "maximum size of 4 MB")]),
    Case("an object just below 4 MB", event(more="x" * (4 * MIB - 600)), ONE_ROW),
    Case("5 MB of one text that nobody closes", b'{"song": "' + b"x" * 5 * MIB, [], [(1, "", "maximum size of 4 MB")]),
    Case("a line of 5 MB of blanks", event() + b" " * 5 * MIB + event(), [{}, {}]),
    Case("6 MB of events, a bad one near the end",  # so that lines are counted over what is read at a time
         lines(*[event(page="Home", song=None, more="x" * 5_000)] * 1_198, event(ts="x"), event()),
         [{"page": "Home", "song": None}] * 1_198 + [{}], [(1_199, "ts", "Invalid digit")]),
    # Keys
    Case("a key twice: the first counts", first('"song": "Mine", ', event()), [{"song": "Mine"}]),
    Case("a key twice, the first one wrong", first('"ts": 7, ', event()), [], [(1, "ts", A_TIME)]),
    Case("keys in another case are others", event().replace(b'"ts"', b'"TS"'), [], [(1, "ts", MISSING)]),
    Case("a key with an escape is the same key", event().replace(b'"song"', rb'"s\u006fng"'), ONE_ROW),
    Case("keys that nobody knows", event(**{"": 1, "%s": 2, "$name": 3, "'; DROP TABLE users; --": 4}), ONE_ROW),
    Case("only what an event cannot do without",
         b'{"page": "Home", "ts": 1541121934796}',
         [dict.fromkeys(EVENT_ROW) | {"page": "Home", "ts": 1541121934796, "session_id": None, "user_id": None}]),
    Case("a play that knows nothing of its song", event(song=None, artist=..., length=None),
         [{"song": None, "artist": None, "length": None}]),
    # Times
    Case("no time, and one of null, of nothing, of blanks",
         lines(event(ts=...), event(ts=None), event(ts=""), event(ts="  ")), [],
         [(line, "ts", MISSING) for line in (1, 2, 3, 4)]),
    Case("a time as a date", event(ts="2018-11-02T01:25:34Z"), [], [(1, "ts", "Invalid digit, Value '-', Pos 4")]),
    Case("a time as a text of digits", event(ts="1541121934796"), ONE_ROW),
    Case("a time as a double", instead(event(), ts="1.541121934796e12"), ONE_ROW),
    Case("a fraction of a millisecond", event(ts=1541121934796.5), [], [(1, "ts", "Invalid digit, Value '.'")]),
    Case("seconds", lines(event(ts=1541121934), event()), [{}], [(1, "ts", A_TIME)]),
    Case("seconds with a fraction that is none", instead(event(), ts="1541121934.0"), [], [(1, "ts", A_TIME)]),
    Case("microseconds: the year 50805", event(ts=1541121934796000), [], [(1, "ts", A_TIME)]),
    Case("the year 0", event(ts=-62167219200000), [], [(1, "ts", A_TIME)]),
    Case("1970, by a clock that was never set, and before", lines(event(ts=0), event(ts=-1)), [],
         [(1, "ts", A_TIME), (2, "ts", A_TIME)]),
    Case("the last moment that is too early, and the first that is not",
         lines(event(ts=946684799999), event(ts=946684800000)), [{"ts": 946684800000}], [(1, "ts", A_TIME)]),
    Case("the year 2100, and a time of 64 bits as a text",
         lines(event(ts=4102444800000), event(ts="9223372036854775807")), [], [(1, "ts", A_TIME), (2, "ts", A_TIME)]),
    Case("the largest number of its type, and one more", lines(event(ts=2**63 - 1), event(ts=2**63)), [],
         [(2, "ts", "Overflow"), (1, "ts", A_TIME)]),
    Case("a time of another page is a time, too", event(ts=1541121934, page="Home", song=None), [],
         [(1, "ts", A_TIME)]),
    # Numbers
    Case("numbers as texts", event(itemInSession="7", status=" 200 ", length="200.5"), [{"item_in_session": 7}]),
    Case("a plus sign, and zeros in front", event(itemInSession="+7", status="000404"),
         [{"item_in_session": 7, "status": 404}]),
    Case("listeners by name, by a digit of another alphabet, by an exponent, and beyond four bytes",
         lines(event(userId="Ada"), event(userId="٣"), event(userId="1e3"), event(userId=2**31)), [],
         [(1, "user_id", "Invalid digit, Value 'A', Pos 0"), (2, "user_id", "Invalid digit, Value '٣', Pos 0"),
          (3, "user_id", "Invalid digit, Value 'e', Pos 1"), (4, "user_id", "Overflow")]),
    Case("a session beyond four bytes", event(sessionId=2**40, userId=4), [{"session_id": 2**40, "user_id": 4}]),
    Case("negative ids", event(userId=-3, sessionId=-4, itemInSession=-5),
         [{"user_id": -3, "session_id": -4, "item_in_session": -5}]),
    Case("an object, a list and a truth for a number",
         lines(event(userId={"id": 1}), event(sessionId=[1]), event(ts=True)), [],
         [(1, "user_id", "Invalid digit"), (2, "session_id", "Invalid digit"), (3, "ts", "Invalid digit")]),
    Case("a number of 5,000 digits", instead(event(), status="9" * 5000), [], [(1, "status", "Overflow")]),
    Case("a fraction of 5,000 digits", instead(event(), length="0." + "3" * 5000), [{"length": 1 / 3}]),
    Case("a length beyond a double", instead(event(), length="1e999"), [], [(1, "length", "Overflow")]),
    Case("a length next to nothing", instead(event(), length="1e-999"), [{"length": 0.0}]),
    Case("an exponent of 30 digits", instead(event(), itemInSession="1e" + "9" * 30), [],
         [(1, "item_in_session", "Overflow")]),
    Case("a negative length, and minus zero", lines(event(length=-200.5), event(length=-0.0)),
         [{"length": -200.5}, {"length": 0.0}]),  # no rule speaks of it; no play is lost for it
    Case("lengths that are numbers to a double alone", lines(event(length="NaN"), event(length="-Infinity")),
         [{"length": float("nan")}, {"length": float("-inf")}]),
    Case("a length in minutes and seconds, and one with a comma",
         lines(event(length="3:20"), event(length="200,5")), [],
         [(1, "length", "Invalid float"), (2, "length", "Invalid float")]),
    # Plays that are none
    Case("a play without its listener", lines(event(userId=None), event(userId=""), event(userId=" ")), [],
         [(line, "user_id", "a play without its listener") for line in (1, 2, 3)]),
    Case("a play without its session, and one without its place in it",
         lines(event(sessionId=...), event(itemInSession=None)), [],
         [(1, "session_id", "a play without its session"), (2, "item_in_session", "a play without its place")]),
    Case("a play without its level", lines(event(level=...), event(level=""), event(level="  ")), [],
         [(line, "level", "a play without its level") for line in (1, 2, 3)]),
    Case("another page needs none of these",
         event(page="Home", userId="", sessionId=None, itemInSession=None, level=None),
         [{"page": "Home", "user_id": None, "session_id": None, "item_in_session": None, "level": None}]),
    Case("rejected by COPY, rejected by a rule, and neither",
         lines(event(ts=5, sessionId=2**62 + 1), event(), event(ts="x"), event(userId=None)), [{}],
         [(3, "ts", "Invalid digit"), (1, "ts", A_TIME), (4, "user_id", "a play without its listener")]),
    Case("one bad event twice", lines(*[event(ts=5)] * 2), [], [(1, "ts", A_TIME), (2, "ts", A_TIME)]),
    Case("one good event twice: staged twice, one play", lines(*[event()] * 2), [{}, {}]),
    Case("a play of nobody beside one of listener -1",
         lines(event(sessionId=7, userId=None), event(sessionId=7, userId=-1)),
         [{"session_id": 7, "user_id": -1}], [(1, "user_id", "a play without its listener")]),
    Case("a play without level beside one of level -",
         lines(event(sessionId=8, userId=8, level=None), event(sessionId=8, userId=8, level="-")),
         [{"session_id": 8, "user_id": 8, "level": "-"}], [(1, "level", "a play without its level")]),
    Case("no page", event(page=None), [], [(1, "page", MISSING)]),
    Case("a page and a level with trailing blanks, which Redshift does not see",
         event(page="NextSong  ", level="free "), [{"page": "NextSong", "level": "free"}]),
    Case("pages that are nearly one", lines(event(page="Next Song"), event(page="nextsong"), event(page="")),
         [{"page": "Next Song"}, {"page": "nextsong"}, {"page": ""}]),
    # What a rule rejects is looked for in the file, however it is written there
    Case("a bad time, the page and the level with blanks or nothing else",
         lines(event(ts=5, page="Home ", level="free  "), event(ts=5, page="  ", level=" ")), [],
         [(1, "ts", A_TIME), (2, "ts", A_TIME)]),
    Case("a bad time, the page an object", event(ts=5, page={"a": [1, None]}), [], [(1, "ts", A_TIME)]),
    Case("a bad time, the page a truth or a number", lines(event(ts=5, page=True), instead(event(ts=5), page="1e2")),
         [], [(1, "ts", A_TIME), (2, "ts", A_TIME)]),
    Case("a bad time beside a number of 5,000 digits", event(ts=5)[:-1] + b', "more": ' + b"9" * 5000 + b"}", [],
         [(1, "ts", A_TIME)]),
    Case("a bad time after what only looks like it",
         lines(event(sessionId=1, userId="1", ts=5, more=float("nan")), event(sessionId=1, userId="1", ts=5)), [],
         [(1, "", MALFORMED), (2, "ts", A_TIME)]),
    Case("a bad time, its ids as texts and doubles", instead(event(userId="  77 ", ts="5"), sessionId="1.0"), [],
         [(1, "ts", A_TIME)]),
    # Texts
    Case("a text of 1,024 bytes", event(song="é" * 512), [{"song": "é" * 512}]),
    Case("bytes count, not characters", event(song="é" * 512 + "x"), [], [(1, "song", TOO_LONG)]),
    Case("a text of 1 MB", lines(event(artist="x" * MIB), event()), [{}], [(1, "artist", TOO_LONG)]),
    Case("a level of another time", event(level="premium for a family"), [], [(1, "level", TOO_LONG)]),
    Case("Latin-1", lines(event(), event(artist="Zo#").replace(b"#", b"\xeb")), [{}], [(2, "artist", INVALID_UTF8)]),
    Case("half a character, and a slash in two bytes",
         lines(*[event(song="#").replace(b"#", wrong) for wrong in (b"\xf0\x9f\x8e", b"\xc0\xaf")]), [],
         [(1, "song", INVALID_UTF8), (2, "song", INVALID_UTF8)]),
    Case("a surrogate pair as Java writes it", event(song="#").replace(b"#", b"\xed\xa0\xbc\xed\xbe\xb8"), [],
         [(1, "song", INVALID_UTF8)]),
    Case("invalid bytes in a key that nobody asks for", event(more="#").replace(b"#", b"\xff"), ONE_ROW),
    Case("half a surrogate pair", instead(event(), song=r'"\ud83c"'), [], [(1, "song", INVALID_UTF8)]),
    Case("a surrogate pair is a character", instead(event(), song=r'"\ud83c\udfb8"'), [{"song": "🎸"}]),
    Case("an escaped NUL", event(song="a\0b"), [], [(1, "song", "Invalid null byte")]),
    Case("texts that are empty or blank", event(song="", artist="  ", location="", auth=" "),
         [{"song": "", "artist": "  ", "location": "", "auth": " "}]),
    Case("trailing blanks", event(song="One ", location=" Oslo  "), [{"song": "One ", "location": " Oslo  "}]),
    Case("numbers, truths and lists for texts", instead(event(artist=True, location=["a", {"b": None}]), song="1.50"),
         [{"song": "1.50", "artist": "true", "location": '["a",{"b":null}]'}]),
    Case("plays with each of the texts in each field", lines(*[event(**each) for each in WITH_TEXTS]),
         [columns(each) for each in WITH_TEXTS]),
    Case("the same as escapes", lines(*[escaped(event(**each)) for each in WITH_TEXTS]),
         [columns(each) for each in WITH_TEXTS]),
    Case("pages of these names", lines(*[event(**each) for each in PAGES]), PAGES),
]  # fmt: skip

# --- Songs --------------------------------------------------------------------------------------------------

SONGS = [
    Case("empty", b"", []),
    Case("several songs in a file", lines(song(), song(title="Second Song")), [{}, {"title": "Second Song"}]),
    Case("an array of songs", b"[" + song() + b"]", [], [(1, "", "root-level array")]),
    Case("an event log", event(), [], [(1, "artist_id", MISSING)]),
    Case("no song_id", lines(song(song_id=None), song()), [{}], [(1, "song_id", MISSING)]),
    Case("ids that are empty or blank", lines(song(song_id=""), song(artist_id="  ")), [],
         [(1, "song_id", MISSING), (2, "artist_id", MISSING)]),
    Case("an id with a trailing blank, which Redshift does not see", song(song_id="S1 ", artist_id="A1  "),
         [{"song_id": "S1", "artist_id": "A1"}]),
    Case("an id that is too long", song(song_id="S" * 33), [], [(1, "song_id", TOO_LONG)]),
    Case("ids of quotes", song(song_id="S'\"\\%s", artist_id="A'; --"),
         [{"song_id": "S'\"\\%s", "artist_id": "A'; --"}]),
    Case("a year in words", song(year="MMX"), [], [(1, "year", "Invalid digit")]),
    Case("years that cannot be", lines(song(year=-5), song(year=50805)), [{"year": -5}, {"year": 50805}]),
    Case("a year beyond its type", song(year=10**10), [], [(1, "year", "Overflow")]),
    Case("a year as a double and as a text", lines(instead(song(), year="1999.0"), song(year="1999")),
         [{"year": 1999}] * 2),
    Case("a negative duration", song(duration=-1), [{"duration": -1.0}]),
    Case("a place that is none", song(artist_latitude="north"), [], [(1, "artist_latitude", "Invalid float")]),
    Case("a place off the globe", song(artist_latitude=1e300, artist_longitude=-999),
         [{"artist_latitude": 1e300, "artist_longitude": -999.0}]),
    Case("NaN as a text", song(artist_latitude="NaN"), [{"artist_latitude": float("nan")}]),
    Case("no title and no name", song(title=None, artist_name=""), [{"title": None, "artist_name": None}]),
    Case("a title that is too long", song(title="x" * 1025), [], [(1, "title", TOO_LONG)]),
    Case("a title twice: the first counts", first('"title": "Mine", ', song()), [{"title": "Mine"}]),
    Case("a song of 5 MB", song(lyrics="la " * (5 * MIB // 3)), [], [(1, "", "maximum size of 4 MB")]),
    Case("Latin-1", song(title="#").replace(b"#", b"\xe9"), [], [(1, "title", INVALID_UTF8)]),
    Case("a byte order mark", b"\xef\xbb\xbf" + song(), [{}], [(1, "", "byte order mark")]),
    Case("over lines with CRLF", song().replace(b", ", b",\r\n") + b"\r\n", ONE_ROW),
    Case("a trailing blank", song(title="First Song ", artist_name="X "),
         [{"title": "First Song ", "artist_name": "X "}]),
    Case("each of the texts in each field", lines(*[song(**each) for each in SONGS_WITH_TEXTS]), SONGS_WITH_TEXTS),
]  # fmt: skip

# --- Names of files and folders -----------------------------------------------------------------------------

NAMES = [
    "a b.json",
    "it's.json",
    'say "x".json',
    "100%s %(name)s.json",
    "$name ${name}.json",
    ":name.json",
    "; DROP TABLE songs; --.json",
    "back\\slash \\N.json",
    "{name}.json",
    "a\nb.json",
    "a\tb.json",
    "עברית.json",
    "🎸.json",
    "e\u0301.json",
    "%2F+%20.json",
    "?query#part.json",
    "[1]*.json",
    "-rf.json",
    "no-suffix",
    "UPPER.JSON",
    "ends in a blank.json ",
    "x.json/a file in it.json",
    "day='2018'/b.json",
    "/".join(["x" * 120] * 3) + "/a.json",  # the system tables keep 256 characters of a path
]
PLACES = ["log data", 'it\'s "here"; DROP TABLE songs; --', "%s $name", "ימין 🎸"]
