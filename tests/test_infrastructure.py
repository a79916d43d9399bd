"""The infrastructure against a moto server over HTTP."""

import dataclasses
import json
import logging
import re
import traceback
import types
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import boto3
import botocore.loaders
import pytest
from botocore import exceptions
from moto.redshift.models import redshift_backends
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from redjam import aws, bucket, config, infrastructure
from redjam.infrastructure import AWSError, NotBuilt
from redjam.local import services
from redjam.local.aws import complete_moto

ADDRESS = "203.0.113.7"
PASSWORD = "Never2print"
SOURCES = "[S3]\nLOG_DATA=s3://logs/log-data\nLOG_JSON_PATH=s3://logs/path.json\nSONG_DATA=s3://songs/a/b/\n"


@pytest.fixture(scope="module", autouse=True)
def models():
    """One reading of AWS's service models for all sessions: each takes botocore a fifth of a second."""
    loader = botocore.loaders.create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", lambda *_: loader)
        yield


@pytest.fixture(scope="module")
def moto():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    complete_moto()
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def account(moto, monkeypatch, tmp_path):
    """An empty AWS account, its keys in the environment; nothing of this machine's own AWS settings."""
    urllib.request.urlopen(urllib.request.Request(f"{moto}/moto-api/reset", method="POST")).close()
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "DW_AWS_ACCESS_KEY_ID", "DW_AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "REALKEYID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "realsecret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(infrastructure, "ADDRESS_URL", f"data:,{ADDRESS}%0A")
    return moto


@pytest.fixture
def load(account, tmp_path):
    """Settings of a dwh.cfg with these keys in [CLUSTER]."""

    def write(sources=SOURCES, arn="", **cluster):
        cluster = {"TARGET": "redshift"} | cluster
        keys = "".join(f"{key}={value}\n" for key, value in cluster.items())
        (tmp_path / "dwh.cfg").write_text(f"[CLUSTER]\n{keys}[IAM_ROLE]\nARN={arn}\n{sources}")
        return config.load(tmp_path / "dwh.cfg")

    return write


@pytest.fixture
def settings(load):
    return load()


@pytest.fixture
def stand_in(account, load, monkeypatch):
    """The account as the local target's; gives its key."""
    folder = load(TARGET="local", sources="").local_dir
    folder.mkdir()
    (folder / "aws.key").write_text("standinskey")
    monkeypatch.setattr(services, "aws", lambda folder: account)
    return "standinskey"


class Wire:
    """What the library's clients call, and what they get instead of moto's answer."""

    def __init__(self):
        self.calls = []
        self.sent = []
        self.answers = {}

    def changes(self):
        return [name for name, _ in self.calls if not name.startswith(("Describe", "Get", "Head", "List"))]

    def parameters(self, operation):
        return next(parameters for name, parameters in self.calls if name == operation)

    def refuse(self, operation, code, message="it says no"):
        error = {"Error": {"Code": code, "Message": message}}
        self.answers[operation] = (types.SimpleNamespace(status_code=400), error)

    def before_call(self, model, params, **_):
        self.calls.append((model.name, params["body"]))
        answer = self.answers.get(model.name)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def wire(monkeypatch):
    wire, make = Wire(), aws.client

    def client(settings, service):
        made = make(settings, service)
        made.meta.events.register("before-call", wire.before_call)
        made.meta.events.register("before-send", lambda request, **_: wire.sent.append(request))
        return made

    monkeypatch.setattr(aws, "client", client)
    return wire


def client(service):
    return boto3.Session(region_name="us-west-2").client(service)


def moto_cluster(identifier="redjam"):
    """The cluster inside of moto, whose state no call can change."""
    return redshift_backends["123456789012"]["us-west-2"].clusters[identifier]


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
    policy = {"RoleName": settings.iam_role_name, "PolicyName": settings.identifier}
    return client("iam").get_role_policy(**policy)["PolicyDocument"]


def buckets():
    return [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]]


def kinds(settings):
    return list(infrastructure.inventory(settings)["kind"])


# --- Build -----------------------------------------------------------------------------------------------


def test_build_makes_an_encrypted_cluster_with_its_own_role_group_and_bucket(settings):
    cluster = infrastructure.build(settings)

    assert (cluster.identifier, cluster.status) == ("redjam", "available")
    assert (cluster.port, cluster.dbname, cluster.user) == (5439, settings.dbname, settings.user)
    assert (cluster.node_type, cluster.nodes) == ("ra3.large", 1)
    assert cluster.host.endswith(".us-west-2.redshift.amazonaws.com")
    assert cluster.role_arn.endswith(f":role/{settings.iam_role_name}")
    found = described()
    assert found["Encrypted"]
    assert found["PubliclyAccessible"]
    assert [role["IamRoleArn"] for role in found["IamRoles"]] == [cluster.role_arn]
    assert [member["VpcSecurityGroupId"] for member in found["VpcSecurityGroups"]] == [group()["GroupId"]]
    role = client("iam").get_role(RoleName=settings.iam_role_name)["Role"]
    (own_bucket,) = buckets()
    tags = [*(resource["Tags"] for resource in (found, group(), role))]
    tags.append(client("s3").get_bucket_tagging(Bucket=own_bucket)["TagSet"])
    assert tags == [aws.TAGS] * 4


