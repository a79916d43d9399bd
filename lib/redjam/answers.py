"""An answer as a reader gives it: as a frame, its values whatever their types, and how it differs from the right one.

Nothing here raises, whatever an answer holds: a value that nothing is known of is equal to itself at most.
"""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import isnan
from numbers import Real
from operator import eq
from typing import Any

import pandas as pd

LOOKED_AT = 5_000  # missing rows, among which the nearest to a wrong one is looked for
_ISO = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?", re.ASCII)
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*", re.ASCII | re.IGNORECASE)
_EPOCH = datetime(1970, 1, 1)


def framed(answer: Any, one_value: list[str]) -> pd.DataFrame | None:
    """An answer as a frame, its columns in lower case; None for what is none.

    Where one value is asked for, `one_value` has the name of its column: a lone value needs no table and no name.
    """
    if one_value and isinstance(answer, str | date | Real | Decimal):
        return pd.DataFrame([[answer]], columns=one_value, dtype=object)
    if isinstance(answer, pd.Series):
        answer = answer.to_frame()
    if not isinstance(answer, pd.DataFrame):
        return None
    names = one_value if one_value and answer.shape == (1, 1) else [str(column).lower() for column in answer.columns]
    return answer.set_axis(names, axis="columns")


def misfit(name: str, frame: pd.DataFrame | None, answer: Any, columns: list[str]) -> str:
    """Why the answer to the exercise `name` cannot be compared; nothing if it can."""
    asked = f"asked for {'is' if len(columns) == 1 else 'are'} {listed(columns)}"
    if frame is None:
        what = "None" if answer is None else f"no table, but a value of the type {type(answer).__name__}"
        return (
            f"This answer is {what}; {asked}. Begin the cell with `%%sql {name} <<`, and let a SELECT follow: its rows "
            f"are then in `{name}`."
        )
    if frame.columns.empty:
        return f"This answer has no columns; {asked}. Its statement gave no rows to look at: is it a SELECT?"
    absent = [column for column in columns if column not in frame.columns]
    if len(absent) == len(columns):
        return f"This looks like the answer to another question. Its columns are {listed(frame.columns)}; {asked}."
    if absent:
        return f"No column {listed(absent)}; {asked}. Yours are {listed(frame.columns)}: `AS` gives a column its name."
    if twice := [column for column in columns if list(frame.columns).count(column) > 1]:
        return f"More than one column is called {listed(twice)}: leave one, or name them apart with `AS`."
    return ""


# --- Comparison -------------------------------------------------------------------------------------------


def rows(frame: pd.DataFrame, right: pd.DataFrame) -> Counter:
    """How often there is each row, of the columns of the right answer, as tuples of what `plain` makes of values."""
    return Counter(_tuples(frame, right))


def plain(value: Any, is_number: bool = False) -> Hashable:
    """A value as one that is equal if the meaning is, whatever the type: 1, 1.0 and Decimal(1), a day and its midnight.

    Numbers count by ten digits, times by the millisecond, which is what the logs have, and in UTC. A text is a time if
    it is written as one, and a number only if `is_number`: where the right answer has numbers.
    """
    try:
        return _meaning(value, is_number)
    except Exception:  # such as a time that UTC puts before year 1, or an object that refuses to be looked at
        return "other", _written(value)


def _meaning(value: Any, is_number: bool) -> Hashable:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    if isinstance(value, str) and is_number and _NUMBER.fullmatch(value):
        value = Decimal(value)
    if isinstance(value, str) and _ISO.fullmatch(value):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
        moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        return "time", round((moment - _EPOCH) / timedelta(milliseconds=1))
    if isinstance(value, Real | Decimal) and not isinstance(value, bool):
        number = float(value)
        return int(value) if number.is_integer() else float(f"{number:.10g}")
    return value if isinstance(value, str) else ("other", _written(value))


def _tuples(frame: pd.DataFrame, right: pd.DataFrame) -> list[tuple]:
    return list(zip(*(_values(frame[name], _is_numeric(right[name])) for name in right.columns), strict=True))


def _is_numeric(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) or any(isinstance(value, Real | Decimal) for value in column)


def _values(column: pd.Series, is_number: bool) -> Iterable[Hashable]:
    """What plain makes of each value, at once where pandas can."""
    if column.dtype == "int64":
        return column.tolist()
    if str(column.dtype) in {"datetime64[us]", "datetime64[ns]"}:
        counts = ((column - _EPOCH) / timedelta(milliseconds=1)).tolist()
        return [None if isnan(count) else ("time", round(count)) for count in counts]
    return [plain(value, is_number) for value in column.tolist()]


def difference(frame: pd.DataFrame, right: pd.DataFrame) -> str:
    """How an answer that no known fault gives differs from the right one, with its first row that does."""
    columns, mine, wanted = list(right.columns), _tuples(frame, right), _tuples(right, right)
    if not mine:
        return (
            f"No rows at all, instead of {len(wanted):,}. Does the WHERE ask for what there is not, such as "
            "page = 'Next Song' with a blank?"
        )
    extra, missing = Counter(mine) - Counter(wanted), Counter(wanted) - Counter(mine)
    said = []
    if len(mine) != len(wanted):
        many = "too many" if len(mine) > len(wanted) else "too few"
        said.append(f"{rows_in_words(abs(len(mine) - len(wanted)))} {many}: {len(mine):,} instead of {len(wanted):,}.")
    if not extra:
        said.append(f"The first that is missing: {_row(right, _first(wanted, missing), columns)}.")
        return " ".join(said)
    wrong = _first(mine, extra)
    if mine[wrong] in set(wanted):
        said.append(f"This one is there more often than it should be: {_row(frame, wrong, columns)}.")
        return " ".join(said)
    said.append(f"The first that is not right: {_row(frame, wrong, columns)}.")
    if missing:
        places = [place for place, row in enumerate(wanted) if row in missing][:LOOKED_AT]
        nearest = max(places, key=lambda place: sum(map(eq, wanted[place], mine[wrong])))
        apart = [name for name, a, b in zip(columns, wanted[nearest], mine[wrong], strict=True) if a != b]
        said.append(f"The nearest that is missing: {_row(right, nearest, columns)}. They differ in {listed(apart)}.")
    return " ".join(said)


def _first(rows: list[tuple], among: Counter) -> int:
    return next(place for place, row in enumerate(rows) if row in among)


# --- Words ------------------------------------------------------------------------------------------------


def text(value: Any) -> str:
    """A value as a reader knows it from SQL."""
    meant = plain(value)
    if meant is None:
        return "NULL"
    if isinstance(meant, int):
        return f"{meant:,}"
    return _written(value, repr if isinstance(value, str) else str)


def rows_in_words(count: int) -> str:
    """`1 row`, `2 rows`."""
    return "1 row" if count == 1 else f"{count:,} rows"


def listed(names: Iterable[str]) -> str:
    """Names with commas between them."""
    return ", ".join(map(str, names))


def _row(frame: pd.DataFrame, place: int, columns: list[str]) -> str:
    return ", ".join(f"{column} {text(frame[column].tolist()[place])}" for column in columns)


def _written(value: Any, write: Callable[[Any], str] = repr) -> str:
    try:
        return write(value)
    except Exception:  # such as a number of more than 4,300 digits
        return f"a value of the type {type(value).__name__}"
