"""TARGET = serverless against a fake of the service, which moto lacks, with all calls checked by AWS's model."""

import copy
import json
import logging
from contextlib import suppress

import pytest
from aws_fixtures import PASSWORD, READS, client, group, kinds
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from fake_serverless import ARN, SLOW, Serverless, in_sync

from redjam import aws, infrastructure
from redjam.infrastructure import AWSError, NotBuilt, serverless, usage_limit, workgroup

OTHER_ROLE = "arn:aws:iam::123456789012:role/another"
EVERYTHING = ["workgroup", "namespace", "usage limit", "secret", "security group", "role", "policy", "bucket"]


@pytest.fixture
def settings(load):
    return load(TARGET="serverless")


class Account:
    """The fake in an otherwise empty account, whose calls the wire hears first; the clients stay from test to test."""

    def __init__(self):
        self.make, self.clients = aws.client, {}
        self.wire = self.reset = self.serverless = None

    def empty(self):
        self.reset()
        self.serverless = Serverless(client("secretsmanager"))

    def client(self, settings, service, connections=10):
        if service not in self.clients:
            self.clients[service] = made = self.make(settings, service)
            made.meta.events.register("before-call", self.before_call)
            made.meta.events.register("after-call", self.after_call)
        return self.clients[service]

    def before_call(self, **event):
        return self.wire.before_call(**event) or self.serverless.before_call(**event)

    def after_call(self, **event):
        self.wire.after_call(**event)


@pytest.fixture(scope="module")
def shared():
    return Account()


@pytest.fixture
def made(shared, near_account, wire, no_sleep, monkeypatch):
    monkeypatch.setattr(aws, "client", shared.client)
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # which take most of the time that moto takes
    shared.wire, shared.reset = wire, near_account
    shared.empty()
    return shared


@pytest.fixture
def said(caplog):
    caplog.set_level(logging.INFO, "redjam")
    return lambda level="WARNING": [one.getMessage() for one in caplog.records if one.levelname == level]


def state(account):
    """What there is of Serverless, without the names that AWS makes up."""
    fake = account.serverless
    made_up = (
        "namespaceArn",
        "workgroupArn",
        "adminPasswordSecretArn",
        "resourceArn",
        "usageLimitId",
        "securityGroupIds",
    )
    things = [*fake.things["namespace"].values(), *fake.things["workgroup"].values(), *fake.limits.values()]
    return [{key: value for key, value in thing.items() if key not in made_up} for thing in things]


def the(account, kind="workgroup"):
    return account.serverless.things[kind]["redjam"]


def limit(account):
    (found,) = account.serverless.limits.values()
    return found


# --- Build -----------------------------------------------------------------------------------------------


def test_build_makes_namespace_and_workgroup_of_the_size_and_with_the_group_and_role_that_are_meant(
    settings, made, wire
):
    cluster = infrastructure.build(settings)

    assert (cluster.identifier, cluster.status, cluster.size) == ("redjam", "available", "4 RPU")
    assert cluster.host == "redjam.123456789012.us-west-2.redshift-serverless.amazonaws.com"
    assert (cluster.port, cluster.dbname, cluster.user) == (5439, "dwh", "awsuser")
    assert cluster.role_arn.endswith(f":role/redjam/{settings.iam_role_name}")
    assert the(made, "namespace")["iamRoles"] == [in_sync(cluster.role_arn)]
    assert the(made)["baseCapacity"] == 4
    assert the(made)["securityGroupIds"] == [group()["GroupId"]]
    assert the(made)["publiclyAccessible"] is True
    assert the(made)["configParameters"] == [{"parameterKey": "require_ssl", "parameterValue": "true"}]
    assert list(made.serverless.tags.values()) == [[{"key": "project", "value": "redjam"}]] * 2
    assert kinds(settings) == EVERYTHING


