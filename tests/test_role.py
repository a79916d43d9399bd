"""The IAM roles: what they trust and may do, against moto."""

import dataclasses
import json
import re

import pytest
from aws_fixtures import ALL, SOURCES, allowed, buckets, client, described, kinds, role_policy, trust_of

from redjam import aws, infrastructure
from redjam.aws import AWSError
from redjam.infrastructure import role

pytestmark = pytest.mark.usefixtures("near_account", "no_sleep", "wire")


@pytest.fixture
def settings(load):
    return load()


def trust(name):
    return client("iam").get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]


def test_a_changed_trust_and_policy_are_mended(settings, wire):
    arn = infrastructure.ensure_role(settings)
    wanted, policy = trust(settings.iam_role_name), role_policy(settings)
    assert wanted["Statement"][0]["Principal"] == {"Service": role.CLUSTER}
    assert role.CLUSTER == ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"]
    name = settings.iam_role_name
    client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=trust_of("lambda.amazonaws.com"))
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    client("iam").put_role_policy(
        RoleName=name,
        PolicyName=settings.identifier,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": everything}),
    )

    assert infrastructure.ensure_role(settings) == arn
    assert trust(settings.iam_role_name) == wanted
    assert role_policy(settings) == policy


def test_what_else_the_role_may_do_is_said_and_left(settings, caplog):
    infrastructure.ensure_role(settings)
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    name = settings.iam_role_name
    client("iam").put_role_policy(RoleName=name, PolicyName="extra", PolicyDocument=json.dumps(everything))
    infrastructure.ensure_role(settings)
    assert f"role {name}: has the policies extra, too, which are not ours" in caplog.text


def test_another_role_is_attached_and_the_first_stays(load, wire):
    first = infrastructure.build(load())
    wire.clear()

    second = infrastructure.build(load(IAM_ROLE_NAME="another"))
    assert second.role_arn.endswith(":role/redjam/another")
    assert wire.changes() == ["CreateRole", "PutRolePolicy", "ModifyClusterIamRoles"]
    assert [one["IamRoleArn"] for one in described()["IamRoles"]] == [first.role_arn, second.role_arn]

    assert infrastructure.build(load()) == first
    assert wire.changes()[3:] == []


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


def test_a_role_that_another_cluster_uses_is_kept(settings):
    infrastructure.build(settings)
    before = allowed(settings)
    other = dataclasses.replace(settings, identifier="other", log_data="s3://others/logs")
    infrastructure.build(other)
    assert allowed(settings) == before, "each may still read its own"
    assert "arn:aws:s3:::others/logs*" in allowed(other)["s3:GetObject"]
    infrastructure.delete(other)
    assert kinds(settings) == ALL
    assert allowed(settings) == before
    infrastructure.delete(settings)
    assert infrastructure.inventory(settings).empty


def test_a_shared_role_is_neither_listed_nor_said_to_be_deleted(settings):
    infrastructure.build(settings)
    other = dataclasses.replace(settings, identifier="other")
    infrastructure.build(other)
    listed = infrastructure.inventory(other)
    assert "redjam-redshift-s3" not in listed["name"].tolist()
    (own,) = listed[listed["name"] == "other.us-west-2"].itertuples()
    assert own.detail == "of role redjam-redshift-s3, which redjam.us-west-2 uses, too"


def test_a_role_that_had_another_name_when_it_was_built_is_found_and_deleted(load):
    infrastructure.build(load(IAM_ROLE_NAME="former"))
    settings = load()
    infrastructure.build(settings)
    listed = infrastructure.inventory(settings)
    assert {"former", "redjam-redshift-s3"} <= set(listed[listed["kind"] == "role"]["name"])
    infrastructure.delete(settings)
    assert infrastructure.inventory(settings).empty
    assert client("iam").list_roles(PathPrefix=role.PATH)["Roles"] == []


# --- The scheduler's role --------------------------------------------------------------------------------


def pause_policy(settings):
    return client("iam").get_role_policy(RoleName=role.pause_role(settings), PolicyName="pause")["PolicyDocument"]


