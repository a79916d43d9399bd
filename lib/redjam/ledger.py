"""The ledger of the loads: what each run did, which files are loaded, and which rows were rejected and why."""

import getpass
import hashlib
import logging
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pandas as pd
import psycopg2
from psycopg2.extensions import connection as Connection

from redjam import warehouse

STEP = "etl"  # the name of a run as a whole among its steps
# The length in bytes of the columns that take text from elsewhere.
LENGTHS = {"value": 1024, "reason": 1024, "message": 4096, "owner": 256}
SHOWN = 100  # characters of a message in a list of runs
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loaded:
    """A file as it was last loaded: its size in bytes, its version, and the COPY that brought its rows."""

    size: int
    version: str
    batch_id: int


@dataclass
class Record:
    """What becomes of a run, as it goes on; its rows come into the ledger at its end."""

    run_id: str
    parameters: str
    owner: str
    session: int
    started: datetime
    steps: list[dict] = field(default_factory=list)  # of etl_runs
    files: list[dict] = field(default_factory=list)  # of load_files
    rejected: list[dict] = field(default_factory=list)  # of load_errors

    def forget(self) -> None:
        """Begin again: what was done so far is rolled back."""
        self.steps, self.files, self.rejected = [], [], []

    @contextmanager
    def step(self, name: str, sql: str = "") -> Iterator[dict]:
        """Note what the block does as a step; it may set `rows_in` and `rows_out` of what it is given."""
        row = self._row(name, sql_hash=_hash(sql) if sql else None, started_at=now())
        try:
            yield row
            row["state"] = "done"
        finally:
            row["ended_at"] = now()
            self.steps.append(row)

    def finish(self, connection: Connection, state: str, message: str = "") -> None:
        """Write the steps, the rejected rows and the end of the run."""
        whole = self._row(STEP, sql_hash=_hash(_all_sql()), started_at=self.started, ended_at=now(), state=state)
        whole |= {"rows_in": self.total("rows_read"), "rows_out": self.total("rows_loaded") if state == "done" else 0}
        whole["message"] = cut("message", message) or None
        warehouse.insert(connection, "etl_runs", [*self.steps, whole])
        warehouse.insert(connection, "load_errors", self.rejected)

    def add_last_step(self, connection: Connection) -> None:
        """Write one step more, after the end of the run."""
        warehouse.insert(connection, "etl_runs", self.steps[-1:])

    def total(self, column: str) -> int:
        """The sum of a column of load_files over the files of this run."""
        return sum(file[column] for file in self.files)

    def _row(self, step: str, **values) -> dict:
        about = {"run_id": self.run_id, "step": step, "parameters": self.parameters, "sql_hash": None}
        about |= {"started_at": None, "ended_at": None, "state": "failed", "rows_in": None, "rows_out": None}
        return about | {"owner": self.owner, "session": self.session, "message": None} | values


@contextmanager
def recorded(connection: Connection, parameters: str) -> Iterator[Record]:
    """Write down that a run begins and, if it fails, how it ended; `Record.finish` is for one that succeeds.

    The beginning is committed at once, so that others see who is at work, and a run that is killed leaves a trace.
    Rows are only ever added: on Redshift a run that changed its own row would be in conflict with one that begins.
    """
    session = int(warehouse.frame(connection, "SELECT pg_backend_pid() AS pid").iat[0, 0])
    begun = now()
    run_id = f"{begun:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    record = Record(run_id, parameters, cut("owner", _owner()), session, begun)
    warehouse.insert(connection, "etl_runs", [record._row(STEP, started_at=begun, state="running")])
    try:
        yield record
    except BaseException as error:
        state = "failed" if isinstance(error, Exception) else "interrupted"
        try:
            with warehouse.transaction(connection):
                if not _has_ended(connection, run_id):  # Ctrl-C may come just after the commit
                    record.finish(connection, state, str(error) or type(error).__name__)
        except psycopg2.Error as lost:
            log.debug("the end of run %s is not recorded: %s", run_id, lost)
        raise


def _has_ended(connection: Connection, run_id: str) -> bool:
    query = warehouse.statement("ledger/has_ended")
    return not warehouse.frame(connection, query, run_id=run_id, step=STEP).empty


def loaded(connection: Connection, table: str) -> dict[str, Loaded]:
    """The files of a staging table that are loaded, by URI."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT uri, size, version, batch_id FROM load_files WHERE table_name = %s", (table,))
        return {uri: Loaded(*rest) for uri, *rest in cursor.fetchall()}


def next_batch(connection: Connection) -> int:
    """A number for the next COPY, above all that are in use, also in staging rows that the ledger does not know."""
    return int(warehouse.frame(connection, warehouse.statement("ledger/next_batch")).iat[0, 0])


def total_rows(connection: Connection) -> int:
    """The rows of all files that are loaded."""
    return int(warehouse.frame(connection, warehouse.statement("ledger/total_rows")).iat[0, 0])


def history(connection: Connection) -> pd.DataFrame:
    """The latest 100 runs, the newest first; one that has no end, and no transaction now, was interrupted.

    Of other users' transactions only a superuser knows.
    https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_TRANSACTIONS.html
    """
    runs = warehouse.frame(connection, warehouse.statement("ledger/history"))
    if (runs["state"] == "running").any():
        live = set(warehouse.frame(connection, warehouse.statement("ledger/live_sessions"))["pid"])
        dead = (runs["state"] == "running") & ~runs["session"].isin(live)
        runs.loc[dead, "state"] = "interrupted"
    for name in ("started_at", "ended_at"):  # which are no times yet where nothing has begun or ended
        runs[name] = pd.to_datetime(runs[name])
    runs["seconds"] = (runs["ended_at"] - runs["started_at"]).dt.total_seconds().round(1)
    runs["started_at"] = runs["started_at"].dt.floor("s")
    runs["message"] = [message.partition("\n")[0][:SHOWN] for message in runs["message"].fillna("")]
    shown = ["run_id", "started_at", "seconds", "state", "parameters", "rows_in", "rows_out", "owner", "message"]
    runs = runs[shown].set_index("run_id").astype({"rows_in": "Int64", "rows_out": "Int64"})
    return runs.astype(object).fillna("")


def steps(connection: Connection, run_id: str) -> pd.DataFrame:
    """What a run did, step by step, and how long each took."""
    query = warehouse.statement("ledger/steps")
    found = warehouse.frame(connection, query, run_id=run_id).set_index("step")
    return found.astype({"rows_in": "Int64", "rows_out": "Int64"}).astype(object).fillna("")


def cut(column: str, text: str | None) -> str | None:
    """Text that fits into the bytes of a column of the ledger."""
    return text and text.encode()[: LENGTHS[column]].decode(errors="ignore")


def _all_sql() -> str:
    folders = ("copy", "stage", "load", "touched", "checks")
    names = [*(name for folder in folders for name in warehouse.names(folder)), "checked_plays", "reconcile"]
    return "\n".join((warehouse.SQL / f"{name}.sql").read_text(encoding="utf-8") for name in names)


def _hash(sql: str) -> str:
    return hashlib.sha256(sql.encode()).hexdigest()[:16]


def now() -> datetime:
    """This moment in UTC, as TIMESTAMP has it."""
    return datetime.now(UTC).replace(tzinfo=None)


def _owner() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
