"""Heat maps: weekday by hour, and cohort by week."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from redjam.charts import look, text, times

WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
SIZE = 10  # points, of the numbers in the cells
MOST_DRAWN = 2_000  # cells; more would make a large SVG and become pixels


def hours_of_week(frame: pd.DataFrame, value: str, title: str) -> Axes:
    """A heat map of weekday × hour from columns `weekday` (0 = Sunday, as Redshift counts) and `hour` (UTC)."""
    if frame.empty:
        return look.empty(title)
    table = frame.astype({value: float}).pivot_table(index="weekday", columns="hour", values=value, aggfunc="sum")
    table = table.reindex(index=[1, 2, 3, 4, 5, 6, 0], columns=range(24)).fillna(0)
    axes = look.axes(title, height=3.4)
    _draw(axes, table.to_numpy(), table.to_numpy().max() or 1, text.label(value), text.tick)
    axes.set_yticks(range(7), WEEKDAYS)
    axes.set_xticks(range(24), [f"{hour:02d}" for hour in range(24)])
    axes.set_xlabel("hour (UTC)")
    table.index = WEEKDAYS
    most = table.stack().sort_values(ascending=False, kind="stable")
    rows = [f"{weekday} {hour:02d}:00 {text.number(count)}" for (weekday, hour), count in most[most > 0].items()]
    look.say(axes.figure, title, f"a heat map of {text.label(value)} by weekday and hour in UTC, most first", rows[:12])
    return axes


def cohorts(frame: pd.DataFrame, title: str) -> Axes:
    """A heat map of how many percent of each cohort came back, from `cohort`, `weeks_later`, `cohort_size`, `share`.

    A week that has no row, such as those after the last, stays empty.
    """
    if frame.empty:
        return look.empty(title)
    frame = frame.assign(cohort=times.in_utc(frame["cohort"])).astype({"share": float, "weeks_later": int})
    table = frame.pivot_table(index="cohort", columns="weeks_later", values="share", aggfunc="max")
    table = table.reindex(columns=range(frame["weeks_later"].max() + 1))
    sizes = frame.groupby("cohort")["cohort_size"].max()
    axes = look.axes(title, height=min(1.5 + 0.36 * max(len(table), 4), 8))
    _draw(axes, table.to_numpy(), 1, "share of the cohort", lambda share, _=0: f"{share:.0%}")
    every = 1 + len(table) // 20
    names = [f"{text.day(cohort)} ({text.number(sizes[cohort])})" for cohort in table.index]
    axes.set_yticks(range(0, len(table), every), names[::every])
    axes.set_xticks(range(0, table.shape[1], 1 + table.shape[1] // 15))
    axes.set_xlabel("weeks later")
    axes.set_ylabel("week of the first play, UTC\n(listeners)")
    rows = [
        f"{name}: " + ", ".join(f"{share:.0%}" for share in row if not pd.isna(share))
        for name, row in zip(names, table.to_numpy(), strict=True)
    ]
    what = "a heat map of the share of listeners that play again, by week of the first play (with listeners), from then"
    look.say(axes.figure, title, f"{what} on week by week", rows)
    return axes


def _draw(axes: Axes, cells: np.ndarray, most: float, label: str, written: Callable[..., str]) -> None:
    """Coloured cells, with their numbers if they have room, and the scale at the side."""
    rows, columns = cells.shape
    is_large = cells.size > MOST_DRAWN
    # Cell 0 has its middle at 0.
    drawn = axes.pcolormesh(
        *(np.arange(count + 1) - 0.5 for count in (columns, rows)),
        cells,
        vmin=0,
        vmax=most,
        edgecolors="none" if is_large else "white",
        rasterized=is_large,
    )
    axes.set_ylim(rows - 0.5, -0.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    scale = axes.figure.colorbar(drawn, ax=axes, label=label, format=FuncFormatter(written), pad=0.01, aspect=60)
    scale.outline.set_visible(False)
    axes.figure.draw_without_rendering()  # or the size of a cell is not known yet
    width, height = axes.get_window_extent().size * 72 / axes.figure.dpi / (columns, rows)
    there = [(place, cell) for place, cell in np.ndenumerate(cells) if not np.isnan(cell)]
    if is_large or height < SIZE or max(text.width(written(cell), SIZE) for _, cell in there) > width - 2:
        return
    for (row, column), cell in there:
        ink = _ink(drawn.cmap(drawn.norm(cell)))
        axes.text(column, row, written(cell), ha="center", va="center", fontsize=SIZE, color=ink)


def _ink(colour: tuple[float, ...]) -> str:
    """Black or white, whichever stands out more: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    luminance = np.dot((0.2126, 0.7152, 0.0722), parts)
    return "white" if luminance < 0.179 else "black"
