"""Start a server once, find it again, end it: what the stand-in's two servers have in common."""

import fcntl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

START_SECONDS = 60


class StandInError(RuntimeError):
    """The stand-in could not be started; the message says why and where its log lies."""


@contextmanager
def lock(folder: Path, name: str = "lock") -> Iterator[None]:
    """Let one process at a time start or stop servers; the system frees the lock of a process that dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / name, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def find(pid: int, name: str, argument: str) -> psutil.Process | None:
    """The process of that number, if it is still this server and not another program that got its number."""
    try:
        process = psutil.Process(pid)
        command = process.cmdline()
        alive = process.status() != psutil.STATUS_ZOMBIE
        return process if alive and argument in command and name in " ".join(command) else None
    except psutil.Error:
        return None


def spawn(command: list[str], log: Path, **options) -> subprocess.Popen:
    """Start a server that outlives this process, with nothing of this process' terminal."""
    with open(log, "a") as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, **options
        )


def wait(process: subprocess.Popen | psutil.Process, ready: Callable, log: Path):
    """Wait until `ready` answers; None if the process ended before, because its port was taken, say."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if answer := ready():
            return answer
        if not psutil.pid_exists(process.pid) or psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE:
            return None
        time.sleep(0.05)
    process.kill()
    raise failed(log)


def failed(log: Path) -> StandInError:
    """The error for a server that did not start, with the end of its log."""
    lines = log.read_text(errors="replace").splitlines()[-10:]
    return StandInError("\n".join([f"the local server did not start; the end of {log}:", *lines]))


def end(process: psutil.Process, signal: int) -> None:
    """Ask a server to end and wait until it has."""
    try:
        process.send_signal(signal)
        process.wait(START_SECONDS)
    except psutil.NoSuchProcess:
        pass
    except psutil.TimeoutExpired:
        process.kill()
