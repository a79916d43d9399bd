"""Charts over days or weeks, in UTC: lines from zero, shares of a whole, and ranks."""

import textwrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter, ScalarFormatter

from redjam.charts import look, text
from redjam.charts.bars import from_zero
from redjam.charts.ends import label_ends

LINES = 20  # in one chart, which one can tell apart
UNITS = {"day": (1, "day (UTC)"), "week": (7, "week beginning (UTC)")}
MOST_TICKS = 10
# Days a tick, or as pandas names it: the first that gives no more ticks than there is room for.
STEPS = ("D", "2D", "W-MON", "2W-MON", "MS", "QS", "YS", "5YS", "20YS")
STEPS_OF_WEEKS = ("7D", "14D", "28D", "56D", "QS", "YS", "5YS", "20YS")


def days(frame: pd.DataFrame, day: str, values: list[str], title: str, unit: str = "day") -> Axes:
    """One line a value over the days, from zero; with `unit` "week" over the weeks.

    Where a day has no row, a count (a column of integers) is zero, and any other number is not there.
    """
    if frame.empty:
        return look.empty(title)
    table = frame.assign(**{day: in_utc(frame[day])}).set_index(day)[values].sort_index()
    counts = [value for value in values if pd.api.types.is_integer_dtype(table[value])]
    table = _whole(table.astype(float), unit)
    table[counts] = table[counts].fillna(0)
    axes = look.axes(title)
    lines = {value: axes.plot(table.index, table[value], **_weight(len(table)))[0] for value in values}
    time_axis(axes, table.index, unit)
    from_zero(axes, table)
    names = [text.label(value) for value in values]
    what = " and ".join(names) + (f" a {unit}" if counts == list(values) else "")
    axes.set_ylabel("\n".join(textwrap.wrap(what, 34)))
    if len(values) > 1:
        last = {value: table[value].last_valid_index() for value in values}
        label_ends(
            axes,
            [
                (last[value], table.at[last[value], value], text.label(value), line.get_color())
                for value, line in lines.items()
                if last[value] is not None
            ],
        )
    rows = [_range(text.label(value), table[value].dropna(), unit) for value in values]
    look.say(axes.figure, title, f"{'lines' if len(values) > 1 else 'a line'} over {_span(table.index, unit)}", rows)
    return axes


def shares(frame: pd.DataFrame, day: str, name: str, value: str, title: str) -> Axes:
    """Each name's share of all, in percent, over the days; a day without rows stays empty."""
    if frame.empty or not frame[value].any():
        return look.empty(title)
    frame = frame.assign(**{day: in_utc(frame[day]), name: frame[name].map(text.clean)}).astype({value: float})
    table = frame.pivot_table(index=day, columns=name, values=value, aggfunc="sum").fillna(0)
    totals = table.sum()
    table = _whole(table.div(table.sum(axis=1).where(lambda total: total > 0), axis=0), "day")
    axes = look.axes(title)
    edges = date2num([*table.index, table.index[-1] + _step("day")]) - 0.5
    below, ends = table.iloc[:, 0] * 0, []
    last = table.dropna().index.max()
    for number, label in enumerate(table.columns):
        above = below + table[label]
        # Two bands of the same grey in print differ in their hatching.
        hatch = ("", "/", "..", "x")[number % 4]
        axes.stairs(above, edges, baseline=below, fill=True, facecolor=f"C{number}", edgecolor="white", hatch=hatch)
        if not pd.isna(last):
            ends.append((last, (above[last] + below[last]) / 2, label, f"C{number}"))
        below = above
    time_axis(axes, table.index, "day")
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1, 0))
    axes.set_ylabel(f"share of {text.label(value)} a day")
    label_ends(axes, ends, away=0.5)
    rows = [
        f"{label} {total / totals.sum():.0%} in all, from {table[label].min():.0%} to {table[label].max():.0%} a day"
        for label, total in totals.items()
    ]
    what = f"shares of {text.label(value)} over {_span(table.index, 'day')}"
    look.say(axes.figure, title, what, rows)
    return axes