def test_only_this_machine_gets_in_and_the_default_group_stays_as_it_was(settings):
    def default_rules():
        name = {"Name": "group-name", "Values": ["default"]}
        found = client("ec2").describe_security_groups(Filters=[name])["SecurityGroups"]
        return [rules(default["GroupId"]) for default in found]

    before = default_rules()
    infrastructure.build(settings)

    assert rules(group()["GroupId"]) == [("tcp", 5439, 5439, f"{ADDRESS}/32")]
    assert group()["GroupName"] != "default"
    assert default_rules() == before


def test_building_twice_changes_nothing(settings, wire):
    first = infrastructure.build(settings)
    before = infrastructure.inventory(settings)
    assert sorted(wire.changes()) == [
        "AuthorizeSecurityGroupIngress",
        "CreateBucket",
        "CreateCluster",
        "CreateRole",
        "CreateSecurityGroup",
        "PutBucketLifecycleConfiguration",
        "PutBucketTagging",
        "PutPublicAccessBlock",
        "PutRolePolicy",
    ]
    wire.calls.clear()

    assert infrastructure.build(settings) == first
    assert wire.changes() == []
    assert infrastructure.inventory(settings).equals(before)


@pytest.mark.parametrize("node_type", ["dc2.large", "ds2.xlarge"])
def test_a_node_type_that_aws_no_longer_creates_is_refused_before_any_call(load, wire, node_type):
    settings = load(NODE_TYPE=node_type)

    with pytest.raises(config.SettingError, match=node_type):
        infrastructure.build(settings)
    with pytest.raises(config.SettingError, match=node_type):
        infrastructure.ensure_cluster(settings, "arn:aws:iam::123456789012:role/r", "sg-1")
    assert wire.calls == []


def test_aws_keeps_the_password_unless_one_is_given(load, wire):
    infrastructure.build(load())
    assert wire.parameters("CreateCluster")["ManageMasterPassword"] == "true"
    assert "MasterUserPassword" not in wire.parameters("CreateCluster")

    infrastructure.delete(load())
    wire.calls.clear()
    infrastructure.build(load(PASSWORD=PASSWORD))
    assert wire.parameters("CreateCluster")["MasterUserPassword"] == PASSWORD
    assert "ManageMasterPassword" not in wire.parameters("CreateCluster")


def test_several_nodes(load, wire):
    cluster = infrastructure.build(load(CLUSTER_TYPE="multi-node", NUM_NODES=3, PORT=5444))

    assert (cluster.nodes, cluster.port) == (3, 5444)
    assert wire.parameters("CreateCluster")["NumberOfNodes"] == 3
    assert [port for _, port, _, _ in rules(group()["GroupId"])] == [5444]


def test_a_single_node_names_no_number_of_nodes(settings, wire):
    infrastructure.build(settings)
    assert "NumberOfNodes" not in wire.parameters("CreateCluster")


# --- Drift -----------------------------------------------------------------------------------------------


def test_every_other_rule_of_the_group_is_revoked(settings):
    infrastructure.build(settings)
    group_id = group()["GroupId"]
    world, six = {"CidrIp": "0.0.0.0/0"}, {"CidrIpv6": "::/0"}
    extra = [
        {"IpProtocol": "tcp", "FromPort": 5439, "ToPort": 5439, "IpRanges": [world], "Ipv6Ranges": [six]},
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": f"{ADDRESS}/32"}]},
        {"IpProtocol": "-1", "IpRanges": [world]},
    ]
    client("ec2").authorize_security_group_ingress(GroupId=group_id, IpPermissions=extra)
    assert len(rules(group_id)) == 5

    assert infrastructure.ensure_security_group(settings) == group_id
    assert rules(group_id) == [("tcp", 5439, 5439, f"{ADDRESS}/32")]


def test_a_laptop_in_another_network_gets_in_and_the_old_address_does_not(settings, monkeypatch):
    infrastructure.build(settings)
    monkeypatch.setattr(infrastructure, "ADDRESS_URL", "data:,198.51.100.4")
    infrastructure.build(settings)
    assert rules(group()["GroupId"]) == [("tcp", 5439, 5439, "198.51.100.4/32")]


@pytest.mark.parametrize("url", ["data:,<html>log in to the hotel</html>", "http://127.0.0.1:9/"])
def test_an_unknown_address_opens_nothing(settings, monkeypatch, url):
    monkeypatch.setattr(infrastructure, "ADDRESS_URL", url)
    with pytest.raises(AWSError, match="this machine's address"):
        infrastructure.build(settings)
    assert "security group" not in infrastructure.inventory(settings)["kind"].tolist()


