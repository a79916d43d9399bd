"""Reports of small notebooks that have what ours have: what is on the pages, and how a real browser shows them."""

import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from browser import check_pages, chromium, printed
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from redjam import report
from redjam.report import Page, cells, listing, tables

WORDS = "Plays a day: 1,594 in all, most on 5 November."
LETTERS = '<text x="20" y="40" font-size="13">坂本龍一 · Björk</text>'
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" width="648pt" height="{{}}pt"><path d="M0 9H640"/>{LETTERS}</svg>'
STATEMENT = "-- Which songs are played most?\nSELECT title\nFROM songs -- <b>\n# no heading;"
FRAME = """<div><style scoped>.dataframe th {{ text-align: right; }}</style><table border="1" class="dataframe"><thead>
<tr style="text-align: right;"><th></th>{}</tr></thead><tbody>{}</tbody></table></div>"""
ABOUT = {"Target": "local", "Started": "2026-11-24 19:00 UTC", "Took": "4.0 s", "Parameters": "the defaults"}
PAGES = [
    Page("01_shapes", "Shapes & sizes", "passed", 1.5, {"artist": "坂本龍一"}),
    Page("02_course", "Course", "passed", 2.5),
    Page("03_broken", "Broken", "failed", 0.1, where="cell [2] (number 3 of 4)", cell=2, error="KeyError: 'plays'"),
    Page("04_never", "Never", "not run"),
]


def cell(source: str, *outputs, tag: str = "", count: int = 1):
    return new_code_cell(source, outputs=list(outputs), execution_count=count, metadata={"tags": [tag]} if tag else {})


def said(text: str, name: str = "stdout"):
    return new_output("stream", text=text, name=name)


def data(kind: str = "display_data", **by_type):
    return new_output(kind, {name.replace("_", "/").replace("svg", "svg+xml"): of for name, of in by_type.items()})


def frame(rows: list[list], heads: list[str]):
    body = "".join(
        f"<tr><th>{at}</th>{''.join(f'<td>{value}</td>' for value in row)}</tr>" for at, row in enumerate(rows)
    )
    text = FRAME.format("".join(f"<th>{head}</th>" for head in heads), body)
    return data("execute_result", text_html=text, text_plain="...")


SHAPES = [
    new_markdown_cell(
        "# 1. Shapes & `sizes`\n\nThen [the course](02_course.ipynb#A-question), [notes](../README.md), and "
        "[out](https://example.org).\n\n```python\n# no heading\n```\n\n" + "averylongword" * 20
    ),
    cell("top_n: int = 10", tag="parameters"),
    cell("top_n = 5", tag="injected-parameters"),
    new_markdown_cell("## Charts\n\n### A chart of *plays*"),
    cell("charts.days(plays)", data(image_svg=SVG.format(260), text_plain=WORDS)),
    cell("charts.high(plays)", data(image_svg=SVG.format(1400), text_plain="<Figure size 900x360 with 1 Axes>")),
    new_markdown_cell("## Tables\n\n| a | b |\n|--:|---|\n| 1 | x |\n\n## Tables\n\nAgain."),
    cell("wide", frame([["Björk", "1,594", "3.5 %", *["坂本龍一"] * 20]] * 2, ["name", "plays", "share", *"c" * 20])),
    cell("long", frame([["a name", at] for at in range(40)], ["name", "plays"])),
    cell("print()", said("wide " * 100), said("  one   two\n  1     2\n"), said("to stderr", "stderr")),
    cell("%%sql levels <<\nSELECT"),
    cell("%%sql\nSELECT level FROM songplays", frame([["free", 420]], ["level", "plays"])),
]
COURSE = [
    new_markdown_cell("# 2. Course"),
    cell(
        "run.summary()",
        said("1,594 plays by 75 listeners in <10> days.\n\nTwo lines.\n"),
        said("a warning", "stderr"),
        tag="summary",
    ),
    new_markdown_cell("## A question"),
    cell("statement", data("execute_result", text_markdown=f"```sql\n{STATEMENT}\n```", text_plain="...")),
    cell("counts", frame([["plays", 1594, 1594]], ["what", "read", "found"]), tag="summary", count=7),
    cell(
        "solve()",
        data(
            text_html="<details><summary>The solution</summary><p>SELECT 104</p><p>96 it is.</p></details>",
            text_plain="...",
        ),
    ),
]
BROKEN = [
    new_markdown_cell("# 3. Broken"),
    cell("1 + 1", data("execute_result", text_plain="2")),
    cell(
        "plays['plays']",
        new_output("error", ename="KeyError", evalue="'plays'", traceback=["\x1b[31mKeyError\x1b[0m: 'plays' <here>"]),
        tag="summary",
        count=2,
    ),
    cell("never()", count=None),
]


