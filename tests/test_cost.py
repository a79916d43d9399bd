"""Prices and costs: AWS's price list and Serverless by their service models, clusters and metrics by moto over HTTP."""

import csv
import json
import logging
import re
import threading
import urllib.request
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import boto3
import pytest
from aws_fixtures import set_keys
from botocore import exceptions
from botocore.stub import Stubber
from moto.redshift.models import redshift_backends
from moto.server import ThreadedMotoServer

from redjam import aws, config, cost
from redjam.aws import AWSError
from redjam.cost import prices

TODAY = f"{datetime.now():%Y-%m-%d}"
TABLE = "table of Red Jam, 2026-09"
ARN = "arn:aws:redshift-serverless:us-west-2:123456789012:workgroup/7d2fe1e5"
ROWS = list(csv.DictReader(Path(prices.__file__).with_name("prices.csv").read_text().splitlines()))


@pytest.fixture(scope="module")
def moto():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(autouse=True)
def account(moto, monkeypatch, tmp_path):
    """An empty AWS account of moto's, nothing of this machine's own AWS settings, and no price asked for yet."""
    urllib.request.urlopen(urllib.request.Request(f"{moto}/moto-api/reset", method="POST")).close()
    set_keys(monkeypatch, tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    prices._listed.cache_clear()


@pytest.fixture
def load(tmp_path):
    """Settings of a dwh.cfg with these keys."""

    def write(target="redshift", max_hours=4, **cluster):
        keys = "".join(f"{key}={value}\n" for key, value in {"TARGET": target, **cluster}.items())
        (tmp_path / "dwh.cfg").write_text(f"[CLUSTER]\n{keys}[COST]\nMAX_HOURS={max_hours}\n")
        return config.load(tmp_path / "dwh.cfg")

    return write


class Stub:
    """What the library's clients get instead of an answer of AWS; botocore checks both against the service's model."""

    def __init__(self):
        self.answers = {}  # service -> (operation, answer or code of an error, expected parameters or None)
        self.clients = []  # (service, region)

    def says(self, service, operation, answer, expected=None):
        self.answers.setdefault(service, []).append((operation, answer, expected))

    def client(self, make, settings, service):
        made = make(settings, service)
        self.clients.append((service, made.meta.region_name))
        if service in self.answers:
            stubber = Stubber(made)
            for operation, answer, expected in self.answers[service]:
                if isinstance(answer, str):
                    stubber.add_client_error(operation, answer, "it says no", 400)
                else:
                    stubber.add_response(operation, answer, expected)
            stubber.activate()
        return made


@pytest.fixture
def stub(monkeypatch):
    stub, make = Stub(), aws.client
    monkeypatch.setattr(aws, "client", lambda settings, service: stub.client(make, settings, service))
    return stub


@pytest.fixture
def refused(stub):
    """The stub, with a price list that may not be asked."""
    stub.says("pricing", "get_products", "AccessDeniedException")
    return stub


def product(usage, family, unit, dollars, reserved=None, **attributes):
    """A product of the price list in the form in which GetProducts gives it: as text."""
    sku = f"{abs(hash(usage)):016X}"[:16]

    def term(code, amount):
        dimension = {
            "unit": unit,
            "endRange": "Inf",
            "description": f"${amount} per {unit} for {usage}",
            "appliesTo": [],
            "rateCode": f"{sku}.{code}.6YS6EN2CT7",
            "beginRange": "0",
            "pricePerUnit": {"USD": amount},
        }
        about = {"sku": sku, "effectiveDate": "2026-09-01T00:00:00Z", "offerTermCode": code, "termAttributes": {}}
        return {f"{sku}.{code}": {"priceDimensions": {dimension["rateCode"]: dimension}} | about}

    terms = {"OnDemand": term("JRTCKXETXF", dollars)} if dollars else {}
    terms |= {"Reserved": term("38NPMPTW36", reserved)} if reserved else {}
    about = {"usagetype": usage, "servicecode": "AmazonRedshift", "locationType": "AWS Region"} | attributes
    document = {
        "product": {"productFamily": family, "attributes": about, "sku": sku},
        "serviceCode": "AmazonRedshift",
        "terms": terms,
        "version": "20260911124505",
        "publicationDate": "2026-09-11T12:45:05Z",
    }
    return json.dumps(document)


def asked(region, family, **more):
    fields = {"regionCode": region, "productFamily": family}
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in fields.items()]
    return {"ServiceCode": "AmazonRedshift", "Filters": filters} | more


