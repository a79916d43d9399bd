"""The IAM roles: by one the cluster reads S3 and nothing else, by the other AWS's scheduler pauses the cluster."""

import hashlib
import json
import logging

from redjam import aws, bucket
from redjam.config import Settings

# Serverless assumes a role as either of the two.
CLUSTER = ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"]
# https://docs.aws.amazon.com/redshift/latest/mgmt/managing-cluster-operations.html (Scheduling a resize, permissions)
SCHEDULER = "scheduler.redshift.amazonaws.com"
PATH = "/redjam/"  # under which all roles of ours are
log = logging.getLogger(__name__)


def _allow(action: str, **rest) -> dict:
    return {"Effect": "Allow", "Action": action, **rest}


def _policy(*statements: dict) -> dict:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _trust(principal: str | list[str]) -> dict:
    return _policy(_allow("sts:AssumeRole", Principal={"Service": principal}))


def _reading(settings: Settings) -> dict:
    """What COPY needs for the places in [S3], for the manifests, and for what lies in our bucket.

    https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-access-permissions.html
    """
    if settings.work:
        work = [settings.work.rstrip("/")]
    else:
        account = bucket.own_account(settings)
        work = [f"s3://{bucket.bucket_name(settings, account, region)}" for region in bucket.data_regions(settings)]
    places = [settings.log_data, settings.log_json_path, settings.song_data, *(f"{place}/" for place in work)]
    split = (place.removeprefix("s3://").partition("/") for place in places if place.startswith("s3://"))
    arn = f"arn:{aws.partition(settings)}:s3:::"
    wanted = [(f"{arn}{bucket}", f"{key}*") for bucket, _, key in split]
    return _policy(
        _allow("s3:GetObject", Resource=[f"{bucket}/{keys}" for bucket, keys in wanted]),
        _allow("s3:GetBucketLocation", Resource=sorted({bucket for bucket, _ in wanted})),
        *(
            _allow("s3:ListBucket", Resource=bucket, Condition={"StringLike": {"s3:prefix": keys}})
            for bucket, keys in wanted
        ),
    )


def find_role(settings: Settings, name: str) -> dict | None:
    """A role of this name that is ours."""
    found = aws.unless("NoSuchEntity", aws.client(settings, "iam").get_role, RoleName=name)
    return found["Role"] if found and aws.ours([found["Role"]]) else None


def ensure_role(settings: Settings) -> str:
    """Create or mend the role that lets the cluster read [S3] and our bucket, nothing else; gives its ARN."""
    # The policy's name tells the cluster: of several that share the role each has its own data and bucket.
    return _ensure(settings, settings.iam_role_name, CLUSTER, _own(settings), _reading(settings))


def ensure_pause_role(settings: Settings) -> str:
    """Create or mend the role by which AWS's scheduler may pause this one cluster; gives its ARN."""
    account = bucket.own_account(settings)
    arn = f"arn:{aws.partition(settings)}:redshift:{settings.region}:{account}:cluster:{settings.identifier}"
    wanted = _policy(_allow("redshift:PauseCluster", Resource=arn))
    return _ensure(settings, pause_role(settings), SCHEDULER, "pause", wanted)


def pause_role(settings: Settings) -> str:
    """The name of the scheduler's role; roles are of all regions, so its last part tells those of ours apart."""
    mark = hashlib.sha256(f"{settings.region} {settings.identifier}".encode()).hexdigest()[:12]
    return f"{settings.identifier[:40].rstrip('-')}-pause-{mark}"


def _own(settings: Settings) -> str:
    return f"{settings.identifier}.{settings.region}"


def _ensure(settings: Settings, name: str, principal: str | list[str], policy_name: str, wanted: dict) -> str:
    iam, trust = aws.client(settings, "iam"), _trust(principal)
    role = find_role(settings, name)
    if role is None:
        new = {"RoleName": name, "Path": PATH, "AssumeRolePolicyDocument": json.dumps(trust), "Tags": aws.TAGS}
        role = aws.created(lambda: iam.create_role(**new)["Role"], lambda: find_role(settings, name))
        log.info("role %s: created", name)
    elif not _same(role["AssumeRolePolicyDocument"], trust):
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
        log.warning("role %s: its trust had changed and is mended", name)
    policy = {"RoleName": name, "PolicyName": policy_name}
    found = aws.unless("NoSuchEntity", iam.get_role_policy, **policy)
    if not found or not _same(found["PolicyDocument"], wanted):
        aws.settled(iam.put_role_policy, **policy, PolicyDocument=json.dumps(wanted))
        if found:
            log.warning(
                "role %s: its policy %s had changed, or the settings have, and is written anew", name, policy_name
            )
        else:
            log.info("role %s: policy %s written", name, policy_name)
    _report_more(settings, name, policy_name)
    return role["Arn"]


