"""The doctor: its AWS half against moto, its SQL half on the stand-in, and the port on this machine's own."""

import contextlib
import json
import socket
import threading
from datetime import UTC, datetime, timedelta

import boto3
import psycopg2
import pytest
from aws_fixtures import ADDRESS, PASSWORD, buckets, client, described, group, moto_cluster, trust_of
from botocore.validate import ParamValidator
from conftest import EVENT, JSONPATHS, SONG

from redjam import aws, bucket, doctor, infrastructure, schema, warehouse
from redjam.doctor import findings
from redjam.infrastructure import network, role

ROLE = "arn:aws:iam::123456789012:role/own"
# Not "logs" or "events": moto in this process takes those for services of these names.
SOURCES = (
    "[S3]\nLOG_DATA=s3://the-events/log-data\nLOG_JSON_PATH=s3://the-events/path.json\nSONG_DATA=s3://the-songs/a/b/\n"
)
EVENTS = "s3://the-events/log-data/2018-11-02-events.json"


def examined(settings, last=""):
    """(state, detail) by the names of the checks, of which those after `last` are not made."""
    found = {}
    with contextlib.closing(doctor.examine(settings)) as checks:
        for check in checks:
            found[check.name] = (check.state, check.detail)
            if check.name == last:
                break
    return found


def wrong(settings, last="route"):
    """What is wrong by name, as far as AWS alone can say."""
    return {name: detail for name, (state, detail) in examined(settings, last).items() if state == "wrong"}


@pytest.fixture
def data(near_account):
    """Public data in two buckets of the cluster's region."""
    place = {"CreateBucketConfiguration": {"LocationConstraint": "us-west-2"}}
    s3 = client("s3")
    for name in ("the-events", "the-songs"):
        s3.create_bucket(Bucket=name, **place)
    s3.put_object(Bucket="the-events", Key="log-data/", Body=b"")
    s3.put_object(Bucket="the-events", Key="log-data/2018-11-02-events.json", Body=json.dumps(EVENT).encode())
    s3.put_object(Bucket="the-events", Key="log-data/2018-11-03-events.json", Body=json.dumps(EVENT).encode() * 2)
    s3.put_object(Bucket="the-events", Key="path.json", Body=JSONPATHS.encode())
    s3.put_object(Bucket="the-songs", Key="a/b/1.json", Body=json.dumps(SONG).encode())


@pytest.fixture
def on_aws(data, load, wire):
    return load(SOURCES)


@pytest.fixture
def stack(on_aws):
    """A cluster as build makes it on AWS, whose default VPC has an internet gateway and a group of its subnets."""
    ec2, vpc = client("ec2"), group_vpc()
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.create_route(RouteTableId=main_table(vpc), DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
    group = {"ClusterSubnetGroupName": "default", "Description": "those of the default VPC"}
    client("redshift").create_cluster_subnet_group(**group, SubnetIds=subnets)
    infrastructure.build(on_aws)
    moto_cluster().cluster_subnet_group_name = "default"
    return on_aws


def group_vpc():
    return client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]


def main_table(vpc):
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
    return client("ec2").describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]


# --- AWS -------------------------------------------------------------------------------------------------


def test_a_stack_as_build_makes_it_is_well_and_stays_as_it_is(stack, wire):
    wire.clear()

    found = examined(stack, last="route")

    assert {state for state, _ in found.values()} == {"ok"}
    assert list(found) == [
        "settings file",
        "credentials",
        "LOG_DATA",
        "LOG_JSON_PATH",
        "SONG_DATA",
        "node type",
        "cluster",
        "WORK",
        "guard",
        "role",
        "address",
        "public",
        "route",
    ]
    assert found["settings file"][1] == f"{stack.file}: target redshift in us-west-2"
    assert found["credentials"][1].startswith("arn:aws:")
    assert found["LOG_DATA"][1] == "s3://the-events/log-data, in us-west-2"
    assert found["cluster"][1].startswith("redjam is available: redjam.")
    assert found["WORK"][1].startswith("s3://redjam-us-west-2-")
    assert found["address"][1].startswith(f"{ADDRESS} may reach port 5439")
    assert found["route"][1].startswith("0.0.0.0/0 to igw-")
    assert wire.changes() == []