def node(prefix="USW2-", kind="ra3.large", dollars="0.5430000000", unit="Hrs"):
    return product(f"{prefix}Node:{kind}", "Compute Instance", unit, dollars, "0.3", instanceType=kind)


def storage(prefix="USW2-", kind="ra3.large", dollars="0.0240000000"):
    return product(f"{prefix}RMS:{kind}", "Redshift Managed Storage", "GB-Mo", dollars)


# --- From AWS's price list -------------------------------------------------------------------------------


def test_a_cluster_is_priced_by_the_price_list(stub, load):
    other, free = node("EUC1-", "ra3.xlplus", "1.2980000000"), node("EUC1-", "ra3.large", "0.0000000000")
    first, second = asked("eu-central-1", "Compute Instance"), asked("eu-central-1", "Redshift Managed Storage")
    one = node("EUC1-", dollars="0.6490000000")
    stub.says("pricing", "get_products", {"PriceList": [other, free], "NextToken": "more"}, first)
    stub.says("pricing", "get_products", {"PriceList": [one]}, first | {"NextToken": "more"})
    stub.says("pricing", "get_products", {"PriceList": [storage("EUC1-", dollars="0.0256000000")]}, second)
    priced = cost.price(load(REGION="eu-central-1", CLUSTER_TYPE="multi-node", NUM_NODES=2))
    source = f"AWS price list, {TODAY}"
    assert priced == prices.Price("2 x ra3.large", Decimal("1.298"), source, Decimal("0.0256"), source)
    assert stub.clients == [("pricing", "us-east-1")]  # whatever the cluster's region


def test_serverless_is_priced_by_the_price_list_and_not_by_its_reservations(stub, load):
    usage = "USW2-Redshift:ServerlessUsage"
    upfront = product(f"{usage}-CR-1YR-AU", "Serverless", "RPU-Hr", "2430.0000000000")
    reserved = product(f"{usage}-CR-1YR-NU", "Serverless", "RPU-Hr", None, "0.2880000000")
    listed = [upfront, reserved, product(usage, "Serverless", "RPU-Hr", "0.3600000000")]
    stub.says("pricing", "get_products", {"PriceList": listed}, asked("us-west-2", "Serverless"))
    stub.says(
        "pricing", "get_products", {"PriceList": [storage(kind="ra3.large", dollars="9"), storage(kind="Serverless")]}
    )
    priced = cost.price(load("serverless", BASE_CAPACITY=8))
    assert (priced.what, priced.hour, priced.storage) == ("8 RPU", Decimal("2.88"), Decimal("0.024"))
    assert priced.source == f"AWS price list, {TODAY}"


def test_us_east_1_has_no_prefix(stub, load):
    stub.says("pricing", "get_products", {"PriceList": [node("", "rg.large", "0.3801")]})
    stub.says("pricing", "get_products", {"PriceList": [storage("", "rg.large")]})
    priced = cost.price(load(REGION="us-east-1", NODE_TYPE="rg.large"))
    assert (priced.hour, priced.source) == (Decimal("0.3801"), f"AWS price list, {TODAY}")


def test_what_the_price_list_lacks_is_taken_from_the_table(stub, load):
    stub.says("pricing", "get_products", {"PriceList": [node("EU-", dollars="0.6")]})
    stub.says("pricing", "get_products", {"PriceList": []})
    priced = cost.price(load(REGION="eu-west-1"))
    assert (priced.hour, priced.source) == (Decimal("0.6"), f"AWS price list, {TODAY}")
    assert priced.storage == Decimal("0.024")
    assert priced.storage_source == "table of Red Jam, 2026-10, as in us-east-1"


def test_the_price_list_is_asked_once(refused, load):
    settings = load()
    cost.table(settings), cost.sentence(settings), cost.price(settings)
    assert refused.clients == [("pricing", "us-east-1")]


# --- From the table, where the list may not be asked -----------------------------------------------------


@pytest.fixture
def quiet(caplog):
    """Nothing is logged for people, and what is logged is there."""
    caplog.set_level(logging.DEBUG, logger="redjam")
    yield caplog
    ours = [record for record in caplog.get_records("call") if record.name.startswith("redjam")]
    assert [record.levelname for record in ours] == ["DEBUG"]


