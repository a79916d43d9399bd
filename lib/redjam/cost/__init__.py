"""What the warehouse will cost, and what it has cost so far, in US dollars."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pandas as pd

from redjam import aws
from redjam.config import Settings
from redjam.cost.prices import Price, price

DAY, MONTH = 24, 730  # hours


# --- Before it is built ----------------------------------------------------------------------------------


def _text(dollars: Decimal | None) -> str:
    """Dollars for people: cents, and up to two digits more where it is less than a dollar."""
    if dollars is None:
        return "unknown"
    return f"${dollars:,.2f}" if dollars >= 1 else f"${dollars:.4f}".removesuffix("0").removesuffix("0")


def _times(dollars: Decimal | None, number: float | Decimal) -> str:
    return _text(dollars if dollars is None else dollars * Decimal(number))


def table(settings: Settings) -> pd.DataFrame:
    """What it will cost: an hour, a day, a forgotten month, and until the guard of [COST] MAX_HOURS stops it."""
    priced, limit = price(settings), settings.max_hours
    if settings.host:
        return _frame([("HOST is given", "nothing is built")], "here")
    if settings.is_serverless:
        rows = [
            ("an hour of queries", _text(priced.hour)),
            ("a minute, the least that is charged", _times(priced.hour, Decimal(1) / 60)),
            ("a day of queries", _times(priced.hour, DAY)),
            (f"a month of queries ({MONTH} hours)", _times(priced.hour, MONTH)),
            ("without queries", "only storage"),
        ]
        if limit:
            hours = limit * settings.base_capacity
            rows.append((f"the most a day, by its limit ({hours} RPU-hours)", _times(priced.hour, limit)))
    else:
        rows = [
            ("an hour", _text(priced.hour)),
            ("a day", _times(priced.hour, DAY)),
            (f"a forgotten month ({MONTH} hours)", _times(priced.hour, MONTH)),
        ]
        if limit:
            rows.append((f"until it pauses by itself ({_hours(limit)})", _times(priced.hour, limit)))
    if settings.is_local:
        rows = [("the stand-in", "nothing")] + [(f"on AWS {text}", dollars) for text, dollars in rows]
    rows += [("storage, for a GB and month", _text(priced.storage)), ("prices from", priced.source)]
    if priced.storage_source != priced.source:
        rows.append(("that of storage from", priced.storage_source))
    return _frame(rows, f"{priced.what} in {settings.region}")


def _frame(rows: list[tuple[str, str]], column: str) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["while", column]).set_index("while")
    frame.index.name = None  # its header would take a line of its own
    return frame


def sentence(settings: Settings) -> str:
    """What it will cost, in one line for the log."""
    if settings.host:
        return "HOST is given: nothing is built, and nothing is charged for it"
    priced, limit = price(settings), settings.max_hours
    start = "the stand-in costs nothing; on AWS " if settings.is_local else ""
    start += f"{priced.what} in {settings.region}: "
    if priced.hour is None:
        return start + priced.source
    hour, day, month = _text(priced.hour), _times(priced.hour, DAY), _times(priced.hour, MONTH)
    if settings.is_serverless:
        rates = f"{hour} an hour of queries, {day} a day of them, nothing but storage without"
        end = f"its limit lets through {_times(priced.hour, limit)} a day" if limit else "nothing limits it"
    else:
        rates = f"{hour} an hour, {day} a day, {month} a forgotten month"
        end = f"pauses by itself after {_hours(limit)}" if limit else "nothing pauses it"
    return f"{start}{rates} ({priced.source}); {end}"


# --- Since it was built ----------------------------------------------------------------------------------


@aws.clear_errors()
def so_far(settings: Settings) -> list[str]:
    """What this stack has cost and goes on costing, in lines for people; none if there is nothing of ours."""
    if settings.is_local:
        return ["the stand-in costs nothing"]
    cluster = _cluster_so_far(replace(settings, target="redshift"))  # before it is Serverless, it may have been one
    return [*_workgroup_so_far(settings), *cluster] if settings.is_serverless else cluster


def _hours(number: float) -> str:
    """A time in words: minutes, hours or days."""
    number, unit = (number * 60, "minute") if number < 1 else (number, "hour") if number < 48 else (number / 24, "day")
    return f"{number:.0f} {unit}{'' if round(number) == 1 else 's'}"


def _age(made: datetime) -> float:
    return max((datetime.now(UTC) - made).total_seconds(), 0) / 3600


def _storage(priced: Price) -> str:
    return "storage" if priced.storage is None else f"storage, {_text(priced.storage)} for a GB and month"


def _cluster_so_far(settings: Settings) -> list[str]:
    redshift = aws.client(settings, "redshift")
    found = aws.unless("ClusterNotFound", redshift.describe_clusters, ClusterIdentifier=settings.identifier)
    lines = []
    for cluster in aws.ours(found["Clusters"] if found else []):
        # As it is, whatever dwh.cfg says now.
        priced = price(replace(settings, host="", node_type=cluster["NodeType"], num_nodes=cluster["NumberOfNodes"]))
        name = f"cluster {settings.identifier} ({priced.what})"
        if priced.hour is None:
            lines.append(f"{name}: {priced.source}")
            continue
        if made := cluster.get("ClusterCreateTime"):  # AWS leaves it out at first
            age = _age(made)
            # AWS forgets its events after 14 days, so nobody can tell for sure how long it was paused.
            most = f"at most {_times(priced.hour, age)} since it was made {_hours(age)} ago"
            lines.append(f"{name}: {most}, and less if it was paused in between ({priced.source})")
        goes_on = f"{_text(priced.hour)} an hour, {_times(priced.hour, DAY)} a day, and {_storage(priced)}"
        if cluster["ClusterStatus"] == "paused":
            goes_on = f"only {_storage(priced)}, while it is paused"
        lines.append(f"{name}: goes on costing {goes_on}")
    return lines


def _workgroup_so_far(settings: Settings) -> list[str]:
    serverless = aws.client(settings, "redshift-serverless")
    found = aws.unless("ResourceNotFoundException", serverless.get_workgroup, workgroupName=settings.identifier)
    if not found:
        return []
    workgroup = found["workgroup"]
    arn, capacity = workgroup["workgroupArn"], workgroup.get("baseCapacity", settings.base_capacity)
    tags = serverless.list_tags_for_resource(resourceArn=arn)["tags"]
    if not aws.ours([{"Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in tags]}]):
        return []
    name = f"workgroup {settings.identifier} ({capacity} RPU)"
    one = price(replace(settings, host="", base_capacity=1))
    if one.hour is None:
        return [f"{name}: {one.source}"]
    limits = serverless.list_usage_limits(resourceArn=arn, usageType="serverless-compute")
    # Without any limit the list is absent, too: the model gives it one at least.
    guards = [
        limit
        for limit in limits.get("usageLimits", [])
        if (limit["period"], limit["breachAction"]) == ("daily", "deactivate")
    ]
    cap = min((limit["amount"] for limit in guards), default=None)
    most = f"at most {_times(one.hour, cap)} a day by its limit" if cap is not None else "nothing limits it"
    return [
        f"{name}: {_used(settings, workgroup['creationDate'], one)}",
        f"{name}: goes on costing {_times(one.hour, capacity)} an hour of queries ({most}), and {_storage(one)}",
    ]


def _used(settings: Settings, made: datetime, one: Price) -> str:
    """What the workgroup has used by CloudWatch, whose ComputeSeconds are RPU-seconds; AWS keeps 15 months of them.

    https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-audit-logging.html
    """
    try:
        answer = aws.client(settings, "cloudwatch").get_metric_statistics(
            Namespace="AWS/Redshift-Serverless",
            MetricName="ComputeSeconds",
            Dimensions=[{"Name": "Workgroup", "Value": settings.identifier}],
            StartTime=made - timedelta(hours=1),  # the metric counts by half hours
            EndTime=datetime.now(UTC) + timedelta(hours=1),  # this machine's clock may be behind
            Period=DAY * 3600,
            Statistics=["Sum"],
        )
    except aws.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        return (
            f"its usage may not be read ({code}): allow cloudwatch:GetMetricStatistics, or see Billing in AWS's console"
        )
    except aws.exceptions.BotoCoreError as error:
        return f"its usage was not read ({type(error).__name__}): try again, or see Billing in AWS's console"
    hours = sum((Decimal(point["Sum"]) for point in answer["Datapoints"]), Decimal(0)) / 3600
    age = _hours(_age(made))
    # Each time that a query wakes it AWS charges a minute at least, which the metric does not count.
    return f"about {_times(one.hour, hours)} for {hours:.1f} RPU-hours since it was made {age} ago ({one.source})"
