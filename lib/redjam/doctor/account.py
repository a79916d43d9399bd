"""What the doctor asks AWS: who we are, where the data lie, and whether the cluster and its role are as they should."""

import os
from datetime import UTC, datetime

from redjam import aws, bucket, infrastructure, sources
from redjam.config import Settings
from redjam.doctor.findings import Skipped, Wrong
from redjam.infrastructure import guard, provisioned, role, serverless, states, usage_limit, workgroup
from redjam.sources import Source

PAGE = 1000  # as many as S3 lists at once, which is enough to find a small file


def given(settings: Settings) -> bool:
    """Whether HOST and ARN are given, so that AWS need not be asked."""
    return bool(settings.host and settings.iam_role_arn)


def settings_file(settings: Settings) -> str:
    """Which settings these are."""
    what = f"{settings.file or 'the defaults, as there is no dwh.cfg'}: target {settings.target} in {settings.region}"
    names = [name for name, value in (("HOST", settings.host), ("ARN", settings.iam_role_arn)) if value]
    return what + (f", {' and '.join(names)} given" if names else "")


def credentials(settings: Settings) -> str:
    """Whose keys these are."""
    return aws.client(settings, "sts").get_caller_identity()["Arn"]


# --- Where the data lie ----------------------------------------------------------------------------------


def first_files(settings: Settings, key: str) -> list[Source]:
    """Files of a setting of [S3], on S3 the first thousand: public data may be hundreds of thousands."""
    address = getattr(settings, key.lower())
    if not address.startswith("s3://"):
        return sources.find(settings, address)
    name, _, prefix = address.removeprefix("s3://").partition("/")
    ask = aws.client(settings, "s3").list_objects_v2
    listed = aws.unless("NoSuchBucket", ask, Bucket=name, Prefix=prefix, MaxKeys=PAGE)
    if listed is None:
        raise Wrong(f"bucket {name} does not exist: create it, or correct [S3] {key}")
    # What the console makes for a folder is no file.
    found = [item for item in listed.get("Contents", ()) if not item["Key"].endswith("/")]
    if not found or (key == "LOG_JSON_PATH" and found[0]["Key"] != prefix):
        raise Wrong(f"there is no file at {address}: put the data there, or correct [S3] {key}")
    return [Source(f"s3://{name}/{item['Key']}", item["Size"], item["ETag"].strip('"'), "") for item in found]


def data(settings: Settings, key: str) -> str:
    """Where LOG_DATA, LOG_JSON_PATH or SONG_DATA lie; another region than the cluster's costs time and money."""
    address = getattr(settings, key.lower())
    if not address.startswith("s3://"):
        return _on_this_machine(settings, key, address)
    if given(settings):
        raise Skipped("HOST and ARN are given: AWS is not asked")
    first_files(settings, key)
    region = bucket.bucket_region(settings, address)
    if key == "LOG_JSON_PATH" and (events := bucket.bucket_region(settings, settings.log_data)) != region:
        raise Wrong(
            f"{address} is in {region}, LOG_DATA in {events}: COPY is told one region for both: put it beside the data"
        )
    if region == settings.region:
        return f"{address}, in {region}"
    return (
        f"{address}, in {region}: COPY reads it from {settings.region}, too, but takes longer, and AWS charges for the "
        f"transfer between regions; a cluster in {region} ([CLUSTER] REGION) has neither"
    )


def _on_this_machine(settings: Settings, key: str, address: str) -> str:
    if not os.path.isabs(address):
        return f"COPY's own word {address}"
    if settings.is_local and address.startswith(str(settings.sample_dir)) and not settings.sample_dir.exists():
        return f"{address}: the sample, which is made on its first use"
    if not os.path.exists(address):
        raise Wrong(f"{address} does not exist: put the data there, or correct [S3] {key}")
    count = 1 if key == "LOG_JSON_PATH" else len(sources.find(settings, address))
    where = address if key == "LOG_JSON_PATH" else f"{address}: {count:,} file{'s' * (count > 1)}"
    return where if settings.is_local else f"{where}, uploaded by a load"


