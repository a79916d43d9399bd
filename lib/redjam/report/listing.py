"""The runs whose reports lie in a folder: each has a note in its own folder, from which later runs list it."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

NOTE = "run.json"


@dataclass(frozen=True)
class Run:
    """A run as it is listed: when its reports were written (ISO, UTC), what the index says about it, and a finding."""

    written: str
    about: dict[str, str]  # State, Target, Started, Took, Parameters and so on, all in words
    finding: str = ""
    address: str = ""  # of its folder, relative to the index of all runs


def note(folder: Path, about: dict[str, str], finding: str) -> None:
    """Write down, in the run's folder, what lists it."""
    known = asdict(Run(datetime.now(UTC).isoformat(), about, finding))
    del known["address"]  # which others may change
    (folder / NOTE).write_text(json.dumps(known, ensure_ascii=False, indent=1), encoding="utf-8")


def runs(reports: Path, but: str) -> list[Run]:
    """All runs in `reports` except the one named `but`, the newest first; what is not the note of a run is skipped."""
    found = [_read(file) for file in reports.glob(f"*/{NOTE}") if file.parent.name != but]
    return sorted(filter(None, found), key=lambda run: run.written, reverse=True)


def _read(file: Path) -> Run | None:
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        run = Run(**known | {"address": f"{quote(file.parent.name)}/index.html"})
        datetime.fromisoformat(run.written)
        texts = [run.finding, *run.about.values(), run.about["Started"], run.about["Parameters"]]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return run if all(isinstance(text, str) for text in texts) and (file.parent / "index.html").exists() else None
