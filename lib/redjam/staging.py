"""Which files a load takes, and how they come into staging: a COPY each, or of many small ones together."""

import itertools
import json
import logging
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

from psycopg2.extensions import connection as Connection

from redjam import aws, infrastructure, ledger, load_errors, rejected, sources, warehouse
from redjam.config import Settings
from redjam.progress import bar
from redjam.sources import Source

# Staging table -> the setting that says where its files are, and the temporary table that its COPY fills.
SOURCES = {"staging_events": ("log_data", "new_events"), "staging_songs": ("song_data", "new_songs")}
# Up to so many new files come in a COPY each, so that each can be replaced alone; more come together.
ALONE = 100
TOGETHER, TOGETHER_BYTES = 1_000, 8 * 1024 * 1024
SHOWN_NAME = 256  # bytes of a file's name: https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_DETAIL.html
log = logging.getLogger(__name__)


class WrongDays(ValueError):
    """The days asked for are none, or a file does not say which day it holds."""


def days(since: str, until: str) -> tuple[str, str] | None:
    """The first and the last day asked for, as ISO text; None if none is."""
    for name, day in (("since", since), ("until", until)):
        try:
            if day and date.fromisoformat(day).isoformat() != day:
                raise ValueError
        except (ValueError, TypeError):
            raise WrongDays(f"{name} is {day!r}: write a day such as 2018-11-02") from None
    if since and until and since > until:
        raise WrongDays(f"since {since} is after until {until}: no day lies between them")
    return (since or "0001-01-01", until or "9999-12-31") if since or until else None


def of_days(found: list[Source], asked: tuple[str, str] | None) -> list[Source]:
    """The files of the days asked for, by their names; WrongDays if one has no date there."""
    if not asked:
        return found
    if undated := [file.uri for file in found if not file.day]:
        raise WrongDays(
            f"{undated[0]} has no date in its name, so whether it is of the days asked for is unknown: name files "
            "after their day, as in 2018-11-02-events.json, or load without since and until"
        )
    chosen = [file for file in found if asked[0] <= file.day <= asked[1]]
    if not chosen:
        days_there = sorted({file.day for file in found})
        raise WrongDays(
            f"there is no file of the days asked for: those that are there are of {days_there[0]} to {days_there[-1]}"
        )
    return chosen


def choose(
    asked: list[Source], found: list[Source], known: dict[str, ledger.Loaded], reload: bool = False
) -> list[Source]:
    """The files to load: of those asked for the new and the changed ones, and what came in one COPY with these.

    Rows that came in one COPY with those of a file that is gone stay as they are, which is logged: to take them anew
    would lose that file's.
    """
    chosen = {file.uri for file in asked if reload or _has_changed(file, known.get(file.uri))}
    batch_of = {uri: loaded.batch_id for uri, loaded in known.items()}
    gone = {batch_of[uri]: uri for uri in sorted(known.keys() - {file.uri for file in found}, reverse=True)}
    for uri in sorted(uri for uri in chosen if batch_of.get(uri) in gone):
        chosen.remove(uri)
        log.warning(
            "%s is left as it was loaded before: it came in one COPY with %s, which is no longer there; put that back, "
            "or make all anew from the files that are there: redjam etl --reload",
            uri,
            gone[batch_of[uri]],
        )
    again = {batch_of[uri] for uri in chosen if uri in known}
    return [file for file in found if file.uri in chosen or batch_of.get(file.uri) in again]


def _has_changed(file: Source, loaded: ledger.Loaded | None) -> bool:
    return loaded is None or (file.size, file.version) != (loaded.size, loaded.version)


def batches(files: list[Source]) -> list[list[Source]]:
    """The files of each COPY: every one alone, or if they are many, small ones together; gzip never with plain ones."""
    if len(files) <= ALONE:
        return [[file] for file in files]
    together, size = [], 0
    for file in sorted(filter(_can_be_told, files), key=_is_gzip):
        size += file.size
        full = size > TOGETHER_BYTES or (together and len(together[-1]) == TOGETHER)
        if not together or full or _is_gzip(together[-1][0]) != _is_gzip(file):
            together.append([])
            size = file.size
        together[-1].append(file)
    return [[file] for file in files if not _can_be_told(file)] + together


