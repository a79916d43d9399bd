"""What AWS charges for a warehouse, in US dollars: from its price list, else from the dated table in prices.csv."""

import csv
import functools
import json
import logging
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from importlib import resources

from redjam import aws
from redjam.config import Settings

PAGE = "https://aws.amazon.com/redshift/pricing/"
PRICE_LIST = "us-east-1"  # it answers there, in eu-central-1 and in ap-south-1, for all regions
PATIENCE_SECONDS = 5  # a price is not worth a longer wait
ELSEWHERE = ("us-west-2", "us-east-1")  # whose prices the table gives for a region that it lacks
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Price:
    """What AWS charges for a warehouse; a price that nobody knows is None, and its source says where to look."""

    what: str  # such as "2 x ra3.large" or "4 RPU"
    hour: Decimal | None  # of Serverless: while queries run, by the second, a minute at least
    source: str
    storage: Decimal | None  # for a GB and month
    storage_source: str


def price(settings: Settings) -> Price:
    """The price of what the settings would build; with HOST nothing is built.

    AWS's price list is asked once a process and for a few seconds at most, else the table in prices.csv is taken.
    """
    if settings.host:
        unknown = (None, "HOST is given, so nothing is built")
        return Price("nothing", *unknown, *unknown)
    item, count = (
        ("rpu", settings.base_capacity) if settings.is_serverless else (settings.node_type, settings.num_nodes)
    )
    what = f"{count} RPU" if settings.is_serverless else f"{count} x {item}"
    one, source = _rate(settings, item, item)
    return Price(what, one and one * count, source, *_rate(settings, item, "storage"))


def _rate(settings: Settings, item: str, wanted: str) -> tuple[Decimal | None, str]:
    """Dollars and their source: of the item (a node type or "rpu"), or of the storage that goes with it."""
    day, listed = (None, {}) if settings.is_local else _listed(settings, item)
    if wanted in listed:
        return listed[wanted], f"AWS price list, {day}"
    for region in (settings.region, *ELSEWHERE):
        if row := _table().get((region, wanted)):
            there = "" if region == settings.region else f", as in {region}"
            return Decimal(row["dollars"]), f"table of Red Jam, {row['date'][:7]}{there}"
    return None, f"no price is known: see {PAGE}"


@functools.cache
def _table() -> dict[tuple[str, str], dict]:
    text = resources.files("redjam.cost").joinpath("prices.csv").read_text(encoding="utf-8")
    return {(row["region"], row["item"]): row for row in csv.DictReader(text.splitlines())}


# --- AWS's price list ------------------------------------------------------------------------------------


@functools.cache
def _listed(settings: Settings, item: str) -> tuple[str, dict[str, Decimal]]:
    """What AWS's price list says, and the day; nothing where it may not be asked or does not answer in time."""
    answers = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(_ask(settings, item))
        except Exception as error:  # whatever it is (keys, network, form): there is the table
            log.debug("AWS's price list: %r", error)
            answers.put({})

    # A thread, because looking for keys and for a network may take long, too.
    threading.Thread(target=ask, daemon=True).start()
    try:
        listed = answers.get(timeout=PATIENCE_SECONDS)
    except queue.Empty:
        log.debug("AWS's price list: no answer in %s s", PATIENCE_SECONDS)
        listed = {}
    return f"{datetime.now():%Y-%m-%d}", listed


def _ask(settings: Settings, item: str) -> dict[str, Decimal]:
    """Ask for the prices of the item and of its storage.

    https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
    """
    pricing = aws.client(replace(settings, region=PRICE_LIST), "pricing")
    # One attempt: where the list is refused or absent it stays so.
    pricing.meta.events.unregister("needs-retry.pricing", unique_id="retry-config-pricing")
    if item == "rpu":
        kinds = [(item, "Serverless", "Redshift:ServerlessUsage", "RPU-Hr")]
    else:
        kinds = [(item, "Compute Instance", f"Node:{item}", "Hrs")]
    kinds.append(("storage", "Redshift Managed Storage", f"RMS:{'Serverless' if item == 'rpu' else item}", "GB-Mo"))
    found = {}
    for wanted, family, usage, unit in kinds:
        fields = {"regionCode": settings.region, "productFamily": family}
        filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in fields.items()]
        pages = pricing.get_paginator("get_products").paginate(ServiceCode="AmazonRedshift", Filters=filters)
        prices = {one for page in pages for text in page["PriceList"] for one in _prices(json.loads(text), usage, unit)}
        if len(prices) == 1:  # several would be of a form that this does not know
            found[wanted] = prices.pop()
    return found


def _prices(document: dict, usage: str, unit: str) -> Iterator[Decimal]:
    """The on-demand prices of a product of this usage type, before which most regions have a prefix (USW2-)."""
    name = document.get("product", {}).get("attributes", {}).get("usagetype", "")
    if name != usage and not name.endswith(f"-{usage}"):
        return
    for term in document["terms"]["OnDemand"].values():
        for dimension in term["priceDimensions"].values():
            if dimension["unit"] == unit and (dollars := Decimal(dimension["pricePerUnit"]["USD"])) > 0:
                yield dollars