def test_nothing_is_built(on_aws):
    found = examined(on_aws, last="route")

    assert found["node type"] == ("ok", "1 x ra3.large")
    assert found["cluster"][0] == "wrong"
    assert found["cluster"][1].endswith("(or: redjam build)")
    rest = [found[name] for name in ("WORK", "guard", "role", "address", "public", "route")]
    assert rest == [("skipped", "there is no cluster to connect to")] * 6


def detach(settings):
    arn = described()["IamRoles"][0]["IamRoleArn"]
    client("redshift").modify_cluster_iam_roles(ClusterIdentifier="redjam", RemoveIamRoles=[arn])


def trust_another(settings):
    change = client("iam").update_assume_role_policy
    change(RoleName=settings.iam_role_name, PolicyDocument=trust_of("lambda.amazonaws.com"))


def policy(settings):
    return {"RoleName": settings.iam_role_name, "PolicyName": "redjam.us-west-2"}


def allow_all(settings):
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("iam").put_role_policy(**policy(settings), PolicyDocument=document)


def delete_policy(settings):
    client("iam").delete_role_policy(**policy(settings))


def move_away(settings):
    """As if the laptop were in another network than the one that built."""
    ec2, group_id = client("ec2"), group()["GroupId"]
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])
    ids = [rule["SecurityGroupRuleId"] for rule in rules["SecurityGroupRules"] if not rule["IsEgress"]]
    ec2.revoke_security_group_ingress(GroupId=group_id, SecurityGroupRuleIds=ids)
    ranges = [{"CidrIp": "198.51.100.4/32"}]
    rule = {"IpProtocol": "tcp", "FromPort": 5439, "ToPort": 5439, "IpRanges": ranges}
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[rule])


def leave_group(settings):
    name = {"Name": "group-name", "Values": ["default"]}
    default = client("ec2").describe_security_groups(Filters=[name])["SecurityGroups"][0]["GroupId"]
    moto_cluster().vpc_security_group_ids = [default]


def hide(settings):
    moto_cluster().publicly_accessible = False


def drop_route(settings):
    client("ec2").delete_route(RouteTableId=main_table(group_vpc()), DestinationCidrBlock="0.0.0.0/0")


def give_own_table(settings):
    """The subnet of the cluster's zone has a table of its own, which leads nowhere."""
    ec2, vpc = client("ec2"), group_vpc()
    zone = {"Name": "availability-zone", "Values": ["us-west-2a"]}
    subnet = ec2.describe_subnets(Filters=[zone])["Subnets"][0]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)


def scheduled():
    return client("redshift").describe_scheduled_actions()["ScheduledActions"][0]


def switch_off(settings):
    change = client("redshift").modify_scheduled_action
    change(ScheduledActionName=scheduled()["ScheduledActionName"], Enable=False)


def be_late(settings):
    change, hour_ago = client("redshift").modify_scheduled_action, datetime.now(UTC) - timedelta(hours=1)
    change(ScheduledActionName=scheduled()["ScheduledActionName"], Schedule=f"at({hour_ago:%Y-%m-%dT%H:%M:%S})")


def unguard(settings):
    client("redshift").delete_scheduled_action(ScheduledActionName=scheduled()["ScheduledActionName"])


def delete_own_bucket(settings):
    (own,) = [name for name in buckets() if name.startswith("redjam")]
    client("s3").delete_bucket(Bucket=own)


def delete_data(settings):
    client("s3").delete_object(Bucket="the-songs", Key="a/b/1.json")


def delete_bucket(settings):
    client("s3").delete_bucket(Bucket="the-songs")


def delete_paths(settings):
    client("s3").delete_object(Bucket="the-events", Key="path.json")
    client("s3").put_object(Bucket="the-events", Key="path.json.old", Body=b"{}")