@pytest.fixture(scope="module")
def reports(tmp_path_factory) -> Path:
    """The reports of a run that failed in its third notebook, and of an older one that passed."""
    reports, notebooks = (tmp_path_factory.mktemp(name) for name in ("reports", "notebooks"))
    for name, of in (("01_shapes", SHAPES), ("02_course", COURSE), ("03_broken", BROKEN)):
        nbformat.write(new_notebook(cells=of), notebooks / f"{name}.ipynb")
    older = ABOUT | {"Started": "2026-11-23 08:00 UTC", "Parameters": "since = 2018-11-01, artist = <坂本龍一>"}
    report.write(reports / "since-2018-11-01_artist_1a", notebooks, PAGES[1:2], older, [])
    report.write(reports / "defaults", notebooks, PAGES, ABOUT, listing.runs(reports, but="defaults"))
    return reports


@pytest.fixture(scope="module")
def texts(reports) -> dict[str, str]:
    """The text of each page of the newest run, by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in (reports / "defaults").glob("*.html")}


@pytest.fixture(scope="module")
def tab():
    """A page of a browser, for all tests that click."""
    with chromium() as browser:
        yield browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme="dark")


# --- A page -----------------------------------------------------------------------------------------------


def test_the_contents_list_the_headings_below_the_title_each_with_its_own_place(texts):
    contents = re.findall(r'<li class="level-(\d)"><a href="#([^"]*)">(.*?)</a></li>', texts["01_shapes"])
    assert contents == [
        ("2", "Charts", "Charts"),
        ("3", "A-chart-of-plays", "A chart of <em>plays</em>"),
        ("2", "Tables", "Tables"),
        ("2", "Tables-2", "Tables"),
    ]


def test_code_is_folded_and_named(texts):
    assert re.findall(r"<summary>(.*?)</summary>", texts["01_shapes"]) == [
        "Contents",
        "Parameters",
        "Parameters of this run",
        "Code",
        "The chart in words",
        "Code",
        "Code",
        "Code",
        "Code",
        "SQL",
        "SQL",
    ]
    assert " open" not in re.sub(r"<style>.*?</style>", "", texts["01_shapes"], flags=re.S)
    outside = re.sub(r"<details.*?</details>", "", texts["01_shapes"], flags=re.S)
    assert "charts.days" not in outside
    assert WORDS not in re.sub(r'alt="[^"]*"', "", outside)


def test_a_statement_is_folded_and_what_a_cell_folds_itself_stays_so(texts):
    folds = re.findall(r"<summary>([\w ]+)</summary>(.*?)</details>", texts["02_course"], re.S)
    assert [name for name, _ in folds] == ["Contents", "Code", "Code", "SQL", "Code", "Code", "The solution"]
    assert "played most?" in folds[3][1]
    assert "solve" in folds[5][1]
    assert "104" in folds[6][1]
    assert "96 it is." in folds[6][1]


def test_the_cell_that_failed_is_open(texts):
    opened = re.findall(r'<details[^>]* open="">.*?</details>', texts["03_broken"], re.S)
    assert ["<summary>Code</summary>" in of and "plays" in of for of in opened] == [True]
    assert "KeyError: 'plays' &lt;here&gt;</pre>" in texts["03_broken"]


def test_a_chart_is_told_by_its_summary_or_the_heading_above(texts):
    assert re.findall(r'<img alt="([^"]*)" src="data:image/svg\+xml;base64,', texts["01_shapes"]) == [
        WORDS,
        "A chart of plays",
    ]
    assert re.findall(r"<p>(Plays a day.*?)</p>", texts["01_shapes"]) == [WORDS]


def test_sentences_are_set_as_text_and_columns_as_printed():
    lines = [
        "A short line.",
        "Another, unwrapped",
        "a long one, which goes on in the next two as it has come to its end,",
        "and",
    ]
    lines += ["", "“여름 Hinge” is played most: 574 times, by 331 listeners of the month.", "No more."]
    assert cells.prose("\n".join(lines) + "\n").split("\n") == [*lines[:2], f"{lines[2]} and", *lines[4:]]
    for text in (
        "  one   two\n",
        "one two\n  1     2\n",
        "a b\n c d",
        "a\tb",
        "Loading |████ ██|",
        "1594\n75\n",
        "\x1b[1mbold is\x1b[0m so",
    ):
        assert cells.prose(text) == "", text


@pytest.mark.parametrize("blank", ["", "NaN", "None", "&lt;NA&gt;"])
def test_numbers_stand_to_the_right_and_their_heads_with_them(blank):
    rows = ["<tr><td>1,594</td><td>a</td><td>-3.5 %</td><td>2018-11-01</td></tr>"]
    rows += [f"<tr><td>{blank}</td><td>2</td><td>1e+06</td><td>2018</td></tr>"]
    heads = "<tr><th>plays</th><th>name</th><th>change</th><th>day</th></tr>"
    text = tables.dressed(f"<table><thead>{heads}</thead><tbody>{''.join(rows)}</tbody></table>")
    assert re.findall(r'<t[hd] class="number">(.*?)</', text) == ["plays", "change", "1,594", "-3.5 %", blank, "1e+06"]
    assert re.sub(' class="number"', "", text).count("<td>") == 8


def test_the_name_of_an_index_stands_in_the_row_of_heads():
    heads = "<tr><th></th><th>read</th></tr><tr><th>what</th><th></th></tr>"
    text = tables.dressed(f"<table><thead>{heads}</thead><tbody><tr><th>plays</th><td>5</td></tr></tbody></table>")
    assert re.findall(r"<th(?: [^>]*)?>(.*?)</th>", text) == ["what", "read", "plays"]
    assert text.count("<tr>") == 2


def test_a_long_text_may_wrap():
    text = tables.dressed(f"<table><tr><td>{'word ' * 20}</td><td>word</td></tr></table>")
    assert re.findall(r'<td(?: class="(\w+)")?>', text) == ["long", ""]


@pytest.mark.parametrize(
    "table",
    [
        "<table></table>",
        "<table><tr><th></th><th>a</th></tr><tr><th>b</th><th>c</th></tr><tr><th>d</th><td>e</td></tr></table>",
        "<table><tr><th>A</th><th>a</th></tr><tr><th>b</th><th></th></tr><tr><th>d</th><td>e</td></tr></table>",
        "<table><tr><th>a</th></tr></table>",
        "<table><tr><td></td><td>NaN</td></tr></table>",
        '<table><tr><td colspan="2">1</td></tr></table>',
        "<table><tbody><tr><th>0</th><td>x</td></tr><tr><th>1</th></tr></tbody></table>",
    ],
)
def test_other_tables_stay_as_they_are(table):
    assert tables.dressed(table) == table


# --- The index --------------------------------------------------------------------------------------------


def test_the_index_tells_state_findings_and_the_way_there(texts):
    index = texts["index"]
    assert "<dt>State</dt><dd>failed in 03_broken</dd>" in index
    assert "<h1>The run failed</h1>" in index
    assert re.findall(r"<li>(.*?)</li>", index) == ["1,594 plays by 75 listeners in &lt;10&gt; days.", "Two lines."]
    assert re.findall(r'<h3><a href="([^"]*)">(.*?)</a></h3>', index) == [
        ("02_course.html#cell-1", "Course"),
        ("02_course.html#cell-4", "A question"),
    ]
    assert '<td class="number">1594</td>' in index
    assert "a warning" not in index
    assert "Traceback" not in index


def test_the_folder_of_a_run_can_be_sent_without_the_rest(reports, texts, tmp_path):
    assert not [link for text in texts.values() for link in re.findall('href="([^"]*)"', text) if ".." in link]
    shutil.copytree(reports / "defaults", tmp_path / "mail")
    assert "Other runs" not in texts["index"]


def test_the_index_of_all_runs_begins_with_this_one_and_lists_the_others(reports, texts):
    top = (reports / "index.html").read_text()
    own, _, others = top.partition('<section class="others">')
    assert '<base href="defaults/">' in own
    assert own.replace('<base href="defaults/">\n', "").strip() == texts["index"].partition("</main>")[0].strip()
    link = '<li><a href="../since-2018-11-01_artist_1a/index.html">since = 2018-11-01, artist = &lt;坂本龍一&gt;</a>'
    assert link in others
    assert re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", others)).strip() == (
        "Other runs since = 2018-11-01, artist = &lt;坂本龍一&gt; 2026-11-23 08:00 UTC, local, passed "
        "1,594 plays by 75 listeners in &lt;10&gt; days."
    )


def test_runs_are_listed_newest_first_and_what_is_no_run_is_skipped(tmp_path):
    for name, about in (("b", ABOUT), ("a #1", ABOUT), ("c", ABOUT)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").touch()
        listing.note(tmp_path / name, about | {"State": "passed"}, name)
    good = json.loads((tmp_path / "c" / listing.NOTE).read_text())
    broken = {
        "half": json.dumps(good)[:50],
        "text": '"run"',
        "list": "[]",
        "more": json.dumps(good | {"more": 1}),
        "never": json.dumps(good | {"written": "never"}),
        "about": json.dumps(good | {"about": {"Started": "x"}}),
        "number": json.dumps(good | {"finding": 5}),
        "naive": json.dumps(good | {"written": 5}),
        "bytes": "\udcff",
    }
    for name, text in broken.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").touch()
        (tmp_path / name / listing.NOTE).write_bytes(text.encode("utf-8", "surrogateescape"))
    (tmp_path / "folder" / listing.NOTE).mkdir(parents=True)
    (tmp_path / "pageless").mkdir()
    (tmp_path / "pageless" / listing.NOTE).write_text(json.dumps(good))
    assert [run.finding for run in listing.runs(tmp_path, but="")] == ["c", "a #1", "b"]
    assert [run.address for run in listing.runs(tmp_path, but="c")] == ["a%20%231/index.html", "b/index.html"]


# --- In a browser -----------------------------------------------------------------------------------------


def test_pages_hold_what_they_promise(reports):
    check_pages([*(reports / "defaults").glob("*.html"), reports / "index.html"])


def test_faults_are_found(tmp_path):
    faulty = tmp_path / "faulty.html"
    faulty.write_text(
        "<html><body><p id=a style='width: 2000px; color: #ddd; background: #fff'>pale</p><p id=a>twice</p>"
        "<img src='data:image/png,none'><img src='http://localhost:1/x.png' alt=net><a href='gone.html'>gone</a>"
        "<a href='#nowhere'>nowhere</a><script>console.log('said')</script></body></html>"
    )
    with pytest.raises(AssertionError) as caught:
        check_pages([faulty], {(390, "light"): True})
    for fault in (
        "broken picture ''",
        "place 'a' twice",
        "2008 px wide on 390",
        "color-contrast",
        "image-alt",
        "html-has-lang",
        "says said",
        "asks for http://localhost:1/x.png",
        "gone.html leads nowhere",
        "#nowhere leads nowhere",
    ):
        assert fault in str(caught.value), fault


def test_code_opens_by_click_by_key_and_all_at_once(reports, tab):
    tab.goto((reports / "defaults/02_course.html").as_uri())
    code, sql = tab.get_by_text("run.summary()"), tab.get_by_text("played most?")
    solution = tab.get_by_text("96 it is.")
    assert not code.is_visible()
    tab.locator("summary", has_text="Code").first.click()
    assert code.is_visible()
    tab.locator("summary", has_text="SQL").focus()
    tab.keyboard.press("Enter")
    assert sql.is_visible()
    tab.keyboard.press("Space")
    assert not sql.is_visible()
    tab.get_by_label("Show all code").check()
    assert sql.is_visible()
    assert not solution.is_visible()
    tab.locator("summary", has_text="The solution").click()
    assert solution.is_visible()
    tab.get_by_label("Show all code").uncheck()
    assert (code.is_visible(), sql.is_visible()) == (True, False)


def test_the_contents_stand_beside_the_text_and_are_folded_on_a_phone(reports, tab):
    tab.goto((reports / "defaults/01_shapes.html").as_uri())
    link = tab.get_by_role("navigation", name="Contents").get_by_text("Tables").last
    assert link.is_visible()
    link.click()
    assert tab.url.endswith("#Tables-2")
    tab.set_viewport_size({"width": 390, "height": 900})
    assert not link.is_visible()
    tab.locator("summary", has_text="Contents").click()
    assert link.is_visible()
    tab.set_viewport_size({"width": 1440, "height": 900})


def test_one_gets_from_the_index_to_a_finding_and_to_other_runs(reports, tab):
    tab.goto((reports / "index.html").as_uri())
    tab.click("text=A question")
    assert tab.url.endswith("/defaults/02_course.html#cell-4")
    tab.click("text=Index >> nth=0")
    assert tab.url.endswith("/defaults/index.html")
    tab.click("text=KeyError")
    assert tab.url.endswith("/defaults/03_broken.html#failure")
    tab.goto((reports / "index.html").as_uri())
    tab.click("text=since = 2018-11-01")
    assert tab.url.endswith("/since-2018-11-01_artist_1a/index.html")


def test_pages_print_on_a4_light_and_without_what_is_for_the_screen(reports, tab, tmp_path):
    tab.goto((reports / "defaults/01_shapes.html").as_uri())
    sheets = printed(tab, tmp_path / "print.pdf")
    assert 3 <= len(sheets) <= 12
    assert {(round(width), round(height)) for width, height in sheets} == {(210, 297)}
    tab.set_viewport_size({"width": 672, "height": 980})  # what is left of A4 at 96 dpi
    tab.emulate_media(media="print")
    for image in tab.locator("img").all():
        box = image.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 672
        assert box["height"] <= 980
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 252, 250)"
    shown = {of: tab.locator(of).first.is_visible() for of in (".steps", "aside", ".fold", "main", "table")}
    assert shown == {".steps": False, "aside": False, ".fold": False, "main": True, "table": True}
    tab.emulate_media(media="screen")
    tab.set_viewport_size({"width": 1440, "height": 900})
