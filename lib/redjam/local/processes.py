"""Start a server once, find it again, end it: what the stand-in's two servers have in common."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

START_SECONDS = STOP_SECONDS = 60


class StandInError(RuntimeError):
    """The stand-in could not be started; the message says why and where its log lies."""


@contextmanager
def lock(folder: Path, name: str = "lock") -> Iterator[None]:
    """Let one process at a time start or stop servers; the system frees the lock of a process that dies."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    except OSError as error:
        raise StandInError(f"[LOCAL] DIR {folder} cannot be used: {error.strerror}: choose another folder") from error
    with open(folder / name, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def find(pid: int, name: str, folder: Path) -> psutil.Process | None:
    """The process of that number, if it is this server and not another program that got its number.

    It is known by the folder that it works in: a path in its command can be another spelling of this one.
    """
    try:
        process = psutil.Process(pid)
        ours = name in " ".join(process.cmdline()) and os.path.samefile(process.cwd(), folder)
        return process if ours and not ended(process) else None
    except (psutil.Error, OSError):
        return None


def ended(process: psutil.Process) -> bool:
    """Whether it runs no more; a zombie has ended, only its starter (a notebook, say) has not asked yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def spawn(command: list[str], log: Path, **options) -> psutil.Popen:
    """Start a server that outlives this process, with nothing of its terminal, its files and locks, its AWS keys."""
    environment = {name: value for name, value in os.environ.items() if "AWS_" not in name}
    with open(log, "a") as output:
        return psutil.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=environment,
            **options,
        )


def wait(process: psutil.Process, ready: Callable, log: Path):
    """Wait until `ready` answers; None if the process ended before, because its port was taken, say."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if answer := ready():
            return answer
        if ended(process):
            return None
        time.sleep(0.05)
    raise failed(log)


def failed(log: Path) -> StandInError:
    """The error for a server that did not start, with the end of its log."""
    lines = log.read_text(errors="replace").splitlines()[-10:]
    return StandInError("\n".join([f"the local server did not start; the end of {log} says why:", *lines]))


def end(process: psutil.Process, how: int) -> None:
    """Send a server this signal and wait until it has ended; after a minute it is killed."""
    for sent in (how, signal.SIGKILL):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(sent)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if ended(process):
                return
            time.sleep(0.02)
