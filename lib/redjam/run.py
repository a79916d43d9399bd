"""Run the numbered notebooks one after the other with papermill, and have the reports written."""

import fcntl
import html
import json
import logging
import os
import shlex
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import nbformat
import papermill
from ipykernel.kernelspec import write_kernel_spec
from nbclient.exceptions import DeadKernelError
from tqdm import tqdm
from traitlets.config import Config

from redjam import infrastructure, record, report, teardown
from redjam.config import Settings
from redjam.parameters import assign
from redjam.record import HIDDEN, Record, RunError
from redjam.report import Page, listing

NUMBERED = "[0-9][0-9]_*"
# Kernels talk over loopback ports, where others on the machine could listen in, as ipykernel would warn.
KERNEL = Config(KernelManager={"transport_encryption": "auto"})
log = logging.getLogger(__name__)


def series(folder: Path) -> list[Path]:
    """The numbered notebooks of a folder, in order."""
    if not folder.is_dir():
        raise RunError(f"there is no folder {folder}")
    if found := sorted(folder.glob(f"{NUMBERED}.ipynb")):
        return found
    raise RunError(f"there is no numbered notebook (such as 01_infrastructure.ipynb) in {folder}")


def run(settings: Settings, out: Path, parameters: dict[str, str], notebooks: Path, keep: bool = False) -> Path:
    """Run the series and return the index of all runs, out/reports/index.html, which begins with this one.

    The reports go into a folder of their own, out/reports/NAME, named after the parameters. Once this run is over, it
    replaces what a former run of that name left there, and what the last run left in out/notebooks. If a notebook
    fails, the rest does not run, the reports are written all the same, and then RunError is raised; so it is
    if another run writes into `out`. On AWS, what the run built is deleted at its end, unless it is to be kept.
    """
    sources, out = _apart(notebooks, out)
    values = assign(parameters, sources)
    with _alone(out), teardown.afterwards(settings, keep, gone=partial(record.forget_cluster, out)) as builds:
        record.begin(out)
        current = Record(settings.target, _shown(parameters, settings), _now(), builds=builds)
        return _complete(settings, out, values, current)


def resume(settings: Settings, out: Path, parameters: dict[str, str], notebooks: Path, keep: bool = False) -> Path:
    """Go on with the newest run into `out`, which failed or was stopped, and return what `run` returns.

    What passed is not run again, even if its notebook was changed since, but where the cluster on AWS is gone: there
    all begins anew. The parameters are those of that run; with others, and if the target or the series is another, it
    is a RunError.
    """
    sources, out = _apart(notebooks, out)
    record.latest(out)  # without one, no folder is made
    with _alone(out):
        former = record.latest(out)
        record.check(former, settings.target, _shown(parameters, settings), [source.stem for source in sources])
        values = assign(parameters or former.parameters, sources)
        with teardown.afterwards(settings, keep, former.builds, partial(record.forget_cluster, out)) as builds:
            if not (settings.is_local or settings.host or infrastructure.exists(settings)):
                log.warning("there is no cluster any more: all notebooks run again")
                former = replace(former, pages=[])
            record.begin(out, former)
            at = next((page.name for page in former.pages if page.state != "passed"), "the reports")
            at = at if former.pages else sources[0].stem
            return _complete(settings, out, values, replace(former, resumed=f"{_now()}, at {at}", builds=builds))


def _apart(notebooks: Path, out: Path) -> tuple[list[Path], Path]:
    """The series and `out`, which must not be the folder of its notebooks."""
    sources, out = series(notebooks.resolve()), out.resolve()
    if sources[0].parent in (out, out / "notebooks"):
        raise RunError(f"the run would write among its own notebooks in {sources[0].parent}: choose another folder")
    return sources, out


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"


