"""Charts show the numbers of their frame, in its order, with labels that can be read, and say them in words too."""

import io
import shutil
import subprocess
from itertools import combinations, pairwise
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
from browser import chromium
from nbclient import NotebookClient

from redjam import charts
from redjam.charts import ends, look, text

pytestmark = pytest.mark.filterwarnings("error")
WEEKS = pd.date_range("2018-10-29", periods=5, freq="7D")
KANJI = "千本桜千本桜千本桜千本桜千本桜千本桜千本桜千本桜"


@pytest.fixture(autouse=True)
def _no_window():
    mpl.use("Agg")
    yield
    plt.close("all")


def svg(axes) -> bytes:
    """The file as a notebook makes it."""
    file = io.BytesIO()
    axes.figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def texts(axes) -> list[str]:
    root = ElementTree.fromstring(svg(axes))
    return ["".join(part.itertext()) for part in root.iter("{http://www.w3.org/2000/svg}text")]


def labels(ticks) -> list[str]:
    return [label.get_text() for label in ticks]


# --- Each chart ------------------------------------------------------------------------------------------


def test_bars_stand_in_the_order_of_the_rows_and_name_them():
    frame = pd.DataFrame({"title": ["A", "B" * 50], "artist": ["$x_1$", "Y"], "plays": [1300, 2]})
    axes = charts.bars(frame, "title,artist", "plays", "Most played")
    assert [bar.get_width() for bar in axes.patches] == [1300, 2]
    first, second = labels(axes.get_yticklabels())
    assert first == "A – $x_1$"
    assert second.startswith("BBBBBBBBBB")
    assert second.endswith("B…")
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first row is on top
    assert labels(axes.texts) == ["1,300", "2"]
    assert axes.get_xlabel() == "plays"
    assert {"A – $x_1$", "1,300", "Most played"} <= set(texts(axes))
    said = axes.figure.get_label()
    assert said.startswith("Most played: horizontal bars, plays, 2 in all: A – $x_1$ 1,300; BBBB")


def test_changes_go_to_both_sides_of_zero_with_their_sign():
    frame = pd.DataFrame({"artist": ["A", "B", "C"], "change": [1.25, -0.5, 0]})
    axes = charts.changes(frame, "artist", "change", "Changes")
    assert [bar.get_width() for bar in axes.patches] == [1.25, -0.5, 0]
    assert labels(axes.texts) == ["+1.25", "−0.50", "+0.00"]
    assert axes.get_xlim()[0] < -0.5
    assert axes.get_xlim()[1] > 1.25
    assert axes.get_xlabel() == "change (percentage points of all plays)"
    assert "A +1.25; B −0.50" in axes.figure.get_label()


