"""The rows of a query on standard output: numbers keep all their digits, times are ISO 8601."""

import csv
import json
import math
import sys
from decimal import Decimal


def write_table(names: list[str], rows: list[tuple]) -> None:
    """A table for a reader, and how many rows it has."""
    import pandas as pd

    # As objects, or pandas would turn whole numbers with a NULL among them into floats.
    shown = [["NULL" if value is None else value for value in row] for row in rows]
    frame = pd.DataFrame(shown, columns=names, dtype=object)
    with pd.option_context("display.unicode.east_asian_width", True):
        print(frame.to_string(index=False, justify="left") if rows else " ".join(names))
    print(f"({count(len(rows))})")


def write_csv(names: list[str], rows: list[tuple]) -> None:
    """CSV with a line of names; NULL is empty."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_plain(value) for value in row] for row in rows)


def write_json(names: list[str], rows: list[tuple]) -> None:
    """One JSON array, an object a row."""
    keys = [json.dumps(name, ensure_ascii=False) for name in names]
    objects = [", ".join(f"{key}: {_json(value)}" for key, value in zip(keys, row, strict=True)) for row in rows]
    print("[" + ",\n".join(f"{{{text}}}" for text in objects) + "]")


def _json(value) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(str(value))  # JSON has no such number
    return json.dumps(value, ensure_ascii=False, default=lambda other: str(_plain(other)))


def _plain(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if hasattr(value, "isoformat") else value


def count(rows: int) -> str:
    """The number of rows in words."""
    return f"{rows} row" if rows == 1 else f"{rows} rows"


WRITE = {"table": write_table, "csv": write_csv, "json": write_json}
