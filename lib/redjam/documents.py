"""The JSON documents in a text, told apart as COPY does: by the stand-in's COPY, and to name a rejected row's line."""

import json
import re
from collections.abc import Iterable, Iterator

DOCUMENT_BYTES = 4 * 1024 * 1024
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


def _refuse_constant(name: str):
    raise ValueError(f"{name} is not JSON")


def first(pairs: Iterable[tuple[str, object]]) -> dict:
    """Of keys that are the same the first one counts, as to polars; Redshift's rule is not documented."""
    members = {}
    for key, value in pairs:
        members.setdefault(key, value)
    return members


def _object(pairs: list[tuple[str, object]]) -> dict:
    members = dict(pairs)
    return members if len(members) == len(pairs) else first(pairs)


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


def value(text: str):
    """The value that a JSON text is, with numbers as `documents` gives them; ValueError if it is none."""
    return _DECODER.decode(text)