def test_the_order_of_the_changes(settings, made, wire):
    infrastructure.build(settings)
    ours = [name for service, name in wire.operations if service == "redshift-serverless"]
    changes = [name for name in ours if not name.startswith(READS)]
    assert changes == ["CreateNamespace", "CreateWorkgroup", "CreateUsageLimit"]
    # The guard is there before the long wait begins.
    assert ours[ours.index("CreateUsageLimit") :].count("GetWorkgroup") > SLOW
    wire.clear()

    infrastructure.delete(settings)
    ours = [name for service, name in wire.operations if service == "redshift-serverless"]
    changes = [name for name in ours if not name.startswith(READS)]
    assert changes == ["DeleteUsageLimit", "DeleteWorkgroup", "DeleteNamespace"]


def test_building_twice_changes_nothing(settings, made, wire):
    first, before = infrastructure.build(settings), infrastructure.inventory(settings)
    wire.clear()
    assert infrastructure.build(settings) == first
    assert wire.changes() == []
    assert infrastructure.inventory(settings).equals(before)


def test_aws_keeps_the_password_unless_one_is_given(load, made, wire, caplog):
    caplog.set_level(logging.DEBUG, "redjam")
    infrastructure.build(load(TARGET="serverless"))
    assert json.loads(wire.parameters("CreateNamespace"))["manageAdminPassword"] is True
    infrastructure.delete(load(TARGET="serverless"))
    wire.clear()

    settings = load(TARGET="serverless", PASSWORD=PASSWORD)
    cluster = infrastructure.build(settings)
    asked = json.loads(wire.parameters("CreateNamespace"))
    assert asked["adminUserPassword"] == PASSWORD
    assert "manageAdminPassword" not in asked
    assert infrastructure.credentials(settings, cluster) == ("awsuser", PASSWORD)
    assert PASSWORD not in caplog.text


def test_another_size_and_port(load, made):
    settings = load(TARGET="serverless", BASE_CAPACITY=8, PORT=5444)
    cluster = infrastructure.build(settings)
    assert (cluster.size, cluster.port, serverless.port(settings)) == ("8 RPU", 5444, 5444)


def test_a_role_that_aws_does_not_know_yet_is_waited_for(settings, made, wire, no_sleep):
    # In words like those of other services; those of this one have not been seen.
    wire.refuse("CreateNamespace", "ValidationException", "The IAM role is not valid or cannot be assumed", times=2)
    assert infrastructure.build(settings).status == "available"
    assert no_sleep[:2] == [2, 4]


def test_a_workgroup_that_aws_is_busy_with_though_it_says_available(settings, made, wire):
    infrastructure.build(settings)
    text = "There is an operation running on the workgroup. Try deleting the workgroup again later."
    wire.refuse("DeleteWorkgroup", "ConflictException", text, times=3)
    infrastructure.delete(settings)
    assert kinds(settings) == []


def test_what_never_ends_is_given_up(settings, made, monkeypatch):
    monkeypatch.setattr("redjam.infrastructure.waiting.TIMEOUT_SECONDS", -1)
    with pytest.raises(AWSError, match=r"'redjam' is still modifying"):
        infrastructure.build(settings)


@pytest.mark.parametrize("kind", ["namespace", "workgroup"])
def test_what_is_somebody_elses_stays_as_it_is(settings, made, wire, kind):
    fake = made.serverless
    fake.CreateNamespace("redjam" if kind == "namespace" else "theirs", "admin", adminUserPassword="x")
    if kind == "workgroup":
        fake.things["namespace"]["theirs"]["status"] = "AVAILABLE"
        fake.CreateWorkgroup("redjam", "theirs", publiclyAccessible=False)
        fake.CreateUsageLimit(the(made)["workgroupArn"], "serverless-compute", 5, "daily")
    the(made, kind)["status"] = "AVAILABLE"
    before = copy.deepcopy((fake.things, fake.limits))

    with pytest.raises(AWSError, match=rf"there is a {kind} 'redjam' in us-west-2: it lacks the tag project=redjam"):
        infrastructure.build(settings)
    assert wire.changes() == []  # not even a role was made
    infrastructure.delete(settings)
    assert kinds(settings) == []
    assert not infrastructure.exists(settings)
    assert (fake.things, fake.limits) == before


