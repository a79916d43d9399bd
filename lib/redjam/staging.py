"""How the files of a load come into staging: by COPY, marked by it, and written into the ledger."""

import json
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from psycopg2.extensions import connection as Connection

from redjam import aws, bucket, compaction, ledger, load_errors, rejected, selection, sources, warehouse, watch
from redjam.config import Settings
from redjam.progress import bar
from redjam.sources import Source

# Staging table -> the setting that says where its files are, and the temporary table that its COPY fills.
SOURCES = {"staging_events": ("log_data", "new_events"), "staging_songs": ("song_data", "new_songs")}
log = logging.getLogger(__name__)
Traced = Callable[[load_errors.Rejected], load_errors.Rejected]


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
    first = number = ledger.next_batch(job.connection)
    for table, files in chosen.items():
        if files:
            of_region = region(job.settings, table)
            place = bucket.work_place(job.settings, of_region)
            with job.record.step(f"stage {table}", warehouse.statement(f"stage/{table}")) as step:
                loaded = _load(job, table, files, number, of_region, place)
                step["rows_in"] = sum(file["rows_read"] for file in loaded)
                step["rows_out"] = sum(file["rows_loaded"] for file in loaded)
            number += len(files)
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
    json_paths: str = "",
) -> warehouse.Statement:
    """The COPY of a staging table's files, which a manifest lists; it fails at so many rejected rows.

    AWS is asked for the region of the files if it is not given. With `json_paths`, which go before LOG_JSON_PATH, it
    also takes the marks of compacted files.
    """
    values = {"log_json_path": json_paths or settings.log_json_path} if table == "staging_events" else {}
    values |= {"manifest": manifest, "iam_role": role_arn, "max_error": max_error}
    values["region"] = of_region or region(settings, table)
    copy = warehouse.statement(f"copy/{table}", **values)
    if json_paths:
        copy = copy.replace("\n)\nFROM ", f",\n    {compaction.MARK}\n)\nFROM ", 1)
    return warehouse.Statement(copy.removesuffix(";") + "\nGZIP;" if gzip else copy)


def slices(connection: Connection, settings: Settings) -> int:
    """How many parts of a COPY are loaded at a time; of Serverless, which hides that, its RPUs are taken for it."""
    if settings.is_serverless:
        return settings.base_capacity
    return int(warehouse.frame(connection, warehouse.statement("slices")).iat[0, 0])


def _load(job: Job, table: str, files: list[Source], first: int, of_region: str, place: str) -> list[dict]:
    """COPY the files of a table, which are numbered from `first` on; gives the rows of load_files."""
    small, large = selection.divide(files)
    alone, loaded = dict(enumerate(large, first + len(small))), []
    if small:
        json_paths = job.settings.log_json_path if table == "staging_events" else "auto"
        of = (place, table, small, slices(job.connection, job.settings), json_paths)
        compacted = compaction.compact(job.settings, *of)
        alone |= {first + mark: small[mark] for mark in compacted.alone}
        if compacted.alone:
            said = "%s: %s of the small files cannot be put together (malformed ones, say): each is a COPY of its own"
            log.warning(said, table, f"{len(compacted.alone):,}")
        if compacted.parts:
            loaded += _load_parts(job, table, small, compacted, first, of_region, place)
    return loaded + _load_alone(job, table, alone, of_region, place)


def _load_parts(
    job: Job,
    table: str,
    small: list[Source],
    compacted: compaction.Compacted,
    first: int,
    of_region: str,
    place: str,
) -> list[dict]:
    """COPY all that is compacted at once."""

    def traced(row: load_errors.Rejected) -> load_errors.Rejected:
        mark, line = compacted.origin(row.file, row.line)
        value = row.value if row.column else row.value and compaction.unmarked(row.value)
        return replace(row, file=small[mark].uri, line=line, value=value)

    files = {mark: small[mark] for mark in compacted.marks}
    manifests = sources.put_manifests(job.settings, place, {f"{job.record.run_id}-{table}": list(compacted.parts)})
    try:
        copy = _copy_of(job, table, manifests[0], of_region, True, compacted.json_paths)
        return _load_batch(job, table, first, files, copy, traced)
    finally:
        _delete(job.settings, manifests)


