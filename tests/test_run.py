"""The runner on small notebooks with real kernels, and its reports in a real browser."""

import json
import logging
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from browser import check_pages, chromium

from redjam import config, record, report, run

KERNELSPEC = {"name": "python3", "display_name": "Python 3", "language": "python"}
MADE = [".lock", ".redjam-run.json", "notebooks", "reports"]  # what a run leaves in its folder
GOOD = "delete-no_name-5_share-0.25_top_n-3"  # the folder of the reports of a run with those parameters
SECRET = 'Sesame-<&>-0"pen'
PARAMETERS = "top_n: int = 10  # how many rows\nshare: float = 0.5\nname = 'any'\ndelete: bool = False  # for good"

FIRST = [
    "# 1. Set & go\n\nThen [two](02_second.ipynb#A-chart), [notes](../README.md), [web](https://example.org).",
    ("parameters", PARAMETERS),
    "import os, sys, json, tqdm",
    "[top_n, share, name, delete]",
    "json.dumps([sys.executable, os.getcwd(), os.environ.get('REDJAM_CONFIG')])",
    f"print({SECRET!r})",
    f"from IPython.display import HTML; import html; HTML(html.escape({SECRET!r}))",
    "for _ in tqdm.tqdm(range(3)): pass",
]
SECOND = [
    "# 2. Charts\n\n## A chart",
    "import pandas as pd, matplotlib.pyplot as plt",
    "pd.DataFrame({f'column {i}': ['Björk', '坂本龍一', '<script>alert(1)</script>'] for i in range(30)})",
    "plt.subplots(figsize=(18, 4))[1].plot([1, 3, 2]);",
    "print('wide ' * 100)",
    "# A table\n\n| a | b |\n|---|---|\n" + "| word | and another word |\n" * 3 + "\n`" + "long" * 60 + "`",
    "# Code\n\n```sql\nSELECT " + "a_long_column, " * 30 + "\n```",
]
FAILING = [
    "# 3. Fails",
    ("parameters", "top_n: int = 1"),
    "2 + 2",
    f"raise ValueError('a bad row of {SECRET}\\nand its details')",
    "print('never')",
]


def write(path: Path, cells: list) -> Path:
    """A notebook of cells given as text: with a heading it is markdown; a pair is a tag and code."""
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": KERNELSPEC})
    for cell in cells:
        tag, text = cell if isinstance(cell, tuple) else ("", cell)
        new = nbformat.v4.new_markdown_cell if text.startswith("# ") else nbformat.v4.new_code_cell
        notebook.cells.append(new(text, metadata={"tags": [tag]} if tag else {}))
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)
    return path


def settings_in(folder: Path, **changes) -> config.Settings:
    (folder / "dwh.cfg.example").touch()  # it marks the project's folder
    (folder / "dwh.cfg").write_text("[CLUSTER]\nTARGET=local\n")
    return replace(config.load(folder / "dwh.cfg"), **changes)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def results(path: Path) -> list:
    """The results of the code cells of a notebook, as plain text."""
    outputs = [output for cell in nbformat.read(path, 4).cells for output in cell.get("outputs", [])]
    return [output.data["text/plain"] for output in outputs if output.output_type == "execute_result"]


def wait_for(condition: Callable[[], bool], seconds: int = 60) -> None:
    """Wait until the condition holds; that it does not is a failure."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)


def read(terminal: int) -> Iterator[str]:
    """What a terminal is given, until the program at its other end is gone (EIO)."""
    with suppress(OSError), open(terminal, encoding="utf-8", newline="") as file:
        while text := file.read(1):
            yield text


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project after a run of two good notebooks, and after one of four of which the third fails.

    In `good` lie reports of the time when all lay in one folder. The project's name has a space and a dollar; the user
    has a broken kernel `python3` of their own.
    """
    folder = tmp_path_factory.mktemp("a project $HOME")
    write(folder / "notebooks/01_first.ipynb", FIRST)
    write(folder / "notebooks/02_second.ipynb", SECOND)
    kernel = folder / "jupyter/kernels/python3/kernel.json"
    kernel.parent.mkdir(parents=True)
    kernel.write_text(json.dumps({"argv": ["/nowhere/python"], "display_name": "other", "language": "python"}))
    old = folder / "good/reports"
    old.mkdir(parents=True)
    for name in ("index.html", "09_former.html", "kept.txt"):
        (old / name).write_text("former")
    (folder / "good/.lock").touch()
    settings = settings_in(folder, password=config.Secret(SECRET))
    given = {"top_n": "3", "share": "0.25", "name": "5", "delete": "no"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder / "jupyter"))
        patch.delenv("REDJAM_CONFIG", raising=False)
        before = dict(os.environ)
        run.run(settings, folder / "good", given, folder / "notebooks")
        assert dict(os.environ) == before
        write(folder / "notebooks/03_failing.ipynb", FAILING)
        write(folder / "notebooks/04_last.ipynb", ["# 4. Last", "1"])
        with pytest.raises(run.RunError) as caught:
            run.run(settings, folder / "bad", {"top_n": "4"}, folder / "notebooks")
    (folder / "error.txt").write_text(str(caught.value))
    return folder


