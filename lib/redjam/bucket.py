"""The bucket of our own, where loads put their manifests, and the regions in which buckets lie."""

import hashlib
import logging
from dataclasses import replace

from redjam import aws
from redjam.aws import AWSError
from redjam.config import Settings

CLOSED = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
EXPIRY = {"ID": "manifests", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 7}}
log = logging.getLogger(__name__)


@aws.clear_errors()
def bucket_region(settings: Settings, address: str) -> str:
    """The region of an s3:// address' bucket, which COPY must be told if it is not the cluster's.

    S3 names it in the header of its answer, also when it denies access:
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
    For a folder, and where HOST and ARN are given and AWS is not asked, it is [CLUSTER] REGION.
    """
    if not address.startswith("s3://") or (settings.host and settings.iam_role_arn):
        return settings.region
    s3 = aws.client(settings, "s3")
    try:
        answer = s3.head_bucket(Bucket=address.split("/")[2])
    except s3.exceptions.ClientError as error:
        answer = error.response
    return answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region", settings.region)


def data_regions(settings: Settings) -> list[str]:
    """Where the data lie, each region once: COPY wants a manifest and its files in one region."""
    return sorted({bucket_region(settings, place) for place in (settings.log_data, settings.song_data)})


def own_account(settings: Settings) -> str:
    """The number of the AWS account whose keys we have."""
    return aws.client(settings, "sts").get_caller_identity()["Account"]


def _prefix(settings: Settings) -> str:
    return f"{settings.identifier[:30].rstrip('-')}-"


def bucket_name(settings: Settings, account: str, region: str) -> str:
    """At most 63 characters, and nobody else's by chance; the last 12 tell our bucket from others of this account."""
    mark = hashlib.sha256(f"{account} {region} {settings.identifier}".encode()).hexdigest()[:12]
    return f"{_prefix(settings)}{region}-{mark}"


def find_buckets(settings: Settings) -> dict[str, str]:
    """Our buckets with their regions, also of a region where no data lie any more."""
    s3, account, prefix = aws.client(settings, "s3"), own_account(settings), _prefix(settings)
    listed = [bucket["Name"] for bucket in s3.list_buckets(Prefix=prefix, MaxBuckets=1000)["Buckets"]]
    regions = {name: name.removeprefix(prefix)[:-13] for name in listed}
    ours = {name: region for name, region in regions.items() if name == bucket_name(settings, account, region)}
    # A bucket that was just deleted may still be listed:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
    there = [name for name in ours if aws.unless("NoSuchBucket", s3.get_bucket_location, Bucket=name)]
    return {name: ours[name] for name in there}


@aws.clear_errors()
def ensure_bucket(settings: Settings, region: str) -> str:
    """Create or complete our bucket in this region, for the manifests of loads; gives its name.

    What a load that was killed has left in it goes after a week.
    """
    account, s3 = own_account(settings), aws.client(replace(settings, region=region), "s3")
    name = bucket_name(settings, account, region)
    own = {"Bucket": name, "ExpectedBucketOwner": account}
    try:
        tags = s3.get_bucket_tagging(**own)["TagSet"]
    except aws.exceptions.ClientError as error:
        code, tags = error.response["Error"]["Code"], []
        if code == "AccessDenied":
            way_out = "name a place that you may write and the role may read in [S3] WORK"
            raise AWSError(f"bucket {name} is somebody else's, or you may not look at it: {way_out}") from error
        if code == "NoSuchBucket":
            # To S3, a bucket without a place is in us-east-1, and may not name it.
            place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            aws.unless("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket=name, **place)
            log.info("bucket %s: created", name)
        elif code != "NoSuchTagSet":
            raise
    if not aws.ours([{"Tags": tags}]):
        s3.put_public_access_block(**own, PublicAccessBlockConfiguration=dict.fromkeys(CLOSED, True))
        s3.put_bucket_lifecycle_configuration(**own, LifecycleConfiguration={"Rules": [EXPIRY]})
        s3.put_bucket_tagging(**own, Tagging={"TagSet": aws.TAGS})  # last: what has the tag is complete
    return name


@aws.clear_errors()
def ensure_buckets(settings: Settings) -> list[str]:
    """Create or complete our bucket in each region in which data lie; none where WORK or HOST is given."""
    if settings.work or settings.host:
        return []
    return [ensure_bucket(settings, region) for region in data_regions(settings)]


def work_place(settings: Settings, region: str) -> str:
    """Where a load puts its manifests for data of this region, s3://bucket/prefix: WORK, or our bucket.

    That is made if it is absent, since the stand-in forgets its buckets when it stops.
    """
    if settings.work:
        return settings.work.rstrip("/")
    if settings.host:
        raise AWSError("where HOST is given, nothing is made: name a place for a load's manifests in [S3] WORK")
    return f"s3://{ensure_bucket(settings, region)}"


@aws.clear_errors()
def delete_buckets(settings: Settings) -> None:
    """Delete our bucket in each region, with what is in it; fine if there is none."""
    for name, region in find_buckets(settings).items():
        s3 = aws.client(replace(settings, region=region), "s3")
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
            if keys := [{"Key": item["Key"]} for item in page.get("Contents", ())]:
                s3.delete_objects(Bucket=name, Delete={"Objects": keys})
        s3.delete_bucket(Bucket=name)
        log.info("bucket %s: deleted", name)