def test_no_default_vpc(settings, wire):
    wire.answers["DescribeVpcs"] = (types.SimpleNamespace(status_code=200), {"Vpcs": []})
    with pytest.raises(AWSError, match="create-default-vpc"):
        infrastructure.ensure_security_group(settings)


def test_a_group_in_another_vpc_is_of_no_use_but_is_deleted(settings):
    other = client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    tags = [{"ResourceType": "security-group", "Tags": aws.TAGS}]
    old = client("ec2").create_security_group(
        GroupName="redjam-redshift", Description="old", VpcId=other, TagSpecifications=tags
    )
    assert infrastructure.ensure_security_group(settings) != old["GroupId"]
    assert kinds(settings) == ["security group"] * 2

    infrastructure.delete_security_group(settings)
    assert kinds(settings) == []


def test_a_changed_trust_and_policy_are_mended(settings, wire):
    arn = infrastructure.ensure_role(settings)
    role = client("iam").get_role(RoleName=settings.iam_role_name)["Role"]
    wanted, policy = role["AssumeRolePolicyDocument"], role_policy(settings)
    assert wanted["Statement"][0]["Principal"] == {"Service": "redshift.amazonaws.com"}
    name = settings.iam_role_name
    client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=trust_of("lambda.amazonaws.com"))
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    client("iam").put_role_policy(
        RoleName=name,
        PolicyName=settings.identifier,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": everything}),
    )

    assert infrastructure.ensure_role(settings) == arn
    role = client("iam").get_role(RoleName=settings.iam_role_name)["Role"]
    assert role["AssumeRolePolicyDocument"] == wanted
    assert role_policy(settings) == policy


def test_a_cluster_in_another_group_is_given_ours_alone(settings, wire):
    infrastructure.build(settings)
    other = client("ec2").create_security_group(GroupName="open", Description="open to all")["GroupId"]
    client("redshift").modify_cluster(ClusterIdentifier="redjam", VpcSecurityGroupIds=[other])
    wire.calls.clear()

    infrastructure.build(settings)
    assert wire.changes() == ["ModifyCluster"]
    assert [member["VpcSecurityGroupId"] for member in described()["VpcSecurityGroups"]] == [group()["GroupId"]]


def test_another_role_is_attached_and_the_first_stays(load, wire):
    first = infrastructure.build(load())
    wire.calls.clear()

    second = infrastructure.build(load(IAM_ROLE_NAME="another"))
    assert second.role_arn.endswith(":role/another")
    assert wire.changes() == ["CreateRole", "PutRolePolicy", "ModifyClusterIamRoles"]
    assert [role["IamRoleArn"] for role in described()["IamRoles"]] == [first.role_arn, second.role_arn]

    assert infrastructure.build(load()) == first
    assert wire.changes()[3:] == []


def test_a_cluster_without_its_role_is_given_it(settings, wire):
    built = infrastructure.build(settings)
    given = {"ClusterIdentifier": "redjam", "RemoveIamRoles": [built.role_arn]}
    assert client("redshift").modify_cluster_iam_roles(**given)["Cluster"]["IamRoles"] == []
    wire.calls.clear()

    assert infrastructure.build(settings) == built
    assert wire.changes() == ["ModifyClusterIamRoles"]


# --- What the role may do --------------------------------------------------------------------------------


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


def test_the_role_may_read_the_three_prefixes_and_the_manifests_and_nothing_else(settings):
    infrastructure.build(settings)
    (own_bucket,) = buckets()
    assert allowed(settings) == {
        "s3:GetObject": [
            "arn:aws:s3:::logs/log-data*",
            "arn:aws:s3:::logs/path.json*",
            "arn:aws:s3:::songs/a/b/*",
            f"arn:aws:s3:::{own_bucket}/*",
        ],
        "s3:GetBucketLocation": ["arn:aws:s3:::logs", f"arn:aws:s3:::{own_bucket}", "arn:aws:s3:::songs"],
        "s3:ListBucket": [
            "arn:aws:s3:::logs log-data*",
            "arn:aws:s3:::logs path.json*",
            "arn:aws:s3:::songs a/b/*",
            f"arn:aws:s3:::{own_bucket} *",
        ],
    }


@pytest.mark.parametrize("work", ["s3://mine/red jam", "s3://mine/red jam/"])
def test_the_role_may_read_a_place_of_your_own_for_the_manifests(load, work):
    settings = load(sources=f"{SOURCES}WORK={work}\n")
    infrastructure.build(settings)
    assert allowed(settings)["s3:GetObject"][-1] == "arn:aws:s3:::mine/red jam/*"
    assert allowed(settings)["s3:ListBucket"][-1] == "arn:aws:s3:::mine red jam/*"
    assert buckets() == [], "none of ours is needed"