def test_the_scheduler_may_pause_this_one_cluster_and_nothing_else(settings):
    arn = role.ensure_pause_role(settings)
    name = role.pause_role(settings)
    assert arn.endswith(f":role/redjam/{name}")
    (trusted,) = trust(name)["Statement"]
    assert trusted["Principal"] == {"Service": "scheduler.redshift.amazonaws.com"}
    (statement,) = pause_policy(settings)["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": "redshift:PauseCluster",
        "Resource": "arn:aws:redshift:us-west-2:123456789012:cluster:redjam",
    }
    assert client("iam").get_role(RoleName=name)["Role"]["Tags"] == aws.TAGS


def test_what_the_scheduler_may_do_is_mended(settings):
    role.ensure_pause_role(settings)
    name, before = role.pause_role(settings), (trust(role.pause_role(settings)), pause_policy(settings))
    iam = client("iam")
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust_of("lambda.amazonaws.com"))
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "redshift:*", "Resource": "*"}}
    iam.put_role_policy(RoleName=name, PolicyName="pause", PolicyDocument=json.dumps(everything))
    role.ensure_pause_role(settings)
    assert (trust(name), pause_policy(settings)) == before


@pytest.mark.parametrize("identifier", ["r", f"{'r' * 39}-{'j' * 23}", "r" * 63])
def test_a_pause_role_has_a_name_that_aws_takes_for_the_scheduled_action_too(load, identifier):
    one = load(IDENTIFIER=identifier)
    names = [role.pause_role(one), role.pause_role(dataclasses.replace(one, region="eu-north-1"))]
    assert len(set(names)) == 2
    for name in names:
        assert re.fullmatch(r"(?=^[a-z][a-z0-9]*(-[a-z0-9]+)*$).{1,60}", name)


def test_a_policy_that_says_the_same_in_another_order_is_left_alone(settings, wire):
    infrastructure.ensure_role(settings)
    name, turned = settings.iam_role_name, role_policy(settings)
    turned["Statement"].reverse()
    turned["Statement"][-1]["Resource"].reverse()
    client("iam").put_role_policy(RoleName=name, PolicyName="redjam.us-west-2", PolicyDocument=json.dumps(turned))
    other = trust(name)
    other["Statement"][0]["Principal"]["Service"].reverse()
    client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(other))
    wire.clear()
    infrastructure.ensure_role(settings)
    assert wire.changes() == []


# --- IAM's news take their time --------------------------------------------------------------------------

UNKNOWN = {
    "CreateCluster": ("InvalidParameterValue", "The IAM role arn:aws:iam::123456789012:role/x is not valid."),
    "CreateScheduledAction": (
        "InvalidParameterValue",
        "The IAM role must delegate access to Amazon Redshift scheduler.",
    ),
    "PutRolePolicy": ("NoSuchEntity", "The role with name redjam-redshift-s3 cannot be found."),
}


@pytest.mark.parametrize("operation", UNKNOWN)
def test_a_role_that_is_not_known_everywhere_yet_is_waited_for(settings, wire, no_sleep, operation):
    wire.refuse(operation, *UNKNOWN[operation], times=3)
    infrastructure.build(settings)
    assert no_sleep == [2, 4, 8]
    assert kinds(settings) == ALL


def test_a_role_that_stays_unknown_is_an_error_after_a_minute(settings, wire, no_sleep):
    wire.refuse("CreateCluster", *UNKNOWN["CreateCluster"])
    with pytest.raises(AWSError, match=r"is not valid: correct what it names in dwh\.cfg"):
        infrastructure.build(settings)
    assert sum(no_sleep) == 60


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
@pytest.mark.parametrize("action", ["iam:PassRole", "redshift:CreateCluster"])
def test_who_may_not_pass_a_role_waits_for_nothing(settings, wire, no_sleep, code, action):
    user = "arn:aws:sts::123456789012:assumed-role/dev/me"
    said = f"User: {user} is not authorized to perform: {action} on resource: arn:aws:iam::123456789012:role/x"
    wire.refuse("CreateCluster", code, said)
    with pytest.raises(AWSError, match=f"CreateCluster: {code}: .*{action}.*account's owner"):
        infrastructure.build(settings)
    assert no_sleep == []
