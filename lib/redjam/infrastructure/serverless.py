"""Redshift Serverless: create, mend, find and delete namespace and workgroup; the functions are a cluster's."""

import functools
import json
import logging
import re

from redjam import aws
from redjam.aws import AWSError
from redjam.config import Secret, Settings
from redjam.infrastructure import snapshots, usage_limit, workgroup
from redjam.infrastructure.cluster import NOTEBOOK, Cluster, NotBuilt
from redjam.infrastructure.workgroup import ABSENT, TAGS, change, describe, ours, wait

REQUIRE_SSL = [{"parameterKey": "require_ssl", "parameterValue": "true"}]
log = logging.getLogger(__name__)


def exists(settings: Settings) -> bool:
    """Whether there is a workgroup or namespace of ours, in whatever state."""
    return any(ours(settings, kind) for kind in ("workgroup", "namespace"))


def port(settings: Settings) -> int:
    """The port of the workgroup that is there, which it keeps whatever dwh.cfg says now, or else of dwh.cfg."""
    return _port(describe(settings) or {}) or settings.port


def _port(found: dict) -> int:
    return found.get("port") or found.get("endpoint", {}).get("port", 0)


# --- Create and mend -------------------------------------------------------------------------------------


def check(settings: Settings) -> None:
    """Refuse, before anything is made, the name of a namespace or workgroup that is somebody else's."""
    for kind in ("namespace", "workgroup"):
        if not ours(settings, kind) and describe(settings, kind):
            raise AWSError(f"there is a {kind} {settings.identifier!r} in {settings.region}: {aws.TAKEN}")


def ensure(settings: Settings, role_arn: str, group_id: str) -> None:
    """Create or mend namespace and workgroup and wait until they are available (minutes); queries cost money."""
    admin = {"adminUserPassword": settings.password} if settings.password else {"manageAdminPassword": True}
    names = {"adminUsername": settings.user, "dbName": settings.dbname}
    _make(settings, "namespace", iamRoles=[role_arn], **names, **admin)
    wait(settings, "namespace", "available")
    _make(
        settings,
        "workgroup",
        namespaceName=settings.identifier,
        baseCapacity=settings.base_capacity,  # AWS's default of 128 costs 32 times as much as 4
        port=settings.port,
        publiclyAccessible=True,  # the laptop is outside of the VPC; the group lets it in, and nobody else
        securityGroupIds=[group_id],
        configParameters=REQUIRE_SSL,
    )
    guarded = usage_limit.try_guard(settings)  # before the wait, which may be interrupted
    wait(settings, "workgroup", "available")
    if not guarded:
        usage_limit.ensure_guard(settings)
    wait(settings, "namespace", "available")
    _report_differences(settings)
    _mend_namespace(settings, role_arn)
    _mend_workgroup(settings, group_id)


def _make(settings: Settings, kind: str, **wanted) -> None:
    if workgroup.status(settings, kind) == "deleting":
        wait(settings, kind, "gone")
    if ours(settings, kind):
        return
    # A role that AWS does not know everywhere yet may hinder the workgroup as well as the namespace.
    create = functools.partial(aws.settled, getattr(workgroup.client(settings), f"create_{kind}"))
    wanted |= {f"{kind}Name": settings.identifier, "tags": TAGS}
    aws.created(lambda: change(create, **wanted), lambda: ours(settings, kind))
    log.info("%s %s: being created", kind, settings.identifier)


def _report_differences(settings: Settings) -> None:
    """Say what of dwh.cfg they do not follow and are not changed to."""
    namespace, found = describe(settings, "namespace"), describe(settings)
    written = {
        "PORT": (_port(found), settings.port),
        "DBNAME": (namespace.get("dbName"), settings.dbname),
        "USER": (namespace.get("adminUsername"), settings.user),
    }
    for key, (there, wanted) in written.items():
        if there and there != wanted:
            log.warning(
                "workgroup %s: has %s %s, not %s; delete it and build it again to change that",
                settings.identifier, key, there, wanted,
            )  # fmt: skip


