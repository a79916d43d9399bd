"""An AWS account for tests: moto over HTTP or in this process, and a wire that hears and refuses what is called.

moto is imported where it is used: it takes a second, and the tests of other things load this file, too.
"""

import functools
import json
import logging
import os
import types
import urllib.request

import boto3
import botocore.loaders
import pytest

from redjam import aws, config, infrastructure
from redjam.infrastructure import network
from redjam.local import services

ADDRESS = "203.0.113.7"
ACCOUNT = "123456789012"
PASSWORD = "Never2print"
SOURCES = "[S3]\nLOG_DATA=s3://logs/log-data\nLOG_JSON_PATH=s3://logs/path.json\nSONG_DATA=s3://songs/a/b/\n"
READS = ("Describe", "Get", "Head", "List")


@pytest.fixture(scope="session")
def moto():
    """The address of a moto server in this process."""
    from moto.server import ThreadedMotoServer

    from redjam.local.redshift import complete_moto

    loader = botocore.loaders.create_loader()  # one reading of AWS's service models takes a fifth of a second
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    complete_moto()
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", lambda *_: loader)
        patch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # most of the time that an empty account takes
        yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def account(moto, monkeypatch, tmp_path):
    """An empty AWS account, its keys in the environment; nothing of this machine's own AWS settings."""
    urllib.request.urlopen(urllib.request.Request(f"{moto}/moto-api/reset", method="POST")).close()
    set_keys(monkeypatch, tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(network, "ADDRESS_URL", f"data:,{ADDRESS}%0A")
    # moto has no price list.
    monkeypatch.setattr(infrastructure, "cost", types.SimpleNamespace(sentence=lambda settings: "what it will cost"))
    return moto


def set_keys(monkeypatch, tmp_path):
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "DW_AWS_ACCESS_KEY_ID", "DW_AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "REALKEYID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "realsecret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # at each reset, which would take most of the time


@pytest.fixture
def near_account(account, monkeypatch):
    """The account without HTTP, twice as fast; gives the function that empties it."""
    from moto import mock_aws
    from moto.moto_api._internal.models import moto_api_backend

    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with mock_aws():
        yield moto_api_backend.reset


@pytest.fixture
def load(account, tmp_path):
    """Settings of a dwh.cfg with these keys in [CLUSTER], and MAX_HOURS."""

    def write(sources=SOURCES, arn="", max_hours="", **cluster):
        cluster = {"TARGET": "redshift"} | cluster
        keys = "".join(f"{key}={value}\n" for key, value in cluster.items())
        text = f"[CLUSTER]\n{keys}[IAM_ROLE]\nARN={arn}\n[COST]\nMAX_HOURS={max_hours}\n{sources}"
        (tmp_path / "dwh.cfg").write_text(text)
        return config.load(tmp_path / "dwh.cfg")

    return write


@pytest.fixture
def stand_in(account, load, monkeypatch):
    """The account as the local target's; gives its key."""
    folder = load(TARGET="local", sources="").local_dir
    folder.mkdir()
    (folder / "aws.key").write_text("standinskey")
    monkeypatch.setattr(services, "aws", lambda folder: account)
    return "standinskey"


@pytest.fixture
def no_sleep(monkeypatch):
    """No wait takes time, and none goes on for ever; gives the seconds that were to be slept."""
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        assert len(slept) < 200, "it waits on and on"

    monkeypatch.setattr(aws.time, "sleep", sleep)
    return slept


class Wire:
    """What the library's clients call, and what they get instead of moto's answer.

    `calls` has (operation, parameters), `operations` the same calls as (service, operation), as policies name them.
    """

    def __init__(self):
        self.calls = []
        self.operations = []
        self.sent = []
        self.answers = {}
        self.faults = {}  # number of a call, from 0 -> what is raised or answered in its place

    def clear(self):
        self.calls.clear()
        self.operations.clear()

    def changes(self):
        return [name for name, _ in self.calls if not name.startswith(READS)]

    def parameters(self, operation):
        return next(parameters for name, parameters in self.calls if name == operation)

    def answer(self, operation, **parsed):
        self.answers[operation] = (types.SimpleNamespace(status_code=200), parsed)

    def refuse(self, operation, code, message="it says no", times=0):
        """Refuse this operation from now on, or so many times."""
        refusal = refused(code, message)
        self.answers[operation] = iter([refusal] * times) if times else refusal

    def before_call(self, model, params, **_):
        number = len(self.calls)
        self.calls.append((model.name, params["body"]))
        self.operations.append((model.service_model.service_name, model.name))
        answer = self.faults.get(number) or self.answers.get(model.name)
        if hasattr(answer, "__next__"):
            answer = next(answer, None)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def after_call(self, model, **_):
        answer = self.answers.get(f"after {model.name}")
        if isinstance(answer, BaseException):
            raise answer


def refused(code, message="it says no"):
    """What botocore takes for AWS's refusal, with no attempt more."""
    said = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPHeaders": {}}}
    return types.SimpleNamespace(status_code=400, raw=None), said


@pytest.fixture
def own_clients(monkeypatch):
    """Clients of the stand-in that only this test calls, and may listen to."""
    monkeypatch.setattr(services, "_client", services._client.__wrapped__)


@pytest.fixture
def wire(own_clients, monkeypatch):
    wire, make, made = Wire(), aws.client, {}

    def client(settings, service, connections=10):
        # A client takes longer to make than to call; keys and target do not change within a test but by settings.
        which = (service, settings.region, settings.target, str(settings.access_key))
        if which not in made:
            made[which] = make(settings, service, connections)
            events = made[which].meta.events
            events.register("before-call", wire.before_call)
            events.register("after-call", wire.after_call)
            events.register("before-send", lambda request, **_: wire.sent.append(request))
        return made[which]

    monkeypatch.setattr(aws, "client", client)
    return wire


# --- What the account has, asked past the library ---------------------------------------------------------


def client(service):
    """A plain client of boto3 in the region of the settings."""
    return _client(service, os.environ.get("AWS_ENDPOINT_URL"))


@functools.cache
def _client(service, url):
    keys = {"aws_access_key_id": "REALKEYID", "aws_secret_access_key": "realsecret"}
    return boto3.Session(region_name="us-west-2").client(service, endpoint_url=url, **keys)


def moto_cluster(identifier="redjam"):
    """The cluster inside of moto, whose state no call can change."""
    from moto.redshift.models import redshift_backends

    return redshift_backends[ACCOUNT]["us-west-2"].clusters[identifier]


def described():
    return client("redshift").describe_clusters(ClusterIdentifier="redjam")["Clusters"][0]


def group():
    found = client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": ["redjam-redshift"]}])
    return found["SecurityGroups"][0]


def rules(group_id):
    """The ingress rules of a group as (protocol, first port, last port, source)."""
    found = client("ec2").describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])
    return [
        (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], rule.get("CidrIpv4") or rule.get("CidrIpv6"))
        for rule in found["SecurityGroupRules"]
        if not rule["IsEgress"]
    ]


def trust_of(service):
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role_policy(settings):
    policy = {"RoleName": settings.iam_role_name, "PolicyName": f"{settings.identifier}.{settings.region}"}
    return client("iam").get_role_policy(**policy)["PolicyDocument"]


def allowed(settings):
    """What the role's policy allows: the resources of each action, a list's with the prefix that it may list."""
    found = {}
    for statement in role_policy(settings)["Statement"]:
        assert statement["Effect"] == "Allow"
        resources = statement["Resource"]
        prefix = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix")
        for resource in [resources] if isinstance(resources, str) else resources:
            found.setdefault(statement["Action"], []).append(resource + (f" {prefix}" if prefix else ""))
    return found


def buckets():
    return [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]]


def kinds(settings):
    return list(infrastructure.inventory(settings)["kind"])


ALL = ["cluster", "scheduled action", "security group", "role", "policy", "role", "policy", "bucket"]  # the kinds