# What is done, which check sees it, and what it says of it.
MENDED_BY_BUILD = [
    (detach, "role", "redjam lacks role arn:aws:iam::123456789012:role/redjam/redjam-redshift-s3, and has none"),
    (trust_another, "role", "role redjam-redshift-s3 does not trust redshift.amazonaws.com and "),
    (allow_all, "role", "policy redjam.us-west-2 of role redjam-redshift-s3 is not for what [S3] names"),
    (delete_policy, "role", "role redjam-redshift-s3 has no policy redjam.us-west-2"),
    (move_away, "address", f"{ADDRESS} is not in the rule of security group "),
    (leave_group, "address", ", not in our security group sg-"),
    (hide, "public", "redjam has no address outside of its VPC"),
    (switch_off, "guard", "is switched off, so AWS would not pause the cluster"),
    (unguard, "guard", "AWS would not pause cluster redjam by itself"),
    (delete_own_bucket, "WORK", "bucket redjam-us-west-2-"),
]
OTHERS = [
    (be_late, "guard", "UTC: run redjam resume, which sets it anew"),
    (give_own_table, "route", "leads to no internet gateway: add the route 0.0.0.0/0 to one in route table rtb-"),
    (delete_paths, "LOG_JSON_PATH", "there is no file at s3://the-events/path.json: put the data there, or correct"),
    (
        delete_data,
        "SONG_DATA",
        "there is no file at s3://the-songs/a/b/: put the data there, or correct [S3] SONG_DATA",
    ),
]


def test_what_build_mends_is_named_with_build_as_the_way_out_which_it_is(stack):
    for change, name, said in MENDED_BY_BUILD:
        change(stack)
        found = wrong(stack)
        assert list(found) == [name], change
        assert said in found[name]
        assert ": run redjam build" in found[name]
        infrastructure.build(stack)
        assert wrong(stack) == {}, change
    drop_route(stack)
    assert "leads to no internet gateway" in wrong(stack)["route"]


def test_what_others_must_mend_is_named_with_the_way_out(stack):
    for change, _, _ in OTHERS:
        change(stack)

    found = wrong(stack)

    assert sorted(found) == sorted(name for _, name, _ in OTHERS)
    for _, name, said in OTHERS:
        assert said in found[name]
    delete_bucket(stack)
    assert wrong(stack)["SONG_DATA"] == "bucket the-songs does not exist: create it, or correct [S3] SONG_DATA"


def test_a_cluster_in_another_state_is_named_with_the_way_out_and_the_rest_skipped(stack):
    moto_cluster().status = "paused"
    found = examined(stack)
    assert found["cluster"][0] == "wrong"
    assert "redjam resume" in found["cluster"][1]
    assert {found[name] for name in list(found)[7:]} == {("skipped", "there is no cluster to connect to")}

    moto_cluster().status = "modifying"
    assert wrong(stack) == {"cluster": "redjam is modifying: wait until it is available (redjam build does)"}


def test_no_keys_and_expired_ones(on_aws, wire, monkeypatch):
    wire.refuse("GetCallerIdentity", "ExpiredToken", "The security token is expired.")
    found = examined(on_aws, last="route")
    assert found["credentials"][0] == "wrong"
    assert found["credentials"][1].endswith("log in again (aws sso login), or renew the keys")
    assert {found[name] for name in list(found)[2:]} == {("skipped", "without credentials AWS is not asked")}

    monkeypatch.undo()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/none")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/none")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert "DW_AWS_ACCESS_KEY_ID" in wrong(on_aws)["credentials"]


def test_a_permission_that_the_user_lacks_is_named(on_aws, wire):
    wire.refuse("ListObjectsV2", "AccessDenied", "Access Denied")
    wire.refuse("DescribeOrderableClusterOptions", "SomethingNew", "It is new.")
    found = wrong(on_aws)
    for key in ("LOG_DATA", "LOG_JSON_PATH", "SONG_DATA"):
        assert found[key].startswith("AWS refused ListObjectsV2: AccessDenied")
    assert found["node type"] == "AWS refused DescribeOrderableClusterOptions: SomethingNew: It is new."


