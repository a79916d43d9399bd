"""Artists and their songs: all that may be played, of which the catalogue, the song files, has about half."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, count
from typing import Any

from redjam.sample.words import ARTISTS, TITLES, Chance, code, phrase, pick, skewed

TRENDS = {3: 1, 7: -1}  # by the last digit of the artist's rank: rising in the first month, falling

PLACES = (
    ("Memphis, TN", 35.14968, -90.04892),
    ("London, England", 51.50632, -0.12714),
    ("New York, NY [Manhattan]", 40.79086, -73.96644),
    ("Málaga, España", 36.72034, -4.41997),
    ("Kyoto, Japan", 35.0115, 135.7682),
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
