"""A provisioned cluster in each of its states, its guard and its snapshots, against moto."""

import dataclasses
import logging
import re
from datetime import UTC, datetime, timedelta

import pytest
from aws_fixtures import ACCOUNT, ALL, PASSWORD, client, described, group, kinds, moto_cluster, rules
from botocore import exceptions
from botocore.validate import validate_parameters
from moto.redshift.models import redshift_backends

from redjam import config, infrastructure
from redjam.aws import AWSError
from redjam.infrastructure import NotBuilt, guard, role, waiting

pytestmark = pytest.mark.usefixtures("near_account", "no_sleep", "wire")


@pytest.fixture
def settings(load):
    return load()


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
    wire.clear()
    infrastructure.build(load(PASSWORD=PASSWORD))
    assert wire.parameters("CreateCluster")["MasterUserPassword"] == PASSWORD
    assert "ManageMasterPassword" not in wire.parameters("CreateCluster")


def test_several_nodes(load, wire):
    cluster = infrastructure.build(load(CLUSTER_TYPE="multi-node", NUM_NODES=3, PORT=5444))

    assert (cluster.size, cluster.port) == ("3 x ra3.large", 5444)
    assert wire.parameters("CreateCluster")["NumberOfNodes"] == 3
    assert [port for _, port, _, _ in rules(group()["GroupId"])] == [5444]


def test_a_single_node_names_no_number_of_nodes(settings, wire):
    infrastructure.build(settings)
    assert "NumberOfNodes" not in wire.parameters("CreateCluster")


def test_a_cluster_in_another_group_is_given_ours_alone(settings, wire):
    infrastructure.build(settings)
    other = client("ec2").create_security_group(GroupName="open", Description="open to all")["GroupId"]
    client("redshift").modify_cluster(ClusterIdentifier="redjam", VpcSecurityGroupIds=[other])
    wire.clear()

    infrastructure.build(settings)
    assert wire.changes() == ["ModifyCluster"]
    assert [member["VpcSecurityGroupId"] for member in described()["VpcSecurityGroups"]] == [group()["GroupId"]]


def test_a_cluster_without_its_role_is_given_it(settings, wire):
    built = infrastructure.build(settings)
    given = {"ClusterIdentifier": "redjam", "RemoveIamRoles": [built.role_arn]}
    assert client("redshift").modify_cluster_iam_roles(**given)["Cluster"]["IamRoles"] == []
    wire.clear()

    assert infrastructure.build(settings) == built
    assert wire.changes() == ["ModifyClusterIamRoles"]


def test_a_wait_has_an_end(settings, monkeypatch):
    infrastructure.build(settings)
    moto_cluster().status = "creating"
    monkeypatch.setattr(waiting, "TIMEOUT_SECONDS", 0)
    monkeypatch.setattr(waiting.time, "sleep", lambda _: pytest.fail("it waits on"))
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

    monkeypatch.setattr(waiting.time, "sleep", sleep)
    assert infrastructure.build(settings).status == "available, prep-for-resize"
    assert slept == [waiting.POLL_SECONDS] * 2


def test_a_cluster_that_vanishes_while_it_is_made_ends_the_wait(settings, monkeypatch):
    infrastructure.build(settings)
    moto_cluster().status = "creating"
    monkeypatch.setattr(
        waiting.time,
        "sleep",
        lambda _: client("redshift").delete_cluster(ClusterIdentifier="redjam", SkipFinalClusterSnapshot=True),
    )
    with pytest.raises(AWSError, match="is gone"):
        infrastructure.build(settings)


BROKEN = [
    "hardware-failure",
    "incompatible-hsm",
    "incompatible-network",
    "incompatible-parameters",
    "incompatible-restore",
    "storage-full",
]
PASSING = ["creating", "modifying", "rebooting", "resizing", "resuming", "renaming", "rotating-keys"]


def becoming(monkeypatch, *states):
    """While somebody waits, the cluster gets into these states, one after the other; "gone" is none."""
    coming = iter(states)

    def sleep(seconds):
        state = next(coming)  # StopIteration: it waits on after the last
        if state == "gone":
            backend = redshift_backends[ACCOUNT]["us-west-2"]
            backend.delete_cluster(
                cluster_identifier="redjam", skip_final_snapshot=True, final_cluster_snapshot_identifier=None
            )
        else:
            moto_cluster().status = state

    monkeypatch.setattr(waiting.time, "sleep", sleep)
    return coming