# --- Series and parameters --------------------------------------------------------------------------------


def test_series_is_numbered_notebooks_in_order(tmp_path):
    for name in ("02_b.ipynb", "01_a.ipynb", "10_c.ipynb", "scratch.ipynb", "1_x.ipynb", "03_notes.md"):
        (tmp_path / name).touch()
    assert [path.name for path in run.series(tmp_path)] == ["01_a.ipynb", "02_b.ipynb", "10_c.ipynb"]


def test_nothing_to_run_is_said(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(run.RunError, match=r"no numbered notebook .* in .*empty"):
        run.series(tmp_path / "empty")
    with pytest.raises(run.RunError, match=r"no folder .*absent"):
        run.series(tmp_path / "absent")


@pytest.mark.parametrize("word", ["false", "False", "NO", "no"])
def test_false_is_not_true(tmp_path, word):
    source = write(tmp_path / "01_a.ipynb", [("parameters", PARAMETERS)])
    assert run.assign({"delete": word}, [source])[source]["delete"] is False


def test_parameters_are_typed_by_each_notebook_that_declares_them(tmp_path):
    one = write(tmp_path / "01_a.ipynb", [("parameters", PARAMETERS)])
    two = write(tmp_path / "02_b.ipynb", [("parameters", "top_n = 'all'")])
    three = write(tmp_path / "03_c.ipynb", ["1"])
    assigned = run.assign({"top_n": "07", "share": "1", "name": "true", "delete": "yes"}, [one, two, three])
    assert assigned == {
        one: {"top_n": 7, "share": 1.0, "name": "true", "delete": True},
        two: {"top_n": "07"},
        three: {},
    }
    assert isinstance(assigned[one]["share"], float)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("top_n", "ten", "parameter top_n is 'ten': 01_a.ipynb expects a whole number (int)"),
        ("top_n", "1.5", "parameter top_n is '1.5': 01_a.ipynb expects a whole number (int)"),
        ("share", "half", "parameter share is 'half': 01_a.ipynb expects a number (float)"),
        ("delete", "maybe", "parameter delete is 'maybe': 01_a.ipynb expects true or false (bool)"),
        ("delete", "", "parameter delete is '': 01_a.ipynb expects true or false (bool)"),
    ],
)
def test_a_wrong_value_is_one_line(tmp_path, name, text, expected):
    source = write(tmp_path / "01_a.ipynb", [("parameters", PARAMETERS)])
    with pytest.raises(run.RunError, match=re.escape(expected)):
        run.assign({name: text}, [source])


def test_an_unknown_parameter_stops_the_run_before_it_starts_and_lists_the_known(tmp_path):
    write(tmp_path / "notebooks/01_a.ipynb", [("parameters", PARAMETERS), "open('ran', 'w')"])
    with pytest.raises(run.RunError) as caught:
        run.run(settings_in(tmp_path), tmp_path / "out", {"topn": "3"}, tmp_path / "notebooks")
    assert str(caught.value).splitlines() == [
        "no notebook has a parameter 'topn'; did you mean top_n?",
        "  top_n: int = 10  # how many rows (01_a)",
        "  share: float = 0.5 (01_a)",
        "  name: str = 'any' (01_a)",
        "  delete: bool = False  # for good (01_a)",
    ]
    assert not (tmp_path / "notebooks/ran").exists()
    assert not (tmp_path / "out").exists()