def _complete(settings: Settings, out: Path, values: dict[Path, dict], current: Record) -> Path:
    """Run what did not pass yet, write the reports, and put all into place."""
    folder = out / record.UNFINISHED
    if current.builds:  # the report of the last notebook is to prove it
        values = {at: {"delete": True} | of if at.stem.endswith("_teardown") else of for at, of in values.items()}
    done, new, reports, name = folder / "notebooks", folder / "reports", out / "reports", record.name(current)
    with _kernels(settings, folder):
        current = _execute_all(folder, values, current, settings)
    about = {"Target": current.target, "Started": current.started}
    about |= {"Resumed": current.resumed} if current.resumed else {}
    about |= {"Took": f"{sum(page.seconds for page in current.pages):.1f} s"}
    about |= {"Parameters": report.in_words(current.parameters)}
    report.write(new / name, done, current.pages, about, listing.runs(reports, but=name))
    _replace(done, out / "notebooks", [f"{NUMBERED}.ipynb"])
    # What is listed is whole: the index, and what lists the run in later ones, go first and come last.
    (reports / "index.html").unlink(missing_ok=True)
    _replace(new / name, reports / name, [listing.NOTE, "index.html", f"{NUMBERED}.html"])
    _replace(new, reports, [f"{NUMBERED}.html"])  # once, all reports lay there
    record.finish(out)
    for page in current.pages:
        if page.error:
            kept = reports / name / f"{page.name}.html"
            elsewhere = [] if out == (settings.root / "out").resolve() else ["--out", str(out)]
            usual = settings.file in (None, settings.root / "dwh.cfg")
            named = [] if usual else ["--config", str(settings.file)]
            again = shlex.join(["redjam", *named, "run", "--resume", *elsewhere])
            failed = f"{page.name}.ipynb failed in {page.where}: {page.error}"
            raise RunError(f"{failed} (report: {kept}; mend it, then: {again})")
    return reports / "index.html"


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Keep other runs from `out`; the system frees a dead run's lock.

    The lock's file stays: were it removed, a third run could lock a new one beside the second run's.
    """
    # Only a run leaves a lock: without one, what lies there is somebody else's, and would be replaced.
    foreign = [*out.glob(f"notebooks/{NUMBERED}.ipynb"), *out.glob("reports/*.html"), *out.glob("reports/*/*.html")]
    if foreign and not (out / ".lock").exists():
        raise RunError(f"{out} is not the folder of a run, and {foreign[0]} would be replaced: choose another folder")
    out.mkdir(parents=True, exist_ok=True)
    with open(out / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(f"another run writes into {out}: wait for its end, or choose another folder") from None
        yield


@contextmanager
def _kernels(settings: Settings, folder: Path) -> Iterator[None]:
    """Set the environment of the kernels: which Python, which dwh.cfg, no noise."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="jupyter-", dir=folder) as jupyter:
        # Ahead of all kernels that the user has installed, so that `python3` is this very interpreter.
        write_kernel_spec(Path(jupyter, "kernels", "python3"))
        os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [jupyter, before.get("JUPYTER_PATH")]))
        os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # the debugger in a kernel would warn of frozen modules
        os.environ["TQDM_DISABLE"] = "1"  # nobody watches the bars inside the notebooks; ours has read this already
        if settings.file:
            os.environ["REDJAM_CONFIG"] = str(settings.file)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def _execute_all(folder: Path, values: dict[Path, dict], current: Record, settings: Settings) -> Record:
    """Run what did not pass yet until one fails, under one bar over the code cells; off a terminal, a line each.

    After each notebook the record is written into the folder.
    """
    passed = {page.name: page for page in current.pages if page.state == "passed"}
    notebooks = {source: nbformat.read(source, as_version=4) for source in values if source.stem not in passed}
    cells = [cell for notebook in notebooks.values() for cell in notebook.cells]
    code = sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in cells)
    injected = sum(bool(values[source]) for source in notebooks)  # papermill adds a cell with the values
    pages = dict(passed)
    for source, notebook in notebooks.items():
        shown = _shown(values[source], settings)
        pages[source.stem] = Page(source.stem, report.title(notebook, source.stem), "not run", parameters=shown)
    for name in passed:
        log.info("%s.ipynb passed before", name)
    record.write(folder, current := replace(current, pages=[*pages.values()]))
    with tqdm(total=code + injected, unit=" cells", disable=None) as bar:
        for source in notebooks:
            target = folder / "notebooks" / source.name
            try:
                page = _execute(source, target, values[source], pages[source.stem], bar)
                _clean(target, settings)
            except BaseException:
                target.unlink(missing_ok=True)  # Ctrl-C, say: it may have secrets, and the folder stays
                raise
            pages[source.stem] = page = replace(page, error=_without_secrets(page.error, settings))
            record.write(folder, current := replace(current, pages=[*pages.values()]))
            if page.error:
                break
    return current


