"""The stand-in for AWS: moto in a process of its own, whose clusters keep their data in the embedded Postgres.

Started by services.py as `python -m redjam.local.aws FOLDER`. Four things are added to moto: calls that change IAM,
EC2 or Redshift are written to FOLDER/aws.jsonl and repeated at the next start, so that a role or a cluster outlives
the process as on AWS; only who can read FOLDER/aws.key may call; a cluster that is deleted takes its databases with
it; and it has the calls of redshift.py.
"""

import base64
import fcntl
import functools
import io
import json
import logging
import os
import secrets
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlencode
from xml.sax.saxutils import escape

import botocore.loaders
import botocore.session
import psycopg2.sql

# moto makes sessions while it is imported, and each would read AWS's data anew: half of the time that its start takes.
botocore.session.create_loader = functools.cache(lambda *_: botocore.loaders.create_loader())

# ruff: noqa: E402
from moto.moto_api._internal import mock_random
from moto.redshift.exceptions import RedshiftClientError
from moto.redshift.models import Cluster, RedshiftBackend
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.test import Client, run_wsgi_app
from werkzeug.wsgi import get_input_stream

from redjam.local import postgres
from redjam.local.processes import StandInError
from redjam.local.redshift import complete_moto
from redjam.local.services import ALIVE

FIRST_CALLS = {"iam": "ListRoles", "ec2": "DescribeVpcs", "redshift": "DescribeClusters"}
READS = ("Describe", "Get", "List", "Simulate", "Decode")
FORM = "application/x-www-form-urlencoded"
log = logging.getLogger("redjam.local.aws")


class Persistent:
    """A WSGI application around moto that repeats what was changed before and remembers what changes now."""

    def __init__(self, folder: Path, key: str):
        complete_moto()
        self.key = key
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.calls = 0
        self.regions = set()
        # moto draws its ids from one random source, also for reads and for S3: only one call at a time leaves each
        # change the ids that its repetition will draw.
        self.lock = threading.Lock()
        self.journal = os.open(folder / "aws.jsonl", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self.journal, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as long as this process lives
        except BlockingIOError:
            sys.exit(f"another server for {folder} runs or is just starting; try again")
        written = (folder / "aws.jsonl").read_bytes()
        self.length = written.rfind(b"\n") + 1  # without a last line that a kill or a full disk tore off
        self._repeat(written[: self.length].splitlines())
        drop_with_clusters(folder)  # only now: what is repeated must not drop what came after it

    def __call__(self, environ: dict, start_response) -> list[bytes]:
        if environ["PATH_INFO"] == ALIVE:
            start_response("204 No Content", [])
            return []
        status, headers, body = self._answer(environ)
        start_response(status, headers)
        return [body]

    def _answer(self, environ: dict) -> tuple[str, list, bytes]:
        access_key = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].partition("/")[0]
        if not secrets.compare_digest(access_key.encode(), self.key.encode()):
            return _error("403 Forbidden", "AccessDenied", "the stand-in answers only to the key in its aws.key")
        body = get_input_stream(environ).read()  # before the lock, which must not wait for a slow caller
        environ["wsgi.input"] = io.BytesIO(body)
        with self.lock:
            # Only the query protocol (IAM, EC2, Redshift) names its action in a form; S3's objects are not kept.
            if not environ.get("CONTENT_TYPE", "").startswith(FORM):
                return self._call(environ)
            self._open_region(environ["HTTP_AUTHORIZATION"])
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            if form.get("Action", "Get").startswith(READS):
                return self._call(environ)
            return self._change(environ, form, body)

    def _call(self, environ: dict) -> tuple[str, list, bytes]:
        body, status, headers = run_wsgi_app(self.moto, environ, buffered=True)
        return status, headers.to_wsgi_list(), b"".join(body)

    def _change(self, environ: dict, form: dict[str, str], body: bytes) -> tuple[str, list, bytes]:
        self._seed()
        answer = self._call(environ)
        if answer[0].startswith("2"):
            try:
                self._remember(environ, form, body)
            except OSError as error:
                return _error("400 Bad Request", "StandInError", f"aws.jsonl could not be written: {error}")
        return answer

    def _seed(self) -> None:
        """Give each change its own seed: moto draws its ids at random, and a repeated call must draw the same."""
        mock_random.seed(self.calls)
        self.calls += 1

    def _open_region(self, authorization: str) -> None:
        """Have moto make what a region has from the start, the default VPC say, before any change draws an id."""
        scope = authorization.partition("Credential=")[2].partition(",")[0].split("/")
        if len(scope) < 4 or scope[2] in self.regions:
            return
        mock_random.seed(scope[2])
        for service, action in FIRST_CALLS.items():
            signed = authorization.replace(f"/{scope[3]}/", f"/{service}/", 1)
            Client(self.moto).post("/", data={"Action": action}, headers={"Authorization": signed})
        self.regions.add(scope[2])

    def _remember(self, environ: dict, form: dict[str, str], body: bytes) -> None:
        if "MasterUserPassword" in form:
            body = urlencode(form | {"MasterUserPassword": "NotWritten1"}).encode()
        call = {
            "call": self.calls - 1,
            "path": environ["PATH_INFO"],
            "authorization": environ.get("HTTP_AUTHORIZATION", ""),
            "body": base64.b64encode(body).decode(),
        }
        line = json.dumps(call).encode() + b"\n"
        os.ftruncate(self.journal, self.length)
        if os.pwrite(self.journal, line, self.length) < len(line):
            raise OSError("the disk is full")
        self.length += len(line)

    def _repeat(self, lines: list[bytes]) -> None:
        client = Client(self.moto)
        for number, line in enumerate(lines, 1):
            call = json.loads(line)
            self.calls = call["call"]
            self._open_region(call["authorization"])
            self._seed()
            answer = client.post(
                call["path"],
                data=base64.b64decode(call["body"]),
                headers={"Authorization": call["authorization"]},
                content_type=f"{FORM}; charset=utf-8",
            )
            if not answer.status.startswith("2"):
                log.warning("line %d of aws.jsonl, repeated, gives %s: %s", number, answer.status, answer.text)


