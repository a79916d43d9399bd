"""A connection on AWS: only to a server that proves who it is, and no secret in what is said where there is none."""

import dataclasses
import hashlib
import logging
import socket
import ssl
import struct
import threading
import traceback
import urllib.request
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

import boto3
import psycopg2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto.server import ThreadedMotoServer

from redjam import __main__ as command_line
from redjam import config, infrastructure, warehouse

HOST = "redjam.abc123.eu-central-1.redshift.amazonaws.com"
PASSWORD = "Never2print"
KEYS = {"DW_AWS_ACCESS_KEY_ID": "NEVERPRINTTHISID", "DW_AWS_SECRET_ACCESS_KEY": "neverprintthissecret"}


# --- Amazon's bundle --------------------------------------------------------------------------------------


def test_the_bundle_is_amazons_own():
    """https://docs.aws.amazon.com/redshift/latest/mgmt/connecting-ssl-support.html has its checksum."""
    bundle = warehouse.CA_BUNDLE.read_bytes()
    assert hashlib.sha256(bundle).hexdigest() == "36dba8e4b8041cd14b9d60158893963301bcbb92e1c456847784de2acb5bd550"
    certificates = x509.load_pem_x509_certificates(bundle)
    assert [one.subject.rfc4514_string() for one in certificates] == [
        f"CN=Amazon Root CA {number},O=Amazon,C=US" for number in (1, 2, 3, 4)
    ]
    # Of https://www.amazontrust.com/repository/
    assert [one.fingerprint(hashes.SHA256()).hex() for one in certificates] == [
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    ]
    now = datetime.now(UTC)
    for one in certificates:
        assert one.not_valid_before_utc < now < one.not_valid_after_utc
        one.verify_directly_issued_by(one)


# --- A server that speaks the start of Postgres' protocol ---------------------------------------------------


def certificate(name: str, issuer=None, is_ca: bool = False) -> tuple:
    """A certificate for this name by the issuer (a certificate and its key), else by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )
    return built.sign(issuer[1] if issuer else key, hashes.SHA256()), key


def pem(certificate, key=None) -> bytes:
    text = certificate.public_bytes(serialization.Encoding.PEM)
    if key:
        text += key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    return text


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


REFUSED = ("28P01", 'password authentication failed for user "{user}"')
UNKNOWN = ("3D000", 'database "{database}" does not exist')
READY = message(b"R", struct.pack("!I", 0)) + b"".join(
    message(b"S", f"{name}\0{value}\0".encode())
    for name, value in {"server_version": "8.0.2", "client_encoding": "UTF8", "DateStyle": "ISO, MDY"}.items()
)
READY += message(b"K", struct.pack("!II", 7, 7)) + message(b"Z", b"I")


class Server:
    """Takes connections by TLS and notes what comes; answers each password with the next of `answers`, then lets in."""

    def __init__(self, folder, chain: bytes):
        self.started, self.passwords, self.answers = [], [], []
        (folder / "server.pem").write_bytes(chain)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "server.pem")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        with suppress(OSError):  # the listener is closed in the end
            while True:
                client, _ = self.listener.accept()
                client.settimeout(10)
                threading.Thread(target=self.answer, args=(client,), daemon=True).start()

    def answer(self, client):
        with suppress(OSError, EOFError), client:  # a client that does not trust this server hangs up
            self.talk(client)

    def talk(self, client):
        assert self.receive(client, 8) == struct.pack("!II", 8, 80877103)  # SSLRequest
        client.sendall(b"S")
        with self.context.wrap_socket(client, server_side=True) as tls:
            size, _ = struct.unpack("!II", self.receive(tls, 8))
            texts = self.receive(tls, size - 8).decode().split("\0")
            start = dict(zip(texts[::2], texts[1::2], strict=False))
            self.started.append(start)
            tls.sendall(message(b"R", struct.pack("!I", 3)))  # it wants the password
            _, size = struct.unpack("!cI", self.receive(tls, 5))
            self.passwords.append(self.receive(tls, size - 4).rstrip(b"\0").decode())
            if self.answers:
                code, text = self.answers.pop(0)
                text = text.format(**start)
                tls.sendall(message(b"E", f"SFATAL\0C{code}\0M{text}\0\0".encode()))
            else:
                tls.sendall(READY)
                tls.recv(100)  # Terminate

    @staticmethod
    def receive(client, size: int) -> bytes:
        found = b""
        while len(found) < size:
            if not (more := client.recv(size - len(found))):
                raise EOFError
            found += more
        return found


@pytest.fixture(scope="module")
def authority():
    return certificate("Amazon of the tests", is_ca=True)


@pytest.fixture
def trust(monkeypatch, tmp_path):
    """Trust these certificates in place of Amazon's."""

    def these(*certificates):
        (tmp_path / "bundle.crt").write_bytes(b"".join(map(pem, certificates)))
        monkeypatch.setattr(warehouse, "CA_BUNDLE", tmp_path / "bundle.crt")

    return these


