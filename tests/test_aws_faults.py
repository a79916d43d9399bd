"""An error, or Ctrl-C, at each AWS call of build and of delete in turn: the next one completes.

The account is moto's in this process, for there are some hundred builds.
"""

import aws_flows
import pytest
from aws_fixtures import ALL, READS, client, kinds, moto_cluster, refused

from redjam import infrastructure
from redjam.aws import AWSError
from redjam.infrastructure import guard, role

pytestmark = pytest.mark.usefixtures("no_sleep")
# A bucket's region is in the header of a refusal, too, so its error is none.
TOLERATED = {"HeadBucket"}


@pytest.fixture
def settings(load):
    return load()


def state(settings):
    """All that the account has of ours, without what differs each time: ids and the time of the guard."""
    iam, found = client("iam"), infrastructure.inventory(settings)
    roles = [settings.iam_role_name, role.pause_role(settings)]
    trusts = [iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"] for name in roles]
    policies = [
        iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for name in roles
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    ]
    cluster, action = moto_cluster(), guard.find(settings)
    groups = client("ec2").describe_security_groups(Filters=[{"Name": "group-name", "Values": ["redjam-redshift"]}])
    assert cluster.vpc_security_group_ids == [one["GroupId"] for one in groups["SecurityGroups"]]
    (bucket,) = client("s3").list_buckets()["Buckets"]
    tags = client("s3").get_bucket_tagging(Bucket=bucket["Name"])["TagSet"]
    rows = found[found["kind"] != "scheduled action"].to_numpy().tolist()
    kept = (cluster.iam_roles_arn, cluster.publicly_accessible, cluster.encrypted, cluster.tags, tags)
    return rows, trusts, policies, kept, action["TargetAction"], action["State"], list(found["kind"])


def counted(wire, act, settings, *options):
    """The names of the calls of this act, undisturbed."""
    wire.faults.clear()
    wire.clear()
    act(settings, *options)
    return [name for name, _ in wire.calls]


def disturbed(wire, act, settings, number, fault, name):
    """Do it with this fault at this call; says whether it came to that call."""
    wire.clear()
    wire.faults = {number: fault}
    interrupt = isinstance(fault, KeyboardInterrupt)
    try:
        act(settings)
    except KeyboardInterrupt:
        assert interrupt
    except AWSError as error:
        assert not interrupt
        line = str(error)
        assert line.startswith(f"AWS refused {name}: InternalFailure: ")
        assert "\n" not in line
    else:
        assert len(wire.calls) <= number or wire.calls[number][0] in TOLERATED, f"{name} failed unseen"
    reached = len(wire.calls) > number
    wire.faults = {}
    return reached


def test_after_a_fault_at_any_call_of_build_the_next_build_completes(near_account, settings, wire):
    names = counted(wire, infrastructure.build, settings)
    clean = state(settings)
    assert clean[-1] == ALL
    for number, name in enumerate(names):
        near_account()
        assert disturbed(wire, infrastructure.build, settings, number, refused("InternalFailure"), name)
        disturbed(wire, infrastructure.build, settings, number, KeyboardInterrupt(), name)
        infrastructure.build(settings)
        assert state(settings) == clean, f"after a fault at call {number}, {name}"


def test_after_a_fault_at_any_call_of_build_delete_leaves_nothing(near_account, settings, wire):
    for number, name in enumerate(counted(wire, infrastructure.build, settings)):
        near_account()
        assert disturbed(wire, infrastructure.build, settings, number, KeyboardInterrupt(), name)
        infrastructure.delete(settings)
        assert kinds(settings) == [], f"after Ctrl-C at call {number}, {name}"


def test_after_a_fault_at_any_call_of_delete_the_next_delete_completes(near_account, settings, wire):
    infrastructure.build(settings)
    for number, name in enumerate(counted(wire, infrastructure.delete, settings)):
        infrastructure.build(settings)
        assert disturbed(wire, infrastructure.delete, settings, number, refused("InternalFailure"), name)
        disturbed(wire, infrastructure.delete, settings, number, KeyboardInterrupt(), name)
        infrastructure.delete(settings)
        assert kinds(settings) == [], f"after a fault at call {number}, {name}"


@pytest.mark.parametrize("act", [infrastructure.build, infrastructure.delete])
def test_after_ctrl_c_before_the_answer_to_any_change_the_next_completes(near_account, settings, wire, act):
    """AWS has done it, and nobody heard."""
    if act is infrastructure.delete:
        infrastructure.build(settings)
    changes = {name for name in counted(wire, act, settings) if not name.startswith(READS)}
    for name in sorted(changes):
        near_account()
        if act is infrastructure.delete:
            infrastructure.build(settings)
        wire.answers = {f"after {name}": KeyboardInterrupt()}
        with pytest.raises(KeyboardInterrupt):
            act(settings)
        wire.answers = {}
        act(settings)
        assert kinds(settings) == (ALL if act is infrastructure.build else []), f"after {name}"
        infrastructure.delete(settings)
        assert kinds(settings) == [], f"after {name}"


def test_after_a_fault_at_any_call_that_mends_the_next_build_completes(near_account, settings, wire):
    built = infrastructure.build(settings)
    clean = state(settings)
    aws_flows.drift(settings, built)
    names = counted(wire, infrastructure.build, settings)
    assert {"ModifyClusterIamRoles", "ModifyCluster", "UpdateAssumeRolePolicy", "CreateScheduledAction"} < set(names)
    for number, name in enumerate(names):
        if name.startswith(READS):
            continue
        aws_flows.drift(settings, built)
        assert disturbed(wire, infrastructure.build, settings, number, refused("InternalFailure"), name)
        infrastructure.build(settings)
        assert state(settings) == clean, f"after a fault at call {number}, {name}"


def test_all_flows_together_call_what_a_policy_must_allow(near_account, load, wire):
    called = aws_flows.provisioned(load, wire)
    assert {service for service, _ in called} == {"redshift", "iam", "ec2", "s3", "sts", "secretsmanager"}
    assert ("redshift", "GetClusterCredentialsWithIAM") in called
