"""Run the numbered notebooks one after the other with papermill, and have the reports written."""

import ast
import difflib
import fcntl
import html
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import papermill
from ipykernel.kernelspec import write_kernel_spec
from nbclient.exceptions import DeadKernelError
from tqdm import tqdm
from traitlets.config import Config

from redjam import report
from redjam.config import Settings
from redjam.report import Page

NUMBERED = "[0-9][0-9]_*"
UNFINISHED = ".redjam-run-"  # a folder of what a run has made so far; in `out`, to be moved from there in one step
# Kernels talk over loopback ports, where others on the machine could listen in, as ipykernel would warn.
KERNEL = Config(KernelManager={"transport_encryption": "auto"})
BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}
TYPES = {
    "int": (int, "a whole number"),
    "float": (float, "a number"),
    # Not bool(text), for which 'false' is true.
    "bool": (lambda text: BOOLEANS[text.lower()], "true or false"),
    "str": (str, "text"),
}
log = logging.getLogger(__name__)


class RunError(Exception):
    """The run cannot start, or one of its notebooks failed; the text is for the user."""


def series(folder: Path) -> list[Path]:
    """The numbered notebooks of a folder, in order."""
    if not folder.is_dir():
        raise RunError(f"there is no folder {folder}")
    if found := sorted(folder.glob(f"{NUMBERED}.ipynb")):
        return found
    raise RunError(f"there is no numbered notebook (such as 01_infrastructure.ipynb) in {folder}")