# --- Drift -----------------------------------------------------------------------------------------------


def test_a_namespace_without_our_role_gets_it_beside_its_own(settings, made, wire, said):
    cluster = infrastructure.build(settings)
    the(made, "namespace")["iamRoles"] = [in_sync(OTHER_ROLE)]
    the(made, "namespace")["defaultIamRoleArn"] = OTHER_ROLE
    wire.clear()
    assert infrastructure.build(settings).role_arn == cluster.role_arn
    assert serverless.role_arns(the(made, "namespace")) == [OTHER_ROLE, cluster.role_arn]
    assert json.loads(wire.parameters("UpdateNamespace"))["defaultIamRoleArn"] == OTHER_ROLE
    assert said() == [f"namespace redjam: given its role {cluster.role_arn}"]


DRIFT = {
    "baseCapacity": 128,
    "securityGroupIds": ["sg-1", "sg-2"],
    "publiclyAccessible": False,
    "configParameters": [{"parameterKey": "require_ssl", "parameterValue": "false"}],
}


@pytest.mark.parametrize("keys", [*([key] for key in DRIFT), list(DRIFT)], ids=[*DRIFT, "all"])
def test_a_changed_workgroup_is_mended_one_change_a_call(settings, made, wire, said, keys):
    infrastructure.build(settings)
    before = {key: the(made)[key] for key in DRIFT}
    the(made).update({key: DRIFT[key] for key in keys})
    wire.clear()
    infrastructure.build(settings)
    assert {key: the(made)[key] for key in DRIFT} == before
    assert wire.changes() == ["UpdateWorkgroup"] * len(keys)
    assert len(said()) == len(keys)
    assert all(f"workgroup redjam: its {key} was " in text for key, text in zip(keys, said(), strict=True))


def test_another_base_capacity_in_dwh_cfg_is_followed_by_the_limit_too(load, made, said):
    infrastructure.build(load(TARGET="serverless"))
    assert infrastructure.build(load(TARGET="serverless", BASE_CAPACITY=16)).size == "16 RPU"
    assert limit(made)["amount"] == 64
    assert said() == [
        "workgroup redjam: its limit was 16 RPU-hours a day, then deactivate; "
        "it is 64 RPU-hours a day, then deactivate",
        "workgroup redjam: its baseCapacity was 4 and is mended",
    ]


def test_what_cannot_be_changed_is_reported(load, made, wire, said):
    infrastructure.build(load(TARGET="serverless"))
    wire.clear()
    cluster = infrastructure.build(load(TARGET="serverless", PORT=5450, DBNAME="other", USER="bob"))
    assert cluster.port == 5439
    assert wire.changes() == []
    assert [text.partition(";")[0] for text in said()] == [
        "workgroup redjam: has PORT 5439, not 5450",
        "workgroup redjam: has DBNAME dwh, not other",
        "workgroup redjam: has USER awsuser, not bob",
    ]


# --- The guard -------------------------------------------------------------------------------------------


def test_the_limit_is_daily_and_turns_queries_off(load, made):
    infrastructure.build(load(TARGET="serverless", max_hours=6, BASE_CAPACITY=8))
    arn = the(made)["workgroupArn"]
    wanted = {"amount": 48, "period": "daily", "breachAction": "deactivate", "usageType": "serverless-compute"}
    assert limit(made) == {"usageLimitId": limit(made)["usageLimitId"], "resourceArn": arn} | wanted


@pytest.mark.parametrize("drift", [{"amount": 9999}, {"breachAction": "log"}])
def test_a_changed_limit_is_mended(settings, made, said, drift):
    infrastructure.build(settings)
    before = dict(limit(made))
    limit(made).update(drift)
    infrastructure.build(settings)
    assert limit(made) == before
    assert len(said()) == 1
    assert said()[0].startswith("workgroup redjam: its limit was ")