def test_a_broken_notebook_is_named(tmp_path):
    (tmp_path / "01_a.ipynb").write_text("{")
    with pytest.raises(run.RunError, match=r"01_a\.ipynb cannot be read as a notebook"):
        run.assign({}, run.series(tmp_path))


def test_the_notebooks_are_not_overwritten(tmp_path):
    source = write(tmp_path / "notebooks/01_a.ipynb", ["1"])
    before = source.read_bytes()
    with pytest.raises(run.RunError, match="among its own notebooks"):
        run.run(settings_in(tmp_path), tmp_path, {}, tmp_path / "notebooks")
    with pytest.raises(run.RunError, match="among its own notebooks"):
        run.run(settings_in(tmp_path), tmp_path / "notebooks", {}, tmp_path / "notebooks")
    assert source.read_bytes() == before


@pytest.mark.parametrize("name", ["notebooks/01_mine.ipynb", "reports/index.html", "reports/defaults/01_a.html"])
def test_the_files_of_others_are_not_replaced(tmp_path, name):
    source = write(tmp_path / "notebooks/01_a.ipynb", ["1"])
    mine = tmp_path / "out" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    for _ in range(2):
        with pytest.raises(run.RunError, match="is not the folder of a run"):
            run.run(settings_in(tmp_path), tmp_path / "out", {}, source.parent)
    assert mine.read_text() == "mine"


# --- A run that passes ------------------------------------------------------------------------------------


def test_the_kernel_is_this_python_in_the_notebooks_folder_with_this_dwh_cfg(project):
    executed = results(project / "good/notebooks/01_first.ipynb")
    expected = [sys.executable, str(project / "notebooks"), str(project / "dwh.cfg")]
    assert json.loads(executed[1].strip("'")) == expected


def test_parameters_reach_the_notebook(project):
    assert results(project / "good/notebooks/01_first.ipynb")[0] == "[3, 0.25, '5', False]"


def test_the_sources_stay_as_they_were(project):
    assert not any(cell.get("outputs") for cell in nbformat.read(project / "notebooks/01_first.ipynb", 4).cells)


def test_no_path_in_the_metadata_and_no_secret_anywhere(project):
    notebook = nbformat.read(project / "good/notebooks/01_first.ipynb", 4)
    assert str(project) not in json.dumps(notebook.metadata)
    printed = [cell.outputs for cell in notebook.cells if cell.source.startswith("print(")]
    assert printed[0][0].text == "***\n"
    made = [*project.glob("*/reports/**/*"), *project.glob("[gb]*d/notebooks/*.ipynb"), project / "error.txt"]
    made = [path for path in made if path.is_file()]
    assert len(made) == 2 + 4 + 1 + 5 + 5 + 1
    for file in made:
        assert "Sesame" not in text_of(file), file


def test_a_run_has_a_folder_named_after_its_parameters_and_replaces_the_reports_of_old(project):
    assert {path.name for path in (project / "good/reports").iterdir()} == {"index.html", GOOD, "kept.txt"}
    names = {path.name for path in (project / "good/reports" / GOOD).iterdir()}
    assert names == {"index.html", "01_first.html", "02_second.html", "run.json"}
    assert sorted(path.name for path in (project / "good").iterdir()) == MADE


def test_the_index_tells_what_ran(project):
    index = text_of(project / f"good/reports/{GOOD}/index.html")
    assert "<dd>passed, all 2 notebooks</dd>" in index
    assert "<dd>local</dd>" in index
    assert "top_n = 3, share = 0.25, name = 5, delete = no" in index
    assert re.search(r"<dd>\d{4}-\d\d-\d\d \d\d:\d\d UTC</dd>", index)
    assert re.findall(r'<td><a href="([^"]+)">([^<]+)</a></td>', index) == [
        ("01_first.html", "Set &amp; go"),
        ("02_second.html", "Charts"),
    ]
    assert re.findall(r'<td class="(\w+)">', index) == ["passed", "passed"]


def test_links_lead_to_pages_or_nowhere(project):
    page = text_of(project / f"good/reports/{GOOD}/01_first.html")
    assert '<a href="02_second.html#A-chart">two</a>' in page
    assert '<a href="https://example.org">web</a>' in page
    assert "<a>notes</a>" in page


