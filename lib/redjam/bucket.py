"""The bucket of our own, where loads put their manifests and folders of data, and the regions in which buckets lie.

S3 encrypts what comes into it by itself: https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
"""

import hashlib
import logging
import re
import time
from dataclasses import replace

from redjam import aws
from redjam.aws import AWSError
from redjam.config import Settings
from redjam.progress import bar

CLOSED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
# What a load was killed over goes after a week, and parts of what was never all uploaded after a day; uploads stay.
PARTS = {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}
WEEK = {"Expiration": {"Days": 7}}
EXPIRY = [
    {"ID": kind, "Status": "Enabled", "Filter": {"Prefix": f"{kind}/"}} | rule
    for kind, rule in {"compacted": WEEK | PARTS, "data": PARTS, "manifests": WEEK}.items()
]
DELETED_AT_ONCE = 1000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML, as in a list of keys
BUSY = ("InternalError", "SlowDown", "ServiceUnavailable")
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
        told = "x-amz-bucket-region" in answer["ResponseMetadata"].get("HTTPHeaders", {})
        if not told and error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise
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
def ensure_bucket(settings: Settings, region: str, thorough: bool = False) -> str:
    """Create or complete our bucket in this region; gives its name.

    What has our tag counts as complete, since each load asks; if `thorough`, its other settings are mended, too.
    """
    account, s3 = own_account(settings), aws.client(replace(settings, region=region), "s3")
    name = bucket_name(settings, account, region)
    own, tags, new = {"Bucket": name, "ExpectedBucketOwner": account}, [], False
    try:
        tags = s3.get_bucket_tagging(**own)["TagSet"]
    except aws.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "AccessDenied":
            way_out = "name a place that you may write and the role may read in [S3] WORK"
            raise AWSError(f"bucket {name} is somebody else's, or you may not look at it: {way_out}") from error
        if code == "NoSuchBucket":
            # To S3, a bucket without a place is in us-east-1, and may not name it.
            place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            aws.unless("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket=name, **place)
            log.info("bucket %s: created", name)
            new = True
        elif code != "NoSuchTagSet":
            raise
    tagged = bool(aws.ours([{"Tags": tags}]))
    if thorough or not tagged:
        _mend(s3, own, new)
    if not tagged:  # last: what has the tag is complete
        others = [tag for tag in tags if tag["Key"] not in {ours["Key"] for ours in aws.TAGS}]
        s3.put_bucket_tagging(**own, Tagging={"TagSet": [*others, *aws.TAGS]})
        if not new:
            log.warning("bucket %s: its tag was missing and is put back", name)
    return name


def _mend(s3, own: dict, new: bool) -> None:
    """Close a bucket to the public and let it expire what loads left; a new one is not asked what it has."""
    name, closed, rules = own["Bucket"], None, None
    if not new:
        closed = aws.unless("NoSuchPublicAccessBlockConfiguration", s3.get_public_access_block, **own)
        rules = aws.unless("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, **own)
    if not closed or closed["PublicAccessBlockConfiguration"] != CLOSED:
        s3.put_public_access_block(**own, PublicAccessBlockConfiguration=CLOSED)
        if not new:
            log.warning("bucket %s: was not closed to the public and is closed again", name)
    if not rules or sorted(rules["Rules"], key=lambda rule: rule.get("ID", "")) != EXPIRY:
        s3.put_bucket_lifecycle_configuration(**own, LifecycleConfiguration={"Rules": EXPIRY})
        if not new:
            log.warning("bucket %s: its rules of expiry had changed and are mended", name)


@aws.clear_errors()
def ensure_buckets(settings: Settings) -> list[str]:
    """Create or mend our bucket in each region in which data lie; none where WORK or HOST is given."""
    if settings.work or settings.host:
        return []
    return [ensure_bucket(settings, region, thorough=True) for region in data_regions(settings)]


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
    """Delete our bucket in each region, with all versions of what is in it; fine if there is none."""
    for name, region in find_buckets(settings).items():
        s3 = aws.client(replace(settings, region=region), "s3")
        more = True
        with bar(what=f"delete {name}", unit=" objects") as shown:
            while more:
                # All objects, also where nobody has switched versioning on: their version is then "null".
                page = s3.list_object_versions(Bucket=name)
                found, more = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())], page["IsTruncated"]
                delete(s3, name, [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in found])
                shown.update(len(found))
        s3.delete_bucket(Bucket=name)
        log.info("bucket %s: deleted", name)


def delete(s3, name: str, objects: list[dict]) -> None:
    """Delete objects of a bucket, each a key and perhaps a version; AWSError if one is not let go."""
    for one in objects:
        if UNWRITABLE.search(one["Key"]):
            s3.delete_object(Bucket=name, **one)
    together = [one for one in objects if not UNWRITABLE.search(one["Key"])]
    for start in range(0, len(together), DELETED_AT_ONCE):
        for error in _delete_some(s3, name, together[start : start + DELETED_AT_ONCE]):
            said = f"{error['Code']}: {error.get('Message', '')}".rstrip(".: ")
            raise AWSError(f"s3://{name}/{error['Key']} cannot be deleted: {said}: ask the account's owner")


def _delete_some(s3, name: str, objects: list[dict]) -> list[dict]:
    """Delete objects, again where S3 is only busy, which it says within its answer; gives what it does not let go."""
    for seconds in (*aws.SPREADS, None):
        errors = s3.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True}).get("Errors", [])
        busy = [error for error in errors if error["Code"] in BUSY]
        if seconds is None or not busy or len(busy) < len(errors):
            return errors
        time.sleep(seconds)
        objects = [{key: error[key] for key in ("Key", "VersionId") if key in error} for error in busy]
    return []
