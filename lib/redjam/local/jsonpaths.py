"""The values in a JSON document that belong to the columns: jsonpaths, and auto."""

import logging
import re
from collections.abc import Callable

from redjam.documents import Reject, first
from redjam.local.sources import CopyError, one_document

_log = logging.getLogger(__name__)
# A jsonpaths file keeps to one notation, and each path leads to one element: no wildcards, no filters.
_BRACKETS = re.compile(r"\$(?:\['[^']+'\]|\[[0-9]+\])+")
_DOTS = re.compile(r"\$(?:\.[^'.\[\]*]+|\[[0-9]+\])+")
_STEP = re.compile(r"\['([^']+)'\]|\[([0-9]+)\]|\.([^'.\[\]]+)")


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
            document = first((key.lower(), value) for key, value in document.items())
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
