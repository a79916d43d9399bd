"""How far a COPY on AWS has come, asked by a second session, since the first is busy with it."""

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pandas as pd
from tqdm import tqdm

from redjam import progress, warehouse
from redjam.config import Settings

FIRST = 5  # seconds until the second session is opened: for a short COPY there is none
EVERY = 3
LAST = 2  # seconds that the end of a COPY waits for an answer that is under way
log = logging.getLogger(__name__)


@contextmanager
def copy(connection: warehouse.Connection, settings: Settings, what: str) -> Iterator[None]:
    """Show how far the COPY of the block has come, where somebody watches; what goes wrong in that ends it, no more.

    A cluster and Serverless say it while it runs: https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_HISTORY.html
    The stand-in says it only afterwards, and has a bar of its own.
    """
    if settings.is_local:
        yield
        return
    # It takes the line of a bar around it, since to go below that one needs a terminal, which a notebook is not.
    options = {"position": 0, "unit_scale": True, "smoothing": 0, "mininterval": 0, "miniters": 0}
    bar, done = progress.bar(what=what, delay=FIRST, **options), threading.Event()
    session = None if bar.disable else _session(connection)
    # A daemon, or a lost network could hold the end of the program.
    thread = threading.Thread(target=_watch, args=(connection, session, bar, done), daemon=True)
    try:
        if session:
            thread.start()
        yield
    finally:
        done.set()
        if thread.is_alive():
            thread.join(LAST)
        bar.close()


def _session(connection: warehouse.Connection) -> int | None:
    """The number by which the system views know the session; None if it cannot be asked."""
    try:
        return int(warehouse.frame(connection, "SELECT pg_backend_pid() AS pid").iat[0, 0])
    except Exception as error:
        log.debug("the COPY is not watched: %s", error)
        return None


def _watch(connection: warehouse.Connection, session: int, bar: tqdm, done: threading.Event) -> None:
    if done.wait(FIRST):
        return
    try:
        with closing(warehouse.beside(connection)) as beside:
            warehouse.execute(beside, "SET statement_timeout TO 10000")  # milliseconds
            while not done.is_set():
                found = warehouse.frame(beside, warehouse.statement("copy_progress"), session=session)
                if not (found.empty or done.is_set()):
                    show(bar, found.iloc[0])
                done.wait(EVERY)
    except Exception as error:
        log.debug("the COPY is watched no longer: %s", error)


def show(bar: tqdm, found: pd.Series) -> None:
    """Move the bar to what sql/copy_progress.sql found: in bytes or in files, if their sum is known, else in rows."""
    known = [
        ("B", found["bytes_read"], found["bytes"]),
        (" files", found["files_read"], found["files"]),
    ]
    bar.unit, read, total = next((one for one in known if one[2]), (" rows", found["rows_loaded"], 0))
    bar.total = int(total) or None
    bar.update(int(read) - bar.n)