def test_no_guard_if_none_is_wanted(load, made, said):
    infrastructure.build(load(TARGET="serverless"))
    infrastructure.build(load(TARGET="serverless", max_hours=0))
    assert made.serverless.limits == {}
    assert said() == ["workgroup redjam: [COST] MAX_HOURS is 0, so nothing limits what its queries use"]


def test_a_limit_of_the_users_own_stays_and_goes_with_the_workgroup(load, made):
    infrastructure.build(load(TARGET="serverless"))
    made.serverless.CreateUsageLimit(the(made)["workgroupArn"], "serverless-compute", 7, period="weekly")
    infrastructure.build(load(TARGET="serverless", max_hours=0))
    assert limit(made)["period"] == "weekly"
    infrastructure.build(load(TARGET="serverless"))
    found = infrastructure.inventory(load(TARGET="serverless"))
    assert sorted(found[found["kind"] == "usage limit"]["detail"]) == [
        "16 RPU-hours a day, then deactivate",
        "7 RPU-hours a week, then log",
    ]
    infrastructure.delete(load(TARGET="serverless"))
    assert made.serverless.limits == {}


def test_a_limit_that_aws_does_not_take_so_early_is_made_once_it_does(settings, made):
    made.serverless.limits_early = False
    infrastructure.build(settings)
    assert limit(made)["amount"] == 16


def test_whoever_may_not_make_a_limit_is_told_so(settings, made, wire):
    wire.refuse("CreateUsageLimit", "AccessDeniedException")
    with pytest.raises(AWSError, match=r"CreateUsageLimit.*ask the account's owner"):
        infrastructure.build(settings)


# --- Find, pause, resume, log in -------------------------------------------------------------------------


def test_a_workgroup_that_takes_no_connection(settings, made):
    with pytest.raises(NotBuilt, match=r"no workgroup 'redjam' in us-west-2: run notebooks/01.* \(or: redjam build\)"):
        infrastructure.find_cluster(settings)
    infrastructure.build(settings)
    the(made)["status"] = "MODIFYING"
    made.serverless.left["workgroup", "redjam"] = 9
    assert infrastructure.find_cluster(settings).status == "modifying"
    the(made)["status"] = "DELETING"
    with pytest.raises(NotBuilt, match="'redjam' in us-west-2 is deleting: wait until it is gone"):
        infrastructure.find_cluster(settings)
    del the(made)["endpoint"]
    the(made)["status"] = "CREATING"
    with pytest.raises(NotBuilt, match=r"is creating: run .*, which waits for it"):
        infrastructure.find_cluster(settings)


def test_the_roles_of_a_namespace_in_each_form_that_aws_has_given():
    namespace = {
        "iamRoles": [
            "IamRole(applyStatus=in-sync, iamRoleArn=arn:aws:iam::123456789012:role/service-role/a)",
            "IamRole(iamRoleArn=arn:aws-cn:iam::123456789012:role/b, applyStatus=adding)",
            "arn:aws:iam::123456789012:role/c,d=e",
            "what no role is",
        ]
    }
    arns = serverless.role_arns(namespace)
    assert [arn.partition(":role/")[2] for arn in arns] == ["service-role/a", "b", "c,d=e"]
    assert serverless.role_arns({}) == []


def test_nothing_is_to_be_paused_or_resumed(settings, made, wire, said):
    for act in (infrastructure.pause, infrastructure.resume):
        with pytest.raises(NotBuilt):
            act(settings)
    built = infrastructure.build(settings)
    wire.clear()
    infrastructure.pause(settings)
    assert infrastructure.resume(settings) == built
    assert wire.changes() == []
    assert [text for text in said("INFO") if "Serverless" in text] == [
        "workgroup redjam: Serverless needs no pause; only its storage costs money now",
        "workgroup redjam: Serverless starts by itself with the next query, which costs money",
    ]


