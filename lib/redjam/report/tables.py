"""HTML tables as pandas, ipython-sql and markdown write them, made easier to read."""

import html
import re

ROW = re.compile(r"<tr\b.*?</tr>", re.S)
CELL = re.compile(r"<(?P<kind>t[hd])(?P<rest>[^>]*)>(?P<text>.*?)</t[hd]>", re.S)
NUMBER = re.compile(r"[-+−]?\d[\d,]*(\.\d+)?(e[-+]?\d+)? ?%?", re.I)
LONG = 50  # characters that a cell has in one line
BLANK = {"", "NaN", "None", "<NA>", "NaT", "–", "—"}


def dressed(table: str) -> str:
    """The table with classes: "number" where a column has numbers, and perhaps blanks, and "long" for long texts.

    The name of pandas' index, which has a row of its own, goes into the blank above it.
    """
    if re.search(r"\b(col|row)span=", table):
        return table
    rows = [list(CELL.finditer(row)) for row in ROW.findall(table)]
    body = [row for row in rows if any(cell["kind"] == "td" for cell in row)]
    columns = [[_text(row[at]) for row in body if len(row) > at] for at in range(max(map(len, body), default=0))]
    heads = [bool(body) and at < len(body[0]) and body[0][at]["kind"] == "th" for at in range(len(columns))]
    numbers = {at for at, texts in enumerate(columns) if not heads[at] and _are_numbers(texts)}

    def row(match: re.Match) -> str:
        at = iter(range(len(CELL.findall(match[0]))))
        return CELL.sub(lambda cell: _marked(cell, next(at) in numbers), match[0])

    return ROW.sub(row, _with_one_head(table, rows))


def _with_one_head(table: str, rows: list[list[re.Match]]) -> str:
    if len(rows) < 2 or any(cell["kind"] == "td" for row in rows[:2] for cell in row):
        return table
    (corner, *_), (name, *others) = ([_text(cell) for cell in row] for row in rows[:2])
    if corner or not name or any(others):
        return table
    first, second = ROW.findall(table)[:2]
    return table.replace(second, "", 1).replace(first, CELL.sub(lambda _: rows[1][0][0], first, count=1), 1)


def _text(cell: re.Match) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", cell["text"])).strip()


def _are_numbers(texts: list[str]) -> bool:
    filled = [text for text in texts if text not in BLANK]
    return bool(filled) and all(map(NUMBER.fullmatch, filled))


def _marked(cell: re.Match, is_number: bool) -> str:
    kind = "number" if is_number else "long" if len(_text(cell)) > LONG else ""
    return f'<{cell["kind"]} class="{kind}"{cell["rest"]}>{cell["text"]}</{cell["kind"]}>' if kind else cell[0]