def _report_more(settings: Settings, name: str, own: str) -> None:
    """Say what else the role may do: somebody may want it so, and it is not taken away behind their back."""
    attached = aws.client(settings, "iam").list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    more = [one["PolicyName"] for one in attached]
    # With a dot, after a cluster and its region, those of other stacks are named.
    more += [one for one in _policies(settings, name) if one != own and "." not in one]
    if more:
        log.warning("role %s: has the policies %s, too, which are not ours: it may do more", name, ", ".join(more))


def _same(one: dict, other: dict) -> bool:
    """Whether two policies allow the same, in whatever order they say it."""

    def ordered(value):
        if isinstance(value, dict):
            return sorted((key, ordered(item)) for key, item in value.items())
        return sorted(map(ordered, value), key=repr) if isinstance(value, list) else value

    return ordered(one) == ordered(other)


def amiss(settings: Settings) -> str:
    """What of the cluster's role is not as `ensure_role` writes it; nothing if all is."""
    name, found = settings.iam_role_name, find_role(settings, settings.iam_role_name)
    if not found:
        return f"role {name} is not there"
    if not _same(found["AssumeRolePolicyDocument"], _trust(CLUSTER)):
        return f"role {name} does not trust {' and '.join(CLUSTER)} alone"
    policy = {"RoleName": name, "PolicyName": _own(settings)}
    written = aws.unless("NoSuchEntity", aws.client(settings, "iam").get_role_policy, **policy)
    if not written:
        return f"role {name} has no policy {policy['PolicyName']}"
    if _same(written["PolicyDocument"], _reading(settings)):
        return ""
    return f"policy {policy['PolicyName']} of role {name} is not for what [S3] names"


def _policies(settings: Settings, name: str) -> list[str]:
    return aws.client(settings, "iam").list_role_policies(RoleName=name)["PolicyNames"]


def _cluster_roles(settings: Settings) -> dict[str, list[str]]:
    """The roles in which this stack has a policy, or that have none, with the policies of other stacks in them.

    Under whatever name: IAM_ROLE_NAME may have been another when the stack was built.
    """
    pages = aws.client(settings, "iam").get_paginator("list_roles").paginate(PathPrefix=PATH)
    names = {one["RoleName"] for page in pages for one in page["Roles"]} - {pause_role(settings)}
    found = {name: _policies(settings, name) for name in sorted(names) if find_role(settings, name)}
    # Ours are named after a cluster and its region.
    shared = {name: [one for one in held if "." in one and one != _own(settings)] for name, held in found.items()}
    named = {settings.iam_role_name} & {name for name, others in shared.items() if not others}
    return {name: shared[name] for name, held in found.items() if name in named or _own(settings) in held}


def delete_role(settings: Settings) -> None:
    """Delete the cluster's role with its policies; fine if it is absent, kept if another stack of ours uses it."""
    for name, others in _cluster_roles(settings).items():
        if others:
            gone = aws.client(settings, "iam").delete_role_policy
            aws.unless("NoSuchEntity", gone, RoleName=name, PolicyName=_own(settings))
            log.warning("role %s: kept, %s uses it too", name, ", ".join(others))
        else:
            _delete(settings, name)


def delete_pause_role(settings: Settings) -> None:
    """Delete the scheduler's role; fine if it is absent."""
    if find_role(settings, pause_role(settings)):
        _delete(settings, pause_role(settings))


def _delete(settings: Settings, name: str) -> None:
    iam = aws.client(settings, "iam")
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        aws.unless("NoSuchEntity", iam.delete_role_policy, RoleName=name, PolicyName=policy)
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        aws.unless("NoSuchEntity", iam.detach_role_policy, RoleName=name, PolicyArn=policy["PolicyArn"])
    aws.unless("NoSuchEntity", iam.delete_role, RoleName=name)
    log.info("role %s: deleted", name)


def rows(settings: Settings) -> list[tuple[str, str, str, str]]:
    """Our roles and their policies for the inventory; of a role that other stacks use, too, our policy alone."""
    found = []
    for name, others in _cluster_roles(settings).items():
        if others:
            found.append(("policy", _own(settings), "exists", f"of role {name}, which {', '.join(others)} uses, too"))
        else:
            found += _role_rows(settings, name, "reads S3 for the cluster")
    if find_role(settings, name := pause_role(settings)):
        found += _role_rows(settings, name, "pauses the cluster")
    return found


def _role_rows(settings: Settings, name: str, purpose: str) -> list[tuple[str, str, str, str]]:
    policies = [("policy", policy, "exists", f"of role {name}") for policy in _policies(settings, name)]
    return [("role", name, "exists", purpose), *policies]
