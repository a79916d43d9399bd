"""Invented names and titles: lists of words, and chance to pick from them."""

import math
import string
from collections.abc import Callable, Sequence

Chance = Callable[[], float]  # a stream of numbers from 0 up to, but not including, 1


def split(text: str, separator: str | None = None) -> list[str]:
    """The parts of a compact list."""
    return text.split(separator)


WOMEN = split("Ada Bela Clara Dora Elena Fay Greta Hanna Iris Juno Kira Lena Mina Nora Olive Petra Runa")
MEN = split("Abel Bruno Casper Dario Edgar Felix Gustav Hugo Ivo Jonas Kilian Leo Milo Nils Oscar Piet Remy")
SURNAMES = split("""Ashgrove Birkwell Coldbeck Dunmarsh Elderby Fennimoor Garrowby Hathersham Inglefell
    Jessamy Kestleton Larkmoor Merriden Netherby Oakhanger Pellinger Quillfeather Rowanlea Thornaby""")
ADJECTIVES = split("""Amber Borrowed Bright Clockwork Copper Crooked Distant Drowsy Electric Feral Gentle
    Hidden Hollow Idle Lucky Lunar Marble Mossy Naïve Northern Painted Paper Patient Quiet Restless Rusty
    Salted Silver Slow Spare Tender Tidal Tin Unsent Upright Vacant Velvet Wandering Wooden Yellow""")
NOUNS = split("""Almanac Anthem Barge Beacon Café Camera Comet Corner Drift Engine Fjörd Garden Harbour Hinge
    Island Kettle Ladder Lantern Lark Letter Magnet Meadow Mirror Needle Orchard Otter Parade Pebble Piñata
    Planet Postcard Radio River Saddle Señal Signal Sparrow Station Storm Suitcase Telegram Thimble Tram""")
SIGNS = split("月光 電車 青空 海辺 夜風 별빛 바다 여름")
WORDS = {"adj": ADJECTIVES, "adj2": ADJECTIVES, "noun": NOUNS, "noun2": NOUNS, "sign": SIGNS}
WORDS |= {"person": WOMEN + MEN, "surname": SURNAMES}
ARTISTS = split(
    "The {adj} {noun}s|{adj} {noun}|{noun} & {noun2}|The {noun} {noun2} Orchestra|{adj} {noun} Club|"
    "{noun} of the {adj} {noun2}|{person} {surname}|{person} & The {noun}s|DJ {noun} {noun2}|"
    "{sign} {noun}|{surname} / {noun}|{surname}'s {noun}s|{adj}, {adj2} & {noun}|The {surname} Quartet",
    "|",
)
TITLES = split(
    "{noun}|{adj} {noun}|{noun} in the {noun2}|The {noun}'s {noun2}|Don't Wake the {noun}|{noun} by {noun}|"
    "{adj} and {adj2}|One {noun} for {person}|{noun} (Live)|{adj} {noun} (Album Version)|{sign} {noun}|"
    'Dear {person}, {adj} {noun}|The "{adj}" {noun}|{noun} / {noun2}|No More {noun}s [Remix]',
    "|",
)


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
