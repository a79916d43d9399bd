"""How the files of a load come into staging: by COPY, marked by it, and written into the ledger."""

import itertools
import json
import logging
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, replace

from psycopg2.extensions import connection as Connection

from redjam import aws, bucket, ledger, load_errors, rejected, selection, sources, warehouse
from redjam.config import Settings
from redjam.progress import bar
from redjam.sources import Source

# Staging table -> the setting that says where its files are, and the temporary table that its COPY fills.
SOURCES = {"staging_events": ("log_data", "new_events"), "staging_songs": ("song_data", "new_songs")}
log = logging.getLogger(__name__)


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
            of_region = region(job.settings, table)
            place = bucket.work_place(job.settings, of_region)
            with job.record.step(f"stage {table}", warehouse.statement(f"stage/{table}")) as step:
                batches = {next(numbers): batch for batch in selection.batches(files)}
                loaded = _load(job, table, batches, of_region, place)
                step["rows_in"] = sum(file["rows_read"] for file in loaded)
                step["rows_out"] = sum(file["rows_loaded"] for file in loaded)
            job.record.files += loaded
    rejected.by_rules(job.connection, job.settings, first, job.record)
    _refuse_changed(job.settings, chosen)
    _write_down(job, of_region, place)
    which = warehouse.statement("all_batches" if anew else "stage/load_batches")
    warehouse.execute(job.connection, which, first_batch=first)


def region(settings: Settings, table: str) -> str:
    """The AWS region of a staging table's files."""
    return bucket.bucket_region(settings, getattr(settings, SOURCES[table][0]))


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


def _load(job: Job, table: str, batches: dict[int, list[Source]], of_region: str, place: str) -> list[dict]:
    """COPY the batches of a table one after the other; gives the rows of load_files."""
    named = {f"{job.record.run_id}-{number}": [file.uri for file in files] for number, files in batches.items()}
    manifests = sources.put_manifests(job.settings, place, named)
    loaded = []
    try:
        todo = list(zip(batches.items(), manifests, strict=True))
        for (number, files), manifest in bar(todo, f"stage {table}"):
            allowed = job.settings.max_rejected - len(job.record.rejected)
            values = (job.settings, job.role_arn, table, manifest, allowed + 1, of_region, files[0].is_gzip)
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


def _write_down(job: Job, of_region: str, place: str) -> None:
    """Bring the files into the ledger, from beside the manifests."""
    lines = "\n".join(json.dumps(file, default=str, ensure_ascii=False) for file in job.record.files)
    addresses = sources.put(job.settings, place, {f"{job.record.run_id}-files.json": lines})
    try:
        values = {"files": addresses[0], "iam_role": job.role_arn, "region": of_region}
        warehouse.execute(job.connection, warehouse.statement("copy/load_files", **values))
    finally:
        _delete(job.settings, addresses)


def _delete(settings: Settings, addresses: list[str]) -> None:
    with suppress(aws.AWSError):  # what stays is of no use and does no harm; our own bucket lets go of it in a week
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
