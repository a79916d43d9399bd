"""The security group: one rule, against moto."""

import pytest
from aws_fixtures import ADDRESS, client, group, kinds, rules

from redjam import aws, config, infrastructure
from redjam.aws import AWSError
from redjam.infrastructure import network

pytestmark = pytest.mark.usefixtures("no_sleep", "wire")


@pytest.fixture
def settings(load):
    return load()


def test_only_this_machine_gets_in_and_the_default_group_stays_as_it_was(settings):
    def default_rules():
        name = {"Name": "group-name", "Values": ["default"]}
        found = client("ec2").describe_security_groups(Filters=[name])["SecurityGroups"]
        return [rules(default["GroupId"]) for default in found]

    before = default_rules()
    infrastructure.build(settings)

    assert rules(group()["GroupId"]) == [("tcp", 5439, 5439, f"{ADDRESS}/32")]
    assert group()["GroupName"] != "default"
    assert default_rules() == before


def test_every_other_rule_of_the_group_is_revoked(settings):
    infrastructure.build(settings)
    group_id = group()["GroupId"]
    world, six = {"CidrIp": "0.0.0.0/0"}, {"CidrIpv6": "::/0"}
    extra = [
        {"IpProtocol": "tcp", "FromPort": 5439, "ToPort": 5439, "IpRanges": [world], "Ipv6Ranges": [six]},
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": f"{ADDRESS}/32"}]},
        {"IpProtocol": "-1", "IpRanges": [world]},
    ]
    client("ec2").authorize_security_group_ingress(GroupId=group_id, IpPermissions=extra)
    assert len(rules(group_id)) == 5

    assert infrastructure.ensure_security_group(settings) == group_id
    assert rules(group_id) == [("tcp", 5439, 5439, f"{ADDRESS}/32")]


def test_a_laptop_in_another_network_gets_in_and_the_old_address_does_not(settings, monkeypatch):
    infrastructure.build(settings)
    monkeypatch.setattr(network, "ADDRESS_URL", "data:,198.51.100.4")
    infrastructure.build(settings)
    assert rules(group()["GroupId"]) == [("tcp", 5439, 5439, "198.51.100.4/32")]


@pytest.mark.parametrize("url", ["data:,<html>log in to the hotel</html>", "http://127.0.0.1:9/"])
def test_an_unknown_address_opens_nothing(settings, monkeypatch, url):
    monkeypatch.setattr(network, "ADDRESS_URL", url)
    with pytest.raises(AWSError, match="this machine's address"):
        infrastructure.build(settings)
    assert "security group" not in infrastructure.inventory(settings)["kind"].tolist()


def test_no_default_vpc(settings, wire):
    wire.answer("DescribeVpcs", Vpcs=[])
    with pytest.raises(AWSError, match="create-default-vpc"):
        infrastructure.ensure_security_group(settings)


def test_a_group_in_another_vpc_is_of_no_use_but_is_deleted(settings):
    other = client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    tags = [{"ResourceType": "security-group", "Tags": aws.TAGS}]
    old = client("ec2").create_security_group(
        GroupName="redjam-redshift", Description="old", VpcId=other, TagSpecifications=tags
    )
    assert infrastructure.ensure_security_group(settings) != old["GroupId"]
    assert kinds(settings) == ["security group"] * 2

    network.delete_groups(settings)
    assert kinds(settings) == []


def test_a_block_of_your_own_gets_in_and_this_machine_is_not_asked_for(load, monkeypatch):
    monkeypatch.setattr(network, "ADDRESS_URL", "http://127.0.0.1:9/")
    settings = load(INGRESS_CIDR="198.51.100.0/24")
    infrastructure.build(settings)
    assert rules(group()["GroupId"]) == [("tcp", 5439, 5439, "198.51.100.0/24")]


def test_the_world_gets_in_only_if_it_is_meant(load):
    with pytest.raises(config.SettingError, match="ALLOW_WORLD = yes"):
        load(INGRESS_CIDR="0.0.0.0/0")
    infrastructure.build(load(INGRESS_CIDR="0.0.0.0/0", ALLOW_WORLD="yes"))
    assert rules(group()["GroupId"]) == [("tcp", 5439, 5439, "0.0.0.0/0")]


def test_what_is_revoked_is_said(settings, caplog):
    infrastructure.build(settings)
    extra = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    client("ec2").authorize_security_group_ingress(GroupId=group()["GroupId"], IpPermissions=extra)
    infrastructure.build(settings)
    assert "revoked 0.0.0.0/0 to port 22" in caplog.text


def test_a_group_that_a_network_interface_still_holds_is_deleted_later(settings, wire, no_sleep):
    infrastructure.build(settings)
    wire.refuse("DeleteSecurityGroup", "DependencyViolation", "has a dependent object", times=2)
    infrastructure.delete(settings)
    assert no_sleep == list(network.LINGERS[:2])
    assert kinds(settings) == []


def test_a_group_that_something_else_uses_is_said_and_the_rest_is_there_to_delete(settings, wire, no_sleep):
    infrastructure.build(settings)
    wire.refuse("DeleteSecurityGroup", "DependencyViolation", "has a dependent object")
    with pytest.raises(AWSError, match=r"still in use: if another TARGET .*wait a few minutes"):
        infrastructure.delete(settings)
    assert sum(no_sleep) == 300
    wire.answers.clear()
    infrastructure.delete(settings)
    assert kinds(settings) == []
