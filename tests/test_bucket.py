"""The bucket of our own, against moto."""

import dataclasses
import re

import boto3
import pytest
from aws_fixtures import SOURCES, allowed, buckets, client, kinds
from moto.s3.models import s3_backends

from redjam import aws, bucket, infrastructure
from redjam.aws import AWSError

pytestmark = pytest.mark.usefixtures("no_sleep", "wire")


@pytest.fixture
def settings(load):
    return load()


def put_buckets(**regions):
    """The buckets of the sources, each in a region."""
    for name, region in regions.items():
        place = {"LocationConstraint": region}
        made = boto3.client("s3", region_name=region)
        made.create_bucket(Bucket=name, CreateBucketConfiguration=place)


def test_the_bucket_is_closed_to_the_public_and_forgets_within_a_week(settings):
    name = bucket.ensure_bucket(settings, "eu-north-1")
    s3 = client("s3")
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-north-1"
    closed = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert len(closed) == 4
    assert all(closed.values())
    rules = {rule["Filter"]["Prefix"]: rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]}
    assert (rules["manifests/"]["Status"], rules["manifests/"]["Expiration"]) == ("Enabled", {"Days": 7})


def test_a_bucket_in_the_oldest_region(settings):
    name = bucket.ensure_bucket(settings, "us-east-1")
    assert client("s3").get_bucket_location(Bucket=name).get("LocationConstraint") is None
    assert bucket.ensure_bucket(settings, "us-east-1") == name
    bucket.delete_buckets(settings)
    assert buckets() == []


@pytest.mark.parametrize("identifier", ["r", "redjam", f"{'r' * 29}-{'j' * 33}", "r" * 63])
@pytest.mark.parametrize("region", ["us-west-2", "ap-southeast-10"])
def test_a_buckets_name_is_valid_and_its_own(load, identifier, region):
    settings = load(IDENTIFIER=identifier)
    names = {
        bucket.bucket_name(one, account, place)
        for one in (settings, dataclasses.replace(settings, identifier=f"{identifier[:-1]}0"))
        for account in ("123456789012", "210987654321")
        for place in (region, "eu-north-1")
    }
    assert len(names) == 8
    for name in names:
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", name)
        assert "--" not in name


def test_data_in_two_regions_have_two_buckets_and_delete_finds_them_all(settings, load):
    put_buckets(logs="eu-north-1", songs="us-west-2")
    north, west = bucket.ensure_buckets(settings)
    infrastructure.ensure_role(settings)
    assert f"arn:aws:s3:::{north}/*" in allowed(settings)["s3:GetObject"]
    assert f"arn:aws:s3:::{west}/*" in allowed(settings)["s3:GetObject"]
    assert bucket.work_place(settings, "eu-north-1") == f"s3://{north}"
    assert bucket.work_place(settings, "us-west-2") == f"s3://{west}"

    elsewhere = load(sources="")
    rows = infrastructure.inventory(elsewhere).query("kind == 'bucket'")
    assert dict(zip(rows["name"], rows["detail"], strict=True)) == {north: "in eu-north-1", west: "in us-west-2"}
    bucket.delete_buckets(elsewhere)
    assert sorted(buckets()) == ["logs", "songs"]


def test_buckets_of_a_like_name_stay(settings):
    other = dataclasses.replace(settings, identifier="redjam-two")
    theirs = bucket.ensure_bucket(other, "us-west-2")
    put_buckets(**{"redjam-us-west-2-0123456789ab": "us-west-2", "redjam-x": "us-west-2"})
    bucket.delete_buckets(settings)
    assert sorted(buckets()) == sorted([theirs, "redjam-us-west-2-0123456789ab", "redjam-x"])
    assert "bucket" not in kinds(settings)


def test_a_full_bucket_is_deleted(settings):
    name = bucket.ensure_bucket(settings, "us-west-2")
    for number in range(1001):  # by moto's own, since a thousand calls take their time
        s3_backends["123456789012"]["aws"].put_object(name, f"manifests/{number}", b"{}")
    bucket.delete_buckets(settings)
    assert buckets() == []


