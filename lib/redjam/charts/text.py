"""Names, numbers and days as charts write them, and how wide a browser draws them."""

import unicodedata
import warnings
from bisect import bisect_right
from collections.abc import Hashable
from datetime import date
from functools import cache

import pandas as pd
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import text_to_path

SIZE = 11  # points, the font size of redjam.mplstyle
JOINERS = "\u200c\u200d"  # which belong to the letters of some scripts, and to emoji


def clean(value: Hashable) -> str:
    """A value as text in one line, without the characters that would break a line, its direction, or an SVG."""
    if isinstance(value, date) and not pd.isna(value):
        return day(value)
    if not isinstance(value, str) and pd.isna(value):
        return "(none)"
    return " ".join("".join(c if c.isprintable() or c in JOINERS else " " for c in str(value)).split())


def short(value: Hashable, widest: float, size: float = SIZE) -> str:
    """A value as text, cut to a width in points, with an ellipsis where it is cut."""
    name = clean(value)
    if width(name, size) <= widest:
        return name
    fits = bisect_right(range(1, len(name)), widest, key=lambda letters: width(f"{name[:letters]}…", size))
    return f"{name[:fits].rstrip(f' {JOINERS}')}…"


def width(name: str, size: float = SIZE) -> float:
    """How wide a browser draws a text, in points: also the letters that matplotlib's font lacks."""
    known = "".join(letter for letter in name if _foreign(letter) is None)
    return _measured(known, size) + size * sum(_foreign(letter) or 0 for letter in name)


def unseen(name: str, size: float = SIZE) -> float:
    """How much wider a browser draws a text than matplotlib takes it to be, in points."""
    return max(width(name, size) - _measured(name, size), 0)


def _measured(name: str, size: float) -> float:
    with warnings.catch_warnings(action="ignore"):
        return text_to_path.get_text_width_height_descent(name, FontProperties(size=size), False)[0]


@cache
def _foreign(letter: str) -> float | None:
    """How wide a browser draws a letter that matplotlib's font lacks, in ems."""
    if get_font(findfont(FontProperties())).get_char_index(ord(letter)):
        return None
    kind = unicodedata.category(letter)
    if kind in ("Mn", "Me", "Cf"):
        return 0
    return 1.3 if kind == "So" and unicodedata.east_asian_width(letter) == "W" else 1


def number(value: float) -> str:
    """1,234 or 12.5 or 0.04."""
    if pd.isna(value):
        return "none"
    value = float(value)
    if abs(value) >= 1e15:
        return f"{value:.3g}"
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"


def tick(value: float, _place: int = 0) -> str:
    """A number at an axis: 25,000 or 2.5 M."""
    for size, unit in ((1e12, " T"), (1e9, " G"), (1e6, " M")):
        if abs(value) >= size:
            return f"{value / size:,.6g}{unit}"
    return f"{value:,.6g}".replace("-", "−")


def day(value: date) -> str:
    """5 Nov 2018."""
    return f"{value.day} {value:%b %Y}"


def label(column: str) -> str:
    """A column's name in words."""
    return column.replace("_", " ")
