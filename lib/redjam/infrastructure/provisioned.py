"""A provisioned cluster: check, create, mend, find, pause, resume and delete it."""

import functools
import logging

from redjam import aws, config
from redjam.aws import AWSError
from redjam.config import Secret, Settings
from redjam.infrastructure import guard, role, snapshots, states
from redjam.infrastructure.cluster import Cluster, NotBuilt

log = logging.getLogger(__name__)


def exists(settings: Settings) -> bool:
    """Whether there is a cluster of ours, in whatever state."""
    return states.ours(settings) is not None


def port(settings: Settings) -> int:
    """The port of the cluster that is there, which it keeps whatever dwh.cfg says now, or else of dwh.cfg."""
    found = states.describe(settings)
    if not found or found["ClusterStatus"] in states.DELETING:
        return settings.port
    return (found.get("Endpoint") or {}).get("Port", settings.port)


# --- Create and mend -------------------------------------------------------------------------------------


def check(settings: Settings) -> None:
    """Refuse, before anything is made, a name that is taken and a kind of cluster that AWS has not in this region."""
    config.check_node_type(settings)
    if found := states.describe(settings):
        if not aws.ours([found]):
            raise AWSError(f"there is a cluster {settings.identifier!r} in {settings.region}: {aws.TAKEN}")
        return  # whatever is ordered today
    pages = aws.client(settings, "redshift").get_paginator("describe_orderable_cluster_options").paginate()
    options = {(one["NodeType"], one["ClusterType"]) for page in pages for one in page["OrderableClusterOptions"]}
    if (settings.node_type, settings.cluster_type) not in options:
        there = sorted({node for node, kind in options if kind == settings.cluster_type})
        raise AWSError(
            f"[CLUSTER] NODE_TYPE: AWS has no {settings.cluster_type} cluster of {settings.node_type} in "
            f"{settings.region}: choose {', '.join(there) or 'another REGION'}"
        )


def ensure(settings: Settings, role_arn: str, group_id: str) -> None:
    """Create, resume or mend the cluster and wait until it is available (minutes); it costs money until deleted."""
    if states.status(settings) in states.DELETING:
        states.wait(settings, "gone")
    new = not exists(settings)
    if new:
        if settings.max_hours:
            role.ensure_pause_role(settings)  # who may not make it learns so before anything costs money
        aws.created(lambda: _create(settings, role_arn, group_id) or True, lambda: exists(settings))
    if not new and states.status(settings) in ("pausing", "paused"):
        states.wait(settings, "paused", stuck=states.ENDS)
        _resume(settings)
    else:
        _guard(settings, new)  # before the wait, which may be interrupted
        states.wait(settings, "available", stuck=(*states.ENDS, "paused"))
    _mend(settings, role_arn, group_id)


def _guard(settings: Settings, new: bool) -> None:
    try:
        guard.ensure(settings, anew=new)
    except BaseException:
        if new:
            said = "cluster %s: is being made and costs money, and nothing pauses it: redjam build again, or delete"
            log.error(said, settings.identifier)
        raise


def _create(settings: Settings, role_arn: str, group_id: str) -> None:
    options = {"MasterUserPassword": settings.password} if settings.password else {"ManageMasterPassword": True}
    if settings.cluster_type == "multi-node":
        options["NumberOfNodes"] = settings.num_nodes
    aws.settled(
        aws.client(settings, "redshift").create_cluster,
        ClusterIdentifier=settings.identifier,
        ClusterType=settings.cluster_type,
        NodeType=settings.node_type,
        DBName=settings.dbname,
        Port=settings.port,
        MasterUsername=settings.user,
        IamRoles=[role_arn],
        VpcSecurityGroupIds=[group_id],
        PubliclyAccessible=True,  # the laptop is outside of the VPC; the group lets it in, and nobody else
        Encrypted=True,
        Tags=aws.TAGS,
        **options,
    )
    log.info("cluster %s: being created", settings.identifier)


