"""The two servers of the stand-in, Postgres and moto: started on demand and found again by whoever comes later."""

import signal
import sys
import urllib.error
import urllib.request
from functools import cache, lru_cache
from pathlib import Path

import boto3
import botocore.loaders
import botocore.session
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


def client(folder: Path, service: str, region: str, connections: int = 10):
    """A boto3 client that calls this folder's moto server, by no proxy; of the same server it is the same one."""
    return _client(aws(folder), (folder / "aws.key").read_text(), service, region, connections)


@lru_cache  # to make one takes longer than most of what it is asked for
def _client(url: str, key: str, service: str, region: str, connections: int):
    own = botocore.session.get_session()
    own.register_component("data_loader", _loader())
    # moto looks at no signature, so any secret will do.
    session = boto3.Session(key, key, region_name=region, botocore_session=own)
    retries = {"mode": "standard", "max_attempts": 5}
    config = Config(proxies={}, retries=retries, max_pool_connections=connections)
    return session.client(service, endpoint_url=url, config=config)


@cache
def _loader() -> botocore.loaders.Loader:
    """What reads AWS's service models, and keeps them."""
    return botocore.loaders.create_loader()


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