def test_columns_stand_in_the_order_of_the_rows():
    frame = pd.DataFrame({"length": ["under 5 min", "5 to 15 min"], "sessions": [7, 1500]})
    axes = charts.columns(frame, "length", "sessions", "Lengths")
    assert [bar.get_height() for bar in axes.patches] == [7, 1500]
    assert labels(axes.get_xticklabels()) == ["under 5 min", "5 to 15 min"]
    assert labels(axes.texts) == ["7", "1,500"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("length", "sessions")


def test_many_columns_leave_out_names_rather_than_overlap():
    frame = pd.DataFrame({"plays_before": range(100), "listeners": [12345] * 100})
    axes = charts.columns(frame, "plays_before", "listeners", "Before")
    assert 20 < len(axes.get_xticklabels()) < 50
    assert not axes.texts
    assert axes.get_xlabel() == "plays before"


def test_days_begin_at_zero_and_say_what_they_count():
    frame = pd.DataFrame({"day": pd.to_datetime(["2018-11-01", "2018-11-02"]), "plays": [50, 60], "listeners": [5, 6]})
    axes = charts.days(frame, "day", ["plays", "listeners"], "A day")
    assert axes.get_ylim()[0] == 0
    assert [list(line.get_ydata()) for line in axes.lines] == [[50, 60], [5, 6]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("day (UTC)", "plays and listeners a day")
    assert labels(axes.texts) == ["plays", "listeners"]
    assert len({line.get_marker() for line in axes.lines}) == 2  # also without colours
    assert labels(axes.get_xticklabels()) == ["1 Nov\n2018", "2 Nov\n"]
    assert "plays from 50 (1 Nov 2018) to 60 (2 Nov 2018), 55 in an average day" in axes.figure.get_label()


def test_a_day_without_plays_has_zero_and_a_week_without_sessions_no_average():
    frame = pd.DataFrame({"week": WEEKS[[0, 1, 3]], "sessions": [5, 6, 7], "minutes": [1.5, 2.5, 3.5]})
    axes = charts.days(frame, "week", ["sessions", "minutes"], "Weeks", unit="week")
    count, average = ([None if np.isnan(y) else y for y in line.get_ydata()] for line in axes.lines)
    assert count == [5, 6, 0, 7]
    assert average == [1.5, 2.5, None, 3.5]
    assert axes.get_xlabel() == "week beginning (UTC)"


def test_shares_are_of_each_day_and_a_day_without_plays_stays_empty():
    frame = pd.DataFrame(
        {
            "day": pd.to_datetime(["2018-11-01", "2018-11-01", "2018-11-02", "2018-11-04"]),
            "level": ["paid", "free", "paid", "free"],
            "plays": [3, 1, 5, 2],
        }
    )
    axes = charts.shares(frame, "day", "level", "plays", "Levels")
    free, paid = axes.patches
    np.testing.assert_array_equal(free.get_data().values, [0.25, 0, np.nan, 1])
    np.testing.assert_array_equal(paid.get_data().values, [1, 1, np.nan, 1])
    assert labels(axes.texts) == ["free", "paid"]
    assert free.get_hatch() != paid.get_hatch()  # also without colours
    assert "free 27% in all, from 0% to 100% a day; paid 73%" in axes.figure.get_label()


def test_the_week_begins_on_monday_and_a_silent_hour_is_zero():
    frame = pd.DataFrame({"weekday": [0, 1], "hour": [5, 6], "plays": [7, 9]})
    axes = charts.hours_of_week(frame, "plays", "Hours")
    table = axes.collections[0].get_array()
    assert table.shape == (7, 24)
    assert (table[6, 5], table[0, 6], table.sum()) == (7, 9, 16)
    assert labels(axes.get_yticklabels())[::6] == ["Mon", "Sun"]
    assert axes.get_xlabel() == "hour (UTC)"
    cells = {(*number.get_position(), number.get_text()) for number in axes.texts}
    assert {(5, 6, "7"), (6, 0, "9"), (0, 0, "0")} <= cells
    assert len(cells) == 7 * 24
    assert axes.figure.get_label().endswith("most first: Mon 06:00 9; Sun 05:00 7.")


def test_numbers_that_a_cell_cannot_hold_are_left_out():
    frame = pd.DataFrame({"weekday": [0, 1], "hour": [5, 6], "plays": [7, 1_234_567]})
    assert not charts.hours_of_week(frame, "plays", "Hours").texts


def test_numbers_of_a_heat_map_stand_out_from_their_cells():
    frame = pd.DataFrame({"weekday": [1] * 24, "hour": range(24), "plays": range(24)})
    axes = charts.hours_of_week(frame, "plays", "Hours")
    axes.figure.canvas.draw()
    cells = axes.collections[0]
    for number in axes.texts:
        dark, light = sorted(map(luminance, (number.get_color(), cells.cmap(cells.norm(float(number.get_text()))))))
        assert (light + 0.05) / (dark + 0.05) > 4.5, number.get_text()


def luminance(colour) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in mpl.colors.to_rgb(colour)]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def test_cohorts_show_percents_and_nothing_after_the_last_week():
    rows = [
        (WEEKS[0], 0, 4, 1.0),
        (WEEKS[0], 1, 4, 0.0),
        (WEEKS[0], 2, 4, 0.25),
        (WEEKS[1], 0, 6, 1.0),
        (WEEKS[1], 1, 6, 0),
    ]
    frame = pd.DataFrame(rows, columns=["cohort", "weeks_later", "cohort_size", "share"])
    axes = charts.cohorts(frame, "Back")
    assert [number.get_text() for number in axes.texts] == ["100%", "0%", "25%", "100%", "0%"]
    assert labels(axes.get_yticklabels()) == ["29 Oct 2018 (4)", "5 Nov 2018 (6)"]
    assert "29 Oct 2018 (4): 100%, 0%, 25%; 5 Nov 2018 (6): 100%, 0%" in axes.figure.get_label()


def test_slices_mark_the_fullest_of_each_candidate():
    frame = pd.DataFrame([[1000, 200, 300], [500, 500, 500], [1500, 0, 1500]], index=["KEY(song_id)", "EVEN", "ALL"])
    axes = charts.slices(frame, "Slices")
    skewed, even, copied = axes.figure.axes
    assert [bar.get_height() for bar in skewed.patches] == [1000, 200, 300]
    assert [bar.get_facecolor() != skewed.patches[1].get_facecolor() for bar in skewed.patches] == [True, False, False]
    assert len({bar.get_facecolor() for bar in even.patches}) == 1
    assert skewed.get_title(loc="left") == "KEY(song_id)\nfullest 1,000, 2.00 × its share"
    assert even.get_title(loc="left") == "EVEN\n500 on each slice"
    assert copied.get_title(loc="left") == "ALL\nfullest 1,500, 3.00 × its share"
    assert skewed.get_ylim() == even.get_ylim() == copied.get_ylim()
    assert "KEY(song_id) fullest 1,000, 2.00 × its share; EVEN 500 on each slice" in axes.figure.get_label()


def block_frame(number: int) -> pd.DataFrame:
    times = pd.date_range("2018-11-01", periods=number + 1, freq="h")
    rows = [("sorted", block, times[block], times[block + 1], block == 1) for block in range(number)]
    rows += [("as they came", block, times[0], times[-1], True) for block in range(number)]
    return pd.DataFrame(rows, columns=["order", "block", "first", "last", "is_read"])


@pytest.mark.parametrize("number", [5, 500])
def test_blocks_say_how_many_are_read(number):
    axes = charts.blocks(block_frame(number), "Blocks")
    titles = [panel.get_title(loc="left") for panel in axes.figure.axes]
    assert titles == [f"sorted: 1 of {number} blocks read", f"as they came: {number} of {number} blocks read"]
    pale, strong = (len(part.get_paths()) for part in axes.collections)
    assert (pale, strong) == (number - 1, 1)
    assert len(svg(axes)) < 500_000


def test_blocks_of_hours_say_the_hour_and_blocks_of_weeks_the_day():
    frame = block_frame(100)
    start = frame["first"].min()
    stretched = frame.assign(**{part: start + (frame[part] - start) * 5 for part in ("first", "last")})
    short, long = charts.blocks(block_frame(5), "Blocks"), charts.blocks(stretched, "Blocks")
    assert "00:00" in " ".join(texts(short))
    assert {"5 Nov", "2018"} <= set(texts(long))


# --- Ranks -----------------------------------------------------------------------------------------------


def rank_frame(weeks: int, artists: int = 12) -> pd.DataFrame:
    return pd.DataFrame(
        [(week, f"Artist {number}", 1 + number // 2) for week in WEEKS[:weeks] for number in range(artists)],
        columns=["week", "artist", "position"],
    )


@pytest.mark.parametrize("weeks", [1, 2, 5])
def test_ranks_label_each_line_at_its_end_and_no_label_lies_on_another(weeks):
    axes = charts.ranks(rank_frame(weeks), "artist", "Ranks")
    axes.figure.canvas.draw()
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # place 1 is on top
    assert set(labels(axes.texts)) == {f"Artist {number}" for number in range(12)}
    boxes = sorted((label.get_window_extent() for label in axes.texts), key=lambda box: box.y0)
    assert all(above.y0 >= below.y1 - 1 for below, above in pairwise(boxes))
    looks = {(line.get_color(), line.get_linestyle(), line.get_marker()) for line in axes.lines}
    assert len(looks) == 12
    assert len({line.get_marker() for line in axes.lines[:8]}) == 8


def test_a_week_without_a_rank_is_a_gap_and_a_line_that_ends_early_is_named_there():
    frame = rank_frame(5, 2)
    gone = (frame["artist"] == "Artist 1") & frame["week"].isin([WEEKS[1], WEEKS[3], WEEKS[4]])
    axes = charts.ranks(frame[~gone], "artist", "Ranks")
    assert [None if np.isnan(y) else y for y in axes.lines[1].get_ydata()] == [1, None, 1, None, None]
    assert axes.texts[1].xy == (mpl.dates.date2num(WEEKS[2]), 1)
    assert "Artist 1 1 to 1, best 1" in axes.figure.get_label()


def test_far_places_are_on_a_scale_that_shows_the_first_ones():
    near = charts.ranks(rank_frame(3), "artist", "Ranks")
    frame = rank_frame(3)
    far = charts.ranks(frame.assign(position=frame["position"] * 40), "artist", "Ranks")
    assert (near.get_yscale(), far.get_yscale()) == ("linear", "log")


def test_labels_move_no_farther_than_they_must_and_stay_within():
    spans = [(0, 10), (5, 15), (20, 30)]
    assert ends.apart([50, 50, 50], spans, 0, 100) == pytest.approx(
        [50 + ends.LEAST / 2, 50 - ends.LEAST / 2, 50], abs=0.1
    )
    crowded = ends.apart([1, 2, 3, 4], [(0, 10)] * 4, 0, 100)
    assert min(crowded) >= ends.LEAST / 2 - 0.1
    assert all(abs(one - two) >= ends.LEAST - 0.1 for one, two in combinations(crowded, 2))


# --- All of them -----------------------------------------------------------------------------------------

SONGS = pd.DataFrame({"artist": ["A", None], "plays": [2, 1]})
DAYS = pd.DataFrame({"day": ["2018-11-01", "2018-11-03"], "level": ["free", "paid"], "plays": [2, 1]})
HOURS = pd.DataFrame({"weekday": [0, 1], "hour": [3, 4], "plays": [1, 2]})
COHORTS = pd.DataFrame({"cohort": WEEKS[:2], "weeks_later": 0, "cohort_size": [2, 3], "share": [1.0, 1.0]})
CHARTS = {
    "bars": (SONGS, lambda frame: charts.bars(frame, "artist", "plays", "T")),
    "changes": (SONGS, lambda frame: charts.changes(frame, "artist", "plays", "T")),
    "columns": (SONGS, lambda frame: charts.columns(frame, "artist", "plays", "T")),
    "days": (DAYS, lambda frame: charts.days(frame, "day", ["plays"], "T")),
    "weeks": (DAYS, lambda frame: charts.days(frame, "day", ["plays"], "T", unit="week")),
    "shares": (DAYS, lambda frame: charts.shares(frame, "day", "level", "plays", "T")),
    "hours": (HOURS, lambda frame: charts.hours_of_week(frame, "plays", "T")),
    "ranks": (rank_frame(2), lambda frame: charts.ranks(frame, "artist", "T")),
    "cohorts": (COHORTS, lambda frame: charts.cohorts(frame, "T")),
    "slices": (pd.DataFrame([[1, 2], [3, 4]], index=["a", "b"]), lambda frame: charts.slices(frame, "T")),
    "blocks": (block_frame(2), lambda frame: charts.blocks(frame, "T")),
}


@pytest.mark.parametrize("name", CHARTS)
def test_an_empty_frame_gives_a_chart_that_says_so(name):
    frame, draw = CHARTS[name]
    for empty in (frame[:0], pd.DataFrame()):
        axes = draw(empty)
        assert texts(axes) == [look.NO_DATA, "T"]
        assert axes.figure.get_label() == f"T: {look.NO_DATA}."


@pytest.mark.parametrize(
    ("name", "many"), [(name, many) for name in CHARTS for many in (0, 10**12) if many or "plays" in CHARTS[name][0]]
)
def test_one_row_zeros_and_huge_numbers_have_a_plain_axis(name, many):
    frame, draw = CHARTS[name]
    axes = draw(frame[:1].assign(plays=many) if "plays" in frame else frame[:1])
    drawn = texts(axes)
    assert 0 < len(axes.figure.get_label()) <= look.LONGEST_WORDS
    for low, high in (axes.get_xlim(), axes.get_ylim()):
        assert abs(low) < np.inf
        assert abs(high) < np.inf
    assert not [word for word in drawn if word.startswith(("-", "−"))]
    years = {word for word in drawn if word.isdigit() and len(word) == 4}
    assert years <= {"2018"}
    if name in ("days", "weeks", "shares") and years:
        assert axes.get_xlim()[1] - axes.get_xlim()[0] < 10


@pytest.mark.parametrize("name", ["bars", "shares"])
def test_the_same_frame_gives_the_same_file(name):
    frame, draw = CHARTS[name]
    first, second = svg(draw(frame)), svg(draw(frame))
    assert first == second
    assert b"<dc:date>" not in first


@pytest.mark.parametrize("days", [12, 45, 400, 4000])
def test_days_have_a_few_ticks_however_many_they_are(days):
    frame = pd.DataFrame({"day": pd.date_range("2018-11-03", periods=days), "plays": 1})
    for unit in ("day", "week"):
        told = labels(
            charts.days(frame[:: 7 if unit == "week" else 1], "day", ["plays"], "T", unit=unit).get_xticklabels()
        )
        assert 1 <= len(told) <= 10
        assert told[0].endswith(("\n2018", "\n2019"))


def test_times_of_another_zone_are_shown_in_utc():
    frame = pd.DataFrame({"day": [pd.Timestamp("2018-11-01 19:00", tz="America/New_York")], "plays": [1]})
    assert labels(charts.days(frame, "day", ["plays"], "T").get_xticklabels()) == ["1 Nov\n2018"]
    assert charts.days(frame, "day", ["plays"], "T").lines[0].get_xdata()[0] == np.datetime64("2018-11-01T23:00")


# --- Text ------------------------------------------------------------------------------------------------


def test_a_name_cannot_break_a_line_its_direction_or_the_file():
    assert text.clean("A\nB\x08 \u202eC") == "A B C"
    assert text.clean(None) == text.clean(float("nan")) == "(none)"
    frame = pd.DataFrame({"artist": ["A\n\x08<&\u202eB", "C"], "plays": [2, 1]})
    assert "A <& B" in texts(charts.bars(frame, "artist", "plays", "T"))


def test_a_long_name_is_cut_to_its_width_not_its_letters():
    for name in ("W" * 90, "i" * 900, KANJI * 3, "🎵" * 90, "ก" * 90):
        cut = text.short(name, 100)
        assert cut.endswith("…")
        assert 80 < text.width(cut) <= 100
    assert text.short("short", 100) == "short"


@pytest.mark.parametrize(
    ("value", "written"),
    [(1234, "1,234"), (12.5, "12.5"), (0.041, "0.041"), (1234.6, "1,235"), (None, "none"), (1e15, "1e+15")],
)
def test_numbers(value, written):
    assert text.number(value) == written


def test_a_summary_has_as_many_rows_as_a_listener_bears():
    frame = pd.DataFrame({"artist": [f"Artist of some length {number}" for number in range(50)], "plays": 1})
    said = charts.bars(frame, "artist", "plays", "T").figure.get_label()
    assert len(said) <= look.LONGEST_WORDS
    shown = said.count("Artist")
    assert said.endswith(f"; and {50 - shown} more.")


def test_a_browser_draws_all_text_within_the_picture_and_no_name_on_another():
    """matplotlib measures letters that its font lacks otherwise than a browser draws them."""
    # A box for a letter that no font has is as wide as the browser likes.
    for fonts in ("DejaVu Sans", ":lang=ja", ":lang=ko"):
        if not (shutil.which("fc-list") and subprocess.check_output(["fc-list", fonts])):
            pytest.skip(f"no font {fonts}")
    names = [KANJI, "좋은 날 – 아이유 " * 3, "Zoë & the $ebras", "W" * 60, "ก" * 40]
    songs = pd.DataFrame({"artist": names, "plays": range(5, 0, -1)})
    ranked = pd.DataFrame([(week, name, place) for week in WEEKS for place, name in enumerate(names, 1)],
                          columns=["week", "artist", "position"])  # fmt: skip
    drawn = [
        charts.bars(songs, "artist", "plays", KANJI * 3),
        charts.changes(songs, "artist", "plays", "T"),
        charts.ranks(ranked, "artist", "T"),
        charts.columns(songs, "artist", "plays", "T"),
    ]
    pictures = "".join(svg(axes).decode().partition("?>")[2].partition(">")[2] for axes in drawn)
    with chromium() as browser:
        page = browser.new_page()
        page.set_content(f"<meta charset=utf-8>{pictures}")
        told = page.evaluate(
            """[...document.querySelectorAll('svg')].map(svg => { const all = svg.getBoundingClientRect();
               return [...svg.querySelectorAll('text')].map(text => { const box = text.getBoundingClientRect();
                 return [text.textContent, box.left - all.left, box.right - all.left, box.top, box.bottom,
                         all.width]})})"""
        )
    assert len(told) == len(drawn)
    for picture in told:
        for word, left, right, *_, whole in picture:
            assert 0 <= left <= right <= whole, word
        for one, two in combinations(picture, 2):
            apart_ = one[2] <= two[1] + 1 or two[2] <= one[1] + 1 or one[4] <= two[3] + 4 or two[4] <= one[3] + 4
            assert apart_, (one, two)


def test_a_notebook_has_the_picture_as_svg_its_summary_as_text_and_no_warning():
    source = (
        "import pandas as pd\nfrom redjam import charts\n"
        f"charts.bars(pd.DataFrame({{'artist': ['{KANJI}', 'ก$x$'], 'plays': [2, 1]}}), 'artist', 'plays', 'T');"
    )
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    NotebookClient(book, timeout=120, kernel_name="python3").execute()
    (output,) = book.cells[0].outputs
    assert set(output.data) == {"image/svg+xml", "text/plain"}
    assert output.data["text/plain"].startswith("T: horizontal bars, plays, 2 in all: 千本桜")
    assert 'width="648pt"' in output.data["image/svg+xml"]


def test_of_many_rows_those_are_shown_that_one_can_look_at():
    frame = pd.DataFrame({"artist": [f"Artist {n}" for n in range(60)], "plays": range(60, 0, -1)})
    axes = charts.bars(frame, "artist", "plays", "Most played")
    assert [bar.get_width() for bar in axes.patches] == list(range(60, 10, -1))
    assert axes.figure.get_suptitle() == "Most played (the first 50 of 60)"
    axes = charts.changes(frame.assign(plays=frame["plays"] - 30), "artist", "plays", "Changes")
    assert [bar.get_width() for bar in axes.patches] == [*range(30, 5, -1), *range(-5, -30, -1)]
    assert axes.figure.get_suptitle() == "Changes (the first and the last 25 of 60)"
    rows = [(week, f"Artist {n}", 1 + n) for week in WEEKS[:2] for n in range(30) if n or week == WEEKS[0]]
    axes = charts.ranks(pd.DataFrame(rows, columns=["week", "artist", "position"]), "artist", "Ranks")
    assert axes.figure.get_suptitle() == "Ranks (20 of 30)"
    shown = {text.get_text() for text in axes.texts}
    assert shown == {f"Artist {n}" for n in range(1, 21)}  # Artist 0 led in one week only
