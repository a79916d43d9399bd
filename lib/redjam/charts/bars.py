"""Charts of one number a name: horizontal, vertical and diverging bars."""

import textwrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from redjam.charts import look, text

WIDEST_NAME = 250  # points
MOST = 50  # bars that one can look at
POINTS = "percentage points of all plays"
STEPS = [1, 2, 2.5, 5, 10]  # between round numbers


def bars(frame: pd.DataFrame, name: str, value: str, title: str) -> Axes:
    """Horizontal bars, the first row on top, each with its number; `name` may be several columns joined by a comma.

    Of more than 50 rows it shows the first.
    """
    if frame.empty:
        return look.empty(title)
    if len(frame) > MOST:
        title, frame = f"{title} (the first {MOST} of {len(frame):,})", frame.head(MOST)
    names, numbers = _names(frame, name), frame[value].astype(float)
    axes = _lying(title, names)
    axes.bar_label(axes.barh(range(len(frame)), numbers), map(text.number, numbers), padding=4)
    top = numbers.max()
    axes.set_xlim(0, top * 1.1 if top > 0 else 1)
    axes.set_xlabel(text.label(value))
    _say(axes, title, f"horizontal bars, {text.label(value)}", names, map(text.number, numbers))
    return axes


def changes(frame: pd.DataFrame, name: str, value: str, title: str) -> Axes:
    """Bars from zero to the right for what grew and to the left for what shrank, the first row on top.

    The numbers are percentage points of all plays. Of more than 50 rows it shows the first and the last.
    """
    if frame.empty:
        return look.empty(title)
    if len(frame) > MOST:
        title = f"{title} (the first and the last {MOST // 2} of {len(frame):,})"
        frame = pd.concat([frame.head(MOST // 2), frame.tail(MOST // 2)])
    names, numbers = _names(frame, name), frame[value].astype(float).fillna(0)
    axes = _lying(title, names, is_whole=False)
    colours = ["C1" if number < 0 else "C0" for number in numbers]
    written = [f"{number:+,.2f}".replace("-", "−") for number in numbers]
    axes.bar_label(axes.barh(range(len(frame)), numbers, color=colours), written, padding=4)
    low, high = min(numbers.min(), 0), max(numbers.max(), 0)
    room = (high - low) * 0.12 or 1
    axes.set_xlim(low - room if low else 0, high + room if high or not low else 0)
    axes.axvline(0, color="#555555", linewidth=1)
    axes.set_xlabel(f"{text.label(value)} ({POINTS})")
    _say(axes, title, f"bars to both sides of zero, {text.label(value)} in {POINTS}", names, written)
    return axes


def columns(frame: pd.DataFrame, name: str, value: str, title: str) -> Axes:
    """Vertical bars in the order of the rows, each with its number if there is room."""
    if frame.empty:
        return look.empty(title)
    names, numbers = [text.clean(name) for name in frame[name]], frame[value].astype(float)
    axes = look.axes(title)
    drawn = axes.bar(range(len(frame)), numbers, width=0.8)
    share = (look.WIDTH * 72 - 80) / max(len(frame), 3)  # the width of a bar with its gap, in points
    if max(text.width(text.number(number)) for number in numbers) < share:
        axes.bar_label(drawn, map(text.number, numbers), padding=3)
    lines = [_wrapped(name, share - 6) for name in names]
    every = 1 + int(max(text.width(part) for line in lines for part in line) // share) if share < 40 else 1
    axes.set_xticks(range(0, len(frame), every), ["\n".join(line) for line in lines[::every]])
    axes.set_xlim(-0.6, max(len(frame), 3) - 0.4)
    from_zero(axes, numbers)
    axes.set_xlabel(text.label(name))
    axes.set_ylabel(text.label(value))
    _say(axes, title, f"vertical bars, {text.label(value)} by {text.label(name)}", names, map(text.number, numbers))
    return axes


def from_zero(axes: Axes, numbers: pd.DataFrame | pd.Series) -> None:
    """Let the vertical axis begin at zero and have room for these numbers, with round ones at its side."""
    top = numbers.max().max() if numbers.ndim > 1 else numbers.max()
    axes.set_ylim(0, top * 1.12 if top > 0 else 1)
    are_whole = not (numbers % 1).fillna(0).to_numpy().any()
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=are_whole, steps=STEPS))
    axes.yaxis.set_major_formatter(text.tick)
    axes.grid(axis="y")


def _lying(title: str, names: list[str], is_whole: bool = True) -> Axes:
    """Axes for horizontal bars with these names, with room for them as a browser draws them."""
    axes = look.axes(title, height=1.2 + 0.32 * max(len(names), 2))
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(max(len(names), 2) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=is_whole, steps=STEPS))
    axes.xaxis.set_major_formatter(text.tick)
    axes.grid(axis="x")
    # The widest name as matplotlib measures it has that much room already.
    seen = max(text.width(name) - text.unseen(name) for name in names)
    look.give_room(axes.figure, left=max(map(text.width, names)) - seen)
    return axes


def _names(frame: pd.DataFrame, name: str) -> list[str]:
    rows = frame[name.split(",")].itertuples(index=False)
    return [text.short(" – ".join(map(text.clean, row)), WIDEST_NAME) for row in rows]


def _wrapped(name: str, widest: float) -> list[str]:
    letters = max(int(widest / text.width("n")), 6)
    return [text.short(line, max(widest, 40)) for line in textwrap.wrap(name, letters)[:3]] or [""]


def _say(axes: Axes, title: str, what: str, names: list[str], numbers) -> None:
    rows = [f"{name} {number}" for name, number in zip(names, numbers, strict=True)]
    look.say(axes.figure, title, f"{what}, {len(names)} in all" if len(names) > 1 else what, rows)