def test_another_region_of_the_data_is_said_and_a_work_place_elsewhere_is_wrong(data, load, wire):
    s3 = boto3.Session(region_name="eu-west-1").client("s3")
    s3.create_bucket(Bucket="far-away", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="far-away", Key="songs/1.json", Body=b"{}")
    s3.put_object(Bucket="far-away", Key="path.json", Body=b"{}")
    sources = SOURCES.replace("s3://the-songs/a/b/", "s3://far-away/songs")
    settings = load(sources)
    infrastructure.build(settings)

    found = examined(settings, last="WORK")
    assert found["SONG_DATA"][0] == "ok"
    assert found["SONG_DATA"][1].startswith("s3://far-away/songs, in eu-west-1: COPY reads it from us-west-2, too, but")
    assert found["WORK"][0] == "ok"
    assert len(found["WORK"][1].split(", ")) == 2

    settings = load(sources.replace("s3://the-events/path.json", "s3://far-away/path.json") + "WORK=s3://far-away/w")
    found = wrong(settings, last="WORK")
    assert found["LOG_JSON_PATH"].startswith("s3://far-away/path.json is in eu-west-1, LOG_DATA in us-west-2: ")
    assert found["WORK"].startswith("s3://far-away/w is in eu-west-1, the data in eu-west-1 and us-west-2: ")


def test_an_address_outside_of_ingress_cidr_is_to_be_put_into_it(data, load, wire):
    settings = load(SOURCES, INGRESS_CIDR="198.51.100.0/24")
    infrastructure.build(settings)
    found = wrong(settings, last="address")
    assert found["address"].endswith(
        "put it into [CLUSTER] INGRESS_CIDR, which is 198.51.100.0/24, then run redjam build"
    )

    settings = load(SOURCES, INGRESS_CIDR="203.0.113.0/24")
    infrastructure.build(settings)
    assert wrong(settings, last="address") == {}


def test_what_nobody_tells_is_skipped_and_the_next_checks_are_made(data, load, wire, monkeypatch):
    settings = load(SOURCES, INGRESS_CIDR="203.0.113.0/24")
    infrastructure.build(settings)  # whose cluster is in no group of subnets, to moto
    monkeypatch.setattr(network, "ADDRESS_URL", "data:,nothing")
    found = examined(settings, last="route")
    assert found["address"][0] == "skipped"
    assert found["address"][1].endswith("does not tell this machine's address; it must be in 203.0.113.0/24")
    assert found["route"] == ("skipped", "AWS does not say in which subnets the cluster is")


def test_a_node_type_that_aws_does_not_have(data, load, wire):
    found = wrong(load(SOURCES, NODE_TYPE="ra3.huge"))
    assert found["node type"].startswith("[CLUSTER] NODE_TYPE: AWS has no single-node cluster of ra3.huge in us-west-2")


def test_folders_of_this_machine_are_uploaded_on_aws(data, load, wire, tmp_path):
    (tmp_path / "songs").mkdir()
    settings = load(SOURCES.replace("s3://the-songs/a/b/", "songs"))
    assert wrong(settings)["SONG_DATA"].startswith(f"there is no file at {tmp_path / 'songs'}: put the data there")

    (tmp_path / "songs" / "1.json").write_text("{}")
    found = examined(settings, last="route")
    assert found["SONG_DATA"] == ("ok", f"{tmp_path / 'songs'}: 1 file, uploaded by a load")


def test_without_a_guard_it_is_said(data, load, wire):
    settings = load(SOURCES, max_hours=0)
    infrastructure.build(settings)
    assert examined(settings, last="guard")["guard"] == (
        "ok",
        "[COST] MAX_HOURS is 0: nothing stops what it costs but redjam pause and redjam delete",
    )