def run(settings: Settings, out: Path, parameters: dict[str, str], notebooks: Path) -> Path:
    """Run the series and return its index, out/reports/index.html.

    What the former run left in out/notebooks and out/reports is replaced once this run is over. If a notebook
    fails, the rest does not run, the reports are written all the same, and then RunError is raised; so it is
    if another run writes into `out`.
    """
    sources, out = series(notebooks.resolve()), out.resolve()
    if sources[0].parent in (out, out / "notebooks"):
        raise RunError(f"the run would write among its own notebooks in {sources[0].parent}: choose another folder")
    values = assign(parameters, sources)
    with _alone(out), tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=out) as temporary:
        done, reports = Path(temporary, "notebooks"), Path(temporary, "reports")
        done.mkdir()
        reports.mkdir()
        started, clock = datetime.now(UTC), time.monotonic()
        with _kernels(settings, Path(temporary)):
            pages = _execute_all(sources, done, values, settings)
        about = {"Target": settings.target, "Started": f"{started:%Y-%m-%d %H:%M} UTC"}
        about |= {"Took": f"{time.monotonic() - clock:.1f} s", "Parameters": report.in_words(parameters)}
        report.write(reports, done, pages, about)
        _replace(done, out / "notebooks", ".ipynb")
        _replace(reports, out / "reports", ".html")
    for page in pages:
        if page.error:
            kept = out / "reports" / f"{page.name}.html"
            raise RunError(f"{page.name}.ipynb failed in {page.where}: {page.error} (report: {kept})")
    return out / "reports" / "index.html"


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Keep other runs from `out`, and remove what killed ones left there; the system frees a dead run's lock.

    The lock's file stays: were it removed, a third run could lock a new one beside the second run's.
    """
    # Only a run leaves a lock: without one, what lies there is somebody else's, and would be replaced.
    foreign = [*out.glob(f"notebooks/{NUMBERED}.ipynb"), *out.glob("reports/*.html")]
    if foreign and not (out / ".lock").exists():
        raise RunError(f"{out} is not the folder of a run, and {foreign[0]} would be replaced: choose another folder")
    out.mkdir(parents=True, exist_ok=True)
    with open(out / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(f"another run writes into {out}: wait for its end, or choose another folder") from None
        for left in out.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left)
        yield


def assign(parameters: dict[str, str], sources: list[Path]) -> dict[Path, dict]:
    """Give each notebook the parameters that it declares, typed as declared; a wrong one is a RunError."""
    declared = {source: _declared(source) for source in sources}
    for name in parameters:
        if not any(name in of for of in declared.values()):
            raise RunError(_unknown(name, declared))
    return {
        source: {name: _typed(text, of[name], source) for name, text in parameters.items() if name in of}
        for source, of in declared.items()
    }


def _declared(source: Path) -> dict[str, dict]:
    try:
        return papermill.inspect_notebook(source)
    except (ValueError, nbformat.ValidationError) as error:
        raise RunError(f"{source} cannot be read as a notebook: {_first_line(str(error))}") from error


def _unknown(name: str, declared: dict[Path, dict]) -> str:
    """The error for a parameter that no notebook declares, with all those that one does."""
    known = [(source.stem, of) for source, all_of in declared.items() for of in all_of.values()]
    close = difflib.get_close_matches(name, [of["name"] for _, of in known], n=1)
    lines = [f"no notebook has a parameter {name!r}" + (f"; did you mean {close[0]}?" if close else "")]
    for stem, of in known:
        about = f"  # {of['help']}" if of["help"] else ""
        lines.append(f"  {of['name']}: {_kind(of)} = {of['default']}{about} ({stem})")
    return "\n".join(lines)


def _kind(of: dict) -> str:
    """The declared type of a parameter, or else that of its default."""
    if of["inferred_type_name"] != "None":
        return of["inferred_type_name"]
    try:
        return type(ast.literal_eval(of["default"])).__name__
    except (ValueError, SyntaxError):
        return "str"


def _typed(text: str, of: dict, source: Path) -> bool | int | float | str:
    kind, name = _kind(of), of["name"]
    if kind not in TYPES:
        raise RunError(f"parameter {name} of {source.name} is a {kind}, which cannot be given as text")
    convert, expected = TYPES[kind]
    try:
        return convert(text)
    except (ValueError, KeyError):
        raise RunError(f"parameter {name} is {text!r}: {source.name} expects {expected} ({kind})") from None


@contextmanager
def _kernels(settings: Settings, folder: Path) -> Iterator[None]:
    """Set the environment of the kernels: which Python, which dwh.cfg, no noise."""
    # Ahead of all kernels that the user has installed, so that `python3` is this very interpreter.
    write_kernel_spec(folder / "jupyter" / "kernels" / "python3")
    before = dict(os.environ)
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [f"{folder}/jupyter", before.get("JUPYTER_PATH")]))
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # the debugger in a kernel would warn of frozen modules
    os.environ["TQDM_DISABLE"] = "1"  # nobody watches the bars inside the notebooks; ours has read this already
    if settings.file:
        os.environ["REDJAM_CONFIG"] = str(settings.file)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _execute_all(sources: list[Path], done: Path, values: dict[Path, dict], settings: Settings) -> list[Page]:
    """Run the notebooks until one fails, under one bar over all code cells; off a terminal, a line each."""
    notebooks = {source: nbformat.read(source, as_version=4) for source in sources}
    cells = [cell for notebook in notebooks.values() for cell in notebook.cells]
    code = sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in cells)
    injected = sum(bool(given) for given in values.values())  # papermill adds a cell with the values
    pages = []
    with tqdm(total=code + injected, unit=" cells", disable=None) as bar:
        for source, notebook in notebooks.items():
            page = Page(source.stem, report.title(notebook, source.stem), "not run", parameters=values[source])
            if not any(former.error for former in pages):
                page = _execute(source, done / source.name, page, bar)
                page = replace(page, error=_without_secrets(page.error, settings))
                _clean(done / source.name, settings)
            pages.append(page)
    return pages


def _execute(source: Path, target: Path, page: Page, bar: tqdm) -> Page:
    """Run one notebook into `target`, which is written after each cell, and say what became of it."""
    bar.set_description(source.stem)
    started, reached, error = time.monotonic(), [0], ""
    try:
        papermill.execute_notebook(
            source,
            target,
            page.parameters,
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


def _without_secrets(text: str, settings: Settings) -> str:
    """The text, plain or JSON, with *** for each secret, as it is or as HTML and JSON write it."""
    for secret in (settings.password, settings.access_key, settings.secret_key):
        if len(secret) >= 8:  # the shortest password that AWS takes; less could be any word
            for form in (str(secret), html.escape(secret)):
                text = text.replace(json.dumps(form, ensure_ascii=False)[1:-1], "***").replace(form, "***")
    return text


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _replace(new: Path, final: Path, suffix: str) -> None:
    """Put a run's files in place of a former run's; the index goes first and comes last, other files stay."""
    final.mkdir(exist_ok=True)
    for old in (*final.glob(f"index{suffix}"), *final.glob(f"{NUMBERED}{suffix}")):
        old.unlink()
    for file in sorted(new.iterdir()):
        file.replace(final / file.name)
