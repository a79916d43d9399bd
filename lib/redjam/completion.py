"""What Tab offers in `%sql` and `%%sql`: tables, columns, the notebook's variables and the words of SQL.

JupyterLab asks the kernel, so that no extension has to be installed.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from psycopg2.extensions import connection as Connection

from redjam.statements import statement

WORDS = """
SELECT DISTINCT FROM JOIN LEFT ON WHERE AND OR NOT IN IS NULL BETWEEN LIKE GROUP HAVING ORDER BY ASC DESC LIMIT
WITH AS UNION ALL CASE WHEN THEN ELSE END OVER PARTITION TRUE FALSE
COUNT SUM AVG MIN MAX MEDIAN ROUND COALESCE CAST DATE_TRUNC DATEDIFF EXTRACT RANK ROW_NUMBER
"""
_ID = "redjam.sql"
_CELL = re.compile(r"\s*%%sql\b")
_LINE = re.compile(r"(?:\s*\w+\s*=)?\s*%sql\b")
_TEXT = re.compile(r"'(?:[^'\\]|\\.|'')*'|--[^\n]*\n|/\*.*?\*/", re.DOTALL)
_OPEN = re.compile(r"'|--|/\*")
_END = re.compile(r"(?:\b(?P<of>\w+)\.|(?<!:)(?P<variable>:)|(?P<text>\{))?(?P<word>\w*)\Z")
_TABLE_NEXT = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE|VIEW)\s+\Z", re.IGNORECASE)
_NAMED = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+(?:public\.)?(\w+)(?:\s+(?:AS\s+)?(\w+))?", re.IGNORECASE)
_CTE = re.compile(r"\b(\w+)\s+AS\s*\(\s*SELECT\b", re.IGNORECASE)

Offer = tuple[str, str]  # what to write, and what it is
Tables = dict[str, list[str]]  # the columns of each


def offer(connection: Connection) -> None:
    """Let Tab complete the SQL of this notebook, from the tables that the connection sees.

    They are read now, and again at a Tab after a cell has run while the connection is free; what fails is not told, and
    what was read before stays.
    """
    from IPython import get_ipython
    from IPython.core.completer import SimpleCompletion, context_matcher

    shell = get_ipython()
    tables, read_at = _tables(connection) or {}, shell.execution_count

    @context_matcher(identifier=_ID, priority=100)
    def match(context) -> dict:
        nonlocal tables, read_at
        lines = context.full_text.split("\n")
        offset = sum(len(line) + 1 for line in lines[: context.cursor_line]) + context.cursor_position
        if not (at := sql_at(context.full_text, offset)):
            return {"completions": []}
        if read_at != shell.execution_count:
            tables, read_at = _tables(connection) or tables, shell.execution_count
        word, offers = complete(*at, tables, shell.user_ns)
        found = [SimpleCompletion(text, type=kind) for text, kind in offers]
        return {"completions": found, "matched_fragment": word, "suppress": True, "ordered": True}

    others = [one for one in shell.Completer.custom_matchers if getattr(one, "matcher_identifier", "") != _ID]
    shell.Completer.custom_matchers = [*others, match]


def sql_at(cell: str, offset: int) -> tuple[str, str] | None:
    """The SQL before and after a place in a cell, None where it is Python."""
    if magic := _CELL.match(cell):
        start, end = magic.end(), len(cell)
    else:
        begin = cell.rfind("\n", 0, offset) + 1
        magic = _LINE.match(cell, begin)
        if not magic:
            return None
        start, end = magic.end(), (cell + "\n").find("\n", offset)
    return (cell[start:offset], cell[offset:end]) if start < offset else None


def complete(before: str, after: str, tables: Tables, variables: dict) -> tuple[str, list[Offer]]:
    """The word that ends at the cursor, and what may stand in its place, the likeliest first."""
    code = _TEXT.sub(" ", before)
    end = _END.search(code)
    word = end["word"]
    if _OPEN.search(code):
        offers: Iterable[Offer] = ()
    elif end["variable"] or end["text"]:
        offers = _variables(variables, (str,) if end["text"] else (str, int, float, date))
    else:
        offers = _sql(code[: end.start()], end["of"], _TEXT.sub(" ", before + after), tables)
    found = [(text, kind) for text, kind in dict(offers).items() if text.lower().startswith(word.lower())]
    # Were there none, IPython would offer names of Python: the word itself changes nothing.
    return word, found or [(word, "text")]


def _variables(variables: dict, kinds: tuple[type, ...]) -> Iterator[Offer]:
    for name, value in variables.items():
        if isinstance(value, kinds) and not name.startswith(("_", "redjam_")):
            yield name, "variable"


def _sql(code: str, of: str | None, query: str, tables: Tables) -> Iterator[Offer]:
    named = {}
    for table, alias in _NAMED.findall(query):
        if table.lower() in tables:
            named |= {table.lower(): table.lower(), alias.lower(): table.lower()}
    ctes = [(name, "query") for name in _CTE.findall(query)]
    if of and of.lower() in named:
        yield from ((column, "column") for column in tables[named[of.lower()]])
        return
    if (of and of.lower() == "public") or (not of and _TABLE_NEXT.search(code)):
        yield from ((table, "table") for table in tables)
        yield from ctes
        return
    columns = [(column, "column") for table in dict.fromkeys(named.values()) or tables for column in tables[table]]
    yield from columns
    if not of:
        yield from ((table, "table") for table in tables)
        yield from ctes
        yield from ((text, "keyword") for text in WORDS.split())


def _tables(connection: Connection) -> Tables | None:
    """The columns of each table; None if the connection is closed, in a transaction, or cannot tell."""
    if connection.closed or connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
        return None
    tables: Tables = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement("visible_columns"))
            for table, column in cursor:
                tables.setdefault(table, []).append(column)
    except psycopg2.Error:
        return None
    return tables
