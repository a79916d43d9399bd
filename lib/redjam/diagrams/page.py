"""What the diagrams are drawn with: a page that counts in points, boxes, words and arrows."""

from dataclasses import dataclass

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path

from redjam.charts import look, text

MARGIN = 14
INK = "#222222"


@dataclass(frozen=True)
class Box:
    """A rectangle's place on the page, in points from below and from the left."""

    x: float
    y: float
    width: float
    height: float

    def left(self, share: float = 0.5) -> tuple[float, float]:
        """A point of the left side, by its share of the height."""
        return self.x, self.y + self.height * share

    def right(self, share: float = 0.5) -> tuple[float, float]:
        """A point of the right side, by its share of the height."""
        return self.x + self.width, self.y + self.height * share


def page(title: str, width: float, height: float) -> Axes:
    """An empty page of so many points, with its title above on the left."""
    look.use_style()
    figure = plt.figure(figsize=(width / 72, height / 72), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    words(axes, MARGIN, height - 22, title, size=14, weight="bold")
    return axes


def words(axes: Axes, x: float, y: float, said: str, size: float = text.SIZE, color: str = INK, **options) -> None:
    """A text, its middle at the height y."""
    axes.text(x, y, said, fontsize=size, color=color, va="center_baseline", **options)


def box(axes: Axes, x: float, y: float, width: float, height: float) -> Box:
    """A box with round corners."""
    round_ = FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0,rounding_size=4", fc="#f4f7fa", ec="#8a9aa8")
    axes.add_patch(round_)
    return Box(x, y, width, height)


def stripe(axes: Axes, x: float, y: float, width: float, height: float, colour: str) -> None:
    """A rectangle of one colour."""
    axes.add_patch(Rectangle((x, y), width, height, facecolor=colour, edgecolor="none"))


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, line="-") -> None:
    """A bent arrow from left to right."""
    half = (end[0] - start[0]) / 2
    tip = end[0] - 7
    bend = [start, (start[0] + half, start[1]), (tip - half, end[1]), (tip, end[1])]
    curve = Path(bend, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
    axes.add_patch(PathPatch(curve, fill=False, edgecolor=colour, linewidth=1.5, linestyle=line))
    _head(axes, (tip - 2, end[1]), end, colour)


def path(axes: Axes, points: list[tuple[float, float]], colour: str) -> None:
    """An arrow along straight lines, with a dot where it begins."""
    axes.plot(*zip(*points[:-1], _before(points[-2], points[-1]), strict=True), color=colour, linewidth=1.5, marker="")
    axes.plot(*points[0], color=colour, marker="o", markersize=5)
    _head(axes, points[-2], points[-1], colour)


def _before(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    """The point of a straight line where the head of its arrow begins."""
    far = max(abs(end[0] - start[0]), abs(end[1] - start[1]))
    return tuple(there - 7 * (there - here) / far for here, there in zip(start, end, strict=True))


def _head(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    head = FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=11, color=colour, shrinkA=0, shrinkB=0, lw=0.5)
    axes.add_patch(head)