def test_pages_lead_on_and_back(project):
    first, second = (text_of(project / f"good/reports/{GOOD}/{name}.html") for name in ("01_first", "02_second"))
    steps = r'<a href="([^"]+)" rel="(\w+)">([^<]+)</a>'
    assert re.findall(steps, first) == [("02_second.html", "next", "Charts →")] * 2
    assert re.findall(steps, second) == [("01_first.html", "prev", "← Set &amp; go")] * 2


def test_pages_load_nothing_from_the_network(project):
    for page in project.glob("*/reports/**/*.html"):
        loads = re.findall(r"""(?:src=|<link[^>]*href=|url\(|@import\s*)["']?([^"')\s>]+)""", text_of(page))
        assert [load for load in loads if not load.startswith("data:")] == [], page
        assert "<script" not in text_of(page).replace("<script>alert", ""), page


def test_progress_bars_of_notebooks_are_not_in_the_report(project):
    assert "it/s" not in text_of(project / f"good/reports/{GOOD}/01_first.html")


def test_pictures_are_named_after_the_heading_above(project):
    assert 'alt="A chart"' in text_of(project / f"good/reports/{GOOD}/02_second.html")


@pytest.mark.parametrize(
    ("target", "given", "expected"),
    [
        ("local", {}, "defaults"),
        ("aws", {}, "aws_defaults"),
        ("local", {"until": "2018-11-05", "since": "2018-11-01"}, "since-2018-11-01_until-2018-11-05"),
        ("aws", {"share": "-0.5"}, "aws_share--0.5"),
        ("local", {"artist": "Björk & Co/.."}, "artist-Bjork-Co_########"),
        ("local", {"artist": "坂本龍一"}, "artist_########"),
        ("local", {"artist": ""}, "artist_########"),
        ("local", {"artist": ".."}, "artist_########"),
        ("local", {"a": "1_b-2"}, "a-1_b-2_########"),
        ("local", {"größe": "1"}, "groe-1_########"),
        ("local", {"key": record.HIDDEN}, "key_########"),
        ("local", {"artist": "so long" * 40}, ("artist-" + "so-long" * 40)[:71] + "_########"),
    ],
)
def test_reports_are_named_after_target_and_parameters(target, given, expected):
    name = record.name(record.Record(target, given, "now"))
    assert re.fullmatch(re.escape(expected).replace(r"\#", "[0-9a-f]"), name), name
    assert len(name) <= 80


def test_other_parameters_have_another_name():
    given = [{"a": text} for text in ("AC/DC", "AC DC", "AC-DC", "AC_DC", "坂本", "龍一", "1_b-2", "x" * 99, "x" * 98)]
    given += [{"a": "1", "b": "2"}, {}]
    names = {record.name(record.Record(target, of, "now")) for of in given for target in ("local", "aws")}
    assert len(names) == 2 * len(given)


def test_reports_are_listed_only_when_they_are_whole(tmp_path, monkeypatch):
    new, final = tmp_path / "new", tmp_path / "reports" / "defaults"
    names = [report.listing.NOTE, "index.html", "[0-9][0-9]_*.html"]
    for folder in (new, final):
        folder.mkdir(parents=True)
        (folder / "kept").mkdir()
        for name in ("index.html", "01_a.html"):
            (folder / name).touch()
        report.listing.note(folder, {"Started": "then", "Parameters": folder.name}, "")
    put, steps = Path.replace, []

    def watched(file: Path, to: Path) -> None:
        put(file, to)
        steps.append((to.name, len(report.listing.runs(tmp_path / "reports", but=""))))

    monkeypatch.setattr(Path, "replace", watched)
    run._replace(new, final, names)
    assert steps == [("01_a.html", 0), ("index.html", 0), ("run.json", 1)]
    assert [of.about["Parameters"] for of in report.listing.runs(tmp_path / "reports", but="")] == ["new"]
    assert sorted(path.name for path in final.iterdir()) == ["01_a.html", "index.html", "kept", "run.json"]


# --- A run that fails -------------------------------------------------------------------------------------


def test_a_failure_names_notebook_cell_and_error(project):
    # papermill has put a cell with the parameters in: JupyterLab counts it, the reader's notebook lacks it.
    report = project / "bad/reports/top_n-4/03_failing.html"
    assert text_of(project / "error.txt") == (
        "03_failing.ipynb failed in cell [4] (number 4 of 5): ValueError: a bad row of *** "
        f"(report: {report}; mend it, then: redjam run --resume --out '{project / 'bad'}')"
    )


