"""What a run writes down after each notebook, so that another can go on where it failed or was stopped."""

import hashlib
import json
import os
import re
import shutil
import unicodedata
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from redjam import report
from redjam.report import Page

UNFINISHED = ".redjam-run-unfinished"  # a folder in `out` of what a run has made so far: its record lies in it
RECORD = "record.json"
FINISHED = ".redjam-run.json"  # in `out`: the record of the run whose notebooks and reports lie there
HIDDEN = "***"  # what stands in files for a secret
LONGEST_NAME = 80  # of the folder of a run's reports, in characters


class RunError(Exception):
    """The run cannot start, or one of its notebooks failed; the text is for the user."""


@dataclass(frozen=True)
class Record:
    """A run: its target, its parameters as given (but no secrets), when it began, and what became of each notebook."""

    target: str
    parameters: dict[str, str]
    started: str
    resumed: str = ""
    builds: bool = False  # on AWS: the cluster is this run's own, and goes with it
    pages: list[Page] = field(default_factory=list)


def name(record: Record) -> str:
    """The name of the folder of the run's reports, after target (but local) and parameters: since-2018-11-01_top_n-5.

    It has ASCII letters, digits, dots, dashes and underscores only, for all file systems, archives and mails. Where it
    cannot say all of the parameters, a hash of them keeps it apart from others.
    """
    given = sorted(record.parameters.items())
    words = [f"{name}-{value}" for name, value in given] or ["defaults"]
    full = "_".join(words if record.target == "local" else [record.target, *words])
    clear = not any("_" in value for _, value in given)  # else it could as well begin the next parameter
    if clear and re.fullmatch(rf"[A-Za-z0-9._-]{{1,{LONGEST_NAME - 1}}}[A-Za-z0-9]", full):
        return full
    digest = hashlib.sha256(json.dumps([record.target, given]).encode()).hexdigest()[:8]
    plain = unicodedata.normalize("NFKD", full).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._]+", "-", plain)[: LONGEST_NAME - 9].strip("-._")
    return f"{plain}_{digest}"


def write(folder: Path, record: Record) -> None:
    """Write the record into the unfinished folder in one step: it is never half there."""
    new = folder / f"{RECORD}.new"
    new.write_text(json.dumps(asdict(record), ensure_ascii=False, indent=1), encoding="utf-8")
    new.replace(folder / RECORD)


def latest(out: Path) -> Record:
    """The record of the newest run into `out`, if it failed or was stopped; else there is a RunError."""
    # A run removes what a stopped one left, so that an unfinished folder is newer than what lies in `out`.
    if (file := out / UNFINISHED / RECORD).exists():
        return _read(file)
    if not (file := out / FINISHED).exists():
        raise RunError(f"there is no run to resume in {out}: start one with redjam run")
    record = _read(file)
    if all(page.state == "passed" for page in record.pages):
        raise RunError(f"there is nothing to resume in {out}, the last run passed: start another with redjam run")
    return record


def _read(file: Path) -> Record:
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        return Record(**known | {"pages": [Page(**page) for page in known["pages"]]})
    except (ValueError, TypeError, KeyError) as error:
        raise RunError(f"{file} is not the record of a run: start anew with redjam run") from error


def check(record: Record, target: str, parameters: dict[str, str], names: list[str]) -> None:
    """Refuse to go on with other parameters (none stand for the run's own), target or notebooks than the run had."""
    had = report.in_words(record.parameters)
    if parameters not in ({}, record.parameters):
        differs = f"the run to resume had {had}, not {report.in_words(parameters)}: leave -p out"
    elif not parameters and any(HIDDEN in value for value in record.parameters.values()):
        differs = f"the run to resume had {had}, and secrets are not written down: give all of them again with -p"
    elif target != record.target:
        differs = f"the run to resume had TARGET={record.target}, not {target}: set it back"
    elif names != (former := [page.name for page in record.pages]):
        changes = [f"{name} was added" for name in names if name not in former]
        changes += [f"{name} was removed" for name in former if name not in names]
        differs = f"since the run to resume {' and '.join(changes)}: undo it"
    else:
        return
    raise RunError(f"{differs}, or start anew with redjam run")


def begin(out: Path, former: Record | None = None) -> None:
    """Make the unfinished folder: without what stopped runs left, or with the notebooks that passed in the former."""
    folder = out / UNFINISHED
    if not former or not (folder / RECORD).exists():
        for left in out.glob(".redjam-run-*"):
            shutil.rmtree(left)
    for part in (folder, folder / "notebooks", folder / "reports"):
        part.mkdir(mode=0o700, exist_ok=True)  # while a notebook runs, what it wrote may have secrets
    for page in former.pages if former else []:
        kept = folder / "notebooks" / f"{page.name}.ipynb"
        if page.state == "passed" and not kept.exists():  # it has been moved to `out` already
            try:
                shutil.copyfile(out / "notebooks" / kept.name, new := kept.with_suffix(".new"))
            except FileNotFoundError as error:
                raise RunError(f"{error.filename}, which passed, is gone: start anew with redjam run") from None
            new.replace(kept)


def forget_cluster(out: Path) -> None:
    """Note that the cluster of the latest run is deleted: if that run is resumed, nothing that passed counts."""
    file = next((file for file in (out / UNFINISHED / RECORD, out / FINISHED) if file.exists()), None)
    former = _read(file) if file else None
    if former and any(page.state != "passed" for page in former.pages):
        pages = [replace(page, state="not run") for page in former.pages]
        text = json.dumps(asdict(replace(former, builds=False, pages=pages)), ensure_ascii=False, indent=1)
        file.write_text(text, encoding="utf-8")


def finish(out: Path) -> None:
    """Keep the record beside the results, which are in `out` by now, and remove the unfinished folder."""
    os.replace(out / UNFINISHED / RECORD, out / FINISHED)
    shutil.rmtree(out / UNFINISHED)
