"""The infrastructure as code, by boto3: role, security group, bucket, and a Redshift cluster or its Serverless kind.

All of it is tagged project=redjam; what has our name without the tag is somebody else's and stays as it is.
"""

import contextlib
import logging
from dataclasses import replace

import pandas as pd

from redjam import aws, bucket, cost
from redjam.aws import AWSError
from redjam.config import Secret, Settings
from redjam.infrastructure import network, provisioned, role, serverless
from redjam.infrastructure.cluster import Cluster, NotBuilt

__all__ = ["AWSError", "Cluster", "NotBuilt"]
log = logging.getLogger(__name__)


def _kind(settings: Settings):
    """The module that knows this kind of cluster; both have the same functions."""
    return serverless if settings.is_serverless else provisioned


def _kinds(settings: Settings) -> list:
    """The modules of all that may be there: before it is Serverless, a stack may have been a cluster.

    The reverse is not asked, for the stand-in knows no Serverless; a workgroup that is left keeps the security group,
    whose deletion says so.
    """
    return [serverless, provisioned] if settings.is_serverless else [provisioned]


# --- Build -----------------------------------------------------------------------------------------------


@aws.clear_errors()
def build(settings: Settings) -> Cluster:
    """Create or mend role, group, bucket and cluster, and wait: minutes on AWS; it costs money until deleted.

    Says first what it will cost, and at the end if all was as it should be. Where HOST is given nothing is made.
    """
    if settings.host:
        return find_cluster(settings)
    kind = _kind(settings)
    kind.check(settings)  # before anything is made
    if not settings.is_local and not kind.exists(settings):
        log.info("%s", cost.sentence(settings))
    with _saying(f"all of {settings.identifier}"):
        role_arn = settings.iam_role_arn or role.ensure_role(settings)
        group_id = network.ensure_group(settings, kind.port(settings))
        bucket.ensure_buckets(settings)
        kind.ensure(settings, role_arn, group_id)
    return find_cluster(settings)


@contextlib.contextmanager
def _saying(what: str):
    """Say if nothing was changed inside."""
    with aws.changes() as made:
        yield
    if not made:
        log.info("%s is as it should be; nothing was changed", what)


@aws.clear_errors()
def exists(settings: Settings) -> bool:
    """Whether there is a cluster of ours, in whatever state; one that is given is not ours."""
    return not settings.host and _kind(settings).exists(settings)


@aws.clear_errors()
def ensure_role(settings: Settings) -> str:
    """Create or mend the role that lets the cluster read [S3] and our bucket, nothing else; gives its ARN.

    An ARN in dwh.cfg is kept.
    """
    if settings.iam_role_arn or settings.host:
        return settings.iam_role_arn or find_cluster(settings).role_arn
    _kind(settings).check(settings)  # before anything is made
    with _saying(f"role {settings.iam_role_name}"):
        return role.ensure_role(settings)


@aws.clear_errors()
def ensure_security_group(settings: Settings) -> str:
    """Create or mend our own group, open to this machine alone (or INGRESS_CIDR); its id, or "" if HOST is given."""
    if settings.host:
        return ""
    _kind(settings).check(settings)
    with _saying(f"security group {settings.identifier}-redshift"):
        return network.ensure_group(settings, _kind(settings).port(settings))


@aws.clear_errors()
def ensure_cluster(settings: Settings, role_arn: str, group_id: str) -> Cluster:
    """Create, resume or mend the cluster and wait until it is available (minutes); it costs money until deleted.

    AWS itself pauses it after MAX_HOURS, or stops Serverless once it has used as much in a day.
    """
    if not settings.host:
        _kind(settings).check(settings)
        with _saying(f"cluster {settings.identifier}"):
            _kind(settings).ensure(settings, role_arn, group_id)
    return find_cluster(settings)


# --- Use -------------------------------------------------------------------------------------------------


@aws.clear_errors()
def find_cluster(settings: Settings) -> Cluster:
    """The cluster to connect to: HOST and ARN as given (AWS is not asked if both are), else what AWS says.

    Raises NotBuilt if there is none, or none that takes connections now.
    """
    given = {"host": settings.host, "port": settings.port if settings.host else 0, "role_arn": settings.iam_role_arn}
    if settings.host and settings.iam_role_arn:
        return Cluster(settings.identifier, "given", dbname=settings.dbname, user=settings.user, size="", **given)
    try:
        found = _kind(settings).find(settings)
    except NotBuilt as error:
        if settings.host:
            raise NotBuilt(f"{str(error).partition(':')[0]}: give [IAM_ROLE] ARN as well as HOST") from None
        raise
    return replace(found, **{name: value for name, value in given.items() if value})


@aws.clear_errors()
def credentials(settings: Settings, cluster: Cluster) -> tuple[str, Secret]:
    """User and password: PASSWORD of dwh.cfg, else what AWS gives, asked anew each time."""
    if settings.password:
        return cluster.user, settings.password
    return _kind(settings).login(settings, cluster)


@aws.clear_errors()
def pause(settings: Settings) -> None:
    """Pause the cluster and wait for it: then only its storage costs money."""
    _refuse_given(settings, "paused")
    _kind(settings).pause(settings)


@aws.clear_errors()
def resume(settings: Settings) -> Cluster:
    """Resume a paused cluster and wait until it is available; AWS pauses it again MAX_HOURS from now."""
    _refuse_given(settings, "resumed")
    _kind(settings).resume(settings)
    return find_cluster(settings)


def _refuse_given(settings: Settings, what: str) -> None:
    if settings.host:
        raise AWSError(f"[CLUSTER] HOST names a cluster that is not of our making: it is not {what} here")


# --- Delete ----------------------------------------------------------------------------------------------


@aws.clear_errors()
def delete(settings: Settings, keep_snapshot: bool = False, snapshots: bool = False) -> None:
    """Delete cluster (with its data), bucket, group and role, each fine if absent; waits until it is gone.

    A final snapshot is kept only if asked for; with `snapshots` those that were kept go, too.
    """
    _refuse_given(settings, "deleted")
    for kind in _kinds(settings):
        kind.delete(settings, keep_snapshot)
        if snapshots:
            kind.delete_snapshots(settings)
    bucket.delete_buckets(settings)
    network.delete_groups(settings)
    role.delete_role(settings)


@aws.clear_errors()
def inventory(settings: Settings) -> pd.DataFrame:
    """What build made and AWS still has, by the names in dwh.cfg and our tag; no rows: nothing is left."""
    rows = [row for kind in _kinds(settings) for row in kind.rows(settings)]
    rows += [*_secrets(settings), *network.rows(settings), *role.rows(settings)]
    rows += [("bucket", name, "exists", f"in {region}") for name, region in bucket.find_buckets(settings).items()]
    return pd.DataFrame(rows, columns=["kind", "name", "state", "detail"])


def _secrets(settings: Settings) -> list[tuple[str, str, str, str]]:
    """The admin's password that AWS keeps; it goes with the cluster.

    https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-secrets-manager-integration.html
    """
    ours = f"redshift!{settings.identifier}-{settings.user}"
    names = {"Key": "name", "Values": [ours]}
    pages = aws.client(settings, "secretsmanager").get_paginator("list_secrets").paginate(Filters=[names])
    found = [one["Name"] for page in pages for one in page["SecretList"]]
    return [("secret", name, "exists", "the admin's password") for name in found if name == ours]  # not its namesakes
