"""What all charts and diagrams share: the style, the figure, and the words that say what it shows."""

import warnings
from collections.abc import Iterable

import matplotlib.pyplot as plt
from IPython import get_ipython
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib_inline.backend_inline import set_matplotlib_formats

from redjam.charts import text

WIDTH = 9  # inches
NO_DATA = "no data in this period"
LONGEST_WORDS = 600


def axes(title: str, height: float = 3.6) -> Axes:
    """The axes of a new chart, `height` inches high."""
    return panels(title, height)[0]


def panels(title: str, height: float, rows: int = 1, columns: int = 1) -> list[Axes]:
    """The axes of several small charts under one title, which share their scales."""
    use_style()
    figure, made = plt.subplots(rows, columns, figsize=(WIDTH, height), sharex=True, sharey=True, squeeze=False)
    figure.suptitle(text.short(title, 560, 14), x=0.012, ha="left")
    return list(made.flat)


def empty(title: str) -> Axes:
    """A chart of nothing, which says so."""
    made = axes(title, 1.6)
    made.text(0.5, 0.5, NO_DATA, ha="center", va="center", color="#555555", transform=made.transAxes)
    made.set(xticks=[], yticks=[])
    made.spines[:].set_visible(False)
    say(made.figure, title, NO_DATA, [])
    return made


def use_style() -> None:
    """Draw with redjam.mplstyle from now on; in a notebook as SVG, with the figure's words as its text."""
    plt.style.use("redjam.redjam")
    # Only matplotlib's measure of such letters is a guess, which text.width mends.
    for message in (r"Glyph \d+ .* missing from font", r"Matplotlib currently does not support \w+ natively"):
        warnings.filterwarnings("ignore", message=message)
    if shell := get_ipython():
        # Not cut to what matplotlib takes for the size of the text, and the same file each time.
        set_matplotlib_formats("svg", bbox_inches=None, metadata={"Date": None, "Creator": None})
        shell.display_formatter.formatters["text/plain"].for_type(Figure, _words)


def say(figure: Figure, title: str, what: str, rows: Iterable[str]) -> None:
    """Set a figure's words: what it shows, and as many of its rows as a listener bears."""
    words, rows = f"{text.clean(title)}: {what}", list(rows)
    for number, row in enumerate(rows):
        if len(words) + len(row) > LONGEST_WORDS - 40:
            words += f"; and {len(rows) - number:,} more"
            break
        words += f"{'; ' if number else ': '}{row}"
    figure.set_label(f"{words}.")


def give_room(figure: Figure, left: float = 0, right: float = 0) -> None:
    """Keep so many points free at the sides for text that is wider than matplotlib thinks."""
    width = figure.get_figwidth() * 72
    figure.get_layout_engine().set(rect=(left / width, 0, 1 - (left + right) / width, 1))


def _words(figure: Figure, printer, _cycle) -> None:
    printer.text(figure.get_label() or repr(figure))
