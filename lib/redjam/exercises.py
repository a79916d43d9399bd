"""The exercises of the notebooks: an answer is compared with the right one, and with those that known faults give.

Each is a folder of sql/exercises: `answer` is what is right, taken from the star or asked in another way than the
worked `solution`, so that the two prove each other; every other file is a fault, with its explanation as the comment
on top. Names in braces in the comments are columns of `figures`, a query with one row.
"""

import re
import textwrap
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd
import psycopg2
from psycopg2.extensions import connection as Connection

from redjam import answers, warehouse

NO_FAULT = {"answer", "solution", "figures"}
WIDTH = 100


class WrongSolution(AssertionError):
    """A worked solution is not what `check` finds right; the message says what is wrong with it."""


def check(connection: Connection, name: str, answer: Any) -> None:
    """Print whether the answer to an exercise is right, and why, or what is wrong with it.

    The answer is the frame of a `%%sql` cell, or a number or a text where the right answer is one value. Names of
    columns may be in any case, other columns beside them and rows in any order, numbers and times written as texts.
    No answer raises.
    """
    try:
        _print(_judged(connection, name, answer)[1])
    except psycopg2.Error as error:
        reason = str(error).strip().partition("\n")[0]
        if connection.closed:
            reason = "the connection is closed. Run the notebook's setup cell again, and then this one"
        elif "transaction is aborted" in reason:
            reason = "the transaction is aborted. `%sql ROLLBACK` ends it; then run this cell again"
        _print(f"Not looked at: {reason}.")


@dataclass(frozen=True)
class Solution:
    """A worked solution with its first rows; a notebook shows it folded, so that nobody reads it by chance."""

    sql: str
    verdict: str
    head: pd.DataFrame

    def __repr__(self) -> str:
        return f"{self.sql}\n\n{self.verdict}\n{self.head.to_string()}"

    def _repr_html_(self) -> str:
        text = escape(self.sql, quote=False)
        shown = f'<pre tabindex="0">{text}</pre><p>{self.verdict}</p>{self.head.to_html()}'
        return f"<details><summary>The worked solution</summary>{shown}</details>"


def solve(connection: Connection, name: str) -> Solution:
    """Run the worked solution, hold it to `check` and give it to be shown; WrongSolution if it fails."""
    query = _statement(name, "solution")
    rows = warehouse.frame(connection, query)
    is_right, verdict = _judged(connection, name, rows)
    if not is_right:
        raise WrongSolution(f"sql/exercises/{name}/solution.sql: {verdict}")
    sql = _filled(query, _figures(connection, name, rows))
    return Solution(sql, f"Right: {answers.rows_in_words(len(rows))}.", rows.head())


def _names() -> list[str]:
    return sorted(folder.name for folder in (warehouse.SQL / "exercises").iterdir() if folder.is_dir())


def _faults(name: str) -> list[str]:
    files = [file.rpartition("/")[2] for file in warehouse.names(f"exercises/{name}")]
    return [file for file in files if file not in NO_FAULT]


def _statement(name: str, file: str) -> warehouse.Statement:
    if name not in _names():
        raise ValueError(f"there is no exercise {name!r}; there are {', '.join(_names())}")
    return warehouse.statement(f"exercises/{name}/{file}")


def _judged(connection: Connection, name: str, answer: Any) -> tuple[bool, str]:
    """Whether an answer is right, and the paragraphs that say so."""
    right = warehouse.frame(connection, _statement(name, "answer"))
    columns = list(right.columns)
    frame = answers.framed(answer, columns if right.shape == (1, 1) else [])
    if misfit := answers.misfit(name, frame, answer, columns):
        return False, f"Not yet. {misfit}"
    rows, right_rows = answers.rows(frame, right), answers.rows(right, right)
    figures = _figures(connection, name, frame)

    def explained(file: str) -> str:
        return _filled(warehouse.rule(f"exercises/{name}/{file}"), figures)

    alike = [
        file
        for file in _faults(name)
        if answers.rows(warehouse.frame(connection, _statement(name, file)), right) == rows
    ]
    named = ", ".join(file.replace("_", " ") for file in alike)
    if rows == right_rows:
        tame = f"\nThese data are too tame to tell it from a query with a fault: {named}." if alike else ""
        return True, f"Right. {explained('solution')}{tame}"
    if not alike:
        return False, f"Not yet. {answers.difference(frame, right)}"
    others = f"\nOn these data, more than one fault gives this answer: {named}." if alike[1:] else ""
    return False, f"Not yet. {explained(alike[0])}{others}"


def _figures(connection: Connection, name: str, frame: pd.DataFrame) -> dict[str, str]:
    """What the braces in the comments of an exercise stand for; `rows` is how many the answer has."""
    figures = warehouse.frame(connection, _statement(name, "figures")).iloc[0].to_dict()
    return {key: answers.text(value).strip("'") for key, value in ({"rows": len(frame)} | figures).items()}


def _filled(text: str, figures: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda brace: figures[brace[1]], text)


def _print(text: str) -> None:
    for paragraph in text.splitlines():
        print(textwrap.fill(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False))