@pytest.mark.parametrize("status", BROKEN)
def test_a_cluster_that_nothing_but_its_owner_mends_is_said_at_once_and_can_be_deleted(settings, wire, status):
    infrastructure.build(settings)
    moto_cluster().status = status
    for act in (infrastructure.build, infrastructure.pause, infrastructure.resume):
        with pytest.raises(AWSError, match=f"'redjam' is {status}.*: see its events"):
            act(settings)
    with pytest.raises(NotBuilt, match=f"is {status}: .*see its events"):
        infrastructure.find_cluster(settings)
    infrastructure.delete(settings)
    assert kinds(settings) == []


@pytest.mark.parametrize("status", ["deleting", "final-snapshot"])
def test_build_waits_out_a_deletion_and_makes_a_new_cluster(settings, load, wire, monkeypatch, status):
    infrastructure.build(settings)
    moto_cluster().status = status
    for act in (infrastructure.pause, infrastructure.resume):
        with pytest.raises(AWSError, match=f"is {status} and cannot be .*: wait until it is gone"):
            act(settings)
    with pytest.raises(NotBuilt, match=f"is {status}: wait until it is gone"):
        infrastructure.find_cluster(settings)

    becoming(monkeypatch, "deleting", "gone")
    wire.clear()
    assert infrastructure.build(load(PORT=5444)).port == 5444
    assert "CreateCluster" in wire.changes()
    assert [rule[1] for rule in rules(group()["GroupId"])] == [5444], "the port of the new one"


@pytest.mark.parametrize("status", ["pausing", "paused"])
def test_build_resumes_a_paused_cluster_with_a_new_guard(settings, wire, monkeypatch, status):
    infrastructure.build(settings)
    moto_cluster().status = status
    becoming(monkeypatch, "paused")
    with pytest.raises(NotBuilt, match=f"is {status}: "):
        infrastructure.find_cluster(settings)
    wire.clear()
    assert infrastructure.build(settings).status == "available"
    assert wire.changes() == ["ModifyScheduledAction", "ResumeCluster"], "the guard first"


@pytest.mark.parametrize("status", PASSING)
def test_build_and_delete_wait_for_what_aws_is_doing(settings, wire, monkeypatch, status):
    infrastructure.build(settings)
    moto_cluster().status = status
    becoming(monkeypatch, "modifying", "available, resize-cleanup")
    wire.clear()
    assert infrastructure.build(settings).status == "available, resize-cleanup"
    assert wire.changes() == []

    moto_cluster().status = status
    becoming(monkeypatch, "available")
    infrastructure.delete(settings)
    assert kinds(settings) == []


def test_a_paused_cluster_is_deleted(settings, wire):
    infrastructure.build(settings)
    infrastructure.pause(settings)
    infrastructure.delete(settings)
    assert "ResumeCluster" not in wire.changes()
    assert kinds(settings) == []


def test_where_aws_deletes_no_paused_cluster_it_is_resumed_first_with_a_guard(settings, wire):
    infrastructure.build(settings)
    infrastructure.pause(settings)
    wire.refuse("DeleteCluster", "InvalidClusterState", "There is an operation running on the Cluster.", times=1)
    wire.clear()
    infrastructure.delete(settings, keep_snapshot=True)
    assert wire.changes()[:4] == ["DeleteCluster", "ModifyScheduledAction", "ResumeCluster", "DeleteCluster"]
    assert kinds(settings) == ["snapshot"]


@pytest.mark.parametrize("operation", ["PauseCluster", "ResumeCluster", "ModifyCluster", "DeleteCluster"])
def test_a_cluster_that_is_busier_than_it_says_is_asked_again(settings, wire, no_sleep, operation):
    infrastructure.build(settings)
    moto_cluster().publicly_accessible = False
    wire.refuse(operation, "InvalidClusterState", "There is an operation running on the Cluster.", times=2)
    for act in (infrastructure.build, infrastructure.pause, infrastructure.resume, infrastructure.delete):
        act(settings)
    assert no_sleep == [2, 4]
    assert wire.operations.count(("redshift", operation)) == 3