def _load_alone(job: Job, table: str, files: dict[int, Source], of_region: str, place: str) -> list[dict]:
    """COPY the files one after the other, each with its number."""
    named = {f"{job.record.run_id}-{number}": [file.uri] for number, file in files.items()}
    manifests = sources.put_manifests(job.settings, place, named)
    loaded = []
    try:
        for (number, file), manifest in bar(list(zip(files.items(), manifests, strict=True)), f"stage {table}"):

            def traced(row: load_errors.Rejected, uri: str = file.uri) -> load_errors.Rejected:
                return replace(row, file=uri)  # a name that may be too long to be shown

            copy = _copy_of(job, table, manifest, of_region, file.is_gzip)
            loaded += _load_batch(job, table, number, {0: file}, copy, traced)
    finally:
        _delete(job.settings, manifests)
    return loaded


def _copy_of(job: Job, table: str, manifest: str, of_region: str, gzip: bool, json_paths: str = "") -> str:
    allowed = job.settings.max_rejected - len(job.record.rejected)
    return copy_statement(job.settings, job.role_arn, table, manifest, allowed + 1, of_region, gzip, json_paths)


def _load_batch(job: Job, table: str, first: int, files: dict[int, Source], copy: str, traced: Traced) -> list[dict]:
    """COPY files that are known by their marks, and number their rows on the way to staging."""
    arrivals = SOURCES[table][1]
    warehouse.execute(job.connection, warehouse.statement(f"stage/{arrivals}"))
    rejects = Counter(reject.file for reject in _copy(job, table, copy, traced))
    # What COPY says, and not only what has arrived: the two are compared.
    copied = int(warehouse.frame(job.connection, "SELECT pg_last_copy_count() AS copied").iat[0, 0])
    arrived = warehouse.frame(job.connection, warehouse.statement(f"stage/arrived_{arrivals.removeprefix('new_')}"))
    rows = Counter(dict(zip(arrived["mark"], map(int, arrived["number"]), strict=True)))
    if not rows.keys() <= files.keys() or rows.total() != copied:
        raise load_errors.LoadFailed(
            f"{copied:,} rows are loaded into {arrivals}, by what COPY says, but {rows.total():,} are there, with the "
            f"marks {min(rows, default=0)} to {max(rows, default=0)}: nothing is loaded. Load again."
        )
    warehouse.execute(job.connection, warehouse.statement(f"stage/{table}"), batch_id=first)
    warehouse.execute(job.connection, f"DROP TABLE {arrivals}")
    return [
        {
            "table_name": table,
            "uri": file.uri,
            "size": file.size,
            "version": file.version,
            "rows_read": rows[mark] + rejects[file.uri],
            "rows_loaded": rows[mark],
            "rows_rejected": rejects[file.uri],
            "batch_id": first + mark,
            "run_id": job.record.run_id,
            "loaded_at": ledger.now(),
        }
        for mark, file in files.items()
    ]


def _copy(job: Job, table: str, copy: str, traced: Traced) -> list[load_errors.Rejected]:
    """Run a COPY, and note and give the rows that it rejects, by their own files; one too many is a LoadFailed."""
    failure = None
    with load_errors.traced(traced):
        try:
            with watch.copy(job.connection, job.settings, f"stage {table}"):
                warehouse.execute(job.connection, copy)
            rejects = load_errors.rejected(job.connection)
        except load_errors.LoadFailed as error:
            failure, rejects = error, error.rejected
    rejected.note(job.record, table, rejects)
    if failure:
        raise load_errors.LoadFailed(f"{failure}\n{rejected.advice(job.settings)}")
    return rejects


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
            raise sources.changed(changed[0])
