"""The guard of Serverless: a limit on what its queries may use in a day, upon which AWS turns them off."""

import functools
import logging

from redjam import aws
from redjam.config import Settings
from redjam.infrastructure import workgroup

KIND = "serverless-compute"
# With these AWS may refuse the limit of a workgroup that is only being made.
TOO_EARLY = ("ConflictException", "ValidationException", workgroup.ABSENT)
log = logging.getLogger(__name__)


def find_limits(settings: Settings) -> list[dict]:
    """The limits on what our workgroup may compute."""
    found = workgroup.ours(settings)
    if not found:
        return []
    pages = workgroup.client(settings).get_paginator("list_usage_limits")
    asked = {"resourceArn": found["workgroupArn"], "usageType": KIND}
    answers = aws.unless(workgroup.ABSENT, lambda: list(pages.paginate(**asked))) or []
    return [limit for answer in answers for limit in answer.get("usageLimits", [])]


def find_guard(settings: Settings) -> dict | None:
    """The daily limit, or None; those of a week or month are of the user's own making."""
    daily = (limit for limit in find_limits(settings) if limit["period"] == "daily")
    return min(daily, key=lambda limit: limit["breachAction"] != "deactivate", default=None)


def ensure_guard(settings: Settings) -> None:
    """Have AWS turn queries off once a day's have used MAX_HOURS at the base capacity; with 0 it never does.

    https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-workgroup-max-rpu.html
    """
    name, serverless, guard = settings.identifier, workgroup.client(settings), find_guard(settings)
    if not settings.max_hours:
        if guard:
            delete_limit(settings, guard)
        log.warning("workgroup %s: [COST] MAX_HOURS is 0, so nothing limits what its queries use", name)
        return
    wanted = {"amount": settings.max_hours * settings.base_capacity, "breachAction": "deactivate"}
    if guard is None:
        arn = workgroup.describe(settings)["workgroupArn"]
        asked = {"resourceArn": arn, "usageType": KIND, "period": "daily"} | wanted
        create = functools.partial(workgroup.change, serverless.create_usage_limit, **asked)
        aws.created(create, lambda: find_guard(settings))
        log.info("workgroup %s: AWS turns its queries off after %d RPU-hours a day", name, wanted["amount"])
    elif any(guard[key] != value for key, value in wanted.items()):
        limit = {"usageLimitId": guard["usageLimitId"]} | wanted
        workgroup.change(serverless.update_usage_limit, **limit)
        log.warning("workgroup %s: its limit was %s; it is %s", name, in_words(guard), in_words(guard | wanted))


def try_guard(settings: Settings) -> bool:
    """Do the same for a workgroup that is still being made, and say whether AWS took it so early."""
    try:
        ensure_guard(settings)
    except aws.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in TOO_EARLY:
            raise
        return False
    return True


def delete_limit(settings: Settings, limit: dict) -> None:
    """Delete one limit; fine if it is absent."""
    gone = functools.partial(aws.unless, workgroup.ABSENT, workgroup.client(settings).delete_usage_limit)
    workgroup.change(gone, usageLimitId=limit["usageLimitId"])
    log.info("usage limit %s: deleted", limit["usageLimitId"])


def in_words(limit: dict) -> str:
    """Such as "16 RPU-hours a day, then deactivate"."""
    period = {"daily": "day", "weekly": "week", "monthly": "month"}[limit["period"]]
    return f"{limit['amount']} RPU-hours a {period}, then {limit['breachAction']}"
