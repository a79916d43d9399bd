"""The parameters of a run: what its notebooks declare, and the values that they are given, typed as declared."""

import ast
import difflib
from pathlib import Path

import nbformat
import papermill

from redjam.record import RunError

BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}
TYPES = {
    "int": (int, "a whole number"),
    "float": (float, "a number"),
    # Not bool(text), for which 'false' is true.
    "bool": (lambda text: BOOLEANS[text.lower()], "true or false"),
    "str": (str, "text"),
}


def assign(parameters: dict[str, str], sources: list[Path]) -> dict[Path, dict]:
    """Give each notebook the parameters that it declares, typed as declared; a wrong one is a RunError."""
    declared = {source: _declared(source) for source in sources}
    for name in parameters:
        if not any(name in of for of in declared.values()):
            raise RunError(_unknown(name, declared))
    return {
        source: {name: _typed(text, of[name], source) for name, text in parameters.items() if name in of}
        for source, of in declared.items()
    }


def _declared(source: Path) -> dict[str, dict]:
    try:
        return papermill.inspect_notebook(source)
    except (ValueError, nbformat.ValidationError) as error:
        first = str(error).strip().partition("\n")[0]
        raise RunError(f"{source} cannot be read as a notebook: {first}") from error


def _unknown(name: str, declared: dict[Path, dict]) -> str:
    """The error for a parameter that no notebook declares, with all those that one does."""
    known = [(source.stem, of) for source, all_of in declared.items() for of in all_of.values()]
    close = difflib.get_close_matches(name, [of["name"] for _, of in known], n=1)
    lines = [f"no notebook has a parameter {name!r}" + (f"; did you mean {close[0]}?" if close else "")]
    for stem, of in known:
        about = f"  # {of['help']}" if of["help"] else ""
        lines.append(f"  {of['name']}: {_kind(of)} = {of['default']}{about} ({stem})")
    return "\n".join(lines)


def _kind(of: dict) -> str:
    """The declared type of a parameter, or else that of its default."""
    if of["inferred_type_name"] != "None":
        return of["inferred_type_name"]
    try:
        return type(ast.literal_eval(of["default"])).__name__
    except (ValueError, SyntaxError):
        return "str"


def _typed(text: str, of: dict, source: Path) -> bool | int | float | str:
    kind, name = _kind(of), of["name"]
    if kind not in TYPES:
        raise RunError(f"parameter {name} of {source.name} is a {kind}, which cannot be given as text")
    convert, expected = TYPES[kind]
    try:
        return convert(text)
    except (ValueError, KeyError):
        raise RunError(f"parameter {name} is {text!r}: {source.name} expects {expected} ({kind})") from None