@pytest.fixture
def serve(authority, trust, monkeypatch, tmp_path):
    """Start a server with a certificate for this name, by the authority that is trusted; it is what HOST leads to."""
    trust(authority[0])
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    started = []

    def start(name: str = HOST) -> Server:
        started.append(Server(tmp_path, pem(*certificate(name, authority))))
        return started[-1]

    yield start
    for server in started:
        server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        server.thread.join()


@pytest.fixture
def load(monkeypatch, tmp_path):
    """Settings of a dwh.cfg with these keys in [CLUSTER]."""
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)

    def write(**cluster):
        cluster = {"TARGET": "redshift"} | cluster
        keys = "".join(f"{key}={value}\n" for key, value in cluster.items())
        arn = "ARN=arn:aws:iam::123456789012:role/loader" if "HOST" in cluster else ""
        (tmp_path / "dwh.cfg").write_text(f"[CLUSTER]\n{keys}[IAM_ROLE]\n{arn}\n")
        return config.load(tmp_path / "dwh.cfg")

    return write


@pytest.fixture
def settings(load):
    return load(HOST=HOST, DBNAME="music", USER="listener", PASSWORD=PASSWORD)


def at(settings, port: int):
    return dataclasses.replace(infrastructure.find_cluster(settings), port=port)


def refusal(settings, port: int) -> str:
    """What a connection that fails says, which is one line."""
    with pytest.raises(warehouse.ConnectFailed) as failed:
        warehouse.connect(settings, at(settings, port))
    assert "\n" not in str(failed.value)
    return str(failed.value)


# --- Who is let in, and who is trusted ---------------------------------------------------------------------


def test_a_server_that_proves_its_name_gets_the_password(settings, serve):
    server = serve()
    with closing(warehouse.connect(settings, at(settings, server.port))) as connection:
        assert connection.info.ssl_in_use
        assert connection.info.dsn_parameters["sslmode"] == "verify-full"
        assert PASSWORD not in f"{connection!r} {connection.dsn} {connection.info.dsn_parameters}"
        with closing(warehouse.beside(connection)) as beside:
            assert beside.autocommit
            assert beside.info.dsn_parameters == connection.info.dsn_parameters
    assert server.passwords == [PASSWORD] * 2
    names = {"user": "listener", "database": "music", "application_name": "redjam"}
    assert all(names.items() <= start.items() for start in server.started)


def test_an_unknown_authority_gets_no_password(settings, serve, trust):
    server = serve()
    trust(certificate("Amazon of others", is_ca=True)[0])
    text = refusal(settings, server.port)
    assert text.startswith(f"{HOST}:{server.port}: SSL error: certificate verify failed: ")
    assert "VPN or proxy" in text
    assert not server.started