def _mend_namespace(settings: Settings, role_arn: str) -> None:
    """Give the namespace its role back, beside those that it has."""
    namespace, name = describe(settings, "namespace"), settings.identifier
    if role_arn in (arns := role_arns(namespace)):
        return
    update = functools.partial(aws.settled, workgroup.client(settings).update_namespace)
    roles = {"iamRoles": [*arns, role_arn], "defaultIamRoleArn": namespace.get("defaultIamRoleArn", "")}  # both or none
    change(update, namespaceName=name, **roles)
    log.warning("namespace %s: given its role %s", name, role_arn)
    wait(settings, "namespace", "available")


def _mend_workgroup(settings: Settings, group_id: str) -> None:
    """Give the workgroup its size, its group, that one alone, its way in and its rule of encryption.

    AWS takes one change a call: https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_UpdateWorkgroup.html
    """
    found, name = describe(settings), settings.identifier
    parameters = {one["parameterKey"]: one["parameterValue"] for one in found.get("configParameters", [])}
    state = {key: found.get(key) for key in ("baseCapacity", "securityGroupIds", "publiclyAccessible")}
    state["configParameters"] = REQUIRE_SSL if parameters.get("require_ssl") != "false" else "require_ssl false"
    wanted = {
        "baseCapacity": settings.base_capacity,
        "securityGroupIds": [group_id],
        "publiclyAccessible": True,
        "configParameters": REQUIRE_SSL,
    }
    for key, value in wanted.items():
        if state[key] != value:
            change(workgroup.client(settings).update_workgroup, workgroupName=name, **{key: value})
            log.warning("workgroup %s: its %s was %s and is mended", name, key, state[key])
            wait(settings, "workgroup", "available")


# --- Pause and resume ------------------------------------------------------------------------------------


def pause(settings: Settings) -> None:
    """Say that there is nothing to pause: only a query that runs costs money, and the storage."""
    if not ours(settings):
        raise NotBuilt(_absent(settings))
    log.info("workgroup %s: Serverless needs no pause; only its storage costs money now", settings.identifier)


def resume(settings: Settings) -> None:
    """Say that there is nothing to resume: the next query starts it."""
    if not ours(settings):
        raise NotBuilt(_absent(settings))
    log.info("workgroup %s: Serverless starts by itself with the next query, which costs money", settings.identifier)


# --- Find and delete -------------------------------------------------------------------------------------


def _absent(settings: Settings) -> str:
    return f"no workgroup {settings.identifier!r} in {settings.region}: run {NOTEBOOK} first (or: redjam build)"


def role_arns(namespace: dict) -> list[str]:
    """The roles of a namespace: AWS gives "IamRole(applyStatus=in-sync, iamRoleArn=arn:...)", or the ARN alone."""
    found = (re.search(r"arn:[^\s)]+", role) for role in namespace.get("iamRoles", []))
    return [arn[0].rstrip(",") for arn in found if arn]


def _size(found: dict) -> str:
    return f"{found['baseCapacity']} RPU"


def find(settings: Settings) -> Cluster:
    """The workgroup to connect to, as AWS has it; NotBuilt if there is none, or none that takes connections now."""
    found = describe(settings)
    if not found:
        raise NotBuilt(_absent(settings))
    status, host = found["status"].lower(), found.get("endpoint", {}).get("address", "")
    if status == "deleting" or not host:
        way_out = workgroup.way_out(status)
        raise NotBuilt(f"workgroup {settings.identifier!r} in {settings.region} is {status}: {way_out}")
    arns = role_arns(describe(settings, "namespace", found["namespaceName"]) or {})
    arns.sort(key=lambda arn: not arn.endswith(f"/{settings.iam_role_name}"))  # ours first
    return Cluster(
        settings.identifier,
        status,
        host,
        _port(found),
        settings.dbname,
        settings.user,
        next(iter(arns), ""),
        _size(found),
    )


