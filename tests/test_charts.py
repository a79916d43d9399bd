"""Charts show the numbers of their frame, in its order, with labels that can be read."""

from itertools import pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from redjam import charts


@pytest.fixture(autouse=True)
def _no_window():
    mpl.use("Agg")
    yield
    plt.close("all")


def test_bars_stand_in_the_order_of_the_rows_and_name_them():
    frame = pd.DataFrame({"title": ["A", "B" * 50], "artist": ["$x$", "Y"], "plays": [3, 2]})
    axes = charts.bars(frame, "title,artist", "plays", "Most played")
    assert [bar.get_width() for bar in axes.patches] == [3, 2]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A – $x$", "B" * 39 + "…"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first row is on top
    assert [text.get_text() for text in axes.texts] == ["3", "2"]


def test_days_begin_at_zero_and_say_what_they_count():
    frame = pd.DataFrame({"day": pd.to_datetime(["2018-11-01", "2018-11-02"]), "plays": [50, 60], "listeners": [5, 6]})
    axes = charts.days(frame, "day", ["plays", "listeners"], "A day")
    assert axes.get_ylim()[0] == 0
    assert [list(line.get_ydata()) for line in axes.lines] == [[50, 60], [5, 6]]
    assert "UTC" in axes.get_xlabel()


def test_the_week_begins_on_monday_and_a_silent_hour_is_zero():
    frame = pd.DataFrame({"weekday": [0, 1], "hour": [5, 6], "plays": [7, 9]})
    axes = charts.hours_of_week(frame, "plays", "Hours")
    table = axes.images[0].get_array()
    assert table.shape == (7, 24)
    assert (table[6, 5], table[0, 6], table.sum()) == (7, 9, 16)
    assert [label.get_text() for label in axes.get_yticklabels()][::6] == ["Mon", "Sun"]


def test_ranks_label_each_line_at_its_end_and_no_label_lies_on_another():
    weeks = pd.to_datetime(["2018-10-29", "2018-11-05"])
    frame = pd.DataFrame(
        [(week, f"Artist {number}", 1 + number // 2) for week in weeks for number in range(12)],
        columns=["week", "artist", "position"],
    )
    axes = charts.ranks(frame, "artist", "Ranks")
    axes.figure.canvas.draw()
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # place 1 is on top
    assert {text.get_text() for text in axes.texts} == {f"Artist {number}" for number in range(12)}
    boxes = sorted((text.get_window_extent() for text in axes.texts), key=lambda box: box.y0)
    assert all(above.y0 >= below.y1 - 1 for below, above in pairwise(boxes))
    looks = {(line.get_color(), line.get_linestyle()) for line in axes.lines}
    assert len(looks) == 12