def test_ctrl_c_while_it_waits_says_that_aws_goes_on(settings, monkeypatch, caplog):
    infrastructure.build(settings)
    moto_cluster().status = "creating"

    def interrupt(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(waiting.time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        infrastructure.build(settings)
    assert "AWS goes on by itself, and it may cost money; build or delete again" in caplog.text
    becoming(monkeypatch, "available")
    assert infrastructure.build(settings).status == "available"


# --- Pause and resume ------------------------------------------------------------------------------------


def test_pause_and_resume(settings, wire, caplog):
    caplog.set_level(logging.INFO, "redjam")
    infrastructure.build(settings)
    infrastructure.pause(settings)
    assert infrastructure.inventory(settings).set_index("kind").loc["cluster", "state"] == "paused"
    with pytest.raises(NotBuilt, match="is paused: run redjam resume"):
        infrastructure.find_cluster(settings)
    wire.clear()
    infrastructure.pause(settings)
    assert "is paused already" in caplog.text
    assert wire.changes() == []

    assert infrastructure.resume(settings) == infrastructure.find_cluster(settings)
    assert wire.changes() == ["ModifyScheduledAction", "ResumeCluster"]
    wire.clear()
    infrastructure.resume(settings)
    assert wire.changes() == ["ModifyScheduledAction"], "its time starts anew"


def test_pausing_waits_and_so_does_resuming(settings, wire, monkeypatch):
    infrastructure.build(settings)
    for operation, act, states in (
        ("PauseCluster", infrastructure.pause, ["available", "pausing", "paused"]),
        ("ResumeCluster", infrastructure.resume, ["paused", "resuming", "modifying", "available"]),
    ):
        wire.answer(operation, Cluster={})
        coming = becoming(monkeypatch, *states)
        act(settings)
        assert list(coming) == []


@pytest.mark.parametrize("act", [infrastructure.pause, infrastructure.resume])
def test_what_is_absent_or_given_is_neither_paused_nor_resumed(settings, load, wire, act):
    with pytest.raises(NotBuilt, match="redjam build"):
        act(settings)
    with pytest.raises(AWSError, match="not of our making"):
        act(load(HOST="tunnel.example.com"))
    assert wire.changes() == []


# --- Drift of the cluster --------------------------------------------------------------------------------


def test_a_cluster_that_lost_its_way_out_is_given_it_with_its_group_in_one_call(settings, wire, caplog):
    infrastructure.build(settings)
    other = client("ec2").create_security_group(GroupName="open", Description="open to all")["GroupId"]
    client("redshift").modify_cluster(ClusterIdentifier="redjam", VpcSecurityGroupIds=[other], PubliclyAccessible=False)
    wire.clear()
    infrastructure.build(settings)
    assert wire.changes() == ["ModifyCluster"]
    assert wire.parameters("ModifyCluster")["PubliclyAccessible"] == "true"
    found = described()
    assert found["PubliclyAccessible"]
    assert [member["VpcSecurityGroupId"] for member in found["VpcSecurityGroups"]] == [group()["GroupId"]]
    assert "given its security group" in caplog.text
    assert "made reachable" in caplog.text


def test_a_change_is_waited_for_until_it_shows(settings, wire, monkeypatch):
    """AWS goes on saying "available" for a while, with the old group, or the role still being added."""
    built = infrastructure.build(settings)
    client("redshift").modify_cluster_iam_roles(ClusterIdentifier="redjam", RemoveIamRoles=[built.role_arn])
    moto_cluster().publicly_accessible = False
    wire.answer("ModifyClusterIamRoles", Cluster={})
    wire.answer("ModifyCluster", Cluster={})

    def attach():
        moto_cluster().iam_roles_arn = [built.role_arn]
        monkeypatch.setattr(
            type(moto_cluster()), "iam_roles", [{"IamRoleArn": built.role_arn, "ApplyStatus": "adding"}]
        )

    def added():
        monkeypatch.setattr(
            type(moto_cluster()), "iam_roles", [{"IamRoleArn": built.role_arn, "ApplyStatus": "in-sync"}]
        )

    steps = iter([attach, added, lambda: setattr(moto_cluster(), "publicly_accessible", True)])
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        next(steps)()

    monkeypatch.setattr(waiting.time, "sleep", sleep)
    assert infrastructure.build(settings) == built
    assert len(slept) == 3
    assert [name for name in wire.changes() if name.startswith("ModifyCluster")][-2:] == [
        "ModifyClusterIamRoles",
        "ModifyCluster",
    ]


def test_somebody_elses_cluster_of_our_name_is_said_before_anything_is_made(settings, wire):
    client("redshift").create_cluster(
        ClusterIdentifier="redjam", NodeType="ra3.large", MasterUsername="x", MasterUserPassword=PASSWORD
    )
    with pytest.raises(AWSError, match="lacks the tag project=redjam"):
        infrastructure.build(settings)
    assert wire.changes() == []


@pytest.mark.parametrize(
    ("cluster", "choose"),
    [
        (
            {"NODE_TYPE": "ra3.4xlarge"},
            "no single-node cluster of ra3.4xlarge in us-west-2: choose ra3.large, ra3.xlplus",
        ),
        ({"NODE_TYPE": "ra3.huge", "CLUSTER_TYPE": "multi-node", "NUM_NODES": 2}, "choose .*ra3.16xlarge.*rg.large"),
    ],
)
def test_a_kind_of_cluster_that_aws_has_not_is_refused_before_anything_is_made(load, wire, cluster, choose):
    settings = load(**cluster)
    for step in (infrastructure.build, infrastructure.ensure_role, infrastructure.ensure_security_group):
        with pytest.raises(AWSError, match=choose):
            step(settings)
    assert wire.changes() == []


# --- The guard -------------------------------------------------------------------------------------------


def schedule(hours):
    return f"at({datetime.now(UTC) + timedelta(hours=hours):%Y-%m-%dT%H:%M:%S})"


def change_guard(settings, **changed):
    client("redshift").modify_scheduled_action(ScheduledActionName=role.pause_role(settings), **changed)


def test_aws_pauses_the_cluster_after_max_hours(load, wire):
    settings = load(max_hours=7)
    before = datetime.now(UTC)
    infrastructure.build(settings)
    asked = wire.parameters("CreateScheduledAction")
    assert asked["TargetAction.PauseCluster.ClusterIdentifier"] == "redjam"
    assert asked["Enable"] == "true"
    assert asked["IamRole"].endswith(f":role/redjam/{role.pause_role(settings)}")
    assert re.fullmatch(r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)", asked["Schedule"])
    at = guard.find(settings)["at"]
    assert timedelta(hours=7, seconds=-1) <= at - before < timedelta(hours=7, minutes=1)
    names = wire.changes()
    assert names.index("CreateRole", 2) < names.index("CreateCluster") < names.index("CreateScheduledAction")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"Enable": False}, "was switched off"),
        ({"Schedule": "cron(0 10 ? * MON *)"}, "was switched off"),
        ({"Schedule": schedule(-1)}, "is over"),
        ({"Schedule": schedule(9)}, "came later than MAX_HOURS"),
        ({"TargetAction": {"ResumeCluster": {"ClusterIdentifier": "redjam"}}}, "was set otherwise"),
        ({"ScheduledActionDescription": "for another MAX_HOURS"}, "was set otherwise"),
    ],
)
def test_a_guard_that_would_not_pause_in_time_is_set_anew(settings, wire, caplog, changed, said):
    infrastructure.build(settings)
    change_guard(settings, **changed)
    wire.clear()
    infrastructure.build(settings)
    assert wire.changes() == ["ModifyScheduledAction"]
    assert f"its guard {said}" in caplog.text
    found = guard.find(settings)
    assert found["State"] == "ACTIVE"
    assert found["TargetAction"] == {"PauseCluster": {"ClusterIdentifier": "redjam"}}
    assert datetime.now(UTC) < found["at"] <= datetime.now(UTC) + timedelta(hours=4)