def test_where_the_data_are_folders_the_role_reads_manifests_alone(load, stand_in):
    settings = load(TARGET="local", sources="")
    infrastructure.build(settings)
    (own_bucket,) = buckets()
    assert allowed(settings) == {
        "s3:GetObject": [f"arn:aws:s3:::{own_bucket}/*"],
        "s3:GetBucketLocation": [f"arn:aws:s3:::{own_bucket}"],
        "s3:ListBucket": [f"arn:aws:s3:::{own_bucket} *"],
    }


# --- The bucket ------------------------------------------------------------------------------------------


def put_buckets(**regions):
    """The buckets of the sources, each in a region."""
    for name, region in regions.items():
        place = {"LocationConstraint": region}
        made = boto3.client("s3", region_name=region)
        made.create_bucket(Bucket=name, CreateBucketConfiguration=place)


def test_the_bucket_is_closed_to_the_public_and_forgets_within_a_week(settings):
    name = bucket.ensure_bucket(settings, "eu-north-1")
    s3 = client("s3")
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-north-1"
    closed = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert len(closed) == 4
    assert all(closed.values())
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert (rule["Status"], rule["Filter"], rule["Expiration"]) == ("Enabled", {"Prefix": ""}, {"Days": 7})


def test_a_bucket_in_the_oldest_region(settings):
    name = bucket.ensure_bucket(settings, "us-east-1")
    assert client("s3").get_bucket_location(Bucket=name).get("LocationConstraint") is None
    assert bucket.ensure_bucket(settings, "us-east-1") == name
    bucket.delete_buckets(settings)
    assert buckets() == []


@pytest.mark.parametrize("identifier", ["r", "redjam", f"{'r' * 29}-{'j' * 33}", "r" * 63])
@pytest.mark.parametrize("region", ["us-west-2", "ap-southeast-10"])
def test_a_buckets_name_is_valid_and_its_own(load, identifier, region):
    settings = load(IDENTIFIER=identifier)
    names = {
        bucket.bucket_name(one, account, place)
        for one in (settings, dataclasses.replace(settings, identifier=f"{identifier[:-1]}0"))
        for account in ("123456789012", "210987654321")
        for place in (region, "eu-north-1")
    }
    assert len(names) == 8
    for name in names:
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", name)
        assert "--" not in name


def test_data_in_two_regions_have_two_buckets_and_delete_finds_them_all(settings, load):
    put_buckets(logs="eu-north-1", songs="us-west-2")
    north, west = bucket.ensure_buckets(settings)
    infrastructure.ensure_role(settings)
    assert f"arn:aws:s3:::{north}/*" in allowed(settings)["s3:GetObject"]
    assert f"arn:aws:s3:::{west}/*" in allowed(settings)["s3:GetObject"]
    assert bucket.work_place(settings, "eu-north-1") == f"s3://{north}"
    assert bucket.work_place(settings, "us-west-2") == f"s3://{west}"

    elsewhere = load(sources="")
    rows = infrastructure.inventory(elsewhere).query("kind == 'bucket'")
    assert dict(zip(rows["name"], rows["detail"], strict=True)) == {north: "in eu-north-1", west: "in us-west-2"}
    bucket.delete_buckets(elsewhere)
    assert sorted(buckets()) == ["logs", "songs"]


def test_buckets_of_a_like_name_stay(settings):
    other = dataclasses.replace(settings, identifier="redjam-two")
    theirs = bucket.ensure_bucket(other, "us-west-2")
    put_buckets(**{"redjam-us-west-2-0123456789ab": "us-west-2", "redjam-x": "us-west-2"})
    bucket.delete_buckets(settings)
    assert sorted(buckets()) == sorted([theirs, "redjam-us-west-2-0123456789ab", "redjam-x"])
    assert "bucket" not in kinds(settings)


def test_a_full_bucket_is_deleted(settings):
    name = bucket.ensure_bucket(settings, "us-west-2")
    for number in range(1001):  # by moto's own, since a thousand calls take their time
        s3_backends["123456789012"]["aws"].put_object(name, f"manifests/{number}", b"{}")
    bucket.delete_buckets(settings)
    assert buckets() == []


def test_a_bucket_that_is_still_listed_but_gone_is_not_there(settings, wire):
    name = bucket.ensure_bucket(settings, "us-west-2")
    client("s3").delete_bucket(Bucket=name)
    listed = {"Buckets": [{"Name": name}]}
    wire.answers["ListBuckets"] = (types.SimpleNamespace(status_code=200), listed)
    assert "bucket" not in kinds(settings)
    bucket.delete_buckets(settings)


def test_somebody_elses_bucket_of_our_name_is_not_used(settings, monkeypatch):
    name = bucket.bucket_name(settings, "123456789012", "us-west-2")
    s3_backends["210987654321"]["aws"].create_bucket(name, "us-west-2")
    monkeypatch.setenv("MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS", "false")
    try:
        for ensure in (bucket.ensure_bucket, bucket.work_place):
            with pytest.raises(AWSError, match=rf"bucket {name} is somebody else's, .* in \[S3\] WORK"):
                ensure(settings, "us-west-2")
        bucket.delete_buckets(settings)
    finally:
        s3_backends["210987654321"]["aws"].delete_bucket(name)