# --- Serverless, of which moto has nothing: its answers have the shapes of AWS's service model -------------


@pytest.fixture
def workgroup(data, load, wire):
    """Settings, and what AWS answers about a workgroup as build makes it."""
    settings = load(SOURCES, TARGET="serverless")
    role_arn, group_id = role.ensure_role(settings), network.ensure_group(settings, settings.port)
    bucket.ensure_buckets(settings)
    ec2, vpc = client("ec2"), group_vpc()
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.create_route(RouteTableId=main_table(vpc), DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    arn = "arn:aws:redshift-serverless:us-west-2:123456789012:workgroup/1"
    answers = {
        "GetWorkgroup": {
            "workgroup": {
                "workgroupName": "redjam",
                "workgroupArn": arn,
                "namespaceName": "redjam",
                "status": "AVAILABLE",
                "baseCapacity": 4,
                "port": 5439,
                "endpoint": {"address": "redjam.example", "port": 5439},
                "publiclyAccessible": True,
                "securityGroupIds": [group_id],
                "subnetIds": [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]],
            }
        },
        "GetNamespace": {
            "namespace": {
                "namespaceName": "redjam",
                "namespaceArn": arn.replace("workgroup", "namespace"),
                "status": "AVAILABLE",
                "iamRoles": [f"IamRole(applyStatus=in-sync, iamRoleArn={role_arn})"],
            }
        },
        "ListTagsForResource": {"tags": [{"key": "project", "value": "redjam"}]},
        "ListUsageLimits": {
            "usageLimits": [
                {
                    "usageLimitId": "1",
                    "resourceArn": arn,
                    "usageType": "serverless-compute",
                    "period": "daily",
                    "amount": 16,
                    "breachAction": "deactivate",
                }
            ]
        },
    }
    model = aws.client(settings, "redshift-serverless").meta.service_model
    for name, answer in answers.items():
        assert not ParamValidator().validate(answer, model.operation_model(name).output_shape).has_errors()
        wire.answer(name, **answer)
    return settings, answers


def test_a_workgroup_as_build_makes_it_is_well(workgroup, wire):
    settings, _ = workgroup
    wire.clear()

    found = examined(settings, last="route")

    assert {state for state, _ in found.values()} == {"ok"}
    assert found["node type"][1] == "4 RPU"
    assert found["cluster"][1] == "redjam is available: redjam.example:5439, 4 RPU"
    assert found["guard"][1] == "the limit of workgroup redjam is 16 RPU-hours a day, then deactivate"
    assert wire.changes() == []


def test_what_is_amiss_with_a_workgroup_is_named(workgroup, wire):
    settings, answers = workgroup
    of, limit = answers["GetWorkgroup"]["workgroup"], answers["ListUsageLimits"]["usageLimits"][0]
    limit["breachAction"] = "log"
    of |= {"publiclyAccessible": False, "securityGroupIds": ["sg-0123"]}
    answers["GetNamespace"]["namespace"]["iamRoles"] = []
    client("ec2").delete_route(RouteTableId=main_table(group_vpc()), DestinationCidrBlock="0.0.0.0/0")

    found = wrong(settings)

    assert list(found) == ["guard", "role", "address", "public", "route"]
    assert "then log, which stops nothing: run redjam build" in found["guard"]
    assert found["address"].startswith("redjam is in sg-0123, not in our security group sg-")
    wire.answer("ListUsageLimits", usageLimits=[])
    assert wrong(settings)["guard"] == "nothing limits what workgroup redjam uses: run redjam build"


# --- HOST and ARN, and the port --------------------------------------------------------------------------


@pytest.fixture
def listener():
    """A socket of this machine that listens, on a port that a cluster may have."""
    for port in range(8191, 8216):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)) as server:
            yield server
            return
    pytest.skip("all ports are taken")


@pytest.fixture
def given(data, load, wire):
    """Settings of a cluster of somebody's own at a port of this machine."""
    return lambda port, **more: load(
        SOURCES + "WORK=s3://the-events/work\n", arn=ROLE, **{"HOST": "127.0.0.1", "PORT": port} | more
    )