def test_the_admin_logs_in_with_the_password_that_aws_keeps(settings, made):
    user, password = infrastructure.credentials(settings, infrastructure.build(settings))
    assert (user, password) == ("awsuser", "Kept4you")
    assert repr(password) == "'***'"


def test_ones_own_identity_logs_in_for_an_hour(load, made):
    settings = load(TARGET="serverless", LOGIN="iam")
    user, password = infrastructure.credentials(settings, infrastructure.build(settings))
    assert (user, password) == ("IAM:ada", "for dwh, 3600 s")
    assert repr(password) == "'***'"


def test_no_password_is_kept_of_a_namespace_that_was_made_with_one(load, made):
    cluster = infrastructure.build(load(TARGET="serverless", PASSWORD=PASSWORD))
    with pytest.raises(AWSError, match=r"set \[CLUSTER\] PASSWORD, or LOGIN = iam"):
        infrastructure.credentials(load(TARGET="serverless"), cluster)


# --- Delete ----------------------------------------------------------------------------------------------


def test_delete_leaves_nothing_and_twice_is_fine(settings, made, wire):
    infrastructure.build(settings)
    infrastructure.delete(settings)
    assert kinds(settings) == []
    assert state(made) == []
    assert made.serverless.snapshots == {}
    wire.clear()
    infrastructure.delete(settings)
    assert wire.changes() == []


def test_a_snapshot_is_kept_only_if_asked_and_deleted_only_if_asked(settings, made, said):
    infrastructure.build(settings)
    for other in ("theirs", "theirs-2"):
        made.serverless.snapshots[other] = {"snapshotName": other, "namespaceName": other, "status": "AVAILABLE"}
    infrastructure.delete(settings, keep_snapshot=True)
    found = infrastructure.inventory(settings)
    assert list(found["kind"]) == ["snapshot"]
    assert list(found["detail"]) == ["12 MB"]
    name = found["name"][0]
    assert name.startswith("redjam-2")
    assert f"snapshot {name}: the data are kept in it, and it costs money" in said("INFO")

    infrastructure.delete(settings)
    assert kinds(settings) == ["snapshot"]
    infrastructure.delete(settings, snapshots=True)
    assert kinds(settings) == []
    assert set(made.serverless.snapshots) == {"theirs", "theirs-2"}


def test_snapshots_of_somebody_elses_namespace_are_not_ours(settings, made):
    made.serverless.CreateNamespace("redjam", "admin", adminUserPassword="x")
    about = {"snapshotName": "theirs", "namespaceName": "redjam", "status": "AVAILABLE"}
    made.serverless.snapshots["theirs"] = about
    infrastructure.delete(settings, snapshots=True)
    assert made.serverless.snapshots == {"theirs": about}


@pytest.mark.parametrize("kind", ["workgroup", "namespace"])
@pytest.mark.parametrize("then", ["build", "delete"])
def test_what_is_being_deleted_is_waited_for(settings, made, kind, then):
    infrastructure.build(settings)
    expected = state(made)
    made.serverless.limits.clear()
    made.serverless.DeleteWorkgroup("redjam")
    if kind == "namespace":
        with suppress(Exception):
            while True:
                made.serverless.GetWorkgroup("redjam")
        made.serverless.DeleteNamespace("redjam")
    made.serverless.left[kind, "redjam"] = 30  # long enough for what is asked before
    getattr(infrastructure, then)(settings)
    assert state(made) == (expected if then == "build" else [])


# --- Faults ----------------------------------------------------------------------------------------------


def faults(wire, act, settings):
    """For each call of an act an error in its place, and after each that changes something Ctrl-C."""
    wire.clear()
    act(settings)
    for number, (name, _) in enumerate(list(wire.calls)):
        response = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPHeaders": {}}}
        yield name, {number: ClientError(response, name)}, {}
        if not name.startswith(READS):
            yield name, {}, {f"after {name}": KeyboardInterrupt()}