def work(settings: Settings) -> str:
    """Where a load puts its manifests: WORK, which COPY wants in the region of the data, or our bucket."""
    if settings.host and not settings.work:
        raise Wrong("HOST is given, so nothing is made: name a place for a load's manifests in [S3] WORK")
    if given(settings):
        raise Skipped("HOST and ARN are given: AWS is not asked")
    regions = bucket.data_regions(settings)
    if settings.work:
        name = settings.work.split("/")[2]
        if aws.unless("404", aws.client(settings, "s3").head_bucket, Bucket=name) is None:
            raise Wrong(f"bucket {name} does not exist: create it, or correct [S3] WORK")
        region = bucket.bucket_region(settings, settings.work)
        if regions != [region]:
            raise Wrong(
                f"{settings.work} is in {region}, the data in {' and '.join(regions)}: COPY wants a manifest in the "
                "region of its files: name a place there in [S3] WORK, or leave it empty"
            )
        return f"{settings.work}, in {region}"
    found, wanted = bucket.find_buckets(settings), [own_bucket(settings, region) for region in regions]
    absent = [name for name in wanted if name not in found]
    if absent and settings.is_local:
        return f"s3://{absent[0]}, which the next load makes"
    if absent:
        raise Wrong(f"bucket {absent[0]} is not there: run redjam build")
    return ", ".join(f"s3://{name}" for name in wanted)


def own_bucket(settings: Settings, region: str) -> str:
    """The name of our bucket in a region, be it there or not."""
    return bucket.bucket_name(settings, bucket.own_account(settings), region)


# --- The cluster -----------------------------------------------------------------------------------------


def size(settings: Settings) -> str:
    """Whether AWS has what dwh.cfg orders, in this region."""
    if settings.is_serverless:
        serverless.check(settings)
        return f"{settings.base_capacity} RPU"
    provisioned.check(settings)
    return f"{settings.num_nodes} x {settings.node_type}"


def cluster(settings: Settings) -> str:
    """Whether there is a cluster, and takes connections."""
    found = infrastructure.find_cluster(settings)
    if not found.status.lower().startswith(("available", "given")):
        raise Wrong(f"{found.identifier} is {found.status}: wait until it is available (redjam build does)")
    size = f", {found.size}" if found.size else ""
    return f"{found.identifier} is {found.status}: {found.host}:{found.port}{size}"


def guarded(settings: Settings) -> str:
    """Whether AWS stops the cluster by itself after MAX_HOURS."""
    if not settings.max_hours:
        return "[COST] MAX_HOURS is 0: nothing stops what it costs but redjam pause and redjam delete"
    if settings.is_serverless:
        return _usage_limit(settings)
    found, now = guard.find(settings), datetime.now(UTC)
    if not found:
        raise Wrong(f"AWS would not pause cluster {settings.identifier} by itself: run redjam build")
    name = f"scheduled action {found['ScheduledActionName']}"
    if not found["at"]:
        raise Wrong(f"{name} is switched off, so AWS would not pause the cluster: run redjam build")
    if found["at"] <= now:
        raise Wrong(f"the time of {name} was {found['at']:%Y-%m-%d %H:%M} UTC: run redjam resume, which sets it anew")
    return f"AWS pauses the cluster at {found['at']:%Y-%m-%d %H:%M} UTC"


def _usage_limit(settings: Settings) -> str:
    found = usage_limit.find_guard(settings)
    if not found:
        raise Wrong(f"nothing limits what workgroup {settings.identifier} uses: run redjam build")
    said = f"the limit of workgroup {settings.identifier} is {usage_limit.in_words(found)}"
    if found["breachAction"] != "deactivate":
        raise Wrong(f"{said}, which stops nothing: run redjam build")
    return said


# --- The role --------------------------------------------------------------------------------------------


def cluster_role(settings: Settings) -> str:
    """Whether the role is as build writes it, for whom it is and what it may read, and whether the cluster has it."""
    arn = settings.iam_role_arn or _own_role(settings)
    attached = _roles(settings)
    if arn not in attached:
        has = ", ".join(attached) or "none"
        raise Wrong(f"{settings.identifier} lacks role {arn}, and has {has}: run redjam build")
    return arn


def _own_role(settings: Settings) -> str:
    if said := role.amiss(settings):
        raise Wrong(f"{said}: run redjam build")
    return role.find_role(settings, settings.iam_role_name)["Arn"]


def _roles(settings: Settings) -> list[str]:
    """The ARNs of the roles that the cluster or the namespace has."""
    if settings.is_serverless:
        return serverless.role_arns(workgroup.describe(settings, "namespace") or {})
    return [one["IamRoleArn"] for one in states.describe(settings)["IamRoles"]]
