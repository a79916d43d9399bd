"""A page of each notebook that ran, and an index: files that load nothing, to open from disk or mail."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from traitlets.config import Config

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


def write(folder: Path, notebooks: Path, pages: list[Page], about: dict[str, str]) -> None:
    """Write the page of each notebook that ran, from its file in `notebooks`, and index.html."""
    exporter = HTMLExporter(
        template_name="report",
        template_file="notebook.html.j2",
        extra_template_basedirs=[str(Path(__file__).parents[1])],
        embed_images=True,
        config=CONFIG,
    )
    ran = [page for page in pages if page.ran]
    for page, previous, following in zip(ran, [None, *ran], [*ran[1:], None], strict=False):
        notebook = _prepared(nbformat.read(notebooks / f"{page.name}.ipynb", as_version=4), page)
        facts = about | {"Took": f"{page.seconds:.1f} s", "Parameters": in_words(page.parameters)}
        resources = {"page": page, "previous": previous, "next": following, "facts": facts}
        body, _ = exporter.from_notebook_node(notebook, resources)
        (folder / f"{page.name}.html").write_text(_linked(body, ran), encoding="utf-8")
    failed = next((page for page in pages if page.error), None)
    index = exporter.environment.get_template("index.html.j2").render(pages=pages, failed=failed, facts=about)
    (folder / "index.html").write_text(index, encoding="utf-8")


def in_words(parameters: dict) -> str:
    """What was given, or that nothing was."""
    return ", ".join(f"{name} = {value}" for name, value in parameters.items()) or "the defaults"


def title(notebook, default: str) -> str:
    """The first heading of a notebook, without its number."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return match[1] if (match := re.search(r"^# +(?:\d+\. +)?(.+?) *$", text, re.M)) else default


def _prepared(notebook, page: Page):
    """Name each picture after the heading above it, and mark the cell that failed."""
    heading = page.title
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            heading = (re.findall(r"^#+ +(.+)$", cell.source, re.M) or [heading])[-1]
        cell.metadata.setdefault("alt", heading)
        cell.metadata["failed"] = index == page.cell
    return notebook


def _linked(body: str, pages: list[Page]) -> str:
    """Link notebooks to their pages, unlink what has no page, and let tables and code scroll."""
    names = {page.name for page in pages} | {"index"}

    def link(match: re.Match) -> str:
        address, hash_, fragment = match[1].partition("#")
        name = Path(address).stem
        return f'<a href="{name}.html{hash_}{fragment}"{match[2]}' if name in names else f"<a{match[2]}"

    body = re.sub(r'<a href="(?![a-z]+:|#)([^"]*)"([^>]*)', link, body)
    body = body.replace('<div class="highlight', '<div tabindex="0" class="highlight')
    return re.sub(r"<table\b.*?</table>", r'<div class="scroll" tabindex="0">\g<0></div>', body, flags=re.S)