def _mend(settings: Settings, role_arn: str, group_id: str) -> None:
    """Give the cluster back its role, its group, and that group alone, and its address, each with a wait."""

    def lacks_role(cluster: dict) -> bool:
        attached = [one["IamRoleArn"] for one in cluster["IamRoles"] if one.get("ApplyStatus", "in-sync") == "in-sync"]
        return role_arn not in attached

    def reached_otherwise(cluster: dict) -> dict:
        groups = [group["VpcSecurityGroupId"] for group in cluster["VpcSecurityGroups"]]
        wanted = {} if groups == [group_id] else {"VpcSecurityGroupIds": [group_id]}
        return wanted if cluster["PubliclyAccessible"] else wanted | {"PubliclyAccessible": True}

    cluster, name = states.describe(settings) or {}, settings.identifier
    if not cluster:
        raise NotBuilt(states.absent(settings))
    _report_differences(cluster, settings)
    if lacks_role(cluster):
        if role_arn not in [one["IamRoleArn"] for one in cluster["IamRoles"]]:  # else it is being attached
            states.change(settings, "modify_cluster_iam_roles", AddIamRoles=[role_arn])
            log.warning("cluster %s: given its role %s", name, role_arn)
        states.wait(settings, "available", stuck=(*states.ENDS, "paused"), amiss=lacks_role)
    if changes := reached_otherwise(cluster):
        states.change(settings, "modify_cluster", **changes)
        if "VpcSecurityGroupIds" in changes:
            log.warning("cluster %s: given its security group %s", name, group_id)
        if "PubliclyAccessible" in changes:
            log.warning("cluster %s: made reachable from outside of its VPC again", name)
        states.wait(settings, "available", stuck=(*states.ENDS, "paused"), amiss=reached_otherwise)


def _report_differences(cluster: dict, settings: Settings) -> None:
    """Say what of dwh.cfg an existing cluster does not follow: it is not resized behind the user's back."""
    written = {
        "PORT": (cluster["Endpoint"]["Port"], settings.port),
        "NODE_TYPE": (cluster["NodeType"], settings.node_type),
        "NUM_NODES": (cluster["NumberOfNodes"], settings.num_nodes),
        "DBNAME": (cluster["DBName"], settings.dbname),
        "USER": (cluster["MasterUsername"], settings.user),
    }
    for key, (there, wanted) in written.items():
        if there != wanted:
            log.warning(
                "cluster %s: has %s %s, not %s; delete it and build it again to change that",
                settings.identifier, key, there, wanted,
            )  # fmt: skip


# --- Pause and resume ------------------------------------------------------------------------------------


def pause(settings: Settings) -> None:
    """Pause the cluster and wait for it; then only its storage costs money. Fine if it is paused."""
    status = states.settle(settings)
    if status == "paused":
        log.info("cluster %s: is paused already", settings.identifier)
        return
    if status in states.ENDS:
        raise AWSError(f"cluster {settings.identifier!r} is {status} and cannot be paused: {states.way_out(status)}")
    states.change(settings, "pause_cluster")
    states.wait(settings, "paused", stuck=states.ENDS)
    costs = "" if settings.is_local else "; only its storage costs money now"
    log.info("cluster %s: paused%s", settings.identifier, costs)


def resume(settings: Settings) -> None:
    """Resume a paused cluster, wait until it is available, and have it paused again after MAX_HOURS from now."""
    status = states.settle(settings)
    if status in states.ENDS:
        raise AWSError(f"cluster {settings.identifier!r} is {status} and cannot be resumed: {states.way_out(status)}")
    if status == "paused":
        _resume(settings)
    else:
        guard.ensure(settings, anew=True)
        log.info("cluster %s: is not paused", settings.identifier)


def _resume(settings: Settings) -> None:
    guard.ensure(settings, anew=True)  # first: it must not run on unseen if the rest fails
    states.change(settings, "resume_cluster")
    log.info(
        "cluster %s: is being resumed%s", settings.identifier, "" if settings.is_local else "; it costs money again"
    )
    states.wait(settings, "available", stuck=states.ENDS)  # AWS may go on saying paused for a moment


# --- Find ------------------------------------------------------------------------------------------------