def test_a_failed_notebook_keeps_what_it_did_and_the_rest_does_not_run(project):
    assert results(project / "bad/notebooks/03_failing.ipynb") == ["4"]
    assert {path.stem for path in (project / "bad/notebooks").iterdir()} == {
        "01_first",
        "02_second",
        "03_failing",
    }
    page = text_of(project / "bad/reports/top_n-4/03_failing.html")
    assert "Failed in cell [4] (number 4 of 5)" in page
    assert "and its details" in page
    assert page.count('id="failure"') == 1
    assert "An Exception was encountered" not in page


def test_the_index_shows_the_failure(project):
    index = text_of(project / "bad/reports/top_n-4/index.html")
    assert "<h1>The run failed</h1>" in index
    assert "<dd>failed in 03_failing</dd>" in index
    assert '<a href="03_failing.html#failure">ValueError: a bad row of ***</a>' in index
    assert re.findall(r'<td class="([\w-]+)">', index) == ["passed", "passed", "failed", "not-run"]
    assert "04_last.html" not in index


def test_a_kernel_that_dies_is_a_failure_too(tmp_path):
    write(tmp_path / "notebooks/01_a.ipynb", ["# 1. A", "1 + 1", "import os; os._exit(9)"])
    with pytest.raises(run.RunError, match=r"01_a\.ipynb failed in cell \[.\] \(number 3 of 3\): the kernel died"):
        run.run(settings_in(tmp_path), tmp_path / "out", {}, tmp_path / "notebooks")
    assert "the kernel died" in text_of(tmp_path / "out/reports/defaults/01_a.html")


def test_a_crash_leaves_the_former_reports(tmp_path, monkeypatch):
    write(tmp_path / "notebooks/01_a.ipynb", ["# 1. A"])
    run.run(settings_in(tmp_path), tmp_path / "out", {}, tmp_path / "notebooks")
    before = text_of(tmp_path / "out/reports/index.html")
    monkeypatch.setattr(report.listing, "note", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run.run(settings_in(tmp_path), tmp_path / "out", {}, tmp_path / "notebooks")
    assert text_of(tmp_path / "out/reports/index.html") == before
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted([*MADE, record.UNFINISHED])


def test_one_run_at_a_time_writes_into_a_folder_and_a_killed_ones_rest_is_removed(tmp_path):
    settings, out = settings_in(tmp_path), tmp_path / "out"
    notebook = write(tmp_path / "notebooks/01_a.ipynb", ["open('begun', 'w')", "import time; time.sleep(60)"])
    with subprocess.Popen([sys.executable, "-m", "redjam", "--config", str(settings.file), "run"]) as first:
        wait_for((tmp_path / "notebooks/begun").exists)
        with pytest.raises(run.RunError, match=r"another run writes into .*/out: wait .* choose another folder"):
            run.run(settings, out, {}, tmp_path / "notebooks")
        first.kill()
    assert len(list(out.glob(".redjam-run-*"))) == 1
    write(notebook, ["1"])
    run.run(settings, out, {}, tmp_path / "notebooks")
    assert sorted(path.name for path in out.iterdir()) == MADE


# --- A run that is resumed --------------------------------------------------------------------------------

COUNTS = ["# 1. Counts", ("parameters", "top_n: int = 1"), "print('run', file=open('log', 'a')); top_n"]
LAST = ["# 3. Last", ("parameters", "top_n: int = 1"), "top_n"]
PASSWORD = "Sesame-0pen-0ften"  # one that AWS takes, and so dwh.cfg


def a_series(folder: Path, second: list) -> Path:
    """Three notebooks, of which the first notes in a file that it was run."""
    write(folder / "notebooks/01_counts.ipynb", COUNTS)
    write(folder / "notebooks/02_second.ipynb", ["# 2. Second", *second])
    write(folder / "notebooks/03_last.ipynb", LAST)
    return folder / "notebooks"


def failed(folder: Path, parameters: dict[str, str], second: str = "1 / 0") -> tuple[config.Settings, Path, Path]:
    """What `resume` needs, parameters aside, after a run that failed in the second of three notebooks."""
    settings, out, notebooks = settings_in(folder), folder / "out", a_series(folder, [second])
    with pytest.raises(run.RunError, match=r"mend it, then: redjam run --resume\)$"):
        run.run(settings, out, parameters, notebooks)
    return settings, out, notebooks


def index_of(out: Path) -> tuple[list[str], list[str]]:
    """The states and the seconds of the notebooks in a run's index."""
    index = text_of(out / "reports/index.html")
    return re.findall(r'<td class="([\w-]+)">', index), re.findall(r"<td>(\d+\.\d)</td>", index)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_mended_run_goes_on_where_it_failed(tmp_path, caplog):
    settings, out, notebooks = failed(tmp_path, {"top_n": "3"})
    first, (states, seconds) = (out / "notebooks/01_counts.ipynb").read_bytes(), index_of(out)
    assert states == ["passed", "failed", "not-run"]
    assert "Resumed" not in text_of(out / "reports/index.html")
    # It fails once more, elsewhere, and the third time it passes.
    write(notebooks / "02_second.ipynb", ["# 2. Second", "1", "None.x"])
    with pytest.raises(run.RunError, match=r"02_second.ipynb failed in cell \[2\] .*AttributeError"):
        run.resume(settings, out, {}, notebooks)
    write(notebooks / "02_second.ipynb", ["# 2. Mended", "1"])
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="redjam"):
        assert run.resume(settings, out, {"top_n": "3"}, notebooks) == out / "reports/index.html"
    assert [line.partition(" after")[0] for line in caplog.messages] == [
        "01_counts.ipynb passed before",
        "02_second.ipynb passed",
        "03_last.ipynb passed",
    ]
    assert text_of(notebooks / "log") == "run\n"
    assert (out / "notebooks/01_counts.ipynb").read_bytes() == first
    assert results(out / "notebooks/03_last.ipynb") == ["3"]
    index = text_of(out / "reports/index.html")
    assert index_of(out)[0] == ["passed"] * 3
    assert index_of(out)[1][0] == seconds[0]
    assert len(index_of(out)[1]) == 3
    assert re.search(r"<dt>Resumed</dt><dd>[-\d]{10} [:\d]{5} UTC, at 02_second</dd>", index)
    assert "<dd>top_n = 3</dd>" in index
    assert '<a href="02_second.html" rel="next">Mended' in text_of(out / "reports/top_n-3/01_counts.html")
    assert "top_n = 3" in text_of(out / "reports/top_n-3/01_counts.html")
    assert sorted(path.name for path in out.iterdir()) == MADE
    assert {path.name for path in (out / "reports").iterdir()} == {"top_n-3", "index.html"}
    assert len([*(out / "reports/top_n-3").iterdir()]) == 3 + 1 + 1


