"""The guard of a provisioned cluster: AWS itself pauses it after MAX_HOURS, whatever becomes of this machine."""

import logging
import re
from datetime import UTC, datetime, timedelta

from redjam import aws
from redjam.config import Settings
from redjam.infrastructure import role

log = logging.getLogger(__name__)


def find(settings: Settings) -> dict | None:
    """The scheduled action that pauses the cluster; `at` is its time, None if it has none or is switched off."""
    ask = aws.client(settings, "redshift").describe_scheduled_actions
    answer = aws.unless("ScheduledActionNotFound", ask, ScheduledActionName=_name(settings))
    if not answer or not answer["ScheduledActions"]:
        return None
    action = answer["ScheduledActions"][0]
    written = re.fullmatch(r"at\((.+)\)", action["Schedule"])
    at = datetime.fromisoformat(written[1]).replace(tzinfo=UTC) if written and action["State"] == "ACTIVE" else None
    return action | {"at": at}


def ensure(settings: Settings, anew: bool = False) -> None:
    """Have AWS pause the cluster MAX_HOURS from now; with 0 it never does.

    One that is still to come stays, unless it is to be set anew or comes later than that.
    https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateScheduledAction.html
    """
    if not settings.max_hours:
        delete(settings)
        log.warning("cluster %s: [COST] MAX_HOURS is 0, so nothing pauses it", settings.identifier)
        return
    now = datetime.now(UTC)
    until = now + timedelta(hours=settings.max_hours)
    wanted = {
        "TargetAction": {"PauseCluster": {"ClusterIdentifier": settings.identifier}},
        "IamRole": role.ensure_pause_role(settings),
        "ScheduledActionDescription": f"Red Jam: no cluster runs on unseen (MAX_HOURS = {settings.max_hours})",
    }
    found = find(settings)
    if found and not anew:
        amiss = _amiss(found, wanted, now, until)
        if not amiss:
            return
        log.warning("cluster %s: its guard %s and is set anew", settings.identifier, amiss)
    redshift = aws.client(settings, "redshift")
    set_it = redshift.modify_scheduled_action if found else redshift.create_scheduled_action
    aws.created(
        lambda: aws.settled(
            set_it,
            **wanted,
            ScheduledActionName=_name(settings),
            Schedule=f"at({until:%Y-%m-%dT%H:%M:%S})",
            Enable=True,
        ),
        lambda: find(settings),
    )
    log.info("cluster %s: AWS pauses it at %s UTC", settings.identifier, f"{until:%Y-%m-%d %H:%M}")


def _amiss(found: dict, wanted: dict, now: datetime, until: datetime) -> str:
    if any(found.get(key) != value for key, value in wanted.items()):
        return "was set otherwise"
    if not found["at"]:
        return "was switched off"
    if found["at"] <= now:
        return "is over"
    return "came later than MAX_HOURS" if found["at"] > until else ""


def delete(settings: Settings) -> None:
    """Delete the scheduled action and its role; fine if they are absent."""
    if find(settings):
        gone = aws.client(settings, "redshift").delete_scheduled_action
        aws.unless("ScheduledActionNotFound", gone, ScheduledActionName=_name(settings))
        log.info("scheduled action %s: deleted", _name(settings))
    role.delete_pause_role(settings)


def rows(settings: Settings) -> list[tuple[str, str, str, str]]:
    """The scheduled action for the inventory."""
    if not (found := find(settings)):
        return []
    when = f"pauses the cluster at {found['at']:%Y-%m-%d %H:%M} UTC" if found["at"] else found["Schedule"]
    return [("scheduled action", found["ScheduledActionName"], found["State"].lower(), when)]


def _name(settings: Settings) -> str:
    # As its role's: at most 60 characters, which is what AWS takes, and one an account, as AWS wants it.
    return role.pause_role(settings)
