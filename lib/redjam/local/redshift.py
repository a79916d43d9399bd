"""What moto lacks of Redshift and Red Jam calls: roles, scheduled actions, node types, logins, and a cluster's states.

Scheduled actions are kept, but nobody is there to carry them out: on this machine a cluster costs nothing.
"""

import json
from datetime import UTC, datetime, timedelta

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random
from moto.redshift.exceptions import ClusterNotFoundError, InvalidParameterValueError, RedshiftClientError
from moto.redshift.models import Cluster
from moto.redshift.responses import RedshiftResponse
from moto.utilities.utils import get_partition

SCHEDULER = "scheduler.redshift.amazonaws.com"
SINGLE = ("ra3.large", "ra3.xlplus")  # which AWS has with one node, too
NODES = (*SINGLE, "ra3.4xlarge", "ra3.16xlarge", "rg.large", "rg.xlarge", "rg.4xlarge", "rg.12xlarge")


def complete_moto() -> None:
    """Teach moto the calls that it lacks; their answers have the shape that AWS's service model gives them."""
    for call in (
        modify_cluster_iam_roles,
        pause_cluster,
        resume_cluster,
        create_scheduled_action,
        modify_scheduled_action,
        describe_scheduled_actions,
        delete_scheduled_action,
        describe_orderable_cluster_options,
        get_cluster_credentials_with_iam,
    ):
        setattr(RedshiftResponse, call.__name__, call)


def _cluster(call: RedshiftResponse) -> Cluster:
    (cluster,) = call.redshift_backend.describe_clusters(call._get_param("ClusterIdentifier"))
    return cluster


def modify_cluster_iam_roles(call: RedshiftResponse) -> ActionResult:
    """ModifyClusterIamRoles, which moto has not."""
    cluster = _cluster(call)
    added, removed = (call._get_param(name, []) for name in ("AddIamRoles", "RemoveIamRoles"))
    kept = [arn for arn in cluster.iam_roles_arn if arn not in (*added, *removed)]
    cluster.iam_roles_arn = [*kept, *added]
    return ActionResult({"Cluster": cluster})


# --- Pause and resume: moto's own take a cluster in any state ---------------------------------------------


def pause_cluster(call: RedshiftResponse) -> ActionResult:
    """PauseCluster of an available cluster."""
    return _become(call, "available", "paused")


def resume_cluster(call: RedshiftResponse) -> ActionResult:
    """ResumeCluster of a paused cluster."""
    return _become(call, "paused", "available")


def _become(call: RedshiftResponse, before: str, after: str) -> ActionResult:
    cluster = _cluster(call)
    if not cluster.status.startswith(before):
        message = f"cluster {cluster.cluster_identifier} is {cluster.status}, not {before}"
        raise RedshiftClientError("InvalidClusterState", message)
    cluster.status = after
    return ActionResult({"Cluster": cluster})


# --- Scheduled actions ------------------------------------------------------------------------------------


def _actions(call: RedshiftResponse) -> dict[str, dict]:
    return vars(call.redshift_backend).setdefault("scheduled_actions", {})


def create_scheduled_action(call: RedshiftResponse) -> ActionResult:
    """CreateScheduledAction; its role must trust the scheduler and its cluster be there, as on AWS."""
    name = call._get_param("ScheduledActionName")
    if name in _actions(call):
        raise RedshiftClientError("ScheduledActionAlreadyExists", f"The scheduled action {name} already exists.")
    return _set(call, {"ScheduledActionName": name, "State": "ACTIVE"})


def modify_scheduled_action(call: RedshiftResponse) -> ActionResult:
    """ModifyScheduledAction: what is not given stays."""
    return _set(call, _one(call))


def _set(call: RedshiftResponse, action: dict) -> ActionResult:
    given = {
        name: call._get_param(name)
        for name in ("TargetAction", "Schedule", "IamRole", "ScheduledActionDescription", "StartTime", "EndTime")
    }
    action = action | {name: value for name, value in given.items() if value is not None}
    if (enable := call._get_param("Enable")) is not None:
        action["State"] = "ACTIVE" if str(enable).lower() == "true" else "DISABLED"
    if not action["Schedule"].startswith(("at(", "cron(")):
        raise RedshiftClientError("InvalidSchedule", f"The schedule {action['Schedule']} is neither at() nor cron().")
    for target in action["TargetAction"].values():
        if target["ClusterIdentifier"] not in call.redshift_backend.clusters:
            raise ClusterNotFoundError(target["ClusterIdentifier"])
    if not _trusts_scheduler(call, action["IamRole"]):
        raise InvalidParameterValueError("The IAM role must delegate access to Amazon Redshift scheduler.")
    _actions(call)[action["ScheduledActionName"]] = action
    return ActionResult(action)


def _trusts_scheduler(call: RedshiftResponse, arn: str) -> bool:
    roles = iam_backends[call.current_account][get_partition(call.region)].roles.values()
    (trust,) = [role.assume_role_policy_document for role in roles if role.arn == arn] or ["{}"]
    services = [statement["Principal"]["Service"] for statement in json.loads(trust).get("Statement", ())]
    return any(SCHEDULER in ([service] if isinstance(service, str) else service) for service in services)


def _one(call: RedshiftResponse) -> dict:
    name = call._get_param("ScheduledActionName")
    if name not in _actions(call):
        raise RedshiftClientError("ScheduledActionNotFound", f"The scheduled action {name} is not found.")
    return _actions(call)[name]


def describe_scheduled_actions(call: RedshiftResponse) -> ActionResult:
    """DescribeScheduledActions: the one that is named, or all."""
    named = call._get_param("ScheduledActionName")
    return ActionResult({"ScheduledActions": [_one(call)] if named else list(_actions(call).values())})


def delete_scheduled_action(call: RedshiftResponse) -> EmptyResult:
    """DeleteScheduledAction."""
    del _actions(call)[_one(call)["ScheduledActionName"]]
    return EmptyResult()


# --- What is asked before a cluster is made, and before a session ------------------------------------------


def describe_orderable_cluster_options(call: RedshiftResponse) -> ActionResult:
    """DescribeOrderableClusterOptions: the node types that AWS makes new clusters of."""
    zones = [{"Name": f"{call.region}{letter}", "SupportedPlatforms": [{"Name": "VPC"}]} for letter in "abc"]
    asked = call._get_param("NodeType")
    options = [
        {"ClusterVersion": "1.0", "ClusterType": kind, "NodeType": node, "AvailabilityZones": zones}
        for node in NODES
        for kind in ("multi-node", "single-node")
        if (kind == "multi-node" or node in SINGLE) and asked in (None, node)
    ]
    return ActionResult({"OrderableClusterOptions": options})


def get_cluster_credentials_with_iam(call: RedshiftResponse) -> ActionResult:
    """GetClusterCredentialsWithIAM: here there is one identity."""
    _cluster(call)
    now, seconds = datetime.now(UTC), int(call._get_param("DurationSeconds") or 900)
    return ActionResult(
        {
            "DbUser": "IAM:redjam",
            "DbPassword": mock_random.get_random_string(32),
            "Expiration": now + timedelta(seconds=seconds),
            "NextRefreshTime": now + timedelta(seconds=seconds),
        }
    )
