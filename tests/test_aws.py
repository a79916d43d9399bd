"""What AWS refuses, and what never gets there: one line with the way out."""

import pytest
from botocore import exceptions

from redjam import aws, infrastructure
from redjam.aws import AWSError

pytestmark = pytest.mark.usefixtures("no_sleep")


@pytest.fixture
def settings(load):
    return load()


@pytest.mark.parametrize(
    ("operation", "code", "way_out"),
    [
        ("CreateRole", "AccessDenied", "owner"),
        ("CreateSecurityGroup", "UnauthorizedOperation", "owner"),
        ("GetRole", "ExpiredToken", "log in again"),
        ("DescribeClusters", "ExpiredTokenException", "log in again"),
        ("GetRole", "InvalidClientTokenId", "DW_AWS_ACCESS_KEY_ID"),
        ("DescribeClusters", "UnrecognizedClientException", "DW_AWS_ACCESS_KEY_ID"),
        ("CreateCluster", "Throttling", "wait a minute"),
        ("CreateCluster", "ClusterQuotaExceeded", "Service Quotas"),
        ("CreateCluster", "NumberOfNodesQuotaExceeded", "Service Quotas"),
        ("CreateCluster", "InsufficientClusterCapacity", "NODE_TYPE"),
        ("CreateCluster", "InvalidSubnet", "create-default-subnet"),
        ("CreateCluster", "InvalidVPCNetworkStateFault", "internet gateway"),
        ("CreateCluster", "UnsupportedOperation", "NODE_TYPE"),
        ("CreateCluster", "LimitExceededFault", "Service Quotas"),
        ("CreateCluster", "DependentServiceRequestThrottlingFault", "wait a minute"),
        ("CreateCluster", "DependentServiceAccessDenied", "owner"),
        ("CreateScheduledAction", "ScheduledActionQuotaExceeded", "Service Quotas"),
        ("CreateScheduledAction", "UnauthorizedOperation", "owner"),
        ("CreateRole", "LimitExceeded", "Service Quotas"),
        ("CreateRole", "ConcurrentModification", "wait a minute"),
        ("CreateSecurityGroup", "SecurityGroupLimitExceeded", "Service Quotas"),
        ("CreateBucket", "TooManyBuckets", "Service Quotas"),
        ("DescribeVpcs", "AuthFailure", "aws configure"),
        ("DescribeClusters", "OptInRequired", "enable this REGION"),
        ("DescribeClusters", "InternalFailure", "wait a minute"),
        ("GetCallerIdentity", "RequestTimeTooSkewed", "clock"),
    ],
)
def test_a_refusal_is_one_line_with_the_way_out(settings, wire, operation, code, way_out):
    wire.refuse(operation, code, "You may not.\n  Encoded authorization failure message: " + 300 * "x")
    with pytest.raises(AWSError) as caught:
        infrastructure.build(settings)
    line = str(caught.value)
    assert "\n" not in line
    assert len(line) < 250
    for part in (operation, code, "You may not", way_out):
        assert part in line


@pytest.mark.parametrize("act", [infrastructure.delete, infrastructure.inventory, infrastructure.find_cluster])
def test_an_unknown_error_keeps_its_traceback(settings, wire, act):
    wire.refuse("DescribeClusters", "InvalidAction")
    with pytest.raises(exceptions.ClientError, match="InvalidAction"):
        act(settings)


def test_no_credentials(settings, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AWSError, match=r"credentials: .*DW_AWS_ACCESS_KEY_ID.*TARGET = local"):
        infrastructure.build(settings)


def test_half_of_the_credentials(settings, monkeypatch):
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AWSError, match=r"Partial credentials.*DW_AWS_SECRET_ACCESS_KEY"):
        infrastructure.find_cluster(settings)


def test_an_unknown_profile(settings, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(AWSError, match=r"nobody.*AWS_PROFILE"):
        infrastructure.inventory(settings)


def test_no_network(settings, wire):
    url = "https://redshift.us-west-2.amazonaws.com"
    wire.answers["DescribeClusters"] = exceptions.EndpointConnectionError(endpoint_url=url)
    with pytest.raises(AWSError, match=r"check the network and .*REGION"):
        infrastructure.find_cluster(settings)


def test_an_expired_login(settings, wire):
    wire.answers["DescribeClusters"] = exceptions.UnauthorizedSSOTokenError()
    with pytest.raises(AWSError, match="log in again"):
        infrastructure.build(settings)


def test_what_was_called_inside_is_known_but_not_what_was_only_read(settings):
    s3 = aws.client(settings, "s3")
    with aws.changes() as outer:
        s3.list_buckets()
        with aws.changes() as inner:
            s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        s3.delete_bucket(Bucket="bucket")
    s3.list_buckets()
    assert (outer, inner) == (["DeleteBucket"], ["CreateBucket"])


def test_a_role_of_the_users_profile_is_assumed_once_for_all_clients(account, load, monkeypatch, tmp_path):
    profile = "[profile worker]\nrole_arn=arn:aws:iam::123456789012:role/worker\nsource_profile=me\n[profile me]\n"
    (tmp_path / "aws.config").write_text(f"{profile}aws_access_key_id=a\naws_secret_access_key=b\nregion=us-west-2\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws.config"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_PROFILE", "worker")
    monkeypatch.setattr(aws, "_assumed", cache := {})
    keys = {aws.client(load(), "sts")._get_credentials().access_key for _ in range(3)}
    assert len(keys) == len(cache) == 1
