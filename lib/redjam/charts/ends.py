"""The names of lines at the lines' ends, none upon another."""

from datetime import datetime

from matplotlib.axes import Axes
from matplotlib.dates import date2num

from redjam.charts import look, text

LEAST = 15  # points between the middles of two labels
AWAY = 14  # points from a line's end to its label
ROUNDS = 500


def label_ends(axes: Axes, ends: list[tuple[datetime, float, str, str]], away: float = 0) -> None:
    """Write a label beside each (time, height, label, colour), so many days `away` from the time; they make room."""
    points = [
        axes.annotate(
            name,
            (date2num(time) + away, height),
            xytext=(AWAY, 0),
            textcoords="offset points",
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "shrinkA": 2, "shrinkB": 3, "relpos": (0, 0.5)},
            # A line that goes on behind a label does not cross its letters out.
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.5},
            zorder=4,
        )
        for time, height, name, colour in ends
    ]
    look.give_room(axes.figure, right=max((text.unseen(name) for _, _, name, _ in ends), default=0))
    axes.figure.draw_without_rendering()  # or the layout does not know yet where the lines end
    a_point = axes.figure.dpi / 72
    places = [axes.transData.transform(point.xy) / a_point for point in points]
    spans = [(x, x + AWAY + text.width(point.get_text())) for (x, _), point in zip(places, points, strict=True)]
    low, high = axes.bbox.y0 / a_point, axes.bbox.y1 / a_point
    for point, (_, before), after in zip(points, places, apart([y for _, y in places], spans, low, high), strict=True):
        point.xyann = (AWAY, after - before)


def apart(heights: list[float], spans: list[tuple[float, float]], low: float, high: float) -> list[float]:
    """Heights as near as may be to those given, but LEAST apart where spans from left to right overlap."""
    order = sorted(range(len(heights)), key=lambda one: (-heights[one], one))
    moved = {one: heights[one] for one in order}
    pairs = [
        (one, two)
        for number, one in enumerate(order)
        for two in order[number + 1 :]
        if spans[one][0] < spans[two][1] and spans[two][0] < spans[one][1]
    ]
    for _ in range(ROUNDS):
        wrong = 0
        for one, two in pairs:
            if (lack := LEAST - (moved[one] - moved[two])) > 0.01:
                wrong += 1
                moved[one] += lack / 2
                moved[two] -= lack / 2
        moved = {one: min(max(height, low + LEAST / 2), high) for one, height in moved.items()}
        if not wrong:
            break
    return [moved[one] for one in range(len(heights))]