def is_of_the_table(settings):
    priced = cost.price(settings)
    return (priced.hour, priced.source) == (Decimal("0.543"), TABLE)


def test_a_refused_price_list(refused, load, quiet):
    assert is_of_the_table(load())
    assert "AccessDeniedException" in quiet.text


def test_no_keys(monkeypatch, load, quiet):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert is_of_the_table(load())
    assert "NoCredentialsError" in quiet.text


def test_no_network_and_no_second_attempt(monkeypatch, load, quiet):
    calls, make = [], aws.client

    def client(settings, service, connections=10):
        made = make(settings, service)
        made.meta.events.register("before-send", lambda **_: calls.append(service))
        return made

    monkeypatch.setattr(aws, "client", client)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert is_of_the_table(load())
    assert calls == ["pricing"]
    assert "EndpointConnectionError" in quiet.text


def test_a_server_without_prices(load, quiet):
    assert is_of_the_table(load())  # moto has none
    assert "GetProducts" in quiet.text


def without(key):
    document = json.loads(node())
    del document[key]
    return json.dumps(document)


def with_terms(terms):
    return json.dumps(json.loads(node()) | {"terms": terms})


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        "{}",
        without("product"),
        without("terms"),
        with_terms({}),
        with_terms({"OnDemand": {"a": {"priceDimensions": {"b": {"unit": "Hrs", "pricePerUnit": {"CNY": "3.475"}}}}}}),
        with_terms({"OnDemand": {"a": {"priceDimensions": {"b": {"unit": "Hrs", "pricePerUnit": {"USD": "dear"}}}}}}),
        node(unit="Quantity"),
        node("USW2-Multi"),  # of another usage type
    ],
)
def test_a_document_of_another_form(stub, load, text):
    stub.says("pricing", "get_products", {"PriceList": [text]})
    stub.says("pricing", "get_products", {"PriceList": []})
    assert is_of_the_table(load())


def test_two_prices_are_none(stub, load):
    stub.says("pricing", "get_products", {"PriceList": [node(), node(dollars="0.6")]})
    stub.says("pricing", "get_products", {"PriceList": []})
    assert is_of_the_table(load())


def test_an_answer_that_does_not_come(monkeypatch, load, quiet):
    end = threading.Event()
    monkeypatch.setattr(prices, "_ask", lambda *_: end.wait() and {})
    monkeypatch.setattr(prices, "PATIENCE_SECONDS", 0)
    assert is_of_the_table(load())
    end.set()
    assert "no answer" in quiet.text


@pytest.mark.parametrize(
    "settings", [{"target": "local"}, {"HOST": "example.com"}, {"target": "serverless", "HOST": "h"}]
)
def test_the_list_is_not_asked_where_nothing_is_built(stub, load, settings):
    settings = load(**settings)
    cost.price(settings), cost.table(settings), cost.sentence(settings)
    assert stub.clients == []


def test_a_region_that_the_table_lacks(refused, load):
    priced = cost.price(load(REGION="eu-west-3"))
    assert (priced.hour, priced.source) == (Decimal("0.543"), f"{TABLE}, as in us-west-2")
    priced = cost.price(load("serverless", REGION="eu-west-3"))
    assert (priced.hour, priced.source) == (Decimal("1.624"), TABLE)


def test_a_price_that_nobody_knows(refused, load):
    settings = load(NODE_TYPE="ra9.huge")
    assert cost.price(settings).hour is None
    assert cost.sentence(settings) == (
        "1 x ra9.huge in us-west-2: no price is known: see https://aws.amazon.com/redshift/pricing/"
    )
    table = cost.table(settings).squeeze()
    assert list(table[["an hour", "a day"]]) == ["unknown", "unknown"]
    assert table["prices from"] == "no price is known: see https://aws.amazon.com/redshift/pricing/"


def test_the_table_is_whole():
    assert list(ROWS[0]) == ["region", "item", "dollars", "date", "source"]
    assert not [key for key, count in Counter((row["region"], row["item"]) for row in ROWS).items() if count > 1]
    for row in ROWS:
        assert re.fullmatch(config.RULES["REGION"][0], row["region"])
        assert row["item"] in ("rpu", "storage") or re.fullmatch(config.RULES["NODE_TYPE"][0], row["item"])
        assert 0 < Decimal(row["dollars"]) < 25
        assert date(2026, 1, 1) <= date.fromisoformat(row["date"]) <= date.today()
        assert "AWS price list" in row["source"]