def delete(settings: Settings, keep_snapshot: bool = False) -> None:
    """Delete workgroup and namespace with its data, and wait until they are gone; fine if absent.

    A final snapshot is kept only if asked for.
    """
    if ours(settings):
        if wait(settings, "workgroup", "settled") == "available":  # AWS does not delete what it makes or changes
            # The limits just before, as only the workgroup tells which are ours.
            for limit in usage_limit.find_limits(settings):
                usage_limit.delete_limit(settings, limit)
            _delete(settings, "workgroup")
        wait(settings, "workgroup", "gone")
        log.info("workgroup %s: deleted", settings.identifier)
    if ours(settings, "namespace"):
        if wait(settings, "namespace", "settled") == "available":
            name = snapshots.new_name(settings)
            _delete(settings, "namespace", **({"finalSnapshotName": name} if keep_snapshot else {}))
            if keep_snapshot:
                log.info("snapshot %s: the data are kept in it, and it costs money", name)
        wait(settings, "namespace", "gone")
        log.info("namespace %s: deleted", settings.identifier)


def _delete(settings: Settings, kind: str, **options) -> None:
    gone = functools.partial(aws.unless, ABSENT, getattr(workgroup.client(settings), f"delete_{kind}"))
    change(gone, **{f"{kind}Name": settings.identifier}, **options)


def delete_snapshots(settings: Settings) -> None:
    """Delete the snapshots that were kept of this namespace."""
    for snapshot in _snapshots(settings):
        name = snapshot["snapshotName"]
        aws.unless(ABSENT, workgroup.client(settings).delete_snapshot, snapshotName=name)
        log.info("snapshot %s: deleted", name)


def _snapshots(settings: Settings) -> list[dict]:
    """The final snapshots that were kept of our namespace, be it gone or not."""
    # All are asked for, since AWS might not know the name of a namespace that is gone.
    pages = workgroup.client(settings).get_paginator("list_snapshots").paginate()
    found = [one for page in pages for one in page.get("snapshots", []) if one["status"] != "DELETED"]
    return [
        one
        for one in found
        if one.get("namespaceName") == settings.identifier and snapshots.is_ours(settings, one["snapshotName"])
    ]


def rows(settings: Settings) -> list[tuple[str, str, str, str]]:
    """Workgroup, namespace, limits and snapshots for the inventory."""
    found = []
    if made := ours(settings):
        found.append(("workgroup", settings.identifier, made["status"].lower(), _size(made)))
    if made := ours(settings, "namespace"):
        detail = f"database {made.get('dbName', settings.dbname)}"
        found.append(("namespace", settings.identifier, made["status"].lower(), detail))
    for limit in usage_limit.find_limits(settings):
        found.append(("usage limit", limit["usageLimitId"], "exists", usage_limit.in_words(limit)))
    for snapshot in _snapshots(settings):
        size = f"{snapshot.get('totalBackupSizeInMegaBytes', 0):,.0f} MB"
        found.append(("snapshot", snapshot["snapshotName"], snapshot["status"].lower(), size))
    return found


def login(settings: Settings, cluster: Cluster) -> tuple[str, Secret]:
    """User and password for the database, from AWS: the admin's, or with LOGIN = iam your own identity's for an hour.

    https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-secrets-manager-integration.html
    """
    if settings.login == "iam":
        asked = {"workgroupName": cluster.identifier, "dbName": cluster.dbname, "durationSeconds": 3600}
        answer = workgroup.client(settings).get_credentials(**asked)
        return answer["dbUser"], Secret(answer["dbPassword"])
    found = describe(settings) or {}
    namespace = describe(settings, "namespace", found.get("namespaceName", "")) or {}
    if not (arn := namespace.get("adminPasswordSecretArn")):
        raise AWSError(
            f"AWS keeps no admin password of namespace {settings.identifier!r}: set [CLUSTER] PASSWORD, or LOGIN = iam"
        )
    secret = json.loads(aws.client(settings, "secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    return secret["username"], Secret(secret["password"])
