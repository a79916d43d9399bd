"""The security group: who may reach the warehouse's port."""

import functools
import ipaddress
import logging
import urllib.request

from redjam import aws
from redjam.aws import AWSError
from redjam.config import Settings

ADDRESS_URL = "https://checkip.amazonaws.com"
# The network interface of what is deleted holds the group for a while; seconds between the attempts.
LINGERS = (5, 10, 15, 30, 30, 30, 60, 60, 60)
log = logging.getLogger(__name__)


def this_machine(settings: Settings) -> str:
    """The address by which AWS knows this machine, as a block of one."""
    if settings.is_local:
        return "127.0.0.1/32"
    try:
        with urllib.request.urlopen(ADDRESS_URL, timeout=10) as answer:
            return f"{ipaddress.IPv4Address(answer.read(100).decode().strip())}/32"
    except (OSError, ValueError) as error:
        raise AWSError(
            f"{ADDRESS_URL} does not tell this machine's address: check the network, or set [CLUSTER] INGRESS_CIDR"
        ) from error


def find_groups(settings: Settings) -> list[dict]:
    """Our security groups, one a VPC."""
    name = {"Name": "group-name", "Values": [f"{settings.identifier}-redshift"]}
    return aws.ours(aws.client(settings, "ec2").describe_security_groups(Filters=[name])["SecurityGroups"])


def ingress(settings: Settings, group_id: str) -> dict[str, tuple]:
    """A group's ingress rules by their ids: protocol, first port, last port, source."""
    ec2 = aws.client(settings, "ec2")
    found = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])
    rules = {}
    for rule in found["SecurityGroupRules"]:
        if not rule["IsEgress"]:
            source = rule.get("CidrIpv4") or rule.get("CidrIpv6") or "another group"
            rules[rule["SecurityGroupRuleId"]] = (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], source)
    return rules


def ensure_group(settings: Settings, port: int) -> str:
    """Create or mend our own group, open to INGRESS_CIDR or else this machine's address alone; gives its id.

    Every other rule in it is revoked: a laptop that has moved to another network builds again.
    """
    vpc_id = _default_vpc(settings)
    found = [group["GroupId"] for group in find_groups(settings) if group["VpcId"] == vpc_id]
    block = settings.ingress_cidr or this_machine(settings)  # asked first: a failure must not leave an empty group
    group_id = found[0] if found else _create_group(settings, vpc_id)
    _ensure_only_rule(settings, group_id, port, block)
    return group_id


def _default_vpc(settings: Settings) -> str:
    vpcs = aws.client(settings, "ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    if not vpcs:
        raise AWSError(f"no default VPC in {settings.region}: run `aws ec2 create-default-vpc`")
    return vpcs[0]["VpcId"]


def _create_group(settings: Settings, vpc_id: str) -> str:
    wanted = {
        "GroupName": f"{settings.identifier}-redshift",
        "Description": "Red Jam: one machine to its Redshift cluster",
        "VpcId": vpc_id,
        "TagSpecifications": [{"ResourceType": "security-group", "Tags": aws.TAGS}],
    }
    group = aws.created(
        lambda: aws.client(settings, "ec2").create_security_group(**wanted),
        lambda: next((group for group in find_groups(settings) if group["VpcId"] == vpc_id), None),
    )
    log.info("security group %s: created", group["GroupId"])
    return group["GroupId"]


def _ensure_only_rule(settings: Settings, group_id: str, port: int, block: str) -> None:
    wanted = ("tcp", port, port, block)
    ec2, rules = aws.client(settings, "ec2"), ingress(settings, group_id)
    others = [rule_id for rule_id, rule in rules.items() if rule != wanted]
    if others:
        ec2.revoke_security_group_ingress(GroupId=group_id, SecurityGroupRuleIds=others)
        said = ", ".join(f"{source} to port {port}" for _, port, _, source in map(rules.get, others))
        log.warning("security group %s: revoked %s", group_id, said)
    if wanted not in rules.values():
        source = {
            "CidrIp": block,
            "Description": "INGRESS_CIDR" if settings.ingress_cidr else "the machine that built it",
        }
        rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [source]}
        # A group that was just made is not known everywhere at once.
        allow = functools.partial(aws.again, ec2.authorize_security_group_ingress, _unknown)
        aws.unless("InvalidPermission.Duplicate", allow, GroupId=group_id, IpPermissions=[rule])
        log.info("security group %s: %s may reach port %d", group_id, block, port)


def _unknown(code: str, message: str) -> bool:
    return code == "InvalidGroup.NotFound"


def _in_use(code: str, message: str) -> bool:
    return code == "DependencyViolation"


def delete_groups(settings: Settings) -> None:
    """Delete our security group of each VPC, once nothing uses it any more (minutes at most); fine if there is none."""
    for group in find_groups(settings):
        gone = functools.partial(aws.again, aws.client(settings, "ec2").delete_security_group, _in_use, LINGERS)
        try:
            aws.unless("InvalidGroup.NotFound", gone, GroupId=group["GroupId"])
        except aws.exceptions.ClientError as error:
            if not _in_use(error.response["Error"]["Code"], ""):
                raise
            raise AWSError(
                f"security group {group['GroupId']} is still in use: if another TARGET has built a cluster or a "
                "workgroup of this IDENTIFIER, set that and run redjam delete; else wait a few minutes, then try again"
            ) from error
        log.info("security group %s: deleted", group["GroupId"])


def rows(settings: Settings) -> list[tuple[str, str, str, str]]:
    """Our groups for the inventory."""
    found = []
    for group in find_groups(settings):
        rules = ingress(settings, group["GroupId"]).values()
        detail = ", ".join(f"{source} to port {port}" for _, port, _, source in rules)
        found.append(("security group", group["GroupName"], "exists", detail))
    return found