def test_the_table_has_the_defaults_and_what_stands_in_for_other_regions():
    keys = {(row["region"], row["item"]) for row in ROWS}
    default = config.KNOWN["CLUSTER"]
    assert {(default["REGION"], default["NODE_TYPE"]), (default["REGION"], "rpu"), ("us-east-1", "storage")} <= keys
    there = {item for region, item in keys if region in prices.ELSEWHERE}
    assert {item for _, item in keys} == there


def test_a_larger_node_is_dearer():
    dollars = {(row["region"], row["item"]): Decimal(row["dollars"]) for row in ROWS}
    for family in (["ra3.large", "ra3.xlplus", "ra3.4xlarge", "ra3.16xlarge"], ["rg.large", "rg.xlarge", "rg.4xlarge"]):
        for region in {region for region, item in dollars if item == family[0]}:
            of_region = [dollars[region, kind] for kind in family]
            assert of_region == sorted(set(of_region))


# --- What it will cost -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dollars", "text"),
    [
        (None, "unknown"),
        ("0", "$0.00"),
        ("0.024", "$0.024"),
        ("0.05", "$0.05"),
        ("0.3801", "$0.3801"),
        ("0.543", "$0.543"),
        ("13.032", "$13.03"),
        ("396.39", "$396.39"),
        ("9519.2", "$9,519.20"),
    ],
)
def test_dollars_for_people(dollars, text):
    assert cost._text(dollars and Decimal(dollars)) == text


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        (0, "0 minutes"),
        (1 / 60, "1 minute"),
        (0.5, "30 minutes"),
        (1, "1 hour"),
        (4, "4 hours"),
        (47.4, "47 hours"),
        (72, "3 days"),
    ],
)
def test_times_for_people(hours, text):
    assert cost._hours(hours) == text


def rows(settings):
    return dict(cost.table(settings).squeeze())


def test_the_table_of_a_cluster(refused, load):
    settings = load()
    assert list(cost.table(settings)) == ["1 x ra3.large in us-west-2"]
    assert rows(settings) == {
        "an hour": "$0.543",
        "a day": "$13.03",
        "a forgotten month (730 hours)": "$396.39",
        "until it pauses by itself (4 hours)": "$2.17",
        "storage, for a GB and month": "$0.024",
        "prices from": TABLE,
        "that of storage from": "table of Red Jam, 2026-10, as in us-east-1",
    }


def test_the_table_of_serverless(refused, load):
    settings = load("serverless", REGION="us-east-1", BASE_CAPACITY=8)
    assert list(cost.table(settings)) == ["8 RPU in us-east-1"]
    assert rows(settings) == {
        "an hour of queries": "$3.00",
        "a minute, the least that is charged": "$0.05",
        "a day of queries": "$72.00",
        "a month of queries (730 hours)": "$2,190.00",
        "without queries": "only storage",
        "the most a day, by its limit (32 RPU-hours)": "$12.00",
        "storage, for a GB and month": "$0.024",
        "prices from": TABLE,
        "that of storage from": "table of Red Jam, 2026-10",
    }


def test_a_table_without_a_guard(refused, load):
    assert not [row for row in rows(load(max_hours=0)) if "pauses" in row]
    assert not [row for row in rows(load("serverless", max_hours=0)) if "limit" in row]


def test_the_table_of_the_stand_in(load):
    table = rows(load("local"))
    assert table["the stand-in"] == "nothing"
    assert table["on AWS a day"] == "$13.03"


