"""Charts of the analytics: a frame in, matplotlib Axes out. Times are UTC, as in the warehouse.

An empty frame gives an empty chart that says so. `figure.get_label()` has what a chart shows in words: a notebook has
them as the chart's text, a report as its alternative text.
"""

from redjam.charts.bars import bars, changes, columns
from redjam.charts.lab import blocks, slices
from redjam.charts.maps import cohorts, hours_of_week
from redjam.charts.times import days, ranks, shares

__all__ = ["bars", "blocks", "changes", "cohorts", "columns", "days", "hours_of_week", "ranks", "shares", "slices"]