def ranks(frame: pd.DataFrame, name: str, title: str) -> Axes:
    """One line a name over the weeks, by columns `week` and `position`, the first place on top.

    A line has a gap where its name is not ranked. Of more than 20 names it shows those that are ranked in most weeks,
    and best.
    """
    if frame.empty:
        return look.empty(title)
    if (names := frame[name].nunique()) > LINES:
        ranked = frame.astype({"position": float}).groupby(name)["position"].agg(["count", "mean"])
        leaders = ranked.sort_values(["count", "mean"], ascending=[False, True]).index[:LINES]
        title, frame = f"{title} ({LINES} of {names:,})", frame[frame[name].isin(leaders)]
    frame = frame.assign(**{"week": in_utc(frame["week"]), name: frame[name].map(text.clean)})
    table = frame.astype({"position": float}).pivot_table(index="week", columns=name, values="position", aggfunc="min")
    table = _whole(table[frame[name].unique()], "week")
    best, worst = int(table.min().min()), int(table.max().max())
    axes = look.axes(title, height=max(4.8, 1.4 + 0.26 * table.shape[1]))
    if worst > 25:
        axes.set_yscale("log")  # from place 2 to 1 is as far as from 40 to 20
        axes.set_ylim(worst * 1.15, best * 0.85)
        axes.yaxis.set_major_locator(FixedLocator([1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000]))
    else:
        axes.set_ylim(worst + 0.6, best - 0.6)
        axes.yaxis.set_major_locator(
            FixedLocator([place for place in range(best, worst + 1) if _is_told(place, worst)])
        )
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.grid(axis="y")
    ends = []
    for number, label in enumerate(table.columns):
        style = "-" if number < 8 else "--"
        (line,) = axes.plot(table.index, table[label], linestyle=style, **_weight(len(table)))
        last = table[label].last_valid_index()
        ends.append((last, table.at[last, label], text.short(label, 170), line.get_color()))
    axes.set_ylabel("place among all")
    time_axis(axes, table.index, "week")
    label_ends(axes, ends)
    rows = [f"{label} {_places(table[label].dropna())}" for label in table.columns]
    look.say(axes.figure, title, f"places over {_span(table.index, 'week')}, first to last and best", rows)
    return axes


def in_utc(column: pd.Series) -> pd.Series:
    """A column of times, dates or texts as times without a zone, in UTC."""
    return pd.to_datetime(column, utc=True).dt.tz_localize(None)


def _step(unit: str) -> pd.Timedelta:
    return pd.Timedelta(days=UNITS[unit][0])


def _whole(table: pd.DataFrame, unit: str) -> pd.DataFrame:
    """The table with a row for each day or week from its first to its last."""
    every = pd.date_range(table.index[0], table.index[-1], freq=_step(unit))
    return table.reindex(every.union(table.index))


def time_axis(axes: Axes, times: pd.DatetimeIndex, unit: str) -> None:
    """Few ticks on round days, a year where it is new, and no more time than there is data for."""
    first, last = times[0], times[-1]
    steps = STEPS if unit == "day" else STEPS_OF_WEEKS
    ticks = next(
        ticks
        for step in steps
        if len(ticks := pd.date_range(first, last, freq=step)) <= MOST_TICKS or step == steps[-1]
    )
    ticks = ticks if len(ticks) else times[:1]
    years = [None, *ticks.year]
    texts = [
        f"{tick.day} {tick:%b}\n{tick.year if tick.year != before else ''}"  # two lines each, or they stand unevenly
        for tick, before in zip(ticks, years, strict=False)
    ]
    axes.set_xticks(ticks, texts)
    axes.set_xlim(first - _step(unit) * 0.6, last + _step(unit) * 0.6)
    axes.set_xlabel(UNITS[unit][1])


def _weight(points: int) -> dict:
    """How strong a line is: the more points, the finer, and without marks where they would touch."""
    if points > 200:
        return {"linewidth": 1, "marker": ""}
    return {"markersize": 6 if points < 60 else 3}


def _is_told(place: int, worst: int) -> bool:
    return worst <= 15 or place == 1 or place % 5 == 0


def _span(times: pd.DatetimeIndex, unit: str) -> str:
    if len(times) == 1:
        return f"one {unit}, {text.day(times[0])}"
    return f"{len(times):,} {unit}s from {text.day(times[0])} to {text.day(times[-1])}"


def _range(label: str, column: pd.Series, unit: str) -> str:
    if column.empty:
        return f"{label} none"
    low, high = column.idxmin(), column.idxmax()
    return (
        f"{label} from {text.number(column[low])} ({text.day(low)}) to {text.number(column[high])} ({text.day(high)}), "
        f"{text.number(column.mean())} in an average {unit}"
    )


def _places(column: pd.Series) -> str:
    first, last, best = (f"{place:.0f}" for place in (column.iloc[0], column.iloc[-1], column.min()))
    return f"{first} to {last}, best {best}"