def test_without_a_run_that_failed_there_is_nothing_to_resume(tmp_path):
    settings, out, notebooks = settings_in(tmp_path), tmp_path / "out", a_series(tmp_path, ["1"])
    with pytest.raises(run.RunError, match=r"no run to resume in .*/out: start one with redjam run$"):
        run.resume(settings, out, {}, notebooks)
    assert not out.exists()
    run.run(settings, out, {}, notebooks)
    before = contents(out)
    with pytest.raises(run.RunError, match=r"nothing to resume in .*/out, the last run passed: .* redjam run$"):
        run.resume(settings, out, {}, notebooks)
    assert contents(out) == before
    assert text_of(notebooks / "log") == "run\n"


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT], ids=lambda kind: kind.name)
def test_a_stopped_run_goes_on_in_its_folder(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    settings_in(tmp_path)
    (tmp_path / "dwh.cfg").write_text(f"[CLUSTER]\nTARGET=local\nPASSWORD={PASSWORD}\n")
    settings, out = config.load(tmp_path / "dwh.cfg"), tmp_path / "out"
    notebooks = a_series(tmp_path, [f"print('{PASSWORD}')", "open('begun', 'w'); import time; time.sleep(600)"])
    (out / "reports").mkdir(parents=True)
    for mine in (".lock", "reports/index.html"):
        (out / mine).write_text("former")
    command = [sys.executable, "-m", "redjam", "--config", "dwh.cfg", "run"]
    with subprocess.Popen([*command, "-p", "top_n", "3"]) as process:
        wait_for((notebooks / "begun").exists)
        with pytest.raises(run.RunError, match="another run writes into"):
            run.resume(settings, out, {}, notebooks)
        process.send_signal(kind)
    assert text_of(out / "reports/index.html") == "former"
    if kind == signal.SIGINT:  # a killed program can clean nothing: what it leaves is for its owner only
        assert not [name for name, content in contents(out).items() if PASSWORD.encode() in content]
    assert (out / record.UNFINISHED).stat().st_mode & 0o777 == 0o700
    write(notebooks / "02_second.ipynb", ["# 2. Mended", f"print('{PASSWORD}')"])
    done = subprocess.run([*command, "--resume"], check=True, capture_output=True, text=True)
    assert done.stdout == f"reports: {out}/reports/index.html\n"
    assert text_of(notebooks / "log") == "run\n"
    assert results(out / "notebooks/01_counts.ipynb") == results(out / "notebooks/03_last.ipynb") == ["3"]
    assert index_of(out)[0] == ["passed"] * 3
    assert sorted(path.name for path in out.iterdir()) == MADE
    assert not [name for name, content in contents(out).items() if PASSWORD.encode() in content]


def test_a_run_that_broke_off_after_its_notebooks_only_has_its_reports_to_write(tmp_path, monkeypatch):
    settings, out, notebooks = settings_in(tmp_path), tmp_path / "out", a_series(tmp_path, ["1"])
    put = run._replace
    with monkeypatch.context() as patch:
        # Between the notebooks, which are in their place by then, and the reports.
        patch.setattr(run, "_replace", lambda new, *where: put(new, *where) if new.name == "notebooks" else 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run.run(settings, out, {}, notebooks)
    assert not (out / "reports").exists()
    run.resume(settings, out, {}, notebooks)
    assert text_of(notebooks / "log") == "run\n"
    assert index_of(out)[0] == ["passed"] * 3
    assert "UTC, at the reports</dd>" in text_of(out / "reports/index.html")
    assert len(list((out / "notebooks").iterdir())) == 3
    assert sorted(path.name for path in out.iterdir()) == MADE


def test_a_run_is_resumed_as_it_was(tmp_path):
    settings, out, notebooks = failed(tmp_path, {"top_n": "3"})
    before = contents(out)

    def refused(says: str, parameters: dict[str, str], settings: config.Settings = settings) -> None:
        with pytest.raises(run.RunError, match=re.escape(says) + ".*, or start anew with redjam run$"):
            run.resume(settings, out, parameters, notebooks)
        assert contents(out) == before

    refused("the run to resume had top_n = 3, not top_n = 4: leave -p out", {"top_n": "4"})
    refused("the run to resume had TARGET=local, not aws: set it back", {}, replace(settings, target="aws"))
    write(notebooks / "04_more.ipynb", ["# 4. More"])
    refused("since the run to resume 04_more was added: undo it", {})
    (notebooks / "01_counts.ipynb").unlink()
    refused("since the run to resume 04_more was added and 01_counts was removed: undo it", {})


def test_a_run_without_parameters_is_not_resumed_with_some(tmp_path):
    settings, out, notebooks = failed(tmp_path, {})
    with pytest.raises(run.RunError, match="the run to resume had the defaults, not top_n = 1: leave -p out"):
        run.resume(settings, out, {"top_n": "1"}, notebooks)


def test_the_next_run_forgets_the_one_that_could_be_resumed(tmp_path):
    settings, out, notebooks = failed(tmp_path, {"top_n": "3"})
    a_series(tmp_path, ["1"])
    run.run(settings, out, {}, notebooks)
    assert text_of(notebooks / "log") == "run\n" * 2
    assert results(out / "notebooks/03_last.ipynb") == ["1"]
    # Its reports stay.
    assert (out / "reports/top_n-3/02_second.html").exists()
    assert '<a href="../top_n-3/index.html">top_n = 3</a>' in text_of(out / "reports/index.html")
    assert "local, failed in 02_second</span>" in text_of(out / "reports/index.html")
    with pytest.raises(run.RunError, match="the last run passed"):
        run.resume(settings, out, {}, notebooks)


def test_a_parameter_that_is_a_secret_is_kept_nowhere_and_given_again(tmp_path):
    settings = settings_in(tmp_path, password=config.Secret(SECRET))
    out, notebooks = tmp_path / "out", a_series(tmp_path, ["1 / 0"])
    write(notebooks / "03_last.ipynb", ["# 3. Last", ("parameters", "key = ''"), "key", f"key == {SECRET!r}"])
    with pytest.raises(run.RunError):
        run.run(settings, out, {"key": SECRET}, notebooks)
    assert not [name for name, content in contents(out).items() if b"Sesame" in content]
    a_series(tmp_path, ["1"])
    write(notebooks / "03_last.ipynb", ["# 3. Last", ("parameters", "key = ''"), "len(key)"])
    with pytest.raises(run.RunError, match=r"had key = \*\*\*, and secrets are not written down: give all"):
        run.resume(settings, out, {}, notebooks)
    run.resume(settings, out, {"key": SECRET}, notebooks)
    assert results(out / "notebooks/03_last.ipynb") == [str(len(SECRET))]
    assert not [name for name, content in contents(out).items() if b"Sesame" in content]


def test_what_a_resumed_run_needs_and_is_gone_is_named(tmp_path):
    settings, out, notebooks = failed(tmp_path, {})
    (out / "notebooks/01_counts.ipynb").unlink()
    with pytest.raises(run.RunError, match=r"out/notebooks/01_counts.ipynb, which passed, is gone: start anew"):
        run.resume(settings, out, {}, notebooks)
    (out / record.FINISHED).write_text("{}")
    with pytest.raises(run.RunError, match=r"\.redjam-run\.json is not the record of a run: start anew"):
        run.resume(settings, out, {}, notebooks)


# --- What the terminal shows ------------------------------------------------------------------------------


def test_off_a_terminal_each_notebook_is_one_line(tmp_path, caplog, capfd):
    write(tmp_path / "notebooks/01_a.ipynb", ["# 1. A", "import pandas, matplotlib.pyplot"])
    with caplog.at_level(logging.INFO, logger="redjam"):
        run.run(settings_in(tmp_path), tmp_path / "out", {}, tmp_path / "notebooks")
    assert [re.sub(r"[\d.]+ s", "N s", line) for line in caplog.messages] == ["01_a.ipynb passed after N s"]
    assert capfd.readouterr() == ("", "")


def test_on_a_terminal_one_bar_counts_the_cells_of_all_notebooks(tmp_path):
    write(tmp_path / "notebooks/01_a.ipynb", ["# 1. A", ("parameters", "n = 1"), "n"])
    write(tmp_path / "notebooks/02_b.ipynb", ["# 2. B", "1", "", "2"])
    settings_in(tmp_path)
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (40, 120))
    command = [sys.executable, "-m", "redjam", "--config", "dwh.cfg", "run", "-p", "n", "5"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=slave, stdout=subprocess.DEVNULL) as process:
        os.close(slave)
        shown = "".join(read(master))
    assert process.returncode == 0
    # Two cells of 01 and the injected one, two of 02 (an empty cell is not run).
    assert re.search(r"02_b: 100%\|█+\| 5/5 ", shown)
    starts = {line.partition("|")[0].rstrip(" 0123456789%") for line in re.split(r"[\r\n]+", shown)}
    assert starts <= {"", "01_a:", "02_b:"}


# --- The browser ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


def test_without_a_browser_its_tests_are_skipped_with_the_reason(monkeypatch, tmp_path):
    pytest.importorskip("playwright.sync_api")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match=r"none of chromium, .* is on the PATH"), chromium():
        pass


def test_a_browser_of_any_usual_name_is_found(monkeypatch, tmp_path):
    pytest.importorskip("playwright.sync_api")
    program = tmp_path / "google-chrome"
    program.write_text('#!/bin/sh\n/bin/echo started > "$0.log"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Exception, match="closed"), chromium():  # it says nothing and ends, so playwright gives up
        pass
    assert (tmp_path / "google-chrome.log").exists()


def test_the_pages_of_runs_hold_what_reports_promise(project):
    pages = [*project.glob("bad/reports/*/*.html"), project / "bad/reports/index.html"]
    check_pages(pages, {(390, "dark"): True, (1440, "light"): False})


def test_one_can_click_through_the_pages(project, browser):
    tab = browser.new_page()
    tab.goto((project / "bad/reports/index.html").as_uri())
    tab.click("text=Set & go")
    tab.click("nav >> nth=0 >> text=Charts")
    tab.click("nav >> nth=-1 >> text=Fails")
    assert tab.text_content("h1").startswith("3. Fails")
    tab.click("text=Index >> nth=0")
    tab.click("text=ValueError: a bad row")
    assert tab.url.endswith("/top_n-4/03_failing.html#failure")
    tab.close()
