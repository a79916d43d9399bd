"""The infrastructure as code: a role, a security group, a bucket and a Redshift cluster, by boto3.

All of it is tagged project=redjam; what has our name without the tag is somebody else's and stays as it is.
"""

import ipaddress
import json
import logging
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

from redjam import aws, bucket, config, progress
from redjam.aws import AWSError
from redjam.config import Settings

ADDRESS_URL = "https://checkip.amazonaws.com"
TIMEOUT_SECONDS = 30 * 60
POLL_SECONDS = 15
NOTEBOOK = "notebooks/01_infrastructure.ipynb"
# A cluster in one of these states takes no connection, and will not become available by itself.
DELETING = ("deleting", "final-snapshot")
STUCK = (*DELETING, "paused", "hardware-failure", "incompatible-network", "incompatible-parameters")

# What AWS says where something of that name is there already.
TAKEN = ("EntityAlreadyExists", "InvalidGroup.Duplicate", "ClusterAlreadyExists")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cluster:
    """A cluster as the warehouse needs it; status is AWS's own word, or "given" (HOST and ARN in dwh.cfg)."""

    identifier: str
    status: str
    host: str
    port: int
    dbname: str
    user: str
    role_arn: str
    node_type: str
    nodes: int


class NotBuilt(LookupError):
    """There is no cluster to connect to; the message says which notebook makes one."""


# --- The role --------------------------------------------------------------------------------------------


def _allow(action: str, **rest) -> dict:
    return {"Effect": "Allow", "Action": action, **rest}


def _policy(*statements: dict) -> dict:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _reading(settings: Settings) -> dict:
    """What COPY needs for the places in [S3] and for the manifests.

    https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-access-permissions.html
    """
    if settings.work:
        work = [settings.work.rstrip("/")]
    else:
        account = bucket.own_account(settings)
        work = [f"s3://{bucket.bucket_name(settings, account, region)}" for region in bucket.data_regions(settings)]
    places = [settings.log_data, settings.log_json_path, settings.song_data, *(f"{place}/" for place in work)]
    split = (place.removeprefix("s3://").partition("/") for place in places if place.startswith("s3://"))
    wanted = [(f"arn:aws:s3:::{bucket}", f"{key}*") for bucket, _, key in split]
    return _policy(
        _allow("s3:GetObject", Resource=[f"{bucket}/{keys}" for bucket, keys in wanted]),
        _allow("s3:GetBucketLocation", Resource=sorted({bucket for bucket, _ in wanted})),
        *(
            _allow("s3:ListBucket", Resource=bucket, Condition={"StringLike": {"s3:prefix": keys}})
            for bucket, keys in wanted
        ),
    )


def _find_role(iam, settings: Settings) -> dict | None:
    found = aws.unless("NoSuchEntity", iam.get_role, RoleName=settings.iam_role_name)
    return found["Role"] if found and aws.ours([found["Role"]]) else None


def _created(create: Callable, find: Callable):
    """What `create` gives, or what another build made in the meantime; somebody else's of that name is an error."""
    try:
        return create()
    except aws.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in TAKEN or not (found := find()):
            raise
        return found


@aws.clear_errors()
def ensure_role(settings: Settings) -> str:
    """Create or mend the role that lets the cluster read [S3] and the manifests, nothing else; gives its ARN.

    An ARN in dwh.cfg is kept.
    """
    if settings.iam_role_arn or settings.host:
        return settings.iam_role_arn or find_cluster(settings).role_arn
    config.check_node_type(settings)  # before anything is made
    iam, name = aws.client(settings, "iam"), settings.iam_role_name
    trust = _policy(_allow("sts:AssumeRole", Principal={"Service": "redshift.amazonaws.com"}))
    role = _find_role(iam, settings)
    if role is None:
        wanted = {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(trust), "Tags": aws.TAGS}
        role = _created(lambda: iam.create_role(**wanted)["Role"], lambda: _find_role(iam, settings))
        log.info("role %s: created", name)
    elif role["AssumeRolePolicyDocument"] != trust:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
        log.warning("role %s: its trust had changed and is mended", name)
    _ensure_policy(iam, settings, _reading(settings))
    return role["Arn"]


def _ensure_policy(iam, settings: Settings, wanted: dict) -> None:
    # Named after the cluster: of several that share the role each has its own data and bucket.
    policy = {"RoleName": settings.iam_role_name, "PolicyName": settings.identifier}
    found = aws.unless("NoSuchEntity", iam.get_role_policy, **policy)
    if not found or found["PolicyDocument"] != wanted:
        iam.put_role_policy(**policy, PolicyDocument=json.dumps(wanted))
        log.info("role %s: policy written", settings.iam_role_name)