def test_the_owner_of_the_bucket_is_asked_for(settings, wire):
    bucket.ensure_bucket(settings, "us-west-2")
    headers = [request.headers for request in wire.sent if "tagging" in request.url]
    assert [header["x-amz-expected-bucket-owner"] for header in headers] == [b"123456789012"] * 2


def test_a_load_makes_the_bucket_that_the_stand_in_forgot(settings):
    infrastructure.build(settings)
    (name,) = buckets()
    client("s3").delete_bucket(Bucket=name)
    assert bucket.work_place(settings, "us-west-2") == f"s3://{name}"
    assert buckets() == [name]


def test_a_place_of_your_own_is_used_without_asking(load, wire):
    settings = load(sources=f"{SOURCES}WORK=s3://mine/red jam/\n", HOST="tunnel.example.com")
    assert bucket.work_place(settings, "us-west-2") == "s3://mine/red jam"
    assert wire.calls == []


def test_where_a_host_is_given_the_place_must_be_too(load, wire):
    settings = load(HOST="tunnel.example.com")
    assert bucket.ensure_buckets(settings) == []
    with pytest.raises(aws.AWSError, match=r"HOST is given.* \[S3\] WORK"):
        bucket.work_place(settings, "us-west-2")
    assert wire.calls == []


# --- Waiting ---------------------------------------------------------------------------------------------


def test_a_wait_has_an_end(settings, monkeypatch):
    infrastructure.build(settings)
    moto_cluster().status = "creating"
    monkeypatch.setattr(infrastructure, "TIMEOUT_SECONDS", 0)
    monkeypatch.setattr(infrastructure.time, "sleep", lambda _: pytest.fail("it waits on"))
    with pytest.raises(AWSError, match=r"still creating after 0 minutes.*may cost money"):
        infrastructure.build(settings)

    moto_cluster().status = "available"
    assert infrastructure.build(settings).status == "available"


def test_a_wait_ends_when_aws_says_so(settings, monkeypatch):
    infrastructure.build(settings)
    cluster = moto_cluster()
    coming = iter(["modifying", "available, prep-for-resize"])
    cluster.status = "creating"
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        cluster.status = next(coming)

    monkeypatch.setattr(infrastructure.time, "sleep", sleep)
    assert infrastructure.build(settings).status == "available, prep-for-resize"
    assert slept == [infrastructure.POLL_SECONDS] * 2


def test_a_cluster_that_vanishes_while_it_is_made_ends_the_wait(settings, monkeypatch):
    infrastructure.build(settings)
    moto_cluster().status = "creating"
    monkeypatch.setattr(
        infrastructure.time,
        "sleep",
        lambda _: client("redshift").delete_cluster(ClusterIdentifier="redjam", SkipFinalClusterSnapshot=True),
    )
    with pytest.raises(AWSError, match="is gone"):
        infrastructure.build(settings)


@pytest.mark.parametrize(
    ("status", "way_out"),
    [
        ("deleting", "wait until it is gone"),
        ("final-snapshot", "wait until it is gone"),
        ("paused", "resume"),
        ("incompatible-network", "see its events"),
    ],
)
def test_a_cluster_that_takes_no_connection_is_said_at_once(settings, status, way_out):
    infrastructure.build(settings)
    moto_cluster().status = status
    with pytest.raises(AWSError, match=f"'redjam' is {status}: .*{way_out}"):
        infrastructure.build(settings)
    with pytest.raises(NotBuilt, match=f"is {status}: .*{way_out}"):
        infrastructure.find_cluster(settings)


# --- Find ------------------------------------------------------------------------------------------------


def test_nothing_built_names_the_cluster_the_region_and_the_notebook(settings):
    with pytest.raises(NotBuilt) as caught:
        infrastructure.find_cluster(settings)
    for part in ("'redjam'", "us-west-2", "notebooks/01_infrastructure.ipynb", "redjam build"):
        assert part in str(caught.value)


def test_find_gives_what_build_gave(settings):
    assert infrastructure.build(settings) == infrastructure.find_cluster(settings)


def test_of_several_roles_ours_is_taken(settings):
    built = infrastructure.build(settings)
    moto_cluster().iam_roles_arn.insert(0, "arn:aws:iam::123456789012:role/other")
    assert infrastructure.find_cluster(settings).role_arn == built.role_arn


def test_a_cluster_without_an_endpoint_is_not_there_yet(settings, wire):
    young = {"Clusters": [{"ClusterIdentifier": "redjam", "ClusterStatus": "creating", "IamRoles": []}]}
    wire.answers["DescribeClusters"] = (types.SimpleNamespace(status_code=200), young)
    with pytest.raises(NotBuilt, match=r"is creating: run .* which waits"):
        infrastructure.find_cluster(settings)