def test_a_guard_that_is_gone_is_set_again_and_one_to_come_stays(settings, wire):
    infrastructure.build(settings)
    change_guard(settings, Schedule=schedule(1))
    wire.clear()
    infrastructure.build(settings)
    assert wire.changes() == []
    client("redshift").delete_scheduled_action(ScheduledActionName=role.pause_role(settings))
    infrastructure.build(settings)
    assert wire.changes() == ["CreateScheduledAction"]


def test_without_max_hours_nothing_guards_and_that_is_said(settings, load, wire, caplog):
    infrastructure.build(settings)
    wire.clear()
    infrastructure.build(load(max_hours=0))
    assert wire.changes() == ["DeleteScheduledAction", "DeleteRolePolicy", "DeleteRole"]
    assert "MAX_HOURS is 0, so nothing pauses it" in caplog.text
    assert kinds(settings) == ["cluster", "security group", "role", "policy", "bucket"]
    infrastructure.build(settings)
    assert kinds(settings) == ALL


def test_who_may_not_make_the_guards_role_learns_so_before_the_cluster_costs_money(settings, wire):
    refused = iter([None, AWSError("you may not")])
    wire.answers["CreateRole"] = refused
    with pytest.raises(AWSError, match="you may not"):
        infrastructure.build(settings)
    assert "CreateCluster" not in wire.changes()