def test_a_server_of_another_name_gets_no_password_and_a_tunnel_is_told_of(settings, load, serve):
    server = serve("localhost.example")
    text = refusal(settings, server.port)
    assert f'server certificate for "localhost.example" does not match host name "{HOST}"' in text
    through_a_tunnel = load(HOST="localhost", PASSWORD=PASSWORD)
    text = refusal(through_a_tunnel, serve().port)  # which leads to the right server, but not by its name
    assert "Through a tunnel, HOST stays the cluster's own name: set PGHOSTADDR=127.0.0.1" in text
    assert not server.started


def test_the_environment_does_not_loosen_it(settings, serve, monkeypatch):
    monkeypatch.setenv("PGSSLMODE", "disable")
    server = serve("localhost.example")
    assert "does not match host name" in refusal(settings, server.port)


def test_who_speaks_no_tls_gets_no_password(settings, monkeypatch):
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def answer():
            client, _ = listener.accept()
            with client:
                client.recv(8)
                client.sendall(b"N")

        thread = threading.Thread(target=answer)
        thread.start()
        text = refusal(settings, listener.getsockname()[1])
        thread.join()
    assert "server does not support SSL, but SSL was required: this is not the cluster" in text


# --- What is in the way -------------------------------------------------------------------------------------


def test_a_closed_port_is_one_line_with_the_way_out(settings, load, monkeypatch):
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    with closing(socket.create_server(("127.0.0.1", 0))) as closed:
        port = closed.getsockname()[1]
    text = refusal(settings, port)
    assert text.startswith(
        f"{HOST}:{port} is not reached (Connection refused): this machine's address may have changed"
    )
    assert "its security group must let this machine in; see `redjam doctor`" in text
    built = dataclasses.replace(settings, host="")
    with pytest.raises(warehouse.ConnectFailed, match="`redjam build` lets it in again"):
        warehouse.connect(built, at(settings, port))


def test_a_port_that_does_not_answer_is_one_line_too(settings, monkeypatch):
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    monkeypatch.setitem(warehouse.AWS_OPTIONS, "connect_timeout", 1)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        text = refusal(settings, silent.getsockname()[1])
    assert "is not reached (timeout expired): this machine's address may have changed" in text


def test_an_unknown_host_is_one_line(load):
    settings = load(HOST="no-such-host.invalid", PASSWORD=PASSWORD)
    text = refusal(settings, 5439)
    assert text.startswith('no-such-host.invalid:5439: could not translate host name "no-such-host.invalid" to address')
    assert text.endswith("check [CLUSTER] HOST, and whether this machine is online")


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        (["Connection refused"] * 2 + ["Network is unreachable"], "is not reached (Connection refused; Network is unr"),
        (["SSL SYSCALL error: EOF detected"], "is not reached (SSL SYSCALL error: EOF detected): this machine's"),
        (
            ['FATAL:  no pg_hba.conf entry for host "::1", SSL on'],
            ': no pg_hba.conf entry for host "::1", SSL on: `red',
        ),
        (["received invalid response to SSL negotiation: H"], ": received invalid response to SSL negotiation: H: th"),
    ],
)
def test_each_reason_is_said_once_and_taken_for_what_it_is(settings, reasons, said):
    """libpq has such lines for each address of a name; a server of that kind would be long to write."""
    lines = [
        f'connection to server at "{HOST}" (192.0.2.{number}), port 5439 failed: {reason}\n\tIs the server running?'
        for number, reason in enumerate(reasons)
    ]
    text = warehouse._way_out(settings, at(settings, 5439), "\n".join(lines))
    assert f"{HOST}:5439{'' if said.startswith(':') else ' '}{said}" in text


def test_what_the_server_says_is_told(settings, serve):
    server = serve()
    server.answers = [UNKNOWN]
    assert refusal(settings, server.port) == (
        f'{HOST}:{server.port}: database "music" does not exist: `redjam doctor` checks what a connection needs'
    )