@aws.clear_errors()
def delete_role(settings: Settings) -> None:
    """Delete the role with its policies; fine if it is absent, kept if another cluster uses it."""
    iam, name = aws.client(settings, "iam"), settings.iam_role_name
    if not _find_role(iam, settings):
        return
    clusters = aws.client(settings, "redshift").describe_clusters()["Clusters"]
    users = [one["ClusterIdentifier"] for one in clusters if f"role/{name}" in str(one["IamRoles"])]
    if users := [identifier for identifier in users if identifier != settings.identifier]:
        aws.unless("NoSuchEntity", iam.delete_role_policy, RoleName=name, PolicyName=settings.identifier)
        log.warning("role %s: kept, cluster %s uses it too", name, ", ".join(users))
        return
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=name)
    log.info("role %s: deleted", name)


# --- The security group ----------------------------------------------------------------------------------


def _this_machine(settings: Settings) -> str:
    """The address by which the cluster knows this machine, as a block of one."""
    if settings.is_local:
        return "127.0.0.1/32"
    try:
        with urllib.request.urlopen(ADDRESS_URL, timeout=10) as answer:
            return f"{ipaddress.IPv4Address(answer.read(100).decode().strip())}/32"
    except (OSError, ValueError) as error:
        raise AWSError(f"{ADDRESS_URL} does not tell this machine's address: check the network") from error


def _find_groups(ec2, settings: Settings) -> list[dict]:
    name = {"Name": "group-name", "Values": [f"{settings.identifier}-redshift"]}
    return aws.ours(ec2.describe_security_groups(Filters=[name])["SecurityGroups"])


def _ingress(ec2, group_id: str) -> dict[str, tuple]:
    """A group's ingress rules by their ids: protocol, first port, last port, source."""
    found = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])
    rules = {}
    for rule in found["SecurityGroupRules"]:
        if not rule["IsEgress"]:
            source = rule.get("CidrIpv4") or rule.get("CidrIpv6") or "another group"
            rules[rule["SecurityGroupRuleId"]] = (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], source)
    return rules


@aws.clear_errors()
def ensure_security_group(settings: Settings) -> str:
    """Create or mend our own group, open to this machine's address alone; its id, or "" if HOST is given.

    Every other rule in it is revoked: a laptop that has moved to another network builds again.
    """
    if settings.host:
        return ""
    config.check_node_type(settings)
    ec2 = aws.client(settings, "ec2")
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    if not vpcs:
        raise AWSError(f"no default VPC in {settings.region}: run `aws ec2 create-default-vpc`")
    vpc_id = vpcs[0]["VpcId"]
    found = [group["GroupId"] for group in _find_groups(ec2, settings) if group["VpcId"] == vpc_id]
    address = _this_machine(settings)  # asked first: a failure must not leave an empty group
    group_id = found[0] if found else _create_group(ec2, settings, vpc_id)
    # An existing cluster keeps its port, whatever dwh.cfg says now.
    existing = _describe(aws.client(settings, "redshift"), settings)
    port = existing[0].get("Endpoint", {}).get("Port", settings.port) if existing else settings.port
    _ensure_only_rule(ec2, group_id, port, address)
    return group_id


def _create_group(ec2, settings: Settings, vpc_id: str) -> str:
    wanted = {
        "GroupName": f"{settings.identifier}-redshift",
        "Description": "Red Jam: one machine to its Redshift cluster",
        "VpcId": vpc_id,
        "TagSpecifications": [{"ResourceType": "security-group", "Tags": aws.TAGS}],
    }
    group = _created(
        lambda: ec2.create_security_group(**wanted),
        lambda: next((group for group in _find_groups(ec2, settings) if group["VpcId"] == vpc_id), None),
    )
    log.info("security group %s: created", group["GroupId"])
    return group["GroupId"]


def _ensure_only_rule(ec2, group_id: str, port: int, address: str) -> None:
    wanted = ("tcp", port, port, address)
    rules = _ingress(ec2, group_id)
    others = [rule_id for rule_id, rule in rules.items() if rule != wanted]
    if others:
        ec2.revoke_security_group_ingress(GroupId=group_id, SecurityGroupRuleIds=others)
        log.warning("security group %s: revoked %s", group_id, [rules[rule_id] for rule_id in others])
    if wanted not in rules.values():
        block = {"CidrIp": address, "Description": "the machine that built it"}
        rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [block]}
        allow = ec2.authorize_security_group_ingress
        aws.unless("InvalidPermission.Duplicate", allow, GroupId=group_id, IpPermissions=[rule])
        log.info("security group %s: %s may reach port %d", group_id, address, port)