def test_with_host_and_arn_aws_is_not_asked(given, listener, wire):
    settings = given(listener.getsockname()[1])

    found = examined(settings, last="port")

    assert wire.calls == []
    asked = ["credentials", "LOG_DATA", "node type", "WORK", "guard", "role", "address", "public", "route"]
    assert {found[name] for name in asked} == {("skipped", "HOST and ARN are given: AWS is not asked")}
    assert found["settings file"][1].endswith("HOST and ARN given")
    assert found["port"] == ("ok", f"127.0.0.1:{settings.port} answers, as 127.0.0.1")


def test_a_closed_port_is_named_and_what_needs_it_skipped(given, listener):
    settings = given(listener.getsockname()[1])
    listener.close()

    found = examined(settings)

    assert found["port"][0] == "wrong"
    assert found["port"][1].startswith(f"127.0.0.1:{settings.port} is not reached (Connection refused): ")
    assert found["login"] == found["COPY SONG_DATA"] == ("skipped", "the port is not reachable")


def test_a_silent_port_and_an_unknown_name(given, monkeypatch):
    settings = given(8191, HOST="a.cluster.example")

    def refuse(error):
        def connect(*_, **__):
            raise error

        monkeypatch.setattr(socket, "create_connection", connect)
        return wrong(settings, last="port")["port"]

    assert refuse(TimeoutError()).startswith("a.cluster.example:8191 does not answer in 5 seconds: ")
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    assert refuse(unknown).startswith(
        "a.cluster.example has no address (Name or service not known): check [CLUSTER] HOST"
    )


def test_a_tunnel_is_reached_where_libpq_looks_for_it(given, listener, monkeypatch):
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    found = examined(given(listener.getsockname()[1], HOST="a.cluster.example"), last="port")
    assert found["port"][0] == "ok"


def test_a_login_that_fails_says_why_without_the_password(given, listener):
    settings = given(listener.getsockname()[1], PASSWORD=PASSWORD)

    def hang_up():
        with contextlib.suppress(OSError):
            while True:
                listener.accept()[0].close()

    threading.Thread(target=hang_up, daemon=True).start()
    checks = list(doctor.examine(settings))

    states = {check.name: check.state for check in checks}
    assert (states["port"], states["login"]) == ("ok", "wrong")
    text = "\n".join(map(str, checks))
    assert PASSWORD not in text
    assert "realsecret" not in text
    assert "nobody is logged in" in text


def test_host_without_work_has_no_place_for_manifests(data, load):
    found = wrong(load(SOURCES, arn=ROLE, HOST="a.cluster.example"))
    assert found == {"WORK": "HOST is given, so nothing is made: name a place for a load's manifests in [S3] WORK"}


# --- SQL -------------------------------------------------------------------------------------------------


def test_local_is_well_from_end_to_end_and_stays_as_it_is(settings, connection, put, wire):
    put(events=[{}], songs=[{}])

    found = examined(settings)

    assert [name for name, (state, _) in found.items() if state == "wrong"] == []
    assert {name: detail for name, (state, detail) in found.items() if state == "skipped"} == {
        "guard": "the stand-in costs nothing",
        "route": "the stand-in has none",
        "port": "the stand-in has none",
    }
    assert found["catalog"][1] == "10 tables in schema public"
    assert found["COPY LOG_DATA"] == ("ok", f"redjam-redshift-s3 reads {settings.log_data}/events.json")
    assert set(wire.changes()) == {"PutObject", "DeleteObjects"}
    assert wire.changes().count("PutObject") == wire.changes().count("DeleteObjects") == 2
    counts = [warehouse.frame(connection, f"SELECT COUNT(*) FROM {table}").iat[0, 0] for table in schema.TABLES]
    assert counts == [0] * len(schema.TABLES)


