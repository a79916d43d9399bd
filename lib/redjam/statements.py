"""The SQL files: their texts by name, and the `$name`s and `:name`s in them."""

import re
from importlib.resources import files
from itertools import takewhile
from string import Template

import sqlalchemy
from sqlalchemy_redshift.dialect import RedshiftDialect_psycopg2

SQL = files("redjam") / "sql"
DIALECT = RedshiftDialect_psycopg2()
# Where a colon belongs to the text.
_TEXT = re.compile(r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|\$\$.*?\$\$|--[^\n]*|/\*.*?\*/""", re.DOTALL)
_COLON = re.compile(r"(?<![:\w\\]):(?=\w)")


class Statement(str):
    """SQL text that a notebook shows with its colours."""

    def _repr_markdown_(self) -> str:
        return f"```sql\n{self}\n```"


def names(folder: str) -> list[str]:
    """The statements of a folder of sql/, by name and in the order of their names."""
    found = (SQL / folder).iterdir()
    return sorted(f"{folder}/{file.name.removesuffix('.sql')}" for file in found if file.name.endswith(".sql"))


def statement(name: str, **values: str | int) -> Statement:
    """Read sql/NAME.sql and put in the values of its `$name`s, text quoted.

    Only where SQL takes no parameter (COPY's options) does a file write `$name`; data go through `:name`
    parameters. A value that is missing, or that the file does not use, is a ValueError.
    """
    template = Template((SQL / f"{name}.sql").read_text(encoding="utf-8").strip())
    wanted = set(template.get_identifiers())
    if wanted != set(values):
        wrong = sorted(wanted ^ set(values))
        raise ValueError(f"sql/{name}.sql takes the values {sorted(wanted)}; missing or not used: {wrong}")
    return Statement(template.substitute({key: _quoted(value) for key, value in values.items()}))


def rule(name: str) -> str:
    """The comment on top of sql/NAME.sql: what the statement asks or does."""
    lines = (SQL / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    comment = takewhile(lambda line: line.startswith("--"), lines)
    return " ".join(line.removeprefix("--").strip() for line in comment)


def literal(text: str) -> str:
    """SQL in which no `:name` within a string, a delimited name or a comment is a parameter to SQLAlchemy."""
    return _TEXT.sub(lambda part: _COLON.sub(r"\:", part[0]), text)


def compiled(query: str, parameters: dict) -> str:
    """A query as psycopg2 takes it, its `:name`s as %(name)s; that one is missing or not used is a ValueError."""
    text = sqlalchemy.text(literal(query)).compile(dialect=DIALECT)
    if missing := sorted(set(text.params) ^ set(parameters)):
        raise ValueError(f"the statement takes the parameters {sorted(text.params)}; missing or not used: {missing}")
    return str(text)


def _quoted(value: str | int) -> str:
    """A number as it is, or a string literal of Redshift, which reads a backslash as an escape."""
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