def test_host_and_arn_are_used_without_asking_aws_and_nothing_is_made(load, wire):
    arn = "arn:aws:iam::123456789012:role/dwhRole"
    settings = load(HOST="old.x.us-west-2.redshift.amazonaws.com", arn=arn, NODE_TYPE="dc2.large")

    cluster = infrastructure.build(settings)
    assert (cluster.host, cluster.role_arn, cluster.status) == (settings.host, arn, "given")
    assert infrastructure.find_cluster(settings) == cluster
    assert wire.calls == []


def test_what_is_not_given_is_asked(load, wire):
    built = infrastructure.build(load())
    arn = "arn:aws:iam::123456789012:role/dwhRole"
    wire.calls.clear()

    by_arn = infrastructure.find_cluster(load(arn=arn))
    assert (by_arn.host, by_arn.role_arn) == (built.host, arn)
    by_host = infrastructure.build(load(HOST="tunnel.example.com", PORT=5440))
    assert (by_host.host, by_host.port, by_host.role_arn) == ("tunnel.example.com", 5440, built.role_arn)
    assert wire.changes() == []


def test_a_host_alone_says_what_is_missing_and_nothing_is_made(load, wire):
    with pytest.raises(NotBuilt, match="ARN as well as HOST"):
        infrastructure.build(load(HOST="tunnel.example.com"))
    assert wire.changes() == []


def test_a_given_role_is_attached_and_no_other_is_made(load):
    arn = "arn:aws:iam::123456789012:role/dwhRole"
    settings = load(arn=arn)
    assert infrastructure.build(settings).role_arn == arn
    assert kinds(settings) == ["cluster", "security group", "bucket"]


# --- Credentials -----------------------------------------------------------------------------------------


def test_the_password_of_the_settings(load):
    settings = load(PASSWORD=PASSWORD)
    cluster = infrastructure.build(settings)
    assert infrastructure.credentials(settings, cluster) == (settings.user, PASSWORD)


def test_temporary_credentials_for_the_same_user(settings, wire):
    cluster = infrastructure.build(settings)
    user, password = infrastructure.credentials(settings, cluster)
    assert user == f"IAM:{settings.user}"
    assert len(password) >= 20
    asked = wire.parameters("GetClusterCredentials")
    assert (asked["DbName"], asked["DurationSeconds"], asked["AutoCreate"]) == (
        settings.dbname,
        3600,
        "false",
    )


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidParameterValue"])
def test_secrets_show_nowhere(load, wire, monkeypatch, caplog, code):
    monkeypatch.setenv("DW_AWS_ACCESS_KEY_ID", "DWKEYID")
    monkeypatch.setenv("DW_AWS_SECRET_ACCESS_KEY", "dw/secret+key")
    caplog.set_level(logging.INFO)
    logging.getLogger("redjam").setLevel(logging.DEBUG)
    settings = load(PASSWORD=PASSWORD)
    wire.refuse("CreateCluster", code)
    with pytest.raises((AWSError, exceptions.ClientError)) as caught:
        infrastructure.build(settings)
    wire.answers.clear()
    cluster = infrastructure.build(settings)

    assert "Credential=DWKEYID/" in wire.sent[0].headers["Authorization"].decode()
    shown = [
        *traceback.format_exception(caught.value),
        caplog.text,
        repr(settings),
        str(settings),
        repr(cluster),
        infrastructure.inventory(settings).to_string(),
    ]
    assert "being created" in caplog.text
    for secret in (PASSWORD, "dw/secret+key"):
        assert secret not in "\n".join(shown)


# --- Delete ----------------------------------------------------------------------------------------------


def test_nothing_is_left_after_delete(settings, wire):
    infrastructure.build(settings)
    client("iam").attach_role_policy(
        RoleName=settings.iam_role_name,
        PolicyArn=client("iam").create_policy(PolicyName="more", PolicyDocument=json.dumps(role_policy(settings)))[
            "Policy"
        ]["Arn"],
    )
    assert kinds(settings) == ["cluster", "security group", "role", "policy", "bucket"]
    wire.calls.clear()

    infrastructure.delete(settings)
    assert wire.changes() == [
        "DeleteCluster",
        "DeleteBucket",
        "DeleteSecurityGroup",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "DeleteRole",
    ]
    left = infrastructure.inventory(settings)
    assert left.empty
    assert list(left.columns) == ["kind", "name", "state", "detail"]
    assert client("redshift").describe_cluster_snapshots()["Snapshots"] == []
    with pytest.raises(NotBuilt):
        infrastructure.find_cluster(settings)


def test_deleting_nothing_is_fine(settings, wire):
    infrastructure.delete(settings)
    infrastructure.build(settings)
    infrastructure.delete(settings)
    wire.calls.clear()
    infrastructure.delete(settings)
    assert wire.changes() == []


