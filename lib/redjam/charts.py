"""Charts of the analytics: a frame in, matplotlib Axes out. Times are UTC, as in the warehouse."""

import warnings

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, ScalarFormatter
from matplotlib_inline.backend_inline import set_matplotlib_formats

# Okabe and Ito's palette: readable with every kind of colour blindness.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#999999"]
STYLE = {
    "figure.constrained_layout.use": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.prop_cycle": plt.cycler(color=COLOURS),
    # A $ in a song's title is a dollar, not mathematics.
    "text.parse_math": False,
    # Text stays text in an SVG: the reader's browser has the letters of every script, matplotlib's font has not.
    "svg.fonttype": "none",
}
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
LONGEST_NAME = 40


def bars(frame: pd.DataFrame, name: str, value: str, title: str) -> Axes:
    """Horizontal bars, the first row on top, each with its number; `name` may be several columns joined by a comma."""
    names = [_short(" – ".join(map(str, row))) for row in frame[name.split(",")].itertuples(index=False)]
    axes = _axes(title, height=1.2 + 0.32 * max(len(frame), 3))
    places = range(len(frame))
    axes.bar_label(axes.barh(places, frame[value]), fmt="{:,.0f}", padding=4)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlabel(value)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(x=0.1)
    return axes


def days(frame: pd.DataFrame, day: str, values: list[str], title: str) -> Axes:
    """One line a value over the days, from zero."""
    axes = _axes(title)
    for value in values:
        axes.plot(frame[day], frame[value].astype(float), marker="o", markersize=3, label=value)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(" and ".join(values))
    axes.set_xlabel("day (UTC)")
    axes.xaxis.set_major_locator(mdates.AutoDateLocator(maxticks=9))
    axes.xaxis.set_major_formatter(mdates.DateFormatter("%d %b\n%Y"))
    if len(values) > 1:
        axes.legend(frameon=False)
    return axes


def hours_of_week(frame: pd.DataFrame, value: str, title: str) -> Axes:
    """A heat map of weekday × hour from columns `weekday` (0 = Sunday, as Redshift counts) and `hour` (UTC)."""
    table = frame.pivot_table(index="weekday", columns="hour", values=value, aggfunc="sum")
    table = table.reindex(index=[1, 2, 3, 4, 5, 6, 0], columns=range(24)).fillna(0).astype(float)
    axes = _axes(title, height=3.2)
    picture = axes.imshow(table, aspect="auto", cmap="cividis")
    axes.figure.colorbar(picture, ax=axes, label=value)
    axes.set_yticks(range(7), WEEKDAYS)
    axes.set_xticks(range(0, 24, 3))
    axes.set_xlabel("hour (UTC)")
    return axes


def ranks(frame: pd.DataFrame, name: str, title: str) -> Axes:
    """One line a name over the weeks, by columns `week` and `position`; the first place is on top."""
    axes = _axes(title, height=4.8)
    axes.set_yscale("log")  # from place 2 to 1 is as far as from 40 to 20
    axes.set_ylim(frame["position"].max() * 1.15, 0.9)
    axes.yaxis.set_major_locator(FixedLocator([1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(ScalarFormatter())
    lines = {label: line.sort_values("week") for label, line in frame.groupby(name, sort=False)}
    ends = _apart({label: line["position"].iloc[-1] for label, line in lines.items()}, axes)
    for number, (label, line) in enumerate(lines.items()):
        colour, style = COLOURS[number % len(COLOURS)], "-" if number < len(COLOURS) else "--"
        axes.plot(line["week"], line["position"].astype(int), style, marker="o", color=colour)
        axes.annotate(
            _short(str(label), 28),
            (line["week"].iloc[-1], line["position"].iloc[-1]),
            xytext=(10, ends[label]),
            textcoords="offset points",
            va="center",
            color=colour,
            annotation_clip=False,
        )
    axes.set_ylabel("place among all artists")
    axes.set_xlabel("week beginning (UTC)")
    axes.set_xticks(sorted(frame["week"].unique()))
    axes.xaxis.set_major_formatter(mdates.DateFormatter("%d %b\n%Y"))
    return axes


def _apart(places: dict[str, int], axes: Axes, least: float = 13) -> dict[str, float]:
    """How many points each label must move up from its place so that none lies on another."""
    pixels_a_point = axes.figure.dpi / 72
    at = {label: axes.transData.transform((0, place))[1] / pixels_a_point for label, place in places.items()}
    moved, above = {}, float("inf")
    for label in sorted(at, key=at.get, reverse=True):
        above = min(at[label], above - least)
        moved[label] = above - at[label]
    return moved


def _axes(title: str, height: float = 3.6) -> Axes:
    plt.rcParams.update(STYLE)
    set_matplotlib_formats("svg")
    # Only its measure of such letters is a guess; see svg.fonttype.
    warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
    _, axes = plt.subplots(figsize=(9, height))
    axes.set_title(title)
    return axes


def _short(name: str, longest: int = LONGEST_NAME) -> str:
    return name if len(name) <= longest else name[: longest - 1].rstrip() + "…"