def _execute(source: Path, target: Path, values: dict, page: Page, bar: tqdm) -> Page:
    """Run one notebook into `target`, which is written after each cell, and say what became of it."""
    bar.set_description(source.stem)
    started, reached, error = time.monotonic(), [0], ""
    try:
        papermill.execute_notebook(
            source,
            target,
            values,
            kernel_name="python3",
            cwd=source.parent,
            progress_bar=False,
            autosave_cell_every=0,  # once more within long cells, whose slowness papermill would log
            config=KERNEL,
            shutdown_kernel="immediate",  # it has nothing to save, and after Ctrl-C it would print a traceback
            on_cell_start=lambda cell, cell_index: reached.append(cell_index),
            on_cell_executed=lambda **_: bar.update(),
        )
    except papermill.PapermillExecutionError as failure:
        reached.append(failure.cell_index)
        error = f"{failure.ename}: {_first_line(failure.evalue)}"
    except DeadKernelError:
        error = "the kernel died (is there enough memory?)"
    seconds, index = time.monotonic() - started, reached[-1]
    if bar.disable:
        log.info("%s %s after %.1f s", source.name, "failed" if error else "passed", seconds)
    if not error:
        return replace(page, state="passed", seconds=seconds)
    cells = _without("papermill-error-cell-tag", nbformat.read(target, as_version=4).cells)
    own = len(_without("injected-parameters", cells))
    number = len(_without("injected-parameters", cells[: index + 1]))
    where = f"cell [{cells[index].execution_count or ' '}] (number {number} of {own})"
    return replace(page, state="failed", seconds=seconds, where=where, cell=index, error=error)


def _without(tag: str, cells: list) -> list:
    return [cell for cell in cells if tag not in cell.metadata.get("tags", [])]


def _clean(path: Path, settings: Settings) -> None:
    """Take out papermill's error marks (the report has its own), its absolute paths, and any secret."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = _without("papermill-error-cell-tag", notebook.cells)
    for key in ("input_path", "output_path"):
        notebook.metadata.papermill.pop(key, None)
    path.write_text(_without_secrets(nbformat.writes(notebook), settings), encoding="utf-8")


def _shown(parameters: dict, settings: Settings) -> dict[str, str]:
    """Parameters as files may have them."""
    return {name: _without_secrets(str(value), settings) for name, value in parameters.items()}


def _without_secrets(text: str, settings: Settings) -> str:
    """The text, plain or JSON, with HIDDEN for each secret, as it is or as HTML, code and JSON write it."""
    for secret in (settings.password, settings.analyst_password, settings.access_key, settings.secret_key):
        if len(secret) >= 8:  # the shortest password that AWS takes; less could be any word
            for form in (str(secret), html.escape(secret), _quoted(secret)):
                text = text.replace(_quoted(form), HIDDEN).replace(form, HIDDEN)
    return text


def _quoted(text: str) -> str:
    return json.dumps(str(text), ensure_ascii=False)[1:-1]


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _replace(new: Path, final: Path, names: list[str]) -> None:
    """Put a run's files in place of a former run's, which have these names; other files stay.

    The first name goes first and comes last.
    """
    final.mkdir(parents=True, exist_ok=True)
    for old in (old for name in names for old in sorted(final.glob(name))):
        old.unlink()
    for file in sorted(filter(Path.is_file, new.iterdir()), key=lambda file: (file.match(names[0]), file.name)):
        file.replace(final / file.name)
