"""What a statement writes and from where the content comes: a small reader of the SQL files as they are written."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# What a statement begins with, the table that it writes, and where its query begins.
_WRITES = {
    "COPY": r"COPY (\w+)()",
    "MERGE": r"MERGE INTO (\w+) USING (?=\w)()",
    "INSERT": r"INSERT INTO (\w+) \([\w, ]+\) (?=SELECT|WITH)()",
    "TEMP": r"CREATE TEMP TABLE (\w+) (?:\w+ (?:\(\w+\) )?)*?AS (?=SELECT|WITH)()",
    "MATERIALIZED VIEW": r"CREATE MATERIALIZED VIEW (\w+) .*?\bAS (?=SELECT|WITH)()",
}
_NOTHING = r"SELECT|WITH|DELETE FROM|CREATE TEMP TABLE \w+ \(LIKE "
_END = re.compile(r" (?:WHERE|GROUP BY|HAVING|QUALIFY|ORDER BY|LIMIT) ")
_JOIN = re.compile(r",| (?:(?:LEFT|RIGHT|FULL|INNER|CROSS|OUTER) )*JOIN ")


@dataclass(frozen=True)
class Step:
    """A statement that brings rows into a table: by what verb, and from which tables their content comes."""

    target: str
    verb: str
    sources: frozenset[str]


def step(statement: str) -> Step | None:
    """Read a statement; None if it brings no rows into a table, ValueError if it is none that is known here."""
    text = " ".join(re.sub(r"--[^\n]*|'[^']*'", " ", statement).rstrip("; \n").split())
    for verb, pattern in _WRITES.items():
        if found := re.match(pattern, text):
            query = text[found.start(2) :]
            if verb == "COPY":
                sources = set()
            elif verb == "MERGE":
                sources = {re.match(r"\w+", query)[0]}
            else:
                sources = suppliers(query)
            return Step(found[1], verb, frozenset(sources))
    if re.match(_NOTHING, text):
        return None
    raise ValueError(f"a statement that the diagrams do not know: {text[:80]!r}")


def suppliers(query: str, known: dict[str, set[str]] | None = None) -> set[str]:
    """The tables from which a query takes what it selects; those in conditions alone are not among them."""
    known = dict(known or {})
    query = query.strip()
    while found := re.match(r"(?:WITH|,) ?(\w+) AS \(", query):
        end = _outer(query).index(")", found.end())
        known[found[1]] = suppliers(query[found.end() : end], known)
        query = query[end + 1 :].strip()
    outer, found = _outer(query), set()
    cuts = [0, *(cut for union in re.finditer(r" UNION (?:ALL )?", outer) for cut in union.span()), len(query)]
    for begin, end in zip(cuts[::2], cuts[1::2], strict=True):
        found |= _of_select(query[begin:end], known)
    return found


def _of_select(query: str, known: dict[str, set[str]]) -> set[str]:
    outer = _outer(query)
    if " FROM " not in outer:
        return set()
    start = outer.index(" FROM ")
    end = found.start() if (found := _END.search(outer, start)) else len(query)
    relations = dict(_relations(query[start + 6 : end], known))
    selected = query[:start]
    named = {name for name in re.findall(r"\b(\w+)\.", selected) if name in relations}
    # COUNT(*) counts what all of them have together; columns without a table's name are those of the only one.
    chosen = relations if "COUNT(*)" in selected or not named else named
    return set().union(*(relations[name] for name in chosen))


def _relations(text: str, known: dict[str, set[str]]) -> Iterable[tuple[str, set[str]]]:
    """Each relation of a FROM, by the name by which it is called, with the tables that it comes from."""
    outer = _outer(text)
    cuts = [0, *(cut for join in _JOIN.finditer(outer) for cut in join.span()), len(text)]
    for begin, end in zip(cuts[::2], cuts[1::2], strict=True):
        stop = found.start() if (found := re.search(r" ON ", outer[begin:end])) else end - begin
        relation = text[begin : begin + stop].strip()
        called = re.search(r"(\w+)\)?$", relation)[1]
        if relation.startswith("("):
            yield called, suppliers(relation[1 : _outer(relation).index(")", 1)], known)
        else:
            name = re.match(r"\w+", relation)[0]
            yield called, known.get(name, {name})


def _outer(text: str) -> str:
    """The text with all that stands in parentheses blanked out, at the same places."""
    depth, letters = 0, []
    for letter in text:
        depth -= letter == ")"
        letters.append("." if depth else letter)
        depth += letter == "("
    return "".join(letters)
