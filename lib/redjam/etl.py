"""From JSON on S3 to the star: stage what is new, load the star, check it, in one transaction; then its marts."""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import psycopg2
from psycopg2.extensions import connection as Connection

from redjam import ledger, load_errors, schema, selection, sources, staging, uploads, warehouse
from redjam.config import Settings
from redjam.progress import bar

# If a load is so large a part of all, what the planner knows of the tables is out of date, as Redshift's own
# analyze_threshold_percent has it: https://docs.aws.amazon.com/redshift/latest/dg/r_analyze_threshold_percent.html
ANALYZED = 10
WAY_OUT = (
    "`redjam etl --reload` makes the star anew from the files that are there; if a rule still does not hold, empty all "
    "with `redjam create-tables --fresh`, and load again."
)
ASKS_AGAIN = 2_000  # milliseconds; then a load that waits for another says for whom
RETRIES = (1, 4, 10)  # seconds before a load that met with what passes is tried again
# Redshift's error 1023, a serializable isolation violation, and a role that was just made and is not known yet:
# https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation-serializable-isolation-troubleshooting.html
PASSES = {
    r"\b1023\b.*serializable isolation": "in conflict with another transaction (1023)",
    r"not authorized to assume IAM Role": "the cluster may not use its role yet",
}
log = logging.getLogger(__name__)


class CheckFailed(RuntimeError):
    """A rule of sql/checks does not hold, or the counts do not add up; the message names it and its first rows."""


@dataclass(frozen=True)
class Run:
    """What a load did: the files that it loaded, the rows that it rejected, and the counts that it compared."""

    run_id: str
    unchanged: int
    files: pd.DataFrame
    rejected: pd.DataFrame
    reconciliation: pd.DataFrame

    def __str__(self) -> str:
        """One sentence."""
        left = f"{self.unchanged:,} {'file' if self.unchanged == 1 else 'files'} unchanged"
        if self.files.empty:
            return f"nothing new, nothing read: {left}"
        read, loaded, rejected = (self.files[name].sum() for name in ("rows_read", "rows_loaded", "rows_rejected"))
        files = f"{len(self.files):,} {'file' if len(self.files) == 1 else 'files'} loaded, {left}"
        return f"{files}; {read:,} rows read, {loaded:,} loaded, {rejected:,} rejected"


def run(
    connection: Connection, settings: Settings, role_arn: str, since: str = "", until: str = "", reload: bool = False
) -> Run:
    """Load the files that are new or have changed, in one transaction; a failure leaves everything as it was.

    `since` and `until` are days of event files such as 2018-11-02, both included; with `reload` unchanged files are
    loaded again, and without days all is made anew: rows of files that are gone leave. Waits for any other load. What
    it did, or why it failed, is in the ledger afterwards. The marts are brought up to date at the end, also those that
    an earlier load left as they were; that one of them cannot be is a warning.
    """
    schema.require(connection)
    days = selection.days(since, until)
    # papermill's own command line gives the text 'true' or 'false'.
    reload = {"true": True, "false": False}.get(str(reload).lower(), reload)
    if not isinstance(reload, bool):
        raise TypeError(f"reload is {reload!r}: give True or False")
    asked = {"since": since, "until": until, "reload": "yes" if reload else ""}
    with ledger.recorded(connection, ", ".join(f"{name} {value}" for name, value in asked.items() if value)) as record:
        job = staging.Job(connection, uploads.ensure(settings), role_arn, record)
        result = _alone(connection, lambda: _run(job, days, reload))
        _refresh(connection, record, _stale(connection) if result.files.empty else list(schema.MARTS))
        return result