def test_delete_waits_for_a_cluster_that_is_being_deleted(settings, monkeypatch, wire):
    infrastructure.build(settings)
    moto_cluster().status = "deleting"
    gone = client("redshift").delete_cluster
    monkeypatch.setattr(
        infrastructure.time,
        "sleep",
        lambda _: gone(ClusterIdentifier="redjam", SkipFinalClusterSnapshot=True),
    )
    wire.calls.clear()
    infrastructure.delete_cluster(settings)
    assert "DeleteCluster" not in wire.changes()
    assert "cluster" not in kinds(settings)


STEPS = [
    "CreateRole",
    "PutRolePolicy",
    "CreateSecurityGroup",
    "AuthorizeSecurityGroupIngress",
    "CreateBucket",
    "PutPublicAccessBlock",
    "PutBucketLifecycleConfiguration",
    "PutBucketTagging",
    "CreateCluster",
]


@pytest.mark.parametrize("step", STEPS)
def test_after_a_failure_at_any_step_the_next_build_completes_and_delete_cleans_up(settings, wire, step):
    wire.refuse(step, "InvalidAction")
    with pytest.raises(exceptions.ClientError, match="InvalidAction"):
        infrastructure.build(settings)
    wire.answers.clear()
    infrastructure.build(settings)
    assert kinds(settings) == ["cluster", "security group", "role", "policy", "bucket"]

    infrastructure.delete(settings)
    wire.refuse(step, "InvalidAction")
    with pytest.raises(exceptions.ClientError, match="InvalidAction"):
        infrastructure.build(settings)
    infrastructure.delete(settings)
    assert infrastructure.inventory(settings).empty


@pytest.mark.parametrize(
    "step", ["DeleteCluster", "DeleteBucket", "DeleteSecurityGroup", "DeleteRolePolicy", "DeleteRole"]
)
def test_after_a_failure_at_any_step_the_next_delete_completes(settings, wire, step):
    infrastructure.build(settings)
    wire.refuse(step, "InvalidAction")
    with pytest.raises(exceptions.ClientError, match="InvalidAction"):
        infrastructure.delete(settings)
    assert not infrastructure.inventory(settings).empty
    wire.answers.clear()
    infrastructure.delete(settings)
    assert infrastructure.inventory(settings).empty


# --- What is not ours ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cluster", "group", "role"])
def test_what_has_our_name_but_not_our_tag_is_neither_changed_nor_deleted(settings, wire, kind):
    if kind == "cluster":
        client("redshift").create_cluster(
            ClusterIdentifier="redjam", NodeType="ra3.large", MasterUsername="x", MasterUserPassword=PASSWORD
        )
    elif kind == "group":
        client("ec2").create_security_group(GroupName="redjam-redshift", Description="theirs")
    else:
        trust = trust_of("lambda.amazonaws.com")
        client("iam").create_role(RoleName=settings.iam_role_name, AssumeRolePolicyDocument=trust)

    with pytest.raises(AWSError, match="lacks the tag project=redjam"):
        infrastructure.build(settings)
    infrastructure.delete(settings)
    assert infrastructure.inventory(settings).empty
    assert {"DeleteCluster", "ModifyCluster"}.isdisjoint(wire.changes())
    if kind == "cluster":
        assert described()["VpcSecurityGroups"] == []
    elif kind == "group":
        assert rules(group()["GroupId"]) == []
    else:
        role = client("iam").get_role(RoleName=settings.iam_role_name)["Role"]
        assert role["AssumeRolePolicyDocument"] == json.loads(trust_of("lambda.amazonaws.com"))


# --- Errors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "code", "way_out"),
    [
        ("CreateRole", "AccessDenied", "owner"),
        ("CreateSecurityGroup", "UnauthorizedOperation", "owner"),
        ("GetRole", "ExpiredToken", "log in again"),
        ("DescribeClusters", "ExpiredTokenException", "log in again"),
        ("GetRole", "InvalidClientTokenId", "DW_AWS_ACCESS_KEY_ID"),
        ("DescribeClusters", "UnrecognizedClientException", "DW_AWS_ACCESS_KEY_ID"),
        ("CreateCluster", "Throttling", "wait a minute"),
        ("CreateCluster", "ClusterQuotaExceeded", "Service Quotas"),
        ("CreateCluster", "NumberOfNodesQuotaExceeded", "Service Quotas"),
        ("CreateCluster", "InsufficientClusterCapacity", "NODE_TYPE"),
    ],
)
def test_a_refusal_is_one_line_with_the_way_out(settings, wire, operation, code, way_out):
    wire.refuse(operation, code, "You may not.\n  Encoded authorization failure message: " + 300 * "x")
    with pytest.raises(AWSError) as caught:
        infrastructure.build(settings)
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 250
    for part in (operation, code, "You may not", way_out):
        assert part in line


@pytest.mark.parametrize("act", [infrastructure.delete_cluster, infrastructure.inventory, infrastructure.find_cluster])
def test_an_unknown_error_keeps_its_traceback(settings, wire, act):
    wire.refuse("DescribeClusters", "InvalidAction")
    with pytest.raises(exceptions.ClientError, match="InvalidAction"):
        act(settings)