def test_tables_that_are_not_there_are_to_be_made(settings, connection, put):
    put(events=[{}], songs=[{}])
    warehouse.execute(connection, "DROP TABLE songplays CASCADE")

    found = examined(settings)

    assert found["catalog"][0] == "ok"
    assert found["tables"][0] == "wrong"
    assert found["tables"][1].endswith("(or: redjam create-tables)")
    assert found["COPY LOG_DATA"] == ("skipped", "there are no tables to load into")


def test_data_that_a_load_would_reject_are_named_in_one_line(settings, connection, put):
    put(events=[{"ts": "yesterday"}], songs=[{}])

    found = examined(settings)

    assert found["COPY LOG_DATA"][0] == "wrong"
    assert found["COPY LOG_DATA"][1].startswith(f"the role may read {settings.log_data}/events.json, but ")
    assert "column ts" in found["COPY LOG_DATA"][1]
    assert "\n" not in found["COPY LOG_DATA"][1]
    assert found["COPY SONG_DATA"][0] == "ok"


ASSUME = "User arn:aws:redshift:us-west-2:1:dbuser:redjam/awsuser is not authorized to assume IAM Role arn:aws:iam::1:r"
DENIED = (
    "Problem reading manifest file - S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid XYZ,CanRetry 1"
)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (f"{ASSUME}. \nDETAIL: \n error: {ASSUME}", "run redjam build, which gives the cluster its role"),
        (f"{DENIED}\nDETAIL: \n code: 9001", "run redjam build, which writes the policy of its role"),
        ("permission denied to create temporary tables\n", "permission denied to create temporary tables"),
    ],
)
def test_what_copy_says_of_the_role_is_explained(settings, connection, put, monkeypatch, error, said):
    put(events=[{}], songs=[{}])
    execute = warehouse.execute

    def refuse(connection, query, **parameters):
        if "NOLOAD" in query:
            raise psycopg2.InternalError(error)
        return execute(connection, query, **parameters)

    monkeypatch.setattr(warehouse, "execute", refuse)
    state, detail = examined(settings)["COPY SONG_DATA"]
    assert state == "wrong"
    assert detail.endswith(said)
    assert "\n" not in detail
    assert "Rid" not in detail


def test_copy_on_aws_reads_a_bucket_and_what_is_put_there_of_a_folder(
    connection, data, load, wire, listener, monkeypatch, tmp_path
):
    folder = tmp_path / "events-here"
    folder.mkdir()
    (folder / "1.json").write_text(json.dumps(EVENT))
    (tmp_path / "paths.json").write_text(JSONPATHS)
    where = {"HOST": "127.0.0.1", "PORT": listener.getsockname()[1], "PASSWORD": PASSWORD}
    sources = "[S3]\nLOG_DATA=events-here\nLOG_JSON_PATH=paths.json\nSONG_DATA=s3://the-songs/a\n"
    settings = load(f"{sources}WORK=s3://the-events/work\n", arn=ROLE, **where)
    connection.s3 = lambda: client("s3")
    monkeypatch.setattr(warehouse, "connect", lambda *_: connection)

    found = examined(settings)

    assert found["COPY LOG_DATA"] == ("ok", f"own reads {folder / '1.json'}")
    assert found["COPY SONG_DATA"] == ("ok", "own reads s3://the-songs/a/b/1.json")
    assert "work" not in str([item["Key"] for item in client("s3").list_objects_v2(Bucket="the-events")["Contents"]])
    assert wire.changes() == ["PutObject"] * 3 + ["DeleteObjects", "PutObject", "DeleteObjects"]
    assert connection.closed


def test_a_check_that_does_not_end_is_given_up(monkeypatch):
    never = threading.Event()
    monkeypatch.setattr(findings, "SECONDS", 0.01)
    check = findings.made(findings.Look("cluster", never.wait))
    never.set()
    assert str(check) == "wrong   cluster         no answer in 0.01 seconds: check the network, then try again"


def test_a_fault_of_the_program_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        findings.made(findings.Look("cluster", lambda: 1 / 0))