def check(connection: Connection) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hold the whole star to each rule of sql/checks, and count all that was loaded; gives both as tables.

    A load looks at what it touches. This looks at everything, which takes the longer the more there is, and waits for
    a load that is at work. CheckFailed if something is not right.
    """
    schema.require(connection)
    with warehouse.transaction(connection):
        _lock(connection)
        warehouse.execute(connection, warehouse.statement("all_batches"), first_batch=0)
        for name in warehouse.names("everything"):
            warehouse.execute(connection, warehouse.statement(name))
        broken = _broken(connection)
        if wrong := [text for text in broken.values() if text]:
            raise CheckFailed("\n".join([*wrong, WAY_OUT]))
        counts = _reconcile(connection)
        warehouse.execute(connection, warehouse.statement("check_done"))
    rules = pd.DataFrame({"rule": [warehouse.rule(name) for name in broken], "rows that break it": 0})
    return rules.set_index("rule"), counts


def _run(job: staging.Job, days: tuple[str, str] | None, reload: bool) -> Run:
    """One attempt, within the transaction that has the lock."""
    connection, record = job.connection, job.record
    record.forget()
    anew, unchanged, chosen = reload and not days, 0, {}
    for table, (setting, _) in staging.SOURCES.items():
        found = sources.find(job.settings, getattr(job.settings, setting))
        # The catalogue has no days: that some are loaded again does not concern it.
        dated = days if table == "staging_events" else None
        asked = selection.of_days(found, dated)
        known = {} if anew else ledger.loaded(connection, table)
        chosen[table] = selection.choose(asked, known, reload and dated == days)
        unchanged += len(asked) - len({file.uri for file in asked} & {file.uri for file in chosen[table]})
    counts = pd.DataFrame()
    if any(chosen.values()):
        staging.stage(job, chosen, anew)
        counts = _load(connection, record)
    files = pd.DataFrame(record.files, columns=["table_name", "uri", "rows_read", "rows_loaded", "rows_rejected"])
    result = Run(record.run_id, unchanged, files, pd.DataFrame(record.rejected), counts)
    record.finish(connection, "done", str(result))
    return result


def _load(connection: Connection, record: ledger.Record) -> pd.DataFrame:
    """Load the star from staging where these files touch it, hold it to the rules, and give the counts."""
    for name in bar([*warehouse.names("load"), *warehouse.names("touched")], "load"):
        statement = warehouse.statement(name)
        with record.step(name, statement) as step:
            step["rows_out"] = warehouse.execute(connection, statement)
    if record.total("rows_loaded") * ANALYZED >= ledger.total_rows(connection):
        with record.step("analyze"):
            for name in warehouse.names("analyze"):
                warehouse.execute(connection, warehouse.statement(name))
    with record.step("check", "".join(warehouse.statement(name) for name in warehouse.names("checks"))):
        if wrong := next(filter(None, _broken(connection).values()), ""):
            raise CheckFailed(f"{wrong}\nThe load is rolled back: the warehouse is as it was.")
    with record.step("reconcile", warehouse.statement("reconcile")):
        counts = _reconcile(connection)
    warehouse.execute(connection, warehouse.statement("check_done"))
    warehouse.execute(connection, warehouse.statement("load_done"))
    return counts


def _broken(connection: Connection) -> dict[str, str]:
    """What to say of each rule of sql/checks, by its name; nothing of one that holds."""
    warehouse.execute(connection, warehouse.statement("checked_plays"))
    return {name: _said(name, connection) for name in bar(warehouse.names("checks"), "check")}


def _said(name: str, connection: Connection) -> str:
    rows = warehouse.frame(connection, warehouse.statement(name))
    if rows.empty:
        return ""
    return (
        f"sql/{name}.sql: {len(rows)} {'row breaks' if len(rows) == 1 else 'rows break'} the rule "
        f"“{warehouse.rule(name)}” The first of them:\n{rows.head(5).to_string(index=False)}"
    )


def _reconcile(connection: Connection) -> pd.DataFrame:
    counts = warehouse.frame(connection, warehouse.statement("reconcile")).set_index("what").drop(columns="line")
    if len(wrong := counts[counts["read"] != counts["found"]]):
        raise CheckFailed(
            f"sql/reconcile.sql: what was read and what is loaded differ:\n{wrong.to_string()}\n"
            "Nothing is changed: the warehouse is as it was."
        )
    return counts


# --- The marts --------------------------------------------------------------------------------------------


def _stale(connection: Connection) -> list[str]:
    """The marts that lack what is loaded, as a refresh that failed or was killed left them."""
    stale = set(warehouse.frame(connection, warehouse.statement("stale_views"))["name"])
    return [mart for mart in schema.MARTS if mart in stale]


def _refresh(connection: Connection, record: ledger.Record, marts: list[str]) -> None:
    """Bring marts up to date, each in a transaction of its own; the load is committed and stays, whatever happens here.

    https://docs.aws.amazon.com/redshift/latest/dg/materialized-view-refresh-sql-command.html
    """
    if not marts:
        return
    failed = {}
    with record.step("refresh", "".join(warehouse.statement(f"marts/{mart}") for mart in marts)) as step:
        for mart in bar(marts, "refresh"):
            try:
                _persistently(partial(warehouse.execute, connection, f"REFRESH MATERIALIZED VIEW {mart}"))
            except psycopg2.Error as error:
                failed[mart] = str(error).strip().partition("\n")[0]
                said = "%s could not be refreshed, and is as before this load: %s; `redjam etl` tries it again"
                log.warning(said, mart, failed[mart])
                if connection.closed:
                    break
    if failed:
        step |= {"state": "failed", "message": ledger.cut("message", "; ".join(f"{n}: {w}" for n, w in failed.items()))}
    try:
        record.add_last_step(connection)
    except psycopg2.Error as lost:
        log.debug("the step refresh of run %s is not recorded: %s", record.run_id, lost)


# --- One load at a time -----------------------------------------------------------------------------------


def _alone(connection: Connection, work: Callable[[], Run]) -> Run:
    """Do the work in a transaction that has the lock; tried again after an error that passes by itself."""

    def locked() -> Run:
        with warehouse.transaction(connection):
            _lock(connection)
            return work()

    return _persistently(locked)


def _persistently(work: Callable[[], Any]) -> Any:
    """Do the work, again after an error that passes by itself."""
    for wait in (*RETRIES, None):
        try:
            return work()
        except psycopg2.Error as error:
            if wait is None or not (passing := _passing(error)):
                raise
            log.warning("%s: tried again in %d s", passing, wait)
            time.sleep(wait)


def _passing(error: psycopg2.Error) -> str:
    """What an error that passes by itself means; nothing for any other."""
    if isinstance(error, load_errors.LoadFailed):  # which quotes values
        return ""
    if error.pgcode == "40001":
        return next(iter(PASSES.values()))
    return next((means for text, means in PASSES.items() if re.search(text, str(error), re.I | re.S)), "")


def _lock(connection: Connection) -> None:
    """Take the lock of sql/lock.sql; while another load has it, wait, and say for whom."""
    told = None
    while True:
        warehouse.execute(connection, f"SET statement_timeout TO {ASKS_AGAIN}")
        try:
            warehouse.execute(connection, warehouse.statement("lock"))
        except psycopg2.errors.QueryCanceled:
            connection.rollback()
            if (holder := _holder(connection)) != told:
                log.warning("waiting for %s", holder)
                told = holder
            connection.rollback()
        else:
            warehouse.execute(connection, "RESET statement_timeout")
            return


def _holder(connection: Connection) -> str:
    sessions = warehouse.frame(connection, warehouse.statement("lock_holder"))["pid"].tolist()
    if not sessions:
        return "another transaction, which has the staging tables"
    runs = warehouse.frame(connection, warehouse.statement("lock_run"), session=sessions[0])
    if runs.empty:
        return f"session {sessions[0]}, which has the staging tables"
    run_id, owner, started = runs.iloc[0]
    return f"the load {run_id} of {owner}, at work since {started:%H:%M:%S} UTC (session {sessions[0]})"