def fails(wire, act, settings, fault):
    """Do it with this fault, which the user sees in one clear line."""
    name, wire.faults, wire.answers = fault
    wire.clear()
    try:
        act(settings)
        assert name == "HeadBucket", f"{fault} was not felt"  # its refusal may tell the region, too
    except (AWSError, KeyboardInterrupt):
        pass
    wire.faults, wire.answers = {}, {}


def test_build_completes_after_a_fault_at_any_call_and_so_does_delete(settings, made, wire, no_sleep):
    found = list(faults(wire, infrastructure.build, settings))
    clean = state(made)
    assert kinds(settings) == EVERYTHING
    assert len(found) > 50
    for number, fault in enumerate(found):
        no_sleep.clear()
        made.empty()
        fails(wire, infrastructure.build, settings, fault)
        if number % 2:
            infrastructure.build(settings)
            assert state(made) == clean, fault
            assert group()["GroupId"] in the(made)["securityGroupIds"], fault
        else:  # whoever gives up
            infrastructure.delete(settings)
            assert (state(made), kinds(settings)) == ([], []), fault


def test_delete_completes_after_a_fault_at_any_call(settings, made, wire, no_sleep):
    infrastructure.build(settings)
    found = list(faults(wire, infrastructure.delete, settings))
    assert len(found) > 25
    for fault in found:
        no_sleep.clear()
        infrastructure.build(settings)
        fails(wire, infrastructure.delete, settings, fault)
        infrastructure.delete(settings)
        assert (state(made), kinds(settings)) == ([], []), fault


# --- The calls, by botocore's own stub -------------------------------------------------------------------


def test_all_pages_of_limits_are_read_and_a_workgroup_that_goes_meanwhile_has_none(settings, made, monkeypatch):
    infrastructure.build(settings)
    arn = the(made)["workgroupArn"]
    found = {"workgroupName": "redjam", "workgroupArn": arn}
    monkeypatch.setattr(workgroup, "ours", lambda settings: found)
    stubbed = client("redshift-serverless")
    monkeypatch.setattr(workgroup, "client", lambda settings: stubbed)
    asked = {"resourceArn": arn, "usageType": "serverless-compute"}
    one = {"usageLimitId": "a", "period": "weekly"}
    two = {"usageLimitId": "b", "period": "daily", "breachAction": "log"}
    three = {"usageLimitId": "c", "period": "daily", "breachAction": "deactivate"}
    with Stubber(stubbed) as stub:
        stub.add_response("list_usage_limits", {"usageLimits": [one, two], "nextToken": "12345678"}, asked)
        stub.add_response("list_usage_limits", {"usageLimits": [three]}, asked | {"nextToken": "12345678"})
        assert usage_limit.find_guard(settings) == three
        stub.add_client_error("list_usage_limits", "ResourceNotFoundException", expected_params=asked)
        assert usage_limit.find_guard(settings) is None
        stub.assert_no_pending_responses()
    assert arn.startswith(ARN)


def test_a_cluster_from_before_it_was_serverless_is_listed_and_deleted_with_it(settings, load, made):
    infrastructure.build(load(TARGET="redshift"))
    infrastructure.build(settings)
    assert {"cluster", "scheduled action", "workgroup", "namespace"} <= set(kinds(settings))
    infrastructure.delete(settings)
    assert kinds(settings) == []
    assert client("redshift").describe_clusters()["Clusters"] == []


def test_a_snapshot_that_somebody_made_by_hand_stays(settings, made):
    by_hand = {"snapshotName": "before-migration", "namespaceName": settings.identifier, "status": "AVAILABLE"}
    made.serverless.snapshots["before-migration"] = by_hand
    infrastructure.delete(settings, snapshots=True)
    assert kinds(settings) == []
    assert set(made.serverless.snapshots) == {"before-migration"}
