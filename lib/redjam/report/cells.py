"""What stands on a notebook's page, and what of it the run's index shows: the outputs of cells tagged `summary`."""

import html
import re
from dataclasses import dataclass, replace
from itertools import count, groupby, pairwise
from operator import attrgetter
from pathlib import Path

from redjam.report import tables

SQL = re.compile(r"```sql\n(?P<sql>.*)\n```\s*", re.S)
FENCED = re.compile(r"^(```|~~~).*?^\1", re.S | re.M)  # a # in code is a comment
HEADING = re.compile(r'<h(?P<level>[1-6]) id="(?P<id>[^"]*)">(?P<text>.*?)<a class="anchor-link".*?</a></h\1>', re.S)
LABELS = {"parameters": "Parameters", "injected-parameters": "Parameters of this run"}


@dataclass(frozen=True)
class Finding:
    """What cells under one heading have put out for the run's index, as HTML, and the place of the first."""

    heading: str
    place: str
    html: str


def headings(markdown: str, level: int = 6) -> list[str]:
    """The headings down to that level, as plain text and without their numbers."""
    found = re.findall(rf"^#{{1,{level}}} +(?:\d+\. +)?(.+?) *#*$", FENCED.sub("", markdown), re.M)
    return [re.sub(r"[`*]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)) for text in found]


def marked(notebook, failed: int):
    """The notebook with what the templates ask of each code cell in its metadata, under `report`."""
    heading = ""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            heading = [heading, *headings(cell.source)][-1]
        else:
            cell.metadata["report"] = _about(cell, index) | {"heading": heading}
            if index == failed:
                cell.metadata["report"] |= {"place": "failure", "failed": True}
            for output in cell.get("outputs", []):
                output.update(_shown(output))
    notebook.cells = [cell for cell in notebook.cells if cell.source.strip()]
    for before, cell in pairwise([None, *notebook.cells, None]):
        # Code cells that follow one another stand together, and so do their folds.
        is_seam = [of is not None and of.cell_type == "code" for of in (before, cell)]
        if is_seam == [False, True]:
            cell.metadata["report"]["begins"] = True
        if is_seam == [True, False]:
            before.metadata["report"]["ends"] = True
    return notebook


def _about(cell, index: int) -> dict:
    tags = cell.metadata.get("tags", [])
    is_sql = cell.source.startswith("%%sql")
    if is_sql:
        cell.metadata["magics_language"] = "sql"  # for its colours
    label = next((LABELS[tag] for tag in tags if tag in LABELS), "SQL" if is_sql else "Code")
    return {"place": f"cell-{index}", "label": label, "summary": "summary" in tags}


def _shown(output: dict) -> dict:
    """What of an output is to be another: a statement is known by its SQL."""
    if match := SQL.fullmatch(output.get("data", {}).get("text/markdown", "")):
        return {"data": {"text/markdown": match[0]}, "metadata": {"sql": match["sql"]}}
    return {}


def body(exporter, notebook, names: set[str]) -> tuple[str, list[tuple[int, str, str]]]:
    """The cells as HTML, and the contents: level (2 or 3), place and text of each heading below the title."""
    text, _ = exporter.from_notebook_node(notebook)
    contents, seen = [], set()

    def heading(match: re.Match) -> str:
        place = next(place for n in count(1) if (place := match["id"] + f"-{n}" * (n > 1)) not in seen)
        seen.add(place)
        if match["level"] in "23":
            contents.append((int(match["level"]), place, re.sub(r"</?a\b[^>]*>", "", match["text"])))
        anchor = f'<a class="anchor-link" href="#{place}">¶</a>'
        return f'<h{match["level"]} id="{place}">{match["text"]}{anchor}</h{match["level"]}>'

    return _finished(HEADING.sub(heading, text), names), contents


def findings(exporter, notebook, names: set[str]) -> list[Finding]:
    """What the cells tagged `summary` have put out, errors and warnings aside."""
    found = []
    for cell in notebook.cells:
        of = cell.metadata.get("report")
        if of and of["summary"] and cell.get("outputs"):
            alone = notebook.copy() | {"cells": [cell]}
            text, _ = exporter.from_notebook_node(type(notebook)(alone), {"in_short": True})
            if text.strip():
                found.append(Finding(of["heading"], of["place"], _finished(text, names)))
    under = [[*of] for _, of in groupby(found, key=attrgetter("heading"))]
    return [replace(of[0], html="".join(one.html for one in of)) for of in under]


def prose(text: str) -> str:
    """Printed sentences, their wrapped lines joined; nothing if the text has a shape: columns, bars, a value a line."""
    if re.search(r"\t|\x1b|  |^ |[─-▟]", text, re.M) or " " not in text.strip().partition("\n")[0]:
        return ""
    return re.sub(r"^(.{60,}[^.!?:;\n])\n(?!\n)", r"\1 ", text.strip(), flags=re.M)


def first_line(findings: dict[str, list[Finding]]) -> str:
    """The first line that is printed for the index by the notebook with the most to say there, or nothing."""
    most = max(findings.values(), key=len, default=[])
    lines = (match for of in most if (match := re.search(r"<li>(.*?)</li>", of.html)))
    return html.unescape(match[1]) if (match := next(lines, None)) else ""


def _finished(text: str, names: set[str]) -> str:
    """Link notebooks to their pages, unlink what has no page, give tables our look, and let them and code scroll."""

    def link(match: re.Match) -> str:
        address, hash_, fragment = match[1].partition("#")
        name = Path(address).stem
        return f'<a href="{name}.html{hash_}{fragment}"{match[2]}' if name in names else f"<a{match[2]}"

    text = re.sub(r'<a href="(?![a-z]+:|#)([^"]*)"([^>]*)', link, text)
    text = text.replace('<div class="highlight', '<div tabindex="0" class="highlight')
    text = re.sub(r"<style scoped[^>]*>.*?</style>", "", text, flags=re.S)  # pandas' own look
    scroll = '<div class="scroll" tabindex="0">{}</div>'
    return re.sub(r"<table\b.*?</table>", lambda match: scroll.format(tables.dressed(match[0])), text, flags=re.S)