def test_the_table_where_nothing_is_built(load):
    assert cost.table(load(HOST="h")).to_string().split("\n")[1:] == ["HOST is given  nothing is built"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {},
            "1 x ra3.large in us-west-2: $0.543 an hour, $13.03 a day, $396.39 a forgotten month "
            f"({TABLE}); pauses by itself after 4 hours",
        ),
        (
            {"CLUSTER_TYPE": "multi-node", "NUM_NODES": 2, "REGION": "sa-east-1", "max_hours": 0},
            "2 x ra3.large in sa-east-1: $1.73 an hour, $41.57 a day, $1,264.36 a forgotten month "
            f"({TABLE}); nothing pauses it",
        ),
        (
            {"target": "serverless"},
            "4 RPU in us-west-2: $1.44 an hour of queries, $34.56 a day of them, nothing but storage without "
            f"({TABLE}); its limit lets through $5.76 a day",
        ),
        (
            {"target": "serverless", "max_hours": 0},
            "4 RPU in us-west-2: $1.44 an hour of queries, $34.56 a day of them, nothing but storage without "
            f"({TABLE}); nothing limits it",
        ),
        (
            {"target": "local"},
            "the stand-in costs nothing; on AWS 1 x ra3.large in us-west-2: $0.543 an hour, $13.03 a day, "
            f"$396.39 a forgotten month ({TABLE}); pauses by itself after 4 hours",
        ),
        ({"HOST": "h"}, "HOST is given: nothing is built, and nothing is charged for it"),
    ],
)
def test_the_sentence(refused, load, settings, sentence):
    assert cost.sentence(load(**settings)) == sentence


# --- What it has cost so far -----------------------------------------------------------------------------


def client(service):
    return boto3.Session(region_name="us-west-2").client(service)


def create_cluster(hours=12, tags=aws.TAGS, **parameters):
    """A cluster of moto's, of that age."""
    parameters = {"NodeType": "ra3.xlplus", "ClusterType": "multi-node", "NumberOfNodes": 2} | parameters
    client("redshift").create_cluster(
        ClusterIdentifier="redjam", MasterUsername="awsuser", MasterUserPassword="Never2print", Tags=tags, **parameters
    )
    cluster = redshift_backends["123456789012"]["us-west-2"].clusters["redjam"]
    cluster.create_time = datetime.now(UTC) - timedelta(hours=hours)
    return cluster


def test_a_cluster_so_far(refused, load):
    create_cluster()
    assert cost.so_far(load()) == [  # as it is, whatever dwh.cfg says: 2 x ra3.xlplus
        "cluster redjam (2 x ra3.xlplus): at most $26.06 since it was made 12 hours ago, "
        f"and less if it was paused in between ({TABLE})",
        "cluster redjam (2 x ra3.xlplus): goes on costing $2.17 an hour, $52.13 a day, "
        "and storage, $0.024 for a GB and month",
    ]


def test_a_paused_cluster_so_far(refused, load):
    create_cluster(hours=100).status = "paused"
    most, goes_on = cost.so_far(load())
    assert "at most $217.20 since it was made 4 days ago, and less if it was paused" in most
    assert goes_on == (
        "cluster redjam (2 x ra3.xlplus): goes on costing only storage, $0.024 for a GB and month, while it is paused"
    )


def test_a_cluster_that_is_just_being_made(refused, load):
    cluster = {"ClusterIdentifier": "redjam", "ClusterStatus": "creating", "NodeType": "ra3.large", "Tags": aws.TAGS}
    refused.says("redshift", "describe_clusters", {"Clusters": [cluster | {"NumberOfNodes": 1}]})
    assert cost.so_far(load()) == [
        "cluster redjam (1 x ra3.large): goes on costing $0.543 an hour, $13.03 a day, "
        "and storage, $0.024 for a GB and month"
    ]


def test_a_cluster_of_a_kind_without_a_price(refused, load):
    create_cluster(NodeType="ra9.huge")
    assert cost.so_far(load()) == [
        "cluster redjam (2 x ra9.huge): no price is known: see https://aws.amazon.com/redshift/pricing/"
    ]


def test_a_cluster_of_ours_costs_also_where_host_is_given(refused, load):
    create_cluster()
    assert len(cost.so_far(load(HOST="h"))) == 2


def test_nothing_and_somebody_elses_cluster_have_no_lines(stub, load):
    assert cost.so_far(load()) == []
    create_cluster(tags=[])
    assert cost.so_far(load()) == []
    assert ("pricing", "us-east-1") not in stub.clients


def test_a_refused_description_is_one_clear_line(stub, load):
    stub.says("redshift", "describe_clusters", "AccessDenied")
    with pytest.raises(AWSError, match=r"^AWS refused DescribeClusters: AccessDenied: it says no: ask the account's"):
        cost.so_far(load())


def test_the_stand_in_so_far(stub, load):
    assert cost.so_far(load("local")) == ["the stand-in costs nothing"]
    assert stub.clients == []


