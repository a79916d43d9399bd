"""The stand-in for AWS: moto in a process of its own, whose clusters keep their data in the embedded Postgres.

Started by services.py as `python -m redjam.local.aws FOLDER`. Three things are added to moto: calls that change IAM,
EC2 or Redshift are written to FOLDER/aws.jsonl and repeated at the next start, so that a role or a cluster outlives
the process as on AWS; a cluster that is deleted takes its databases with it; and a cluster can be given other roles.
"""

import base64
import io
import json
import logging
import os
import sys
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import psycopg2.sql
from moto.core.responses import ActionResult
from moto.moto_api._internal import mock_random
from moto.redshift.responses import RedshiftResponse
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.test import Client

from redjam.local import postgres

FIRST_CALLS = {"iam": "ListRoles", "ec2": "DescribeVpcs", "redshift": "DescribeClusters"}
ALIVE = "/redjam/alive"  # moto's own pages take a second to answer
READS = ("Describe", "Get", "List", "Simulate", "Decode")


class Persistent:
    """A WSGI application around moto that repeats what was changed before and remembers what changes now."""

    def __init__(self, folder: Path):
        complete_moto()
        self.folder = folder
        self.journal = folder / "aws.jsonl"
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.calls = 0
        self.regions = set()
        self.lock = threading.Lock()
        self._repeat()

    def __call__(self, environ: dict, start_response) -> list[bytes]:
        if environ["PATH_INFO"] == ALIVE:
            start_response("204 No Content", [])
            return []
        # Only the query protocol (IAM, EC2, Redshift) names its action in a form; S3's objects are not kept.
        if not environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
            return self.moto(environ, start_response)
        with self.lock:
            self._open_region(environ.get("HTTP_AUTHORIZATION", ""))
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form.get("Action", "Get").startswith(READS):
            return self.moto(environ, start_response)
        with self.lock:
            return self._change(environ, start_response, form, body)

    def _change(self, environ: dict, start_response, form: dict[str, str], body: bytes) -> list[bytes]:
        answer = []
        self._seed()
        result = b"".join(self.moto(environ, lambda *given: answer.append(given)))
        start_response(*answer[0])
        if answer[0][0].startswith("2"):
            self._remember(environ, form, body)
            if form["Action"] == "DeleteCluster":
                drop_databases(self.folder, form["ClusterIdentifier"])
        return [result]

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
        with open(self.journal, "a", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(json.dumps(call) + "\n")

    def _repeat(self) -> None:
        if not self.journal.exists():
            return
        client = Client(self.moto)
        for line in self.journal.read_text().splitlines():
            call = json.loads(line)
            self.calls = call["call"]
            self._open_region(call["authorization"])
            self._seed()
            client.post(
                call["path"],
                data=base64.b64decode(call["body"]),
                headers={"Authorization": call["authorization"]},
                content_type="application/x-www-form-urlencoded; charset=utf-8",
            )


def complete_moto() -> None:
    """Teach moto the one call of infrastructure.py that it lacks, ModifyClusterIamRoles."""
    RedshiftResponse.modify_cluster_iam_roles = _modify_cluster_iam_roles


def _modify_cluster_iam_roles(call: RedshiftResponse) -> ActionResult:
    (cluster,) = call.redshift_backend.describe_clusters(call._get_param("ClusterIdentifier"))
    added, removed = (call._get_param(name, []) for name in ("AddIamRoles", "RemoveIamRoles"))
    kept = [arn for arn in cluster.iam_roles_arn if arn not in (*added, *removed)]
    cluster.iam_roles_arn = [*kept, *added]
    return ActionResult({"Cluster": cluster})


def drop_databases(folder: Path, identifier: str) -> None:
    """Drop what a deleted cluster held; its open sessions end."""
    connection = postgres.connect(folder)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (f"{identifier}.",))
        for (name,) in cursor.fetchall():
            drop = psycopg2.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(psycopg2.sql.Identifier(name))
            cursor.execute(drop)
    connection.close()


def main() -> None:
    """Serve until killed, and write the process id and the port once the port is open."""
    folder = Path(sys.argv[1])
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, Persistent(folder), threaded=True)
    written = folder / "aws.pid.new"
    written.write_text(f"{os.getpid()} {server.port}")
    written.replace(folder / "aws.pid")
    server.serve_forever()


if __name__ == "__main__":
    main()