@aws.clear_errors()
def delete_security_group(settings: Settings) -> None:
    """Delete our security group; fine if it is absent."""
    ec2 = aws.client(settings, "ec2")
    for group in _find_groups(ec2, settings):
        ec2.delete_security_group(GroupId=group["GroupId"])
        log.info("security group %s: deleted", group["GroupId"])


# --- The cluster -----------------------------------------------------------------------------------------


def _describe(redshift, settings: Settings) -> list[dict]:
    """What AWS says of the cluster: one or none."""
    found = aws.unless("ClusterNotFound", redshift.describe_clusters, ClusterIdentifier=settings.identifier)
    return found["Clusters"] if found else []


def _way_out(status: str) -> str:
    if status in DELETING:
        return f"wait until it is gone, then run {NOTEBOOK} (or: redjam build)"
    if status in STUCK:
        return "see its events in AWS's console, resume or mend it there, or delete it (redjam delete)"
    return f"run {NOTEBOOK} (or: redjam build), which waits for it"


def _wait_until(wanted: str, redshift, settings: Settings) -> None:
    """Wait, TIMEOUT_SECONDS at most, until the cluster is "available" or "gone"; a bar shows AWS's status."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    name = f"cluster {settings.identifier!r}"
    with progress.bar(bar_format="{desc} [{elapsed}]") as bar:
        while True:
            status = next((found["ClusterStatus"] for found in _describe(redshift, settings)), "gone")
            bar.set_description_str(f"{name}: {status}")
            if status.startswith(wanted):  # "available, prep-for-resize" takes connections too
                return
            if wanted == "available" and status in (*STUCK, "gone"):
                raise AWSError(f"{name} is {status}: {_way_out(status)}")
            if time.monotonic() >= deadline:
                raise AWSError(
                    f"{name} is still {status} after {TIMEOUT_SECONDS // 60} minutes, and may cost money: "
                    f"see its events in AWS's console ({settings.region}), then build or delete again"
                )
            time.sleep(POLL_SECONDS)


@aws.clear_errors()
def ensure_cluster(settings: Settings, role_arn: str, group_id: str) -> Cluster:
    """Create or mend the cluster and wait until it is available (minutes); it costs money until deleted."""
    if settings.host:
        return find_cluster(settings)
    config.check_node_type(settings)
    redshift = aws.client(settings, "redshift")
    if not aws.ours(_describe(redshift, settings)):
        _created(
            lambda: _create_cluster(redshift, settings, role_arn, group_id),
            lambda: aws.ours(_describe(redshift, settings)),
        )
    _wait_until("available", redshift, settings)
    if _mend_cluster(redshift, settings, role_arn, group_id):
        _wait_until("available", redshift, settings)
    return find_cluster(settings)


def _create_cluster(redshift, settings: Settings, role_arn: str, group_id: str) -> None:
    options = {"MasterUserPassword": settings.password} if settings.password else {"ManageMasterPassword": True}
    if settings.cluster_type == "multi-node":
        options["NumberOfNodes"] = settings.num_nodes
    redshift.create_cluster(
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


def _mend_cluster(redshift, settings: Settings, role_arn: str, group_id: str) -> bool:
    """Give the cluster back its role and its group, and that group alone; says whether anything was amiss."""
    cluster = _describe(redshift, settings)[0]
    _report_differences(cluster, settings)
    has_role = role_arn in [role["IamRoleArn"] for role in cluster["IamRoles"]]
    has_group = [group["VpcSecurityGroupId"] for group in cluster["VpcSecurityGroups"]] == [group_id]
    if not has_role:
        redshift.modify_cluster_iam_roles(ClusterIdentifier=settings.identifier, AddIamRoles=[role_arn])
        log.warning("cluster %s: given its role %s", settings.identifier, role_arn)
    if not has_group:
        redshift.modify_cluster(ClusterIdentifier=settings.identifier, VpcSecurityGroupIds=[group_id])
        log.warning("cluster %s: given its security group %s", settings.identifier, group_id)
    return not (has_role and has_group)


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


@aws.clear_errors()
def find_cluster(settings: Settings) -> Cluster:
    """The cluster to connect to: HOST and ARN as given (AWS is not asked if both are), else what AWS says.

    Raises NotBuilt if there is none, or none that takes connections now.
    """
    given = Cluster(
        settings.identifier,
        "given",
        settings.host,
        settings.port,
        settings.dbname,
        settings.user,
        settings.iam_role_arn,
        settings.node_type,
        settings.num_nodes,
    )
    if given.host and given.role_arn:
        return given
    name = f"cluster {settings.identifier!r} in {settings.region}"
    found = _describe(aws.client(settings, "redshift"), settings)
    if not found:
        first = "give [IAM_ROLE] ARN as well as HOST" if given.host else f"run {NOTEBOOK} first (or: redjam build)"
        raise NotBuilt(f"no {name}: {first}")
    cluster, status = found[0], found[0]["ClusterStatus"]
    endpoint = cluster.get("Endpoint", {})
    if status in STUCK or "Address" not in endpoint:
        raise NotBuilt(f"{name} is {status}: {_way_out(status)}")
    arns = [role["IamRoleArn"] for role in cluster["IamRoles"]]
    arns.sort(key=lambda arn: not arn.endswith(f"/{settings.iam_role_name}"))  # ours first
    return replace(
        given,
        status=status,
        host=given.host or endpoint["Address"],
        port=given.port if given.host else endpoint["Port"],
        role_arn=given.role_arn or next(iter(arns), ""),
        node_type=cluster["NodeType"],
        nodes=cluster["NumberOfNodes"],
    )


@aws.clear_errors()
def delete_cluster(settings: Settings) -> None:
    """Delete the cluster and its data, with no final snapshot, and wait until it is gone; fine if absent."""
    redshift = aws.client(settings, "redshift")
    for cluster in aws.ours(_describe(redshift, settings)):
        if cluster["ClusterStatus"] not in DELETING:
            redshift.delete_cluster(ClusterIdentifier=settings.identifier, SkipFinalClusterSnapshot=True)
        _wait_until("gone", redshift, settings)
        log.info("cluster %s: deleted", settings.identifier)


@aws.clear_errors()
def credentials(settings: Settings, cluster: Cluster) -> tuple[str, str]:
    """User and password: PASSWORD of dwh.cfg, else temporary ones from AWS (an hour) with the same rights."""
    if settings.password:
        return cluster.user, settings.password
    answer = aws.client(settings, "redshift").get_cluster_credentials(
        ClusterIdentifier=cluster.identifier,
        DbUser=cluster.user,
        DbName=cluster.dbname,
        DurationSeconds=3600,
        AutoCreate=False,
    )
    return answer["DbUser"], answer["DbPassword"]


# --- All of it -------------------------------------------------------------------------------------------


def build(settings: Settings) -> Cluster:
    """Create or mend role, group, bucket and cluster, and wait: minutes on AWS; it costs money until deleted."""
    role_arn, group_id = ensure_role(settings), ensure_security_group(settings)
    bucket.ensure_buckets(settings)
    return ensure_cluster(settings, role_arn, group_id)


def delete(settings: Settings) -> None:
    """Delete cluster (with its data), bucket, group and role, each fine if absent; waits until it is gone."""
    delete_cluster(settings)
    bucket.delete_buckets(settings)
    delete_security_group(settings)
    delete_role(settings)


@aws.clear_errors()
def inventory(settings: Settings) -> pd.DataFrame:
    """What build made and AWS still has, by the names in dwh.cfg and our tag; no rows: nothing is left."""
    redshift, ec2, iam = (aws.client(settings, service) for service in ("redshift", "ec2", "iam"))
    rows = []
    for cluster in aws.ours(_describe(redshift, settings)):
        detail = f"{cluster['NumberOfNodes']} x {cluster['NodeType']}"
        rows.append(("cluster", settings.identifier, cluster["ClusterStatus"], detail))
    for group in _find_groups(ec2, settings):
        rules = _ingress(ec2, group["GroupId"]).values()
        detail = ", ".join(f"{source} to port {port}" for _, port, _, source in rules)
        rows.append(("security group", group["GroupName"], "exists", detail))
    if role := _find_role(iam, settings):
        rows.append(("role", role["RoleName"], "exists", role["Arn"]))
        policies = iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
        rows += [("policy", policy, "exists", f"of role {role['RoleName']}") for policy in policies]
    rows += [("bucket", name, "exists", f"in {region}") for name, region in bucket.find_buckets(settings).items()]
    return pd.DataFrame(rows, columns=["kind", "name", "state", "detail"])