def test_a_cluster_that_is_busy_is_deleted_later(settings, wire):
    infrastructure.build(settings)
    wire.refuse("DeleteCluster", "InvalidClusterState", "There is an operation running on the Cluster.")
    with pytest.raises(AWSError, match="wait a few minutes"):
        infrastructure.delete(settings)


def test_no_credentials(settings, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AWSError, match=r"credentials: .*DW_AWS_ACCESS_KEY_ID.*TARGET = local"):
        infrastructure.build(settings)


def test_half_of_the_credentials(settings, monkeypatch):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AWSError, match=r"Partial credentials.*DW_AWS_SECRET_ACCESS_KEY"):
        infrastructure.find_cluster(settings)


def test_an_unknown_profile(settings, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(AWSError, match=r"nobody.*AWS_PROFILE"):
        infrastructure.inventory(settings)


def test_no_network(settings, wire):
    url = "https://redshift.us-west-2.amazonaws.com"
    wire.answers["DescribeClusters"] = exceptions.EndpointConnectionError(endpoint_url=url)
    with pytest.raises(AWSError, match=r"check the network and .*REGION"):
        infrastructure.find_cluster(settings)


# --- The local target ------------------------------------------------------------------------------------


def test_on_local_real_keys_go_nowhere_and_no_network_is_needed(load, stand_in, wire, monkeypatch):
    """A dead proxy and a dead address service stand for a machine without network."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("NO_PROXY")
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setattr(infrastructure, "ADDRESS_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("DW_AWS_ACCESS_KEY_ID", "DWKEYID")
    monkeypatch.setenv("DW_AWS_SECRET_ACCESS_KEY", "dwsecret")
    settings = load(TARGET="local", sources="")

    cluster = infrastructure.build(settings)
    assert cluster.status == "available"
    infrastructure.credentials(settings, cluster)
    assert list(infrastructure.inventory(settings)["detail"])[1] == "127.0.0.1/32 to port 5439"
    infrastructure.delete(settings)
    assert wire.sent
    for request in wire.sent:
        assert urllib.parse.urlsplit(request.url).hostname == "127.0.0.1"
        assert f"Credential={stand_in}/" in request.headers["Authorization"].decode()


def test_each_step_alone_refuses_a_node_type_that_aws_no_longer_creates(settings):
    old = dataclasses.replace(settings, node_type="dc2.large")
    for step in (infrastructure.ensure_role, infrastructure.ensure_security_group):
        with pytest.raises(config.SettingError, match=r"ra3\.large"):
            step(old)
    assert infrastructure.inventory(settings).empty


def test_changed_settings_neither_change_the_cluster_nor_lock_out(settings, caplog):
    infrastructure.build(settings)
    changed = dataclasses.replace(settings, port=5440, cluster_type="multi-node", num_nodes=4)
    cluster = infrastructure.build(changed)
    assert (cluster.port, cluster.nodes) == (5439, 1)
    assert [rule[1] for rule in rules(group()["GroupId"])] == [5439]
    assert "has PORT 5439, not 5440" in caplog.text
    assert "has NUM_NODES 1, not 4" in caplog.text


def test_a_role_that_another_cluster_uses_is_kept(settings):
    infrastructure.build(settings)
    before = allowed(settings)
    other = dataclasses.replace(settings, identifier="other", log_data="s3://others/logs")
    infrastructure.build(other)
    assert allowed(settings) == before, "each may still read its own"
    assert "arn:aws:s3:::others/logs*" in allowed(other)["s3:GetObject"]
    infrastructure.delete(other)
    assert kinds(settings) == ["cluster", "security group", "role", "policy", "bucket"]
    assert allowed(settings) == before
    infrastructure.delete(settings)
    assert infrastructure.inventory(settings).empty


def test_builds_at_once_end_with_one_of_each(settings):
    with ThreadPoolExecutor(4) as pool:
        clusters = list(pool.map(infrastructure.build, [settings] * 4))
    assert len(set(clusters)) == 1
    assert sorted(infrastructure.inventory(settings)["kind"]) == [
        "bucket",
        "cluster",
        "policy",
        "role",
        "security group",
    ]


def test_the_region_of_a_bucket_is_asked_of_s3(settings):
    place = {"LocationConstraint": "eu-north-1"}
    boto3.client("s3", region_name="eu-north-1").create_bucket(Bucket="in-the-north", CreateBucketConfiguration=place)
    assert bucket.bucket_region(settings, "s3://in-the-north/log-data") == "eu-north-1"
    assert bucket.bucket_region(settings, "/a/folder") == settings.region
    given = dataclasses.replace(settings, host="h", iam_role_arn="arn:aws:iam::123456789012:role/r")
    assert bucket.bucket_region(given, "s3://in-the-north/log-data") == settings.region
