"""What the doctor tries in the database: to log in, to read the catalog, and a COPY that loads nothing."""

import os
import re
import secrets
from dataclasses import replace

from redjam import aws, bucket, infrastructure, schema, sources, staging, warehouse
from redjam.config import Settings
from redjam.doctor import account
from redjam.doctor.findings import SECONDS, Skipped, Wrong, one_line

STATEMENT_SECONDS = SECONDS - 20  # after which the cluster gives up, before the check does
TABLES = {"LOG_DATA": "staging_events", "SONG_DATA": "staging_songs"}


def login(settings: Settings, opened: list[warehouse.Connection]) -> str:
    """Log in, and leave the connection to the checks after this one."""
    cluster = infrastructure.find_cluster(settings)
    opened.append(warehouse.connect(settings, cluster))
    warehouse.execute(opened[0], f"SET statement_timeout TO {STATEMENT_SECONDS * 1000}")
    user = warehouse.frame(opened[0], "SELECT current_user AS name").iat[0, 0]
    return f"{user} in database {cluster.dbname}"


def catalog(settings: Settings, opened: list[warehouse.Connection]) -> str:
    """Read the catalog."""
    (connection,) = opened
    try:
        found = warehouse.frame(connection, warehouse.statement("describe"))
    except connection.Error as error:
        raise Wrong(f"{one_line(str(error))}: ask the admin user to GRANT SELECT on it") from None
    return f"{found['table_name'].nunique()} tables in schema public"


def tables(settings: Settings, opened: list[warehouse.Connection]) -> str:
    """Whether our tables are there."""
    schema.require(opened[0])
    return f"all {len(schema.TABLES)} of Red Jam's are there"


def copy(settings: Settings, opened: list[warehouse.Connection], key: str) -> str:
    """Have COPY read a small file of LOG_DATA or SONG_DATA by a manifest, as a load does, but load nothing.

    https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-load.html#copy-noload
    """
    (connection,), table = opened, TABLES[key]
    role_arn = infrastructure.find_cluster(settings).role_arn
    if not role_arn:
        raise Skipped("the cluster has no role to read by")
    files = [file for file in account.first_files(settings, key) if file.size]
    if not files:
        raise Skipped(f"the files of {key} are empty")
    file = min(files, key=lambda file: file.size)
    region = bucket.bucket_region(settings, getattr(settings, key.lower()))
    place, run, put = _place(settings, region), f"doctor-{secrets.token_hex(4)}", []
    uri, arrivals = file.uri, staging.SOURCES[table][1]
    try:
        if not settings.is_local:
            uri = _lifted(settings, place, run, uri, put)
            if key == "LOG_DATA":
                settings = replace(settings, log_json_path=_lifted(settings, place, run, settings.log_json_path, put))
        put += sources.put_manifests(settings, place, {run: [uri]})
        warehouse.execute(connection, warehouse.statement(f"stage/{arrivals}"))
        most = settings.max_rejected + 1
        statement = staging.copy_statement(settings, role_arn, table, put[-1], most, region, file.is_gzip)
        warehouse.execute(connection, statement.removesuffix(";") + "\nNOLOAD;")
    except connection.Error as error:
        raise Wrong(_explained(settings, role_arn, file.uri, error)) from None
    finally:
        sources.delete_manifests(settings, put)
    return f"{role_arn.rpartition('/')[2]} reads {file.uri}"


def _place(settings: Settings, region: str) -> str:
    """Where a load puts its manifests; only the stand-in's bucket, which it forgets, is made for a check."""
    if settings.is_local or settings.work or settings.host:
        return bucket.work_place(settings, region)
    return f"s3://{account.own_bucket(settings, region)}"


def _lifted(settings: Settings, place: str, run: str, path: str, put: list[str]) -> str:
    """Put what lies on this machine beside the manifest, where the cluster can read it; adds its address to `put`."""
    if not os.path.isabs(path):  # it is on S3, or COPY's word auto
        return path
    put.append(f"{place}/manifests/{run}-{os.path.basename(path)}")
    sources.put_object(aws.client(settings, "s3"), put[-1], sources.read(settings, path))
    return put[-1]


def _explained(settings: Settings, role_arn: str, uri: str, error: Exception) -> str:
    """What COPY's error means, and the way out.

    https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-access-permissions.html
    """
    text, given = one_line(str(error)), settings.iam_role_arn or settings.host
    if hasattr(error, "rejected"):  # load_errors.LoadFailed
        lines = str(error).splitlines()
        return f"the role may read {uri}, but " + " ".join(lines[1].split() if lines[1:] else [text])
    if re.search("not authorized to (assume|get credentials)", text, re.IGNORECASE):
        by_hand = f"add {role_arn} to the cluster, and redshift.amazonaws.com to those that the role trusts"
        return f"{text.rstrip('.')}: {by_hand if given else 'run redjam build, which gives the cluster its role'}"
    if re.search("access ?denied|status 403", text, re.IGNORECASE):
        by_hand = f"allow {role_arn} s3:GetObject and s3:ListBucket there, and in [S3] WORK"
        way_out = by_hand if given else "run redjam build, which writes the policy of its role"
        return f"the role may not read {uri} or the manifest ({text.partition(',Rid')[0]}): {way_out}"
    return text