def _error(status: str, code: str, message: str) -> tuple[str, list, bytes]:
    """An answer that boto3 raises as a ClientError, whichever of the services was called."""
    error = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    body = f"<ErrorResponse>{error}</ErrorResponse>".encode()
    return status, [("Content-Type", "text/xml"), ("Content-Length", str(len(body)))], body


def drop_with_clusters(folder: Path) -> None:
    """Have moto drop a cluster's databases where it deletes the cluster; if they cannot be dropped, it stays."""
    delete = RedshiftBackend.delete_cluster

    def delete_both(backend: RedshiftBackend, **call) -> Cluster:
        cluster = delete(backend, **call)  # first, for it refuses what AWS refuses
        name = cluster.cluster_identifier
        try:
            drop_databases(folder, name)
        except (StandInError, psycopg2.Error, OSError) as error:
            backend.clusters[name] = cluster
            reason = str(error).splitlines()[0].rstrip(":")  # without the lines of a log
            message = f"cluster {name} stays, for its data could not be dropped: {reason}"
            raise RedshiftClientError("StandInError", message) from error
        return cluster

    RedshiftBackend.delete_cluster = delete_both


def drop_databases(folder: Path, identifier: str) -> None:
    """Drop what a cluster holds; its open sessions end. Users belong to the server: they go with its last cluster."""
    with closing(postgres.connect(folder)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (f"{identifier}.",))
        for (name,) in cursor.fetchall():
            drop = psycopg2.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(psycopg2.sql.Identifier(name))
            cursor.execute(drop)
        cursor.execute("SELECT 1 FROM pg_database WHERE strpos(datname, '.') > 0")
        if cursor.fetchone() is None:
            cursor.execute("SELECT rolname FROM pg_roles WHERE NOT rolsuper AND rolname !~ '^pg_'")
            for (name,) in cursor.fetchall():
                with suppress(psycopg2.errors.DependentObjectsStillExist):
                    cursor.execute(psycopg2.sql.SQL("DROP ROLE {}").format(psycopg2.sql.Identifier(name)))


def main() -> None:
    """Serve until killed, and write the key, and the process id and the port, once the port is open."""
    folder = Path(sys.argv[1])
    os.chdir(folder)  # by this, processes.find knows the server
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # which nobody needs, and EC2's first answer would wait for
    key = secrets.token_hex(16)
    server = make_server("127.0.0.1", 0, Persistent(folder, key), threaded=True)
    _publish(folder / "aws.key", key)
    written = f"{os.getpid()} {server.port}"
    _publish(folder / "aws.pid", written)
    threading.Thread(target=_watch, args=(folder / "aws.pid", written), daemon=True).start()
    server.serve_forever()


def _watch(file: Path, written: str) -> None:
    """End the server once nobody can find it any more, its folder having been removed; Postgres does the same."""
    with suppress(OSError):
        while file.read_text() == written:
            time.sleep(2)
    os._exit(0)


def _publish(file: Path, text: str) -> None:
    """Write a file for its owner only; others who wait for it see all of it or nothing."""
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(text)
    new.replace(file)


if __name__ == "__main__":
    main()