def test_a_wrong_password_of_the_file_is_tried_once(settings, serve):
    server = serve()
    server.answers = [REFUSED]
    text = refusal(settings, server.port)
    assert 'password authentication failed for user "listener": check [CLUSTER] USER and PASSWORD' in text
    assert server.passwords == [PASSWORD]


def test_the_command_line_shows_the_line(settings, serve, capsys, monkeypatch):
    server = serve()
    server.answers = [REFUSED]
    cluster = at(settings, server.port)
    monkeypatch.setattr(infrastructure, "find_cluster", lambda _: cluster)
    assert command_line.main(["--config", str(settings.file), "sql", "SELECT 1"]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith(f"redjam: {HOST}:{server.port}: password authentication failed for user")
    assert shown.count("\n") == 1
    assert PASSWORD not in shown


# --- Credentials that AWS gives -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def moto():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def temporary(moto, load, monkeypatch, tmp_path):
    """Settings of a cluster in an AWS account that gives temporary credentials."""
    urllib.request.urlopen(urllib.request.Request(f"{moto}/moto-api/reset", method="POST")).close()
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    settings = load(HOST=HOST)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    settings = config.load(settings.file)
    redshift = boto3.client("redshift", region_name=settings.region, aws_access_key_id="a", aws_secret_access_key="b")
    redshift.create_cluster(
        ClusterIdentifier=settings.identifier, NodeType="ra3.large", MasterUsername=settings.user,
        MasterUserPassword=PASSWORD, ClusterType="single-node",
    )  # fmt: skip
    return settings


def test_credentials_that_are_refused_are_asked_for_anew(temporary, serve, caplog):
    server = serve()
    server.answers = [REFUSED]
    with caplog.at_level(logging.DEBUG, "redjam"), closing(warehouse.connect(temporary, at(temporary, server.port))):
        assert len(set(server.passwords)) == 2
    assert f"{HOST} refuses the credentials, and gets fresh ones" in caplog.messages
    assert not any(password in caplog.text for password in server.passwords)


def test_credentials_that_are_refused_twice_are_told(temporary, serve):
    server = serve()
    server.answers = [REFUSED] * 3
    text = refusal(temporary, server.port)
    assert text.endswith("twice and with fresh credentials from AWS: check [CLUSTER] USER and LOGIN")
    assert len(set(server.passwords)) == 2


def everything_of(error: BaseException) -> str:
    """The error with its cause and context, also what a traceback leaves out, and all variables but this file's."""
    text = f"{error} {error!r} {''.join(traceback.format_exception(error))}"
    while error:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        shown.stack[:] = [frame for frame in shown.stack if frame.filename != __file__]  # which has the secrets
        text += "".join(shown.format(chain=False))
        error = error.__cause__ or error.__context__
    return text


@pytest.mark.parametrize("target", ["settings", "temporary"])
@pytest.mark.parametrize("answer", [REFUSED, UNKNOWN])
def test_a_connection_that_fails_shows_no_secret(request, serve, caplog, target, answer):
    found, server = request.getfixturevalue(target), serve()
    server.answers = [answer] * 2
    caplog.set_level(logging.DEBUG, "redjam")
    with pytest.raises(warehouse.ConnectFailed) as failed:
        warehouse.connect(found, at(found, server.port))
    text = everything_of(failed.value) + caplog.text + repr(found)
    assert "_open(" in text
    assert "'***'" in text
    secrets = {*server.passwords, *KEYS.values(), PASSWORD}
    assert len(secrets) >= 3
    assert not [secret for secret in secrets if secret in text]


def test_a_secret_would_be_seen(settings, serve, monkeypatch):
    server = serve()
    server.answers = [REFUSED]
    monkeypatch.setattr(warehouse, "_open", psycopg2.connect)  # which has the password in a variable
    with pytest.raises(warehouse.ConnectFailed) as failed:
        warehouse.connect(settings, at(settings, server.port))
    assert PASSWORD in everything_of(failed.value)