def workgroup(stub, tags=aws.TAGS, limits=(("daily", "deactivate", 16),)):
    """A workgroup of 4 RPU, 3 days old."""
    made = datetime.now(UTC) - timedelta(days=3)
    found = {"workgroupName": "redjam", "workgroupArn": ARN, "baseCapacity": 4, "creationDate": made}
    tags = [{key.lower(): value for key, value in tag.items()} for tag in tags]
    limits = [{"period": period, "breachAction": action, "amount": amount} for period, action, amount in limits]
    answers = (
        ("get_workgroup", {"workgroup": found}, {"workgroupName": "redjam"}),
        ("list_tags_for_resource", {"tags": tags}, {"resourceArn": ARN}),
        (
            "list_usage_limits",
            {"usageLimits": limits} if limits else {},
            {"resourceArn": ARN, "usageType": "serverless-compute"},
        ),
    )
    for answer in answers:
        stub.says("redshift-serverless", *answer)


def used(seconds, hours_ago, name="redjam"):
    """Tell moto's CloudWatch of RPU-seconds."""
    metric = {
        "MetricName": "ComputeSeconds",
        "Dimensions": [{"Name": "Workgroup", "Value": name}],
        "Timestamp": datetime.now(UTC) - timedelta(hours=hours_ago),
        "Value": seconds,
    }
    client("cloudwatch").put_metric_data(Namespace="AWS/Redshift-Serverless", MetricData=[metric])


def test_a_workgroup_so_far(refused, load):
    workgroup(refused)
    used(3600, hours_ago=1)
    used(3600, hours_ago=60)
    used(3600, hours_ago=24 * 5)  # of an earlier workgroup of this name
    used(7200, hours_ago=1, name="theirs")
    assert cost.so_far(load("serverless", BASE_CAPACITY=128)) == [
        f"workgroup redjam (4 RPU): about $0.72 for 2.0 RPU-hours since it was made 3 days ago ({TABLE})",
        "workgroup redjam (4 RPU): goes on costing $1.44 an hour of queries (at most $5.76 a day by its limit), "
        "and storage, $0.024 for a GB and month",
    ]


def test_a_workgroup_that_was_not_used(refused, load):
    workgroup(refused)
    assert "about $0.00 for 0.0 RPU-hours since" in cost.so_far(load("serverless"))[0]


@pytest.mark.parametrize("limits", [(), (("weekly", "deactivate", 16),), (("daily", "log", 16),)])
def test_a_workgroup_without_a_limit(refused, load, limits):
    workgroup(refused, limits=limits)
    assert "$1.44 an hour of queries (nothing limits it)" in cost.so_far(load("serverless"))[1]


def test_usage_that_may_not_be_read(refused, load):
    workgroup(refused)
    refused.says("cloudwatch", "get_metric_statistics", "AccessDenied")
    lines = cost.so_far(load("serverless"))
    assert lines[0] == (
        "workgroup redjam (4 RPU): its usage may not be read (AccessDenied): "
        "allow cloudwatch:GetMetricStatistics, or see Billing in AWS's console"
    )
    assert "$1.44 an hour" in lines[1]


def test_usage_that_is_out_of_reach(refused, load, monkeypatch):
    workgroup(refused)
    make = aws.client

    def unreached(settings, service):
        made = make(settings, service)
        if service == "cloudwatch":
            error = exceptions.EndpointConnectionError(endpoint_url="https://monitoring.us-west-2.amazonaws.com")
            made.meta.events.register("before-call", lambda **_: (_ for _ in ()).throw(error))
        return made

    monkeypatch.setattr(aws, "client", unreached)
    assert cost.so_far(load("serverless"))[0] == (
        "workgroup redjam (4 RPU): its usage was not read (EndpointConnectionError): "
        "try again, or see Billing in AWS's console"
    )


def test_nothing_and_somebody_elses_workgroup_have_no_lines(stub, load):
    stub.says("redshift-serverless", "get_workgroup", "ResourceNotFoundException")
    assert cost.so_far(load("serverless")) == []
    stub.answers.clear()
    workgroup(stub, tags=[{"Key": "project", "Value": "theirs"}])
    assert cost.so_far(load("serverless")) == []
    assert "cloudwatch" not in {service for service, _ in stub.clients}
