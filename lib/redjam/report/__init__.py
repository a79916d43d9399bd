"""The reports of a run: a folder of pages that load nothing, to open from disk or mail, and an index of all runs."""

from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from traitlets.config import Config

from redjam.report import cells, listing
from redjam.report.cells import headings

# A progress bar writes one line again and again; only its last state is shown.
CONFIG = Config(CoalesceStreamsPreprocessor={"enabled": True})


@dataclass(frozen=True)
class Page:
    """What became of one notebook; if it failed, where (in words, and the index of the cell) and how."""

    name: str  # 03_etl, the file's name without suffix
    title: str
    state: str  # passed, failed, not run
    seconds: float = 0.0
    parameters: dict = field(default_factory=dict)
    where: str = ""
    cell: int = -1
    error: str = ""

    @property
    def ran(self) -> bool:
        return self.state != "not run"


def write(folder: Path, notebooks: Path, pages: list[Page], about: dict[str, str], others: list[listing.Run]) -> None:
    """Write the run's own folder, which can be sent as it is, and beside it the index of this run and the others.

    In the folder: a page of each notebook that ran, from its file in `notebooks`, the run's index, and what later
    runs list it from.
    """
    folder.mkdir(exist_ok=True)
    exporter = HTMLExporter(
        template_name="report",
        template_file="cells.html.j2",
        extra_template_basedirs=[str(Path(__file__).parents[1])],
        embed_images=True,
        config=CONFIG,
    )
    exporter.register_filter("prose", cells.prose)
    template = exporter.environment.get_template
    ran = [page for page in pages if page.ran]
    names = {page.name for page in ran} | {"index"}
    findings = {}
    for page, previous, following in zip(ran, [None, *ran], [*ran[1:], None], strict=False):
        notebook = cells.marked(nbformat.read(notebooks / f"{page.name}.ipynb", as_version=4), page.cell)
        body, contents = cells.body(exporter, notebook, names)
        findings[page.name] = cells.findings(exporter, notebook, names)
        facts = about | {"Took": f"{page.seconds:.1f} s", "Parameters": in_words(page.parameters)}
        around = {"page": page, "previous": previous, "next": following, "facts": facts, "contents": contents}
        text = template("page.html.j2").render(body=body, **around)
        (folder / f"{page.name}.html").write_text(text, encoding="utf-8")
    failed = next((page for page in pages if page.error), None)
    about = {"State": _state(pages)} | about
    index = {"pages": pages, "failed": failed, "facts": about, "findings": findings}
    (folder / "index.html").write_text(template("index.html.j2").render(**index), encoding="utf-8")
    top = template("index.html.j2").render(**index, base=folder.name, others=others)
    (folder.parent / "index.html").write_text(top, encoding="utf-8")
    listing.note(folder, about, cells.first_line(findings))


def in_words(parameters: dict) -> str:
    """What was given, or that nothing was."""
    return ", ".join(f"{name} = {value}" for name, value in parameters.items()) or "the defaults"


def title(notebook, default: str) -> str:
    """The first heading of a notebook, without its number."""
    found = (heading for cell in notebook.cells if cell.cell_type == "markdown" for heading in headings(cell.source, 1))
    return next(found, default)


def _state(pages: list[Page]) -> str:
    if failed := next((page for page in pages if page.error), None):
        return f"failed in {failed.name}"
    return f"passed, all {len(pages)} notebooks" if len(pages) > 1 else "passed"
