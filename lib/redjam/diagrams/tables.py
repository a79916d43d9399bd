"""A table as its CREATE TABLE in sql/tables declares it."""

import re
from dataclasses import dataclass

SHORT = {"DOUBLE PRECISION": "double"}
_CREATE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+) \(\n(.*?)\n\)(.*)", re.DOTALL)
_KEY = re.compile(r"PRIMARY KEY \(([\w, ]+)\)")
_REFERENCE = re.compile(r"FOREIGN KEY \((\w+)\) REFERENCES (\w+) \((\w+)\)")
_COLUMN = re.compile(r"(\w+) +([A-Z][A-Z ]*?(?:\([\d, ]+\))?)(?: NOT NULL)?")


@dataclass(frozen=True)
class Table:
    """A table: its columns with their types, its keys, and how its rows are distributed and sorted."""

    name: str
    columns: dict[str, str]
    primary_key: tuple[str, ...]
    references: dict[str, tuple[str, str]]  # column -> the table and the column that it refers to
    diststyle: str  # AUTO where none is declared
    distkey: str
    sortkey: tuple[str, ...]

    def marks(self, column: str) -> list[str]:
        """What a column is besides a column: PK, FK, DISTKEY, SORTKEY, numbered where there are several."""
        marks = ["PK"] if column in self.primary_key else []
        marks += ["FK"] if column in self.references else []
        marks += ["DISTKEY"] if column == self.distkey else []
        if column in self.sortkey:
            marks.append("SORTKEY" if len(self.sortkey) == 1 else f"SORTKEY {self.sortkey.index(column) + 1}")
        return marks


def table(statement: str) -> Table:
    """Read a CREATE TABLE that has one column or one constraint a line; ValueError for a line that is neither."""
    created = _CREATE.search(_without_comments(statement))
    if not created:
        raise ValueError(f"no CREATE TABLE with one column a line: {statement[:80]!r}")
    name, lines, foot = created.groups()
    columns, primary_key, references = {}, (), {}
    for line in (line.strip().rstrip(",") for line in lines.splitlines()):
        if found := _KEY.fullmatch(line):
            primary_key = _listed(found[1])
        elif found := _REFERENCE.fullmatch(line):
            references[found[1]] = (found[2], found[3])
        elif found := _COLUMN.fullmatch(line):
            columns[found[1]] = found[2]
        else:
            raise ValueError(f"sql/tables/{name}.sql: not a column, a PRIMARY KEY or a FOREIGN KEY: {line!r}")
    return Table(
        name,
        columns,
        primary_key,
        references,
        _first(r"DISTSTYLE (\w+)", foot) or "AUTO",
        _first(r"DISTKEY \((\w+)\)", foot),
        _listed(_first(r"SORTKEY \(([\w, ]+)\)", foot)),
    )


def short_type(type_: str) -> str:
    """A type in one word: varchar, double."""
    return SHORT.get(type_, type_.partition("(")[0].lower())


def _without_comments(statement: str) -> str:
    return re.sub(r" *--[^\n]*", "", statement)


def _first(pattern: str, text: str) -> str:
    return found[1] if (found := re.search(pattern, text)) else ""


def _listed(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())
