"""The rows that a load rejects: those that COPY could not load, and those that no rule of the star lets in."""

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from psycopg2.extensions import connection as Connection

from redjam import documents, ledger, load_errors, sources, warehouse
from redjam.config import Settings

# Column that a rule finds wrong -> the reason.
REASONS = {
    "ts": "a time before the year 2000 or in the future; ts counts milliseconds since 1970, in UTC",
    "user_id": "a play without its listener",
    "session_id": "a play without its session",
    "item_in_session": "a play without its place in the session",
    "level": "a play without its level",
}
# What a rejected event is known by in its file.
NUMBERS, TEXTS = ("ts", "user_id", "session_id", "item_in_session"), ("page", "level")
KNOWN_BY = NUMBERS + TEXTS
_PATH = re.compile(r"""\[\s*(?:'([^']*)'|"([^"]*)"|(\d+))\s*\]|\.?([^.\[\]$]+)""")


def note(record: ledger.Record, table: str, rows: list[load_errors.Rejected]) -> None:
    """Keep what COPY rejected for the ledger."""
    for row in rows:
        reason = row.reason
        if row.column in ("page", "ts") and row.code == 1213:
            reason += "; do LOG_DATA and LOG_JSON_PATH name the logs and their paths?"
        _note(record, table, row.file, row.line, row.column, row.value, reason, row.code)


def by_rules(connection: Connection, settings: Settings, first_batch: int, record: ledger.Record) -> None:
    """Take the new events that break a rule out of staging, and keep them for the ledger with their file and line.

    More than MAX_REJECTED rejected rows are a LoadFailed.
    """
    warehouse.execute(connection, warehouse.statement("stage/rejected_events"), first_batch=first_batch)
    with connection.cursor() as cursor:  # a frame would make floats of numbers with a NULL among them
        cursor.execute("SELECT * FROM rejected_events ORDER BY batch_id, ts")
        columns = [column.name for column in cursor.description]
        events = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    if events:
        warehouse.execute(connection, warehouse.statement("stage/drop_rejected_events"))
        _note_events(settings, record, events)
    warehouse.execute(connection, "DROP TABLE rejected_events")
    if len(record.rejected) > settings.max_rejected:
        raise load_errors.LoadFailed(_message(record.rejected) + f"\n{advice(settings)}")


def _message(rows: list[dict]) -> str:
    lines = [f"{len(rows):,} row{'' if len(rows) == 1 else 's'} rejected, nothing was loaded."]
    for row in rows[: load_errors.SHOWN]:
        column, value = row["column_name"], row["value"]
        said = "" if value is None else f", value '{value}'"
        lines.append(f"{row['uri']} line {row['line']}, column {column}{said}: {row['reason']}")
    if (more := len(rows) - load_errors.SHOWN) > 0:
        lines.append(f"and {more:,} more")
    return "\n    ".join(lines)


def advice(settings: Settings) -> str:
    """What a user can do about rejected rows."""
    return (
        f"[ETL] MAX_REJECTED = {settings.max_rejected} lets a load leave out so many rows; "
        "SELECT * FROM load_errors shows what was rejected."
    )


def _note_events(settings: Settings, record: ledger.Record, events: list[dict]) -> None:
    of_file, files = defaultdict(list), {file["batch_id"]: file for file in record.files}
    for event in events:
        of_file[event["batch_id"]].append(event)
    for batch_id, left in of_file.items():
        file = files[batch_id]
        for line, event in _found(settings, file["uri"], left):
            column = event["column_name"]
            _note(record, "staging_events", file["uri"], line, column, event[column], REASONS[column])
            file["rows_loaded"] -= 1
            file["rows_rejected"] += 1
        if left:
            raise sources.changed(file["uri"])


def _found(settings: Settings, uri: str, events: list[dict]) -> Iterator[tuple[int, dict]]:
    """The lines of a file in which these events stand; each that is found is taken off the list."""
    paths, left = _paths(settings), defaultdict(list)
    for event in events:
        left[tuple(event[column] for column in NUMBERS)].append(event)
    for line, document in sources.objects(settings, uri):
        if not left:
            break
        pairs = document.items()
        if settings.log_json_path == "auto ignorecase":
            pairs = reversed([(name.lower(), value) for name, value in pairs])
        values = {column: _value(dict(pairs), path) for column, path in paths.items()}
        numbers = tuple(_number(values[column]) for column in NUMBERS)
        for event in left.get(numbers, ()):
            if all(_same(values[column], event[column]) for column in TEXTS):
                left[numbers].remove(event)
                if not left[numbers]:
                    del left[numbers]
                yield line, event
                break
    events[:] = itertools.chain.from_iterable(left.values())


def _paths(settings: Settings) -> dict[str, list[str]]:
    """For each column by which an event is known, the keys that lead to it in a document."""
    if settings.log_json_path.startswith("auto"):
        return {column: [column] for column in KNOWN_BY}
    # The jsonpaths file names the keys in the order in which COPY names the columns.
    columns = re.search(r"\((.*?)\)", (warehouse.SQL / "copy/staging_events.sql").read_text(), re.DOTALL)[1]
    _, document = next(sources.objects(settings, settings.log_json_path))
    paths = dict(zip(columns.replace(",", " ").split(), document["jsonpaths"], strict=True))
    return {column: ["".join(parts) for parts in _PATH.findall(paths[column])] for column in KNOWN_BY}


def _value(document, path: list[str]):
    for key in path:
        if isinstance(document, list):
            document = document[int(key)] if int(key) < len(document) else None
        elif isinstance(document, dict):
            document = document.get(key)
        else:
            return None
    return document


def _number(written) -> int | None:
    """The whole number that COPY makes of a value, of white space none; one that is no number is no event's either."""
    try:
        return int(Decimal(written)) if isinstance(written, str) and written.strip() else None
    except (ArithmeticError, ValueError):
        return None


def _same(written, loaded: str | None) -> bool:
    """Whether a value in a file is the text that COPY made of it, as it is staged: without trailing blanks."""
    if isinstance(written, str):
        return written.rstrip(" ") == (loaded or "")
    try:
        return documents.value(loaded) == written if loaded else written is None
    except ValueError:
        return False


def _note(
    record: ledger.Record,
    table: str,
    uri: str,
    line: int,
    column: str,
    value,
    reason: str,
    code: int | None = None,
) -> None:
    value = None if value is None else ledger.cut("value", str(value))
    about = {"run_id": record.run_id, "table_name": table, "uri": uri, "line": line, "column_name": column}
    record.rejected.append(about | {"value": value, "code": code, "reason": ledger.cut("reason", reason)})
