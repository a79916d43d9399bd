"""Pictures of the design lab: the rows on each slice, and the blocks that a query reads."""

import math
import textwrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.dates import AutoDateLocator, DateFormatter, date2num
from matplotlib.ticker import MaxNLocator

from redjam.charts import look, text, times
from redjam.charts.bars import from_zero

PALE, STRONG = "#b9c7d3", "C1"
PANELS = 3  # a row
EQUAL = 1.01  # times a fair share: not worth a mark
SECOND = pd.Timedelta(seconds=1)


def slices(frame: pd.DataFrame, title: str) -> Axes:
    """One small chart a candidate, with the rows on each slice and the fullest marked.

    The frame has a row a candidate, which is its index, and a column a slice, from 0. A line shows the fair share of a
    slice: of the rows once, though a candidate may keep copies of them.
    """
    if frame.empty:
        return look.empty(title)
    frame = frame.astype(float)
    fair = frame.sum(axis="columns").min() / frame.shape[1]
    lines = math.ceil(len(frame) / PANELS)
    panels = look.panels(title, 0.8 + 2.3 * lines, lines, min(len(frame), PANELS))
    for number, axes in enumerate(panels):
        if number >= len(frame):
            axes.set_axis_off()
            continue
        rows = frame.iloc[number]
        bars = axes.bar(range(len(rows)), rows, color=PALE)
        if rows.max() > fair * EQUAL:
            bars[int(rows.argmax())].set_color(STRONG)
        axes.axhline(fair, color="#222222", linewidth=1, linestyle="--")
        named = textwrap.wrap(text.clean(frame.index[number]), 26)[:2]
        axes.set_title("\n".join([*named, _fullest(rows, fair)]))
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
        from_zero(axes, frame)
        is_lowest = number + PANELS >= len(frame)
        axes.tick_params(labelbottom=is_lowest)
        axes.set_xlabel("slice" if is_lowest else "")
        axes.set_ylabel("rows" if number % PANELS == 0 else "")
    rows = [f"{text.clean(candidate)} {_fullest(row, fair)}" for candidate, row in frame.iterrows()]
    look.say(panels[0].figure, title, f"bars, rows on each of {frame.shape[1]} slices, a chart a candidate", rows)
    return panels[0]


def blocks(frame: pd.DataFrame, title: str) -> Axes:
    """A strip an `order` of the rows: each `block` from its `first` to its `last` time, strong if it `is_read`."""
    if frame.empty:
        return look.empty(title)
    frame = frame.assign(first=times.in_utc(frame["first"]), last=times.in_utc(frame["last"]))
    groups = dict(list(frame.groupby("order", sort=False)))
    panels = look.panels(title, 0.9 + 1.9 * len(groups), len(groups))
    said = []
    for axes, (order, group) in zip(panels, groups.items(), strict=True):
        is_read = group["is_read"].astype(bool)
        for part, colour, width in ((group[~is_read], PALE, 1), (group[is_read], STRONG, 1.5)):
            # The line shows a block that lasts a moment only.
            look_of = {"facecolor": colour, "edgecolor": colour, "linewidth": max(min(width, 100 / len(group)), 0.8)}
            axes.add_collection(PolyCollection(_rectangles(part), **look_of))
        said.append(f"{text.clean(order)}: {is_read.sum():,} of {len(group):,} blocks read")
        axes.set_title(said[-1])
        axes.set_ylim(group["block"].max() + 0.6, group["block"].min() - 0.6)
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        axes.set_ylabel("block")
    first, last = frame["first"].min(), frame["last"].max()
    for axes in panels:
        if last - first > pd.Timedelta(days=3):
            times.time_axis(axes, pd.DatetimeIndex([first.ceil("D"), last.floor("D")]), "day")
        else:
            axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=9))
            axes.xaxis.set_major_formatter(DateFormatter("%d %b\n%H:%M"))
        axes.set_xlabel("")
        axes.set_xlim(first - (last - first) * 0.02 - SECOND, last + (last - first) * 0.02 + SECOND)
    panels[-1].set_xlabel("start_time of the block's rows, first to last (UTC)")
    look.say(panels[0].figure, title, "a bar a block from its first to its last time", said)
    return panels[0]


def _fullest(rows: pd.Series, fair: float) -> str:
    if rows.max() <= fair * EQUAL:
        about = "about " if rows.max() > rows.min() else ""
        return f"{about}{text.number(round(fair))} on each slice"
    return f"fullest {text.number(rows.max())}, {rows.max() / fair:.2f} × its share" if fair else "no rows"


def _rectangles(part: pd.DataFrame) -> list[list[tuple[float, float]]]:
    ends = zip(date2num(part["first"]), date2num(part["last"]), part["block"].astype(int), strict=True)
    return [[(a, y - 0.4), (b, y - 0.4), (b, y + 0.4), (a, y + 0.4)] for a, b, y in ends]
