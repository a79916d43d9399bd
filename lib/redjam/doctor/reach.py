"""The way from this machine to the cluster: the rule that lets it in, the gateway, and whether the port answers."""

import ipaddress
import os
import socket

from redjam import aws, infrastructure
from redjam.config import Settings
from redjam.doctor.findings import Skipped, Wrong
from redjam.infrastructure import network, states, workgroup

PORT_SECONDS = 5


def _described(settings: Settings) -> dict:
    """The cluster, or the workgroup of Serverless, as AWS has it."""
    return workgroup.describe(settings) if settings.is_serverless else states.describe(settings)


def address(settings: Settings) -> str:
    """Whether a rule of our security group lets this machine in, and the cluster is in that group."""
    found, port = _described(settings), infrastructure.find_cluster(settings).port
    if settings.is_serverless:
        attached = found.get("securityGroupIds", [])
    else:
        attached = [one["VpcSecurityGroupId"] for one in found["VpcSecurityGroups"]]
    ours = [group["GroupId"] for group in network.find_groups(settings)]
    group_id = next((one for one in ours if one in attached), "")
    if not group_id:
        group = f"our security group {ours[0]}" if ours else "a security group of ours"
        raise Wrong(
            f"{settings.identifier} is in {', '.join(attached) or 'no group'}, not in {group}: run redjam build"
        )
    here = _here(settings)
    rules = network.ingress(settings, group_id).values()
    open_to = [source for protocol, first, last, source in rules if protocol == "-1" or first <= port <= last]
    if holding := [source for source in open_to if _holds(source, here)]:
        return f"{here[0]} may reach port {port}: security group {group_id} lets in {holding[0]}"
    if settings.ingress_cidr and not _holds(settings.ingress_cidr, here):
        way_out = f"put it into [CLUSTER] INGRESS_CIDR, which is {settings.ingress_cidr}, then run redjam build"
    else:
        way_out = "run redjam build"
    said = f"the rule of security group {group_id} ({', '.join(open_to) or f'none for port {port}'})"
    raise Wrong(f"{here[0]} is not in {said}: {way_out}")


def _here(settings: Settings) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(network.this_machine(settings))
    except aws.AWSError:
        if not settings.ingress_cidr:
            raise
        why = f"{network.ADDRESS_URL} does not tell this machine's address; it must be in {settings.ingress_cidr}"
        raise Skipped(why) from None


def _holds(source: str, here: ipaddress.IPv4Network) -> bool:
    try:
        return here.subnet_of(ipaddress.IPv4Network(source))
    except ValueError:  # addresses of IPv6, or another group
        return False


def public(settings: Settings) -> str:
    """Whether the cluster has an address outside of its VPC."""
    found, name = _described(settings), settings.identifier
    if found["publiclyAccessible" if settings.is_serverless else "PubliclyAccessible"]:
        return f"{name} has an address outside of its VPC"
    raise Wrong(f"{name} has no address outside of its VPC: run redjam build, or be within that VPC")


def route(settings: Settings) -> str:
    """Whether the cluster's subnets lead to an internet gateway, without which no public address answers.

    https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html
    """
    found, ec2, gateways = _described(settings), aws.client(settings, "ec2"), set()
    subnets = _subnets(settings, found)
    (vpc_id,) = {one["VpcId"] for one in subnets}
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["RouteTables"]
    links = [(link, table) for table in tables for link in table["Associations"]]
    main = next(table for link, table in links if link["Main"])
    own = {link["SubnetId"]: table for link, table in links if "SubnetId" in link}
    for subnet in (one["SubnetId"] for one in subnets):
        table = own.get(subnet, main)
        to = [one.get("GatewayId", "") for one in table["Routes"] if _is_way_out(one)]
        if not to:
            raise Wrong(
                f"subnet {subnet} of {vpc_id} leads to no internet gateway: add the route 0.0.0.0/0 to one in route "
                f"table {table['RouteTableId']}"
            )
        gateways |= set(to)
    return f"0.0.0.0/0 to {', '.join(sorted(gateways))} in {vpc_id}"


def _is_way_out(route: dict) -> bool:
    to = route.get("GatewayId", "").startswith("igw-")
    return to and route.get("DestinationCidrBlock") == "0.0.0.0/0" and route.get("State") != "blackhole"


def _subnets(settings: Settings, found: dict) -> list[dict]:
    """The subnets in which the cluster may lie: AWS does not say which one of its availability zone it is."""
    ids = found.get("subnetIds", [])
    if group := found.get("ClusterSubnetGroupName"):
        ask = aws.client(settings, "redshift").describe_cluster_subnet_groups
        (described,) = ask(ClusterSubnetGroupName=group)["ClusterSubnetGroups"]
        ids = [one["SubnetIdentifier"] for one in described["Subnets"]]
    if not ids:
        raise Skipped("AWS does not say in which subnets the cluster is")
    subnets = aws.client(settings, "ec2").describe_subnets(SubnetIds=ids)["Subnets"]
    zone = found.get("AvailabilityZone")
    return [one for one in subnets if one["AvailabilityZone"] == zone] or subnets


def port(settings: Settings) -> str:
    """Whether the cluster's name is known and its port answers this machine."""
    found = infrastructure.find_cluster(settings)
    # As libpq takes it, for a tunnel.
    host, where = os.environ.get("PGHOSTADDR") or found.host, f"{found.host}:{found.port}"
    try:
        with socket.create_connection((host, found.port), timeout=PORT_SECONDS) as reached:
            return f"{where} answers, as {reached.getpeername()[0]}"
    except socket.gaierror as error:
        said = error.strerror
        raise Wrong(
            f"{found.host} has no address ({said}): check [CLUSTER] HOST, and whether this machine is online"
        ) from None
    except TimeoutError:
        raise Wrong(
            f"{where} does not answer in {PORT_SECONDS} seconds: see the lines above, or whether a firewall or VPN "
            f"keeps port {found.port} shut"
        ) from None
    except OSError as error:
        raise Wrong(
            f"{where} is not reached ({error.strerror}): see the lines above, and check [CLUSTER] HOST and PORT"
        ) from None
