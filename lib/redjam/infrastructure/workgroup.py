"""What AWS has of Redshift Serverless under our name: a namespace, which has the data, and a workgroup, which computes.

Both are asked about, waited for and changed in the same way, so `kind` is "namespace" or "workgroup".
"""

from collections.abc import Callable

from redjam import aws
from redjam.config import Settings
from redjam.infrastructure import waiting
from redjam.infrastructure.cluster import NOTEBOOK

TAGS = [{"key": tag["Key"], "value": tag["Value"]} for tag in aws.TAGS]
ABSENT = "ResourceNotFoundException"


def client(settings: Settings):
    """A client for Serverless, which has no waiters."""
    return aws.client(settings, "redshift-serverless")


def describe(settings: Settings, kind: str = "workgroup", name: str = "") -> dict | None:
    """What AWS says of the one of our name, or of the given name, be it ours or not."""
    ask = getattr(client(settings), f"get_{kind}")
    found = aws.unless(ABSENT, ask, **{f"{kind}Name": name or settings.identifier})
    return found and found[kind]


def ours(settings: Settings, kind: str = "workgroup") -> dict | None:
    """The one of our name, if it has our tag."""
    found = describe(settings, kind)
    if not found:
        return None
    tags = aws.unless(ABSENT, client(settings).list_tags_for_resource, resourceArn=found[f"{kind}Arn"])
    return found if tags and all(tag in tags.get("tags", []) for tag in TAGS) else None


def status(settings: Settings, kind: str = "workgroup") -> str:
    """AWS's own word in lower case, or "gone"."""
    return (describe(settings, kind) or {"status": "gone"})["status"].lower()


def way_out(status: str) -> str:
    """What to do about a workgroup that takes no connection."""
    if status == "deleting":
        return f"wait until it is gone, then run {NOTEBOOK} (or: redjam build)"
    return f"run {NOTEBOOK} (or: redjam build), which waits for it"


def wait(settings: Settings, kind: str, wanted: str) -> str:
    """Wait until it is "available", "gone", or "settled": in a state that it stays in; gives its status."""

    def done(status: str) -> bool:
        return status == wanted or (wanted == "settled" and status not in ("creating", "modifying"))

    def stuck(status: str) -> str:
        return way_out(status) if wanted == "available" and status in ("deleting", "gone") else ""

    what = f"{kind} {settings.identifier!r}"
    return waiting.until(done, lambda: status(settings, kind), what, settings, stuck)


def change(call: Callable, **parameters) -> None:
    """Call AWS, for ten minutes again while it is busy with the workgroup or namespace; their status may not tell.

    It says "There is an operation running on the workgroup. Try deleting the workgroup again later."
    """
    aws.again(call, lambda code, message: "operation running" in message, (15,) * 40, **parameters)