def test_a_bucket_that_is_still_listed_but_gone_is_not_there(settings, wire):
    name = bucket.ensure_bucket(settings, "us-west-2")
    client("s3").delete_bucket(Bucket=name)
    listed = {"Buckets": [{"Name": name}]}
    wire.answer("ListBuckets", **listed)
    assert "bucket" not in kinds(settings)
    bucket.delete_buckets(settings)


def test_somebody_elses_bucket_of_our_name_is_not_used(settings, monkeypatch):
    name = bucket.bucket_name(settings, "123456789012", "us-west-2")
    s3_backends["210987654321"]["aws"].create_bucket(name, "us-west-2")
    monkeypatch.setenv("MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS", "false")
    try:
        for ensure in (bucket.ensure_bucket, bucket.work_place):
            with pytest.raises(AWSError, match=rf"bucket {name} is somebody else's, .* in \[S3\] WORK"):
                ensure(settings, "us-west-2")
        bucket.delete_buckets(settings)
    finally:
        s3_backends["210987654321"]["aws"].delete_bucket(name)


def test_the_owner_of_the_bucket_is_asked_for(settings, wire):
    bucket.ensure_bucket(settings, "us-west-2")
    headers = [request.headers for request in wire.sent if "tagging" in request.url]
    assert [header["x-amz-expected-bucket-owner"] for header in headers] == [b"123456789012"] * 2


def test_a_load_makes_the_bucket_that_the_stand_in_forgot(settings):
    infrastructure.build(settings)
    (name,) = buckets()
    client("s3").delete_bucket(Bucket=name)
    assert bucket.work_place(settings, "us-west-2") == f"s3://{name}"
    assert buckets() == [name]


def test_a_place_of_your_own_is_used_without_asking(load, wire):
    settings = load(sources=f"{SOURCES}WORK=s3://mine/red jam/\n", HOST="tunnel.example.com")
    assert bucket.work_place(settings, "us-west-2") == "s3://mine/red jam"
    assert wire.calls == []


def test_where_a_host_is_given_the_place_must_be_too(load, wire):
    settings = load(HOST="tunnel.example.com")
    assert bucket.ensure_buckets(settings) == []
    with pytest.raises(aws.AWSError, match=r"HOST is given.* \[S3\] WORK"):
        bucket.work_place(settings, "us-west-2")
    assert wire.calls == []


def test_the_region_of_a_bucket_is_asked_of_s3(settings):
    place = {"LocationConstraint": "eu-north-1"}
    boto3.client("s3", region_name="eu-north-1").create_bucket(Bucket="in-the-north", CreateBucketConfiguration=place)
    assert bucket.bucket_region(settings, "s3://in-the-north/log-data") == "eu-north-1"
    assert bucket.bucket_region(settings, "/a/folder") == settings.region
    given = dataclasses.replace(settings, host="h", iam_role_arn="arn:aws:iam::123456789012:role/r")
    assert bucket.bucket_region(given, "s3://in-the-north/log-data") == settings.region


def test_what_s3_is_too_busy_to_delete_is_deleted_again(settings, monkeypatch, no_sleep):
    name = bucket.ensure_bucket(settings, "us-west-2")
    s3, keys, calls = client("s3"), ["a", "b"], []
    for key in keys:
        s3.put_object(Bucket=name, Key=key)
    delete = s3.delete_objects

    def delete_objects(**asked):
        calls.append([one["Key"] for one in asked["Delete"]["Objects"]])
        if len(calls) > 1:
            return delete(**asked)
        return {"Errors": [{"Key": "b", "Code": "SlowDown"}]}

    monkeypatch.setattr(s3, "delete_objects", delete_objects)
    bucket.delete(s3, name, [{"Key": key} for key in keys])
    assert calls == [["a", "b"], ["b"]]
    assert sum(no_sleep) == aws.SPREADS[0]


def test_a_region_that_s3_does_not_tell_is_no_guess(settings, wire):
    wire.refuse("HeadBucket", "503")
    with pytest.raises(AWSError, match="HeadBucket: 503"):
        bucket.bucket_region(settings, "s3://somewhere/log-data")
