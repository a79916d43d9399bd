"""The two servers of the stand-in, Postgres and moto: started on demand and found again by whoever comes later."""

import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path

import psutil
from botocore.config import Config

from redjam.local import postgres, processes

ALIVE = "/redjam/alive"  # moto's own pages take a second to answer
ALIVE_SECONDS = 5
# The loopback is never asked for through a proxy of the environment.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def aws(folder: Path) -> str:
    """The address of this folder's moto server, which is started if it is not running."""
    if url := _running_aws(folder):
        return url
    with processes.lock(folder):
        return _running_aws(folder) or _start_aws(folder)


def aws_options(folder: Path) -> dict:
    """What boto3.client takes to call this folder's moto server: its address and key, no proxy, and more attempts."""
    url = aws(folder)
    key = (folder / "aws.key").read_text()
    # moto looks at no signature, so any secret will do.
    keys = {"aws_access_key_id": key, "aws_secret_access_key": key}
    config = Config(proxies={}, retries={"mode": "standard", "max_attempts": 5})
    return {"endpoint_url": url, "config": config} | keys


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
        if _end_aws(folder):
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
    return processes.find(written[0], "redjam.local.aws", folder) if written else None


def _running_aws(folder: Path) -> str | None:
    written = _aws_written(folder)
    if not written or not _aws_process(folder):
        return None
    url = f"http://127.0.0.1:{written[1]}"
    try:
        OPENER.open(url + ALIVE, timeout=ALIVE_SECONDS).close()
    except (urllib.error.URLError, OSError):
        return None
    return url


def _start_aws(folder: Path) -> str:
    log = folder / "aws.log"
    _end_aws(folder)  # it runs, but does not answer
    (folder / "aws.pid").unlink(missing_ok=True)
    # Without -P, a user's copy.py or json.py in the working folder would take the place of Python's own.
    command = [sys.executable, "-P", "-m", "redjam.local.aws", str(folder)]
    process = processes.spawn(command, log)
    try:
        url = processes.wait(process, lambda: _running_aws(folder), log)
    except BaseException:  # Ctrl-C too: nobody would find a server that has not written its number yet
        processes.end(process, signal.SIGKILL)
        raise
    if not url:
        raise processes.failed(log)
    return url


def _end_aws(folder: Path) -> bool:
    """End the server and say whether it ran; it has written down what it answered, so it needs no time for it."""
    if process := _aws_process(folder):
        processes.end(process, signal.SIGKILL)  # the one signal that ends a stopped process too
    return process is not None
