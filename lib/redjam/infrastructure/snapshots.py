"""The final snapshots of a cluster, kept where `redjam delete --keep-snapshot` asks for one."""

import logging
import re
from datetime import UTC, datetime

from redjam import aws
from redjam.config import Settings

log = logging.getLogger(__name__)


def new_name(settings: Settings) -> str:
    """The name of a final snapshot made now, by which it is known as ours."""
    return f"{settings.identifier}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def is_ours(settings: Settings, name: str) -> bool:
    """Whether a snapshot's name is one that we give, and not that of one which somebody made by hand."""
    return bool(re.fullmatch(rf"{re.escape(settings.identifier)}-\d{{8}}-\d{{6}}", name))


def find(settings: Settings) -> list[dict]:
    """Those that were kept; not what somebody else made by hand, nor AWS's automatic ones, which go with the cluster.

    All of the account are listed, for AWS gives those of a cluster by its name only while it is there or only after.
    """
    pages = aws.client(settings, "redshift").get_paginator("describe_cluster_snapshots")
    listed = [one for page in pages.paginate(SnapshotType="manual") for one in page["Snapshots"]]
    return [
        one
        for one in listed
        if one["ClusterIdentifier"] == settings.identifier and is_ours(settings, one["SnapshotIdentifier"])
    ]


def delete(settings: Settings) -> None:
    """Delete the snapshots that were kept of this cluster."""
    for snapshot in find(settings):
        name = snapshot["SnapshotIdentifier"]
        gone = aws.client(settings, "redshift").delete_cluster_snapshot
        aws.unless("ClusterSnapshotNotFound", gone, SnapshotIdentifier=name)
        log.info("snapshot %s: deleted", name)


def rows(settings: Settings) -> list[tuple[str, str, str, str]]:
    """The snapshots for the inventory."""
    return [
        ("snapshot", one["SnapshotIdentifier"], one["Status"], f"{one.get('TotalBackupSizeInMegaBytes', 0):,.0f} MB")
        for one in find(settings)
    ]
