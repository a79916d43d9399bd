"""What AWS says of a provisioned cluster: its state, the wait for another, and what to do about one that stays."""

from collections.abc import Callable

from redjam import aws
from redjam.config import Settings
from redjam.infrastructure import waiting
from redjam.infrastructure.cluster import NOTEBOOK, NotBuilt

# AWS's words for the states that a cluster does not leave by itself, and those before it is gone.
# https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-clusters.html#rs-mgmt-cluster-status
DELETING = ("deleting", "final-snapshot")
BROKEN = (
    "hardware-failure",
    "incompatible-hsm",
    "incompatible-network",
    "incompatible-parameters",
    "incompatible-restore",
    "storage-full",
)
ENDS = (*DELETING, *BROKEN, "gone")


def describe(settings: Settings) -> dict | None:
    """What AWS says of the cluster of this name, be it ours or not."""
    ask = aws.client(settings, "redshift").describe_clusters
    found = aws.unless("ClusterNotFound", ask, ClusterIdentifier=settings.identifier)
    return found["Clusters"][0] if found and found["Clusters"] else None


def ours(settings: Settings) -> dict | None:
    """The same, if it is ours."""
    found = describe(settings)
    return found if found and aws.ours([found]) else None


def absent(settings: Settings) -> str:
    """The line for where there is none."""
    return f"no cluster {settings.identifier!r} in {settings.region}: run {NOTEBOOK} first (or: redjam build)"


def status(settings: Settings) -> str:
    """AWS's word for the state of the cluster, be it ours or not, or "gone"."""
    return (describe(settings) or {"ClusterStatus": "gone"})["ClusterStatus"]


def way_out(status: str) -> str:
    """What to do about a cluster that takes no connection."""
    if status in DELETING:
        return f"wait until it is gone, then run {NOTEBOOK} (or: redjam build)"
    if status == "paused":
        return "run redjam resume; from then on it costs money"
    if status in BROKEN:
        return "see its events in AWS's console, mend it there, or delete it (redjam delete)"
    return f"run {NOTEBOOK} (or: redjam build), which waits for it"


def wait(settings: Settings, *wanted: str, stuck: tuple = (), amiss: Callable[[dict], object] | None = None) -> str:
    """Wait until the status begins with one of those wanted, and give it; a state of `stuck` is an AWSError at once.

    An available cluster of which something is still amiss counts as being modified: AWS is late to say so itself.
    """

    def look() -> str:
        cluster = describe(settings)
        said = cluster["ClusterStatus"] if cluster else "gone"
        return "modifying" if said.startswith("available") and amiss and amiss(cluster) else said

    def done(status: str) -> bool:
        return status.startswith(wanted)  # "available, prep-for-resize" takes connections too

    def no_way(status: str) -> str:
        return way_out(status) if status in stuck else ""

    return waiting.until(done, look, f"cluster {settings.identifier!r}", settings, no_way)


def settle(settings: Settings) -> str:
    """Wait for the end of what AWS is doing with our cluster; the state it is in then."""
    if not ours(settings):
        raise NotBuilt(absent(settings))
    return wait(settings, "available", "paused", *ENDS)


def change(settings: Settings, operation: str, **parameters) -> dict:
    """Have AWS change the cluster; asked again for a minute, for it may be busy though it says that it is available."""

    def passes(code: str, message: str) -> bool:
        return code == "InvalidClusterState" or aws.unknown_role(code, message)

    call = getattr(aws.client(settings, "redshift"), operation)
    return aws.again(call, passes, ClusterIdentifier=settings.identifier, **parameters)