def test_a_guard_that_another_build_has_just_made_is_fine(settings, wire):
    infrastructure.build(settings)
    wire.refuse("DescribeScheduledActions", "ScheduledActionNotFound", times=1)
    infrastructure.build(settings)
    assert wire.changes().count("CreateScheduledAction") == 2
    assert kinds(settings) == ALL


def test_aws_may_say_of_an_absent_guard_that_there_are_none(settings, wire):
    wire.answer("DescribeScheduledActions", ScheduledActions=[])
    assert guard.find(settings) is None


# --- Snapshots -------------------------------------------------------------------------------------------


def test_a_final_snapshot_is_kept_if_asked_and_deleted_if_asked(settings, wire):
    infrastructure.build(settings)
    redshift = client("redshift")
    redshift.create_cluster_snapshot(ClusterIdentifier="redjam", SnapshotIdentifier="made-by-hand")
    infrastructure.delete(settings, keep_snapshot=True)
    ((kind, name, state, _),) = infrastructure.inventory(settings).itertuples(index=False)
    assert (kind, state) == ("snapshot", "available")
    assert re.fullmatch(r"redjam-\d{8}-\d{6}", name)
    asked = wire.parameters("DeleteCluster")
    assert (asked["SkipFinalClusterSnapshot"], asked["FinalClusterSnapshotIdentifier"]) == ("false", name)

    infrastructure.build(settings)
    assert "snapshot" in kinds(settings), "also while there is a cluster of that name"
    infrastructure.delete(settings)
    assert kinds(settings) == ["snapshot"]
    infrastructure.delete(settings, snapshots=True)
    assert kinds(settings) == []
    left = [one["SnapshotIdentifier"] for one in redshift.describe_cluster_snapshots()["Snapshots"]]
    assert left == ["made-by-hand"], "what we did not make stays"


def test_of_several_roles_ours_is_taken(settings):
    built = infrastructure.build(settings)
    moto_cluster().iam_roles_arn.insert(0, "arn:aws:iam::123456789012:role/other")
    assert infrastructure.find_cluster(settings).role_arn == built.role_arn


def test_a_cluster_without_an_endpoint_is_not_there_yet(settings, wire):
    young = {"Clusters": [{"ClusterIdentifier": "redjam", "ClusterStatus": "creating", "IamRoles": []}]}
    wire.answer("DescribeClusters", **young)
    with pytest.raises(NotBuilt, match=r"is creating: run .* which waits"):
        infrastructure.find_cluster(settings)


def test_delete_waits_for_a_cluster_that_is_being_deleted(settings, monkeypatch, wire):
    infrastructure.build(settings)
    moto_cluster().status = "deleting"
    gone = client("redshift").delete_cluster
    monkeypatch.setattr(
        waiting.time,
        "sleep",
        lambda _: gone(ClusterIdentifier="redjam", SkipFinalClusterSnapshot=True),
    )
    wire.clear()
    infrastructure.delete(settings)
    assert "DeleteCluster" not in wire.changes()
    assert "cluster" not in kinds(settings)


