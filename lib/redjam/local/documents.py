"""The JSON documents in what COPY reads, and the values in a document that belong to the columns."""

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator

from redjam.local.sources import CopyError, one_document

DOCUMENT_BYTES = 4 * 1024 * 1024
_log = logging.getLogger(__name__)
# A jsonpaths file keeps to one notation, and each path leads to one element: no wildcards, no filters.
_BRACKETS = re.compile(r"\$(?:\['[^']+'\]|\[[0-9]+\])+")
_DOTS = re.compile(r"\$(?:\.[^'.\[\]*]+|\[[0-9]+\])+")
_STEP = re.compile(r"\['([^']+)'\]|\[([0-9]+)\]|\.([^'.\[\]]+)")
_SPACE = re.compile(r"[ \t\r\n]*")
_JUNK = re.compile(r"[^{\[\n]+")
_BRACKET = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}\[\]]|\n(?=[{\[])')


class Reject(Exception):
    """One row cannot be loaded: Redshift's load error code and reason, and the byte of the field if it tells one."""

    def __init__(self, code: int, reason: str, position: int = 0):
        super().__init__(reason)
        self.code, self.reason, self.position = code, reason, position


class Number(str):
    """The text of a JSON number, as written in the file."""

    __slots__ = ()


def jsonpaths(location: str, s3: Callable) -> list[list[str | int]] | None:
    """Read a jsonpaths file: for each column the keys and array indexes that lead to its value.

    None if its key is not "jsonpaths": Redshift then ignores the file and takes 'auto'.
    https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html#copy-json-jsonpaths
    """
    document = one_document(location, s3)
    if not isinstance(document, dict):
        raise CopyError(f"the jsonpaths file '{location}' must hold one JSON object, not an array or a value")
    if "jsonpaths" not in document:
        _log.warning("%s has no key \"jsonpaths\": COPY ignores the file and takes 'auto'", location)
        return None
    paths = document["jsonpaths"]
    if not isinstance(paths, list) or not all(isinstance(path, str) and path for path in paths):
        raise CopyError(f"'{location}': \"jsonpaths\" must be an array of strings that are not empty")
    if not all(map(_BRACKETS.fullmatch, paths)) and not all(map(_DOTS.fullmatch, paths)):
        wrong = next((p for p in paths if not _BRACKETS.fullmatch(p) and not _DOTS.fullmatch(p)), "a mixture")
        forms = "$['a']['b'][0] throughout, or $.a.b[0] throughout; no wildcards or filters"
        raise CopyError(f"'{location}': Invalid JSONPath format: {wrong}; write {forms}")
    steps = [[match.groups() for match in _STEP.finditer(path)] for path in paths]
    return [[int(index) if index else key or name for key, index, name in path] for path in steps]


def paths(option: str, columns: list[str], s3: Callable) -> list[list[str | int]]:
    """The path of each column: what the jsonpaths file says, or the column's name as a key."""
    found = None if option in ("auto", "auto ignorecase") else jsonpaths(option, s3)
    if found is None:
        found = [[name] for name in columns]
    if len(found) != len(columns):
        sizes = f"JSONPath size: {len(found)}, Number of columns in table or column list: {len(columns)}"
        raise CopyError(f"'{option}': Number of jsonpaths and the number of columns should match. {sizes}")
    return found


def flat_keys(paths: list[list[str | int]]) -> list[str] | None:
    """The keys, if each path leads to a value at the first level of an object."""
    return [path[0] for path in paths] if all(len(p) == 1 and isinstance(p[0], str) for p in paths) else None


def lookup(paths: list[list[str | int]], ignorecase: bool) -> Callable[[dict | list], list]:
    """Make the function from a document to its values in the order of the columns; a missing one is None."""
    keys = flat_keys(paths)
    if keys is None:
        return lambda document: [_follow(document, path) for path in paths]

    def values(document: dict | list) -> list:
        if isinstance(document, list):
            found = "a root-level array; COPY takes objects that only white space separates"
            raise Reject(1216, f"Invalid JSONPath format: Member is not an object ({found})")
        if ignorecase:
            document = _first((key.lower(), value) for key, value in document.items())
        return list(map(document.get, keys))

    return values


def _follow(value, path: list[str | int]):
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                raise _astray("Not an array or index out of range", path)
            value = value[step]
        elif isinstance(value, dict):
            value = value.get(step)
        elif value is not None:
            raise _astray("Member is not an object", path)
    return value


def _astray(problem: str, path: list[str | int]) -> Reject:
    return Reject(1216, f"Invalid JSONPath format: {problem} (path ${''.join(f'[{step!r}]' for step in path)})")


def _refuse_constant(name: str):
    raise ValueError(f"{name} is not JSON")


def _first(pairs: Iterable[tuple[str, object]]) -> dict:
    """Of keys that are the same the first one counts, as to polars; Redshift's rule is not documented."""
    members = {}
    for key, value in pairs:
        members.setdefault(key, value)
    return members


def _object(pairs: list[tuple[str, object]]) -> dict:
    members = dict(pairs)
    return members if len(members) == len(pairs) else _first(pairs)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=Number, parse_int=Number, parse_constant=_refuse_constant
)


def documents(text: str, more: bool = False) -> Iterator[tuple[dict | list | Reject | None, int, int]]:
    """Give each root-level object or array with its start and end; a Reject stands where there is none.

    Only white space may stand between documents. After a malformed one, reading goes on where its brackets
    close or the next line opens a document. `more` says that these whole lines are not all of their file: a None at
    the end stands for a document that may go on in the next ones.
    """
    position = _SPACE.match(text).end()
    while position < len(text):
        try:
            if text[position] not in "{[":
                raise ValueError("neither an object nor an array")
            document, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            document, end = _malformed(error, text, position), _resume(text, position)
            if more and (end == len(text) or _SPACE.fullmatch(text, getattr(error, "pos", position))):
                yield None, position, end
                return
        # A character has at most four bytes: the exact size is worked out only where it can matter.
        size = end - position
        if size * 4 > DOCUMENT_BYTES:
            size = len(text[position:end].encode("utf-8", "surrogatepass"))
        if size > DOCUMENT_BYTES:
            document = Reject(1216, f"JSON object exceeds the maximum size of 4 MB ({size:,} bytes)")
        yield document, position, end
        position = _SPACE.match(text, end).end()


def _malformed(error: Exception, text: str, position: int) -> Reject:
    if text.startswith("\ufeff", position):
        return Reject(1216, "Invalid value (a byte order mark; save the file as UTF-8 without one)")
    reason = getattr(error, "msg", None) or str(error)
    return Reject(1216, f"Invalid value (malformed JSON: {reason})")


def _resume(text: str, position: int) -> int:
    """Where to go on after malformed text: past junk, its last bracket, or where a line opens a document."""
    if junk := _JUNK.match(text, position):
        return junk.end()
    depth = 0
    for match in _BRACKET.finditer(text, position):
        mark = match[0]
        depth += (mark in "{[") - (mark in "}]")
        if mark == "\n":
            return match.start()
        if depth == 0:
            return match.end()
    return len(text)
