"""Loads in processes of their own, which stop or are killed at a point that a test names."""

import itertools
import multiprocessing
import os
import re
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import redjam.__main__
from redjam import etl, warehouse
from redjam.local import load, services, session
from redjam.local.sql.dialect import translate

CONTEXT = multiprocessing.get_context("forkserver")
WAIT = 60
KILLED = -signal.SIGKILL


@dataclass(frozen=True)
class Load:
    """A process that runs a command of Red Jam."""

    process: multiprocessing.process.BaseProcess
    pipe: multiprocessing.connection.Connection
    output: Path

    def arrived(self) -> str:
        """Wait until it stops, and give the text of the point where it did."""
        assert self.pipe.poll(WAIT), f"it did not stop:\n{self.said()}"
        text = self.pipe.recv()
        assert isinstance(text, str), f"it came to its end:\n{self.said()}"
        return text

    def go(self, stop: str | int | None = None) -> None:
        """Let it go on, to its end or to where it is to stop next."""
        self.pipe.send(stop)

    def end(self) -> int:
        """Wait for its end and give its exit code."""
        self.process.join(WAIT)
        assert self.process.exitcode is not None, f"it did not end:\n{self.said()}"
        return self.process.exitcode

    def said(self) -> str:
        """All that it has written so far."""
        return self.output.read_text()


def prepare() -> None:
    """Begin the process from which all others are forked, with this module imported and the SQL translated.

    Loads start the sooner. They are no forks of pytest, whose threads would be missing in them.
    """
    CONTEXT.set_forkserver_preload(["faults", "redjam.etl", "redjam.local.fast", "tqdm.contrib.logging", "IPython"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.path.dirname(__file__))
        first = CONTEXT.Process(target=int)
        first.start()
        first.join(WAIT)


def start(config: Path, output: Path, *command: str, stop: str | int | None = None, kill: int = 0) -> Load:
    """Run a command of Red Jam; `stop` and `kill` are points: a number, or words of the statement to stop at."""
    output.touch()
    ours, its = CONTEXT.Pipe()
    arguments = (its, config, output, command or ("etl",), stop, kill)
    process = CONTEXT.Process(target=_run, args=arguments, daemon=True)
    process.start()
    return Load(process, ours, output)


def _run(pipe, config: Path, output: Path, command: tuple[str, ...], stop: str | int | None, kill: int) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with open(output, "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    etl.ASKS_AGAIN = 200  # what the test waits for, too
    points = 0

    def at(text: str) -> None:
        nonlocal points, stop
        points += 1
        if points == kill:
            os.kill(os.getpid(), signal.SIGKILL)
        if points == stop or (isinstance(stop, str) and re.search(stop, text)):
            pipe.send(text)
            stop = pipe.recv()

    watch(at)
    code = redjam.__main__.main(["--config", str(config), *command])
    pipe.send(points)
    sys.exit(code)


def watch(at: Callable[[str], None]) -> None:
    """Call `at` before each statement and each piece of a file that COPY sends, and before and after each commit."""
    execute, read = session.Cursor.execute, load._Stream.read

    def execute_at(cursor, query, variables=None) -> None:
        at(query.decode() if isinstance(query, bytes) else str(query))
        execute(cursor, query, variables)

    def read_at(stream, size: int = 0) -> bytes:
        at("a piece of a file")
        return read(stream, size)

    def commit_at(connection) -> None:
        at("before the commit")
        session.PlainConnection.commit(connection)
        at("after the commit")

    session.Cursor.execute, load._Stream.read, session.Connection.commit = execute_at, read_at, commit_at


# Once for all processes that are forked: to read AWS's service models and to translate SQL takes longer than a load.
for service in ("redshift", "s3", "sts"):
    services._client("http://127.0.0.1:9", "nobody", service, "us-west-2", 10)
folders = [warehouse.names(folder) for folder in ("analyze", "checks", "ledger", "load", "stage", "touched")]
for name in itertools.chain(["checked_plays", "describe", "reconcile", "slices"], *folders):
    translate(str(warehouse.statement(name)))