def test_a_cluster_that_is_busy_is_deleted_later(settings, wire):
    infrastructure.build(settings)
    wire.refuse("DeleteCluster", "InvalidClusterState", "There is an operation running on the Cluster.")
    with pytest.raises(AWSError, match="wait a few minutes"):
        infrastructure.delete(settings)


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
    assert (cluster.port, cluster.size) == (5439, "1 x ra3.large")
    assert [rule[1] for rule in rules(group()["GroupId"])] == [5439]
    assert "has PORT 5439, not 5440" in caplog.text
    assert "has NUM_NODES 1, not 4" in caplog.text


# --- What was added to moto ------------------------------------------------------------------------------

ADDED = {
    "describe_orderable_cluster_options": {},
    "modify_cluster_iam_roles": {"ClusterIdentifier": "redjam", "AddIamRoles": ["arn:aws:iam::123456789012:role/r"]},
    "pause_cluster": {"ClusterIdentifier": "redjam"},
    "resume_cluster": {"ClusterIdentifier": "redjam"},
    "describe_scheduled_actions": {},
    "modify_scheduled_action": {"ScheduledActionName": "redjam-pause-9555e3286451", "Enable": False},
    "get_cluster_credentials_with_iam": {"ClusterIdentifier": "redjam", "DurationSeconds": 3600},
    "delete_scheduled_action": {"ScheduledActionName": "redjam-pause-9555e3286451"},
}


def test_the_answers_of_what_was_added_to_moto_have_aws_own_shape(settings):
    """botocore takes whatever it is answered; its stubber's check of a shape is the strict one."""
    infrastructure.build(settings)
    redshift = client("redshift")
    for name, parameters in ADDED.items():
        answer = getattr(redshift, name)(**parameters)
        answer.pop("ResponseMetadata")
        shape = redshift.meta.service_model.operation_model(redshift.meta.method_to_api_mapping[name]).output_shape
        assert bool(answer) is (name != "delete_scheduled_action")
        if shape:
            validate_parameters(answer, shape)


@pytest.mark.parametrize(
    ("call", "parameters", "code"),
    [
        ("create_scheduled_action", {}, "ScheduledActionAlreadyExists"),
        ("create_scheduled_action", {"ScheduledActionName": "a", "Schedule": "soon"}, "InvalidSchedule"),
        (
            "create_scheduled_action",
            {"ScheduledActionName": "a", "TargetAction": {"PauseCluster": {"ClusterIdentifier": "nobody"}}},
            "ClusterNotFound",
        ),
        (
            "create_scheduled_action",
            {"ScheduledActionName": "a", "IamRole": "arn:aws:iam::123456789012:role/redjam-redshift-s3"},
            "InvalidParameterValue",
        ),
        ("modify_scheduled_action", {"ScheduledActionName": "nobody"}, "ScheduledActionNotFound"),
        ("describe_scheduled_actions", {"ScheduledActionName": "nobody"}, "ScheduledActionNotFound"),
        ("delete_scheduled_action", {"ScheduledActionName": "nobody"}, "ScheduledActionNotFound"),
        ("resume_cluster", {"ClusterIdentifier": "redjam"}, "InvalidClusterState"),
        ("pause_cluster", {"ClusterIdentifier": "nobody"}, "ClusterNotFound"),
    ],
)
def test_what_was_added_to_moto_refuses_with_aws_own_codes(settings, call, parameters, code):
    infrastructure.build(settings)
    redshift = client("redshift")
    if call == "create_scheduled_action":
        (there,) = redshift.describe_scheduled_actions()["ScheduledActions"]
        same = ("ScheduledActionName", "TargetAction", "Schedule", "IamRole")
        parameters = {name: there[name] for name in same} | parameters
    with pytest.raises(exceptions.ClientError) as caught:
        getattr(redshift, call)(**parameters)
    assert caught.value.response["Error"]["Code"] == code


def test_a_cluster_that_has_lost_its_tag_stays_with_what_pauses_it_and_delete_says_so(settings, caplog):
    infrastructure.build(settings)
    moto_cluster().tags = []
    infrastructure.delete(settings)
    assert "lacks the tag project=redjam, and stays with what pauses it" in caplog.text
    assert described()["ClusterStatus"] == "available"
    assert "scheduled action" in kinds(settings)
