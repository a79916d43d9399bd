"""The infrastructure as a whole: build, find, use and delete it, against moto."""

import json
import logging
import traceback
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest
from aws_fixtures import ALL, PASSWORD, buckets, client, described, group, kinds, role_policy, rules, trust_of
from botocore import exceptions

from redjam import aws, infrastructure
from redjam.infrastructure import AWSError, NotBuilt, network

pytestmark = pytest.mark.usefixtures("no_sleep", "wire")


@pytest.fixture
def settings(load):
    return load()


def test_build_makes_an_encrypted_cluster_with_its_own_role_group_and_bucket(settings):
    cluster = infrastructure.build(settings)

    assert (cluster.identifier, cluster.status) == ("redjam", "available")
    assert (cluster.port, cluster.dbname, cluster.user) == (5439, settings.dbname, settings.user)
    assert cluster.size == "1 x ra3.large"
    assert cluster.host.endswith(".us-west-2.redshift.amazonaws.com")
    assert cluster.role_arn.endswith(f":role/redjam/{settings.iam_role_name}")
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


def test_building_twice_changes_nothing_and_says_so(settings, wire, caplog):
    first = infrastructure.build(settings)
    before = infrastructure.inventory(settings)
    assert sorted(wire.changes()) == [
        "AuthorizeSecurityGroupIngress",
        "CreateBucket",
        "CreateCluster",
        "CreateRole",
        "CreateRole",
        "CreateScheduledAction",
        "CreateSecurityGroup",
        "PutBucketLifecycleConfiguration",
        "PutBucketTagging",
        "PutPublicAccessBlock",
        "PutRolePolicy",
        "PutRolePolicy",
    ]
    wire.clear()

    caplog.set_level(logging.INFO, "redjam")
    assert infrastructure.build(settings) == first
    assert wire.changes() == []
    assert "all of redjam is as it should be; nothing was changed" in caplog.text
    assert infrastructure.inventory(settings).equals(before)


def test_nothing_built_names_the_cluster_the_region_and_the_notebook(settings):
    with pytest.raises(NotBuilt) as caught:
        infrastructure.find_cluster(settings)
    for part in ("'redjam'", "us-west-2", "notebooks/01_infrastructure.ipynb", "redjam build"):
        assert part in str(caught.value)


def test_find_gives_what_build_gave(settings):
    assert infrastructure.build(settings) == infrastructure.find_cluster(settings)


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
    wire.clear()

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
    assert kinds(settings) == ["cluster", "scheduled action", "security group", "role", "policy", "bucket"]


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


def test_nothing_is_left_after_delete(settings, wire):
    infrastructure.build(settings)
    client("iam").attach_role_policy(
        RoleName=settings.iam_role_name,
        PolicyArn=client("iam").create_policy(PolicyName="more", PolicyDocument=json.dumps(role_policy(settings)))[
            "Policy"
        ]["Arn"],
    )
    assert kinds(settings) == ALL
    wire.clear()

    infrastructure.delete(settings)
    assert wire.changes() == [
        "DeleteCluster",
        "DeleteScheduledAction",
        "DeleteRolePolicy",
        "DeleteRole",
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
    wire.clear()
    infrastructure.delete(settings)
    assert wire.changes() == []


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


def test_on_local_real_keys_go_nowhere_and_no_network_is_needed(load, stand_in, wire, monkeypatch):
    """A dead proxy and a dead address service stand for a machine without network."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.delenv("NO_PROXY")
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setattr(network, "ADDRESS_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("DW_AWS_ACCESS_KEY_ID", "DWKEYID")
    monkeypatch.setenv("DW_AWS_SECRET_ACCESS_KEY", "dwsecret")
    settings = load(TARGET="local", sources="")

    cluster = infrastructure.build(settings)
    assert cluster.status == "available"
    infrastructure.credentials(settings, cluster)
    assert list(infrastructure.inventory(settings)["detail"])[2] == "127.0.0.1/32 to port 5439"
    infrastructure.delete(settings)
    assert wire.sent
    for request in wire.sent:
        assert urllib.parse.urlsplit(request.url).hostname == "127.0.0.1"
        assert f"Credential={stand_in}/" in request.headers["Authorization"].decode()


def test_builds_at_once_end_with_one_of_each(settings):
    with ThreadPoolExecutor(4) as pool:
        clusters = list(pool.map(infrastructure.build, [settings] * 4))
    assert len(set(clusters)) == 1
    assert sorted(infrastructure.inventory(settings)["kind"]) == sorted(ALL)


def test_each_step_alone_says_if_nothing_was_changed(settings, caplog):
    caplog.set_level(logging.INFO, "redjam")
    steps = ["role redjam-redshift-s3", "security group redjam-redshift", "cluster redjam"]
    for changed in (True, False):
        caplog.clear()
        role_arn, group_id = infrastructure.ensure_role(settings), infrastructure.ensure_security_group(settings)
        infrastructure.ensure_cluster(settings, role_arn, group_id)
        for step in steps:
            assert (f"{step} is as it should be; nothing was changed" in caplog.text) is not changed


def test_the_price_is_said_before_anything_is_made_and_only_then(settings, wire, monkeypatch, caplog):
    caplog.set_level(logging.INFO, "redjam")

    def sentence(settings):
        assert wire.changes() == []
        return "it costs so much"

    monkeypatch.setattr(infrastructure.cost, "sentence", sentence)
    infrastructure.build(settings)
    assert "it costs so much" in caplog.text
    monkeypatch.setattr(infrastructure.cost, "sentence", lambda settings: pytest.fail("it is built already"))
    infrastructure.build(settings)


def test_the_admins_secret_is_in_the_inventory_and_not_that_of_another(settings):
    for name in ("redshift!redjam-awsuser", "redshift!redjam-two-awsuser", "redshift!redjam-awsuser2", "mine"):
        client("secretsmanager").create_secret(Name=name, SecretString="{}")
    assert infrastructure.inventory(settings).iloc[0].tolist() == [
        "secret",
        "redshift!redjam-awsuser",
        "exists",
        "the admin's password",
    ]
    assert kinds(settings) == ["secret"]


def test_the_credentials_of_your_own_identity(load, wire):
    settings = load(LOGIN="iam")
    user, password = infrastructure.credentials(settings, infrastructure.build(settings))
    assert user.startswith("IAM:")
    assert len(password) >= 20
    assert repr(password) == "'***'"
    asked = wire.parameters("GetClusterCredentialsWithIAM")
    assert (asked["DbName"], asked["ClusterIdentifier"], asked["DurationSeconds"]) == ("dwh", "redjam", 3600)
