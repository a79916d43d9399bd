"""The two servers of the stand-in, Postgres and moto: started on demand and found again by whoever comes later."""

import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from redjam.local import postgres, processes

# The loopback is never asked for through a proxy of the environment.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def aws(folder: Path) -> str:
    """The address of this folder's moto server, which is started if it is not running."""
    if url := _running_aws(folder):
        return url
    with processes.lock(folder):
        return _running_aws(folder) or _start_aws(folder)


def status(folder: Path) -> list[tuple[str, str]]:
    """Say of each server whether it runs, without starting it."""
    port, url = postgres.running(folder), _running_aws(folder)
    return [
        ("Postgres", f"running on 127.0.0.1:{port}" if port else "stopped"),
        ("AWS (moto)", f"running on {url}" if url else "stopped"),
    ]


def stop(folder: Path) -> list[str]:
    """Stop the servers of this folder and name those that ran; their data stays."""
    if not folder.exists():
        return []
    with processes.lock(folder):
        stopped = []
        if process := _aws_process(folder):
            processes.end(process, signal.SIGTERM)
            stopped.append("AWS (moto)")
        if postgres.stop(folder):
            stopped.append("Postgres")
        return stopped


def _aws_written(folder: Path) -> tuple[int, int] | None:
    try:
        pid, port = (folder / "aws.pid").read_text().split()
        return int(pid), int(port)
    except (OSError, ValueError):
        return None


def _aws_process(folder: Path) -> psutil.Process | None:
    written = _aws_written(folder)
    return processes.find(written[0], "redjam.local.aws", str(folder)) if written else None


def _running_aws(folder: Path) -> str | None:
    if not _aws_process(folder):
        return None
    url = f"http://127.0.0.1:{_aws_written(folder)[1]}"
    try:
        OPENER.open(f"{url}/redjam/alive", timeout=5).close()
    except (urllib.error.URLError, OSError):
        return None
    return url


def _start_aws(folder: Path) -> str:
    log = folder / "aws.log"
    (folder / "aws.pid").unlink(missing_ok=True)
    process = processes.spawn([sys.executable, "-m", "redjam.local.aws", str(folder)], log)
    if url := processes.wait(process, lambda: _running_aws(folder), log):
        return url
    raise processes.failed(log)