def find(settings: Settings) -> Cluster:
    """The cluster to connect to, as AWS has it; NotBuilt if there is none, or none that takes connections now."""
    found = states.describe(settings)
    if not found:
        raise NotBuilt(states.absent(settings))
    status, endpoint = found["ClusterStatus"], found.get("Endpoint") or {}
    closed = (*states.DELETING, *states.BROKEN, "creating", "pausing", "paused", "resuming", "rebooting")
    if status in closed or "Address" not in endpoint:
        raise NotBuilt(f"cluster {settings.identifier!r} in {settings.region} is {status}: {states.way_out(status)}")
    arns = [one["IamRoleArn"] for one in found["IamRoles"]]
    arns.sort(key=lambda arn: not arn.endswith(f"/{settings.iam_role_name}"))  # ours first
    return Cluster(
        settings.identifier,
        status,
        endpoint["Address"],
        endpoint["Port"],
        settings.dbname,
        settings.user,
        next(iter(arns), ""),
        _size(found),
    )


def _size(cluster: dict) -> str:
    return f"{cluster['NumberOfNodes']} x {cluster['NodeType']}"


def rows(settings: Settings) -> list[tuple[str, str, str, str]]:
    """The cluster, its guard and its snapshots for the inventory."""
    cluster = states.ours(settings)
    found = [("cluster", settings.identifier, cluster["ClusterStatus"], _size(cluster))] if cluster else []
    return [*found, *guard.rows(settings), *snapshots.rows(settings)]


def login(settings: Settings, cluster: Cluster) -> tuple[str, Secret]:
    """User and password for the database, from AWS, for an hour: the admin's, or with LOGIN = iam your own identity's.

    https://docs.aws.amazon.com/redshift/latest/mgmt/generating-user-credentials.html
    """
    redshift = aws.client(settings, "redshift")
    asked = {"ClusterIdentifier": cluster.identifier, "DbName": cluster.dbname, "DurationSeconds": 3600}
    if settings.login == "iam":
        answer = redshift.get_cluster_credentials_with_iam(**asked)
    else:
        answer = redshift.get_cluster_credentials(**asked, DbUser=cluster.user, AutoCreate=False)
    return answer["DbUser"], Secret(answer["DbPassword"])


# --- Delete ----------------------------------------------------------------------------------------------


def delete(settings: Settings, keep_snapshot: bool = False) -> None:
    """Delete the cluster with its data, and wait until it is gone; fine if absent. A final snapshot only if asked."""
    if exists(settings):
        status = states.settle(settings)  # AWS does not delete a cluster that is being made or changed
        if status not in (*states.DELETING, "gone"):
            _delete(settings, status, keep_snapshot)
        states.wait(settings, "gone")
        log.info("cluster %s: deleted", settings.identifier)
    if states.describe(settings):  # it has lost its tag, or is somebody else's
        log.warning("cluster %s: lacks the tag project=redjam, and stays with what pauses it", settings.identifier)
    else:
        guard.delete(settings)  # last: until then the cluster must not run on unseen


def _delete(settings: Settings, status: str, keep_snapshot: bool) -> None:
    options = {"SkipFinalClusterSnapshot": not keep_snapshot}
    if keep_snapshot:
        options["FinalClusterSnapshotIdentifier"] = snapshots.new_name(settings)
    if status == "paused":
        # AWS's pages speak of deleting a paused cluster, but AWS has been seen to refuse it.
        # https://docs.aws.amazon.com/redshift/latest/mgmt/rs-mgmt-pause-resume-cluster.html
        gone = aws.client(settings, "redshift").delete_cluster
        if not aws.unless("InvalidClusterState", gone, ClusterIdentifier=settings.identifier, **options):
            log.warning("cluster %s: AWS does not delete it while it is paused", settings.identifier)
            _resume(settings)
            status = "available"
    if status != "paused":
        aws.unless("ClusterNotFound", functools.partial(states.change, settings, "delete_cluster"), **options)
    if keep_snapshot:
        kept = options["FinalClusterSnapshotIdentifier"]
        log.info("cluster %s: its data are kept in the snapshot %s, which costs money", settings.identifier, kept)


def delete_snapshots(settings: Settings) -> None:
    """Delete the snapshots that were kept of this cluster."""
    snapshots.delete(settings)