def _can_be_told(file: Source) -> bool:
    """Whether the system tables, which cut names at 256 bytes and fill them up with blanks, show all of its name."""
    return len(file.uri.encode()) <= SHOWN_NAME and not file.uri.endswith(" ")


def _is_gzip(file: Source) -> bool:
    return file.uri.endswith(".gz")


@dataclass(frozen=True)
class Job:
    """A load: on which connection, from and by what, and the record of what becomes of it."""

    connection: Connection
    settings: Settings
    role_arn: str
    record: ledger.Record


def stage(job: Job, chosen: dict[str, list[Source]], anew: bool = False) -> None:
    """Bring the files into staging, beside the rows that some of them had before they changed, and into the ledger.

    Leaves the temporary table load_batches, which says which rows are new and which are to go: with `anew` all that
    were there before.
    """
    first = ledger.next_batch(job.connection)
    numbers = itertools.count(first)
    for table, files in chosen.items():
        if files:
            with job.record.step(f"stage {table}", warehouse.statement(f"stage/{table}")) as step:
                loaded = _load(job, table, {next(numbers): batch for batch in batches(files)})
                step["rows_in"] = sum(file["rows_read"] for file in loaded)
                step["rows_out"] = sum(file["rows_loaded"] for file in loaded)
            job.record.files += loaded
    rejected.by_rules(job.connection, job.settings, first, job.record)
    _refuse_changed(job.settings, chosen)
    _write_down(job, next(table for table, files in chosen.items() if files))
    batches_of = warehouse.statement("all_batches" if anew else "stage/load_batches")
    warehouse.execute(job.connection, batches_of, first_batch=first)


def region(settings: Settings, table: str) -> str:
    """The AWS region of a staging table's files."""
    return infrastructure.bucket_region(settings, getattr(settings, SOURCES[table][0]))


def copy_statement(
    settings: Settings,
    role_arn: str,
    table: str,
    manifest: str,
    max_error: int,
    of_region: str = "",
    gzip: bool = False,
) -> warehouse.Statement:
    """The COPY of a staging table's files, which a manifest lists; it fails at so many rejected rows.

    AWS is asked for the region of the files if it is not given.
    """
    values = {"log_json_path": settings.log_json_path} if table == "staging_events" else {}
    values |= {"manifest": manifest, "iam_role": role_arn, "max_error": max_error}
    values["region"] = of_region or region(settings, table)
    copy = warehouse.statement(f"copy/{table}", **values)
    return warehouse.Statement(copy.removesuffix(";") + "\nGZIP;") if gzip else copy


def _load(job: Job, table: str, batches_of: dict[int, list[Source]]) -> list[dict]:
    """COPY the batches of a table one after the other; gives the rows of load_files."""
    of_region = region(job.settings, table)
    place = infrastructure.work_place(job.settings, of_region)
    named = {f"{job.record.run_id}-{number}": [file.uri for file in files] for number, files in batches_of.items()}
    manifests = sources.put_manifests(job.settings, place, named)
    loaded = []
    try:
        todo = list(zip(batches_of.items(), manifests, strict=True))
        for (number, files), manifest in bar(todo, f"stage {table}"):
            allowed = job.settings.max_rejected - len(job.record.rejected)
            values = (job.settings, job.role_arn, table, manifest, allowed + 1, of_region, _is_gzip(files[0]))
            loaded += _load_batch(job, table, number, files, copy_statement(*values))
    finally:
        _delete(job.settings, manifests)
    return loaded


def _load_batch(job: Job, table: str, number: int, files: list[Source], copy: str) -> list[dict]:
    """COPY a batch, and mark its rows on their way to staging."""
    arrivals = SOURCES[table][1]
    warehouse.execute(job.connection, warehouse.statement(f"stage/{arrivals}"))
    rejects = Counter(reject.file for reject in _copy(job, table, copy, files))
    # What COPY says, and not what is staged: the two are compared in the end.
    copied = int(warehouse.frame(job.connection, "SELECT pg_last_copy_count() AS copied").iat[0, 0])
    read = _rows_read(job, files, copied, rejects)
    warehouse.execute(job.connection, warehouse.statement(f"stage/{table}"), batch_id=number)
    warehouse.execute(job.connection, f"DROP TABLE {arrivals}")
    return [
        {
            "table_name": table,
            "uri": file.uri,
            "size": file.size,
            "version": file.version,
            "rows_read": read.get(file.uri, 0),
            "rows_loaded": read.get(file.uri, 0) - rejects[file.uri],
            "rows_rejected": rejects[file.uri],
            "batch_id": number,
            "run_id": job.record.run_id,
            "loaded_at": ledger.now(),
        }
        for file in files
    ]


def _copy(job: Job, table: str, copy: str, files: list[Source]) -> list[load_errors.Rejected]:
    """Run a COPY, and note and give the rows that it rejects; one too many is a LoadFailed."""
    failure = None
    try:
        warehouse.execute(job.connection, copy)
        rejects = load_errors.rejected(job.connection)
    except load_errors.LoadFailed as error:
        failure, rejects = error, error.rejected
    if len(files) == 1:  # whose name may be too long to be shown
        rejects = [replace(reject, file=files[0].uri) for reject in rejects]
    rejected.note(job.record, table, rejects)
    if failure:
        raise load_errors.LoadFailed(f"{failure}\n{rejected.advice(job.settings)}")
    return rejects


def _rows_read(job: Job, files: list[Source], copied: int, rejects: Counter) -> dict[str, int]:
    """The rows that the last COPY read, by file; those of several files are in sys_load_detail.

    https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_DETAIL.html
    """
    if len(files) == 1:
        return {files[0].uri: copied + rejects.total()}
    query = """
        SELECT RTRIM(file_name) AS uri, SUM(lines_scanned) AS lines
        FROM sys_load_detail
        WHERE query_id = (SELECT MAX(query_id) FROM sys_load_history WHERE session_id = :session)
        GROUP BY 1"""
    found = warehouse.frame(job.connection, query, session=job.record.session)
    read = dict(zip(found["uri"], found["lines"].astype(int), strict=True))
    # It counts lines, while objects may span some; and what it says of this COPY may come late.
    if sum(read.values()) != copied + rejects.total() or not read.keys() <= {file.uri for file in files}:
        log.warning("sys_load_detail does not say which of %d files has how many rows: the first has all", len(files))
        read = rejects + Counter({files[0].uri: copied})
    return read


def _write_down(job: Job, table: str) -> None:
    """Bring the files into the ledger, from beside the manifests of this table."""
    lines = "\n".join(json.dumps(file, default=str, ensure_ascii=False) for file in job.record.files)
    of_region = region(job.settings, table)
    place = infrastructure.work_place(job.settings, of_region)
    addresses = sources.put(job.settings, place, {f"{job.record.run_id}-files.json": lines})
    try:
        values = {"files": addresses[0], "iam_role": job.role_arn, "region": of_region}
        warehouse.execute(job.connection, warehouse.statement("copy/load_files", **values))
    finally:
        _delete(job.settings, addresses)


def _delete(settings: Settings, addresses: list[str]) -> None:
    with suppress(aws.AWSError):  # what stays, the bucket's own rule removes
        sources.delete_manifests(settings, addresses)


def _refuse_changed(settings: Settings, chosen: dict[str, list[Source]]) -> None:
    """Hold the files to what they were when they were listed: the ledger must not say more than was read."""
    for table, files in chosen.items():
        if not files:
            continue
        now = {file.uri: file for file in sources.find(settings, getattr(settings, SOURCES[table][0]))}
        if changed := [file.uri for file in files if now.get(file.uri) != file]:
            raise sources.SourceError(
                f"{changed[0]} changed while it was loaded: nothing is loaded; run it again when nobody writes there"
            )
