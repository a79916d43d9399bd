"""dwh.cfg: the seed's file is read unchanged, and every wrong one gives one clear line."""

import configparser
import copy
import dataclasses
import os
import pickle
import re
from pathlib import Path

import botocore.session
import hypothesis
import pytest
from hypothesis import strategies as st

from redjam import config

ROOT = Path(__file__).parents[1]
SEED = """\
[CLUSTER]
HOST=
IDENTIFIER=redshift-cluster
DBNAME=dev
USER=awsuser
PASSWORD=Passw0rd
PORT=5439
CLUSTER_TYPE=multi-node
NUM_NODES=4
NODE_TYPE=dc2.large
IAM_ROLE_NAME=dwhRole

[IAM_ROLE]
ARN=''

[S3]
LOG_DATA='s3://udacity-dend/log-data'
LOG_JSON_PATH='s3://udacity-dend/log_json_path.json'
SONG_DATA='s3://udacity-dend/song-data'
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty working folder, an environment without our names, and a package not installed from a clone."""
    for name in ("REDJAM_CONFIG", "DW_AWS_ACCESS_KEY_ID", "DW_AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    here = tmp_path / "work"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(config, "CHECKOUT", tmp_path / "site-packages")
    return here


def read(text: str | bytes) -> config.Settings:
    Path("dwh.cfg").write_bytes(text if isinstance(text, bytes) else text.encode())
    return config.load()


def message(text: str | bytes) -> str:
    """The one line that this dwh.cfg gives."""
    with pytest.raises(config.SettingError) as caught:
        read(text)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith("dwh.cfg: ")
    return line


def cluster(entry: str) -> str:
    return f"[CLUSTER]\n{entry}\n"


# --- what is read ---


def test_the_seeds_file_is_read_unchanged(folder):
    settings = read(SEED)
    assert settings == config.Settings(
        target="redshift",
        region="us-west-2",
        host="",
        identifier="redshift-cluster",
        dbname="dev",
        user="awsuser",
        password="Passw0rd",
        analyst_password="",
        port=5439,
        cluster_type="multi-node",
        num_nodes=4,
        node_type="dc2.large",
        base_capacity=4,
        ingress_cidr="",
        login="admin",
        iam_role_name="dwhRole",
        iam_role_arn="",
        log_data="s3://udacity-dend/log-data",
        log_json_path="s3://udacity-dend/log_json_path.json",
        song_data="s3://udacity-dend/song-data",
        work="",
        max_rejected=0,
        max_hours=4,
        local_dir=folder / ".redjam",
        root=folder,
        file=folder / "dwh.cfg",
        access_key="",
        secret_key="",
    )


@pytest.mark.parametrize("nodes", ["1", ""])
def test_the_seeds_file_for_a_single_node(nodes):
    text = SEED.replace("multi-node", "single-node").replace("NUM_NODES=4", f"NUM_NODES={nodes}")
    settings = read(text)
    assert (settings.cluster_type, settings.num_nodes) == ("single-node", 1)


def test_the_seeds_file_means_the_same_to_configparser(folder):
    settings = read(SEED)
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(SEED)
    named = {"ARN": "iam_role_arn"}
    for section in parser.values():
        for key, value in section.items():
            attribute = named.get(key.upper(), key)
            assert str(getattr(settings, attribute)) == value.strip("'"), key


def test_no_file_means_local_with_the_sample(folder):
    settings = config.load()
    assert (settings.target, settings.file, settings.root) == ("local", None, folder)
    assert settings.local_dir == folder / ".redjam"
    assert settings.log_data == str(folder / ".redjam/sample/log-data")
    assert settings.log_json_path == str(folder / ".redjam/sample/log_json_path.json")
    assert settings.song_data == str(folder / ".redjam/sample/song-data")
    assert settings.is_local
    assert settings.uses_sample
    assert not any(folder.iterdir()), "reading settings makes nothing"


@pytest.mark.parametrize("text", ["", "[CLUSTER]\n", "[CLUSTER]\nTARGET =\nPORT=\n[S3]\nLOG_DATA=''\n"])
def test_a_file_without_target_means_redshift_and_empty_means_the_default(text):
    settings = read(text)
    assert settings.target == "redshift"
    assert not settings.is_local
    assert not settings.uses_sample
    assert (settings.identifier, settings.dbname, settings.port) == ("redjam", "dwh", 5439)
    assert (settings.cluster_type, settings.num_nodes, settings.node_type) == ("single-node", 1, "ra3.large")
    assert settings.log_data == "s3://udacity-dend/log-data"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("Passw0rd#1", "Passw0rd#1"),
        ("Passw0rd;1", "Passw0rd;1"),
        ("#Passw0rd", "#Passw0rd"),
        ("Pass%w0rd%(x)s", "Pass%w0rd%(x)s"),
        ("Pass=w0rd:1", "Pass=w0rd:1"),
        ("Passw0rd # the old one", "Passw0rd"),
        ("Passw0rd\t; the old one", "Passw0rd"),
        ("'Passw0rd#1' # it's the old one", "Passw0rd#1"),
        ('  "Passw0rd"  ', "Passw0rd"),
        ("# none yet", ""),
        (" # none yet", ""),
        ("''  # none yet", ""),
    ],
)
def test_comments_and_quotes(written, value):
    space = "" if written == "#Passw0rd" else " "
    assert read(f"# a comment\n[CLUSTER] ; another\nPASSWORD ={space}{written}\n; a third\n").password == value


def test_a_quoted_folder_keeps_its_comment_signs(folder):
    (folder / "logs # 1 ; new").mkdir()
    settings = read("[CLUSTER]\nTARGET=local\n[S3]\nLOG_DATA = 'logs # 1 ; new'  # mine\n")
    assert settings.log_data == str(folder / "logs # 1 ; new")


def test_keys_in_any_case_colons_indented_lines():
    settings = read("[CLUSTER]\nhost =\n  Num_Nodes = 3\n\tcluster_type: multi-node\n")
    assert (settings.host, settings.num_nodes, settings.cluster_type) == ("", 3, "multi-node")


@pytest.mark.parametrize(
    "text",
    [b"\xef\xbb\xbf" + SEED.encode(), SEED.replace("\n", "\r\n").encode(), SEED.replace("\n", "\r").encode()],
    ids=["BOM", "CRLF", "CR"],
)
def test_files_from_other_editors(text):
    assert read(text) == read(SEED)


@pytest.mark.parametrize(
    "entry",
    [
        "REGION=eu-central-1",
        "REGION=us-gov-west-1",
        "REGION=eusc-de-east-1",
        "HOST=redjam.abc123.us-west-2.redshift.amazonaws.com",
        "HOST=127.0.0.1",
        f"IDENTIFIER=r{'1' * 62}",
        f"DBNAME={'d' * 64}",
        "DBNAME=song_plays2",
        "USER=public2",
        "PASSWORD=Aa1!#$%&()*+,-.:;<=>?[]^_`{|}~",
        f"PASSWORD={'Aa1x' * 16}",
        "CLUSTER_TYPE=multi-node\nNUM_NODES=100",
        "NODE_TYPE=rg.4xlarge",
        "IAM_ROLE_NAME=a+=,.@-_Z9",
    ],
)
def test_right_values_are_taken_as_they_are(entry):
    settings = read(cluster(entry))
    for line in entry.splitlines():
        key, _, value = line.partition("=")
        assert str(getattr(settings, key.lower())) == value


@pytest.mark.parametrize("arn", ["arn:aws:iam::123456789012:role/dwhRole", "arn:aws-us-gov:iam::123456789012:role/a/b"])
def test_a_given_role_and_host_are_used_as_they_are(arn):
    assert read(f"[IAM_ROLE]\nARN='{arn}'\n").iam_role_arn == arn


@pytest.mark.parametrize(
    ("key", "taken"), [("PORT", {*range(5431, 5456), *range(8191, 8216)}), ("MAX_REJECTED", {*range(100_000)})]
)
def test_exactly_these_numbers_are_taken(key, taken):
    pattern, _ = config.RULES[key]
    assert {number for number in range(-1, 110_000) if re.fullmatch(pattern, str(number))} == taken


@pytest.mark.parametrize("hours", ["-1", "1.5", "721", "never"])
def test_a_wrong_number_of_hours(hours):
    line = message(f"[COST]\nMAX_HOURS={hours}\n")
    assert line == (
        f"dwh.cfg: [COST] MAX_HOURS is {hours!r} (line 2): a whole number of hours from 1 to 720, or 0 for no guard"
    )


def test_serverless_wants_a_longer_name():
    line = message("[CLUSTER]\nTARGET=serverless\nIDENTIFIER=rj\n")
    assert line == "dwh.cfg: [CLUSTER] IDENTIFIER is 'rj' (line 3): at least 3 characters with TARGET = serverless"
    assert read("[CLUSTER]\nTARGET=redshift\nIDENTIFIER=rj\n").identifier == "rj"


@pytest.mark.parametrize("capacity", [4, 8, 24, 512, 544, 1024])
def test_the_capacities_of_serverless(capacity):
    settings = read(f"[CLUSTER]\nTARGET=serverless\nBASE_CAPACITY={capacity}\n")
    assert (settings.base_capacity, settings.is_serverless, settings.is_local) == (capacity, True, False)


def test_who_may_reach_the_port():
    assert read(cluster("INGRESS_CIDR=203.0.113.0/24")).ingress_cidr == "203.0.113.0/24"
    assert read(cluster("INGRESS_CIDR=0.0.0.0/0\nALLOW_WORLD=yes")).ingress_cidr == "0.0.0.0/0"


@pytest.mark.parametrize("target", ["local", "redshift"])
@pytest.mark.parametrize("work", ["s3://my-bucket", "s3://my-bucket/", "s3://my-bucket/a/b c/"])
def test_a_load_has_its_limit_and_its_place(target, work):
    settings = read(f"[CLUSTER]\nTARGET={target}\n[S3]\nWORK='{work}'\n[ETL]\nMAX_REJECTED = 12\n")
    assert (settings.work, settings.max_rejected) == (work, 12)


def test_the_rules_are_still_those_of_botocores_model():
    create = botocore.session.get_session().get_service_model("redshift").operation_model("CreateCluster")
    said = {name: shape.documentation for name, shape in create.input_shape.members.items()}
    assert re.search(r"5431-5455</code> or <code>8191-8215", said["Port"])
    assert "no more than 100" in said["NumberOfNodes"]
    assert "Must be between 8 and 64 characters" in said["MasterUserPassword"]
    assert "1 to 63 alphanumeric characters or hyphens" in said["ClusterIdentifier"]
    role = botocore.session.get_session().get_service_model("iam").shape_for("roleNameType")
    assert role.metadata["pattern"].removesuffix("+") + "{1,64}" == config.RULES["IAM_ROLE_NAME"][0]


# --- folders and sources ---


def test_folders_are_seen_from_the_files_folder(folder, monkeypatch):
    (folder / "data/logs").mkdir(parents=True)
    (folder / "data/paths.json").write_text("{}")
    (folder / "elsewhere").mkdir()
    (folder / "my.cfg").write_text(
        "[CLUSTER]\nTARGET=local\n[S3]\nLOG_DATA='data/logs'\nLOG_JSON_PATH=./data/x/../paths.json\n[LOCAL]\nDIR=../state\n"
    )
    monkeypatch.chdir(folder / "elsewhere")
    settings = config.load("../my.cfg")
    assert settings.file == folder / "my.cfg"
    assert settings.log_data == str(folder / "data/logs")
    assert settings.log_json_path == str(folder / "data/paths.json")
    assert settings.local_dir == folder.parent / "state"
    assert settings.song_data == str(folder.parent / "state/sample/song-data")
    assert settings.uses_sample, "the songs are still the sample's"


def test_own_sources_need_no_sample(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    (folder / "logs").mkdir()
    settings = read(
        "[CLUSTER]\nTARGET=local\n[S3]\nSONG_DATA=s3://abc/d e\nLOG_DATA=~/logs\nLOG_JSON_PATH=auto ignorecase\n"
    )
    assert settings.log_data == str(folder / "logs")
    assert (settings.log_json_path, settings.song_data) == ("auto ignorecase", "s3://abc/d e")
    assert not settings.uses_sample


def test_the_sample_may_be_named_before_it_exists(folder):
    settings = read("[CLUSTER]\nTARGET=local\n[S3]\nSONG_DATA=.redjam/sample/song-data\n")
    assert settings.song_data == str(folder / ".redjam/sample/song-data")
    assert settings.uses_sample


# --- what is refused ---

WRONG = [
    ("TARGET=aws", "local, redshift or serverless"),
    ("REGION=Oregon", "us-west-2"),
    ("REGION=us-west-2a", "us-west-2"),
    ("HOST=redshift://redjam.example.com", "bare host name"),
    ("HOST=redjam.example.com:5439", "bare host name"),
    ("HOST=redjam.example.com/dev", "bare host name"),
    ("IDENTIFIER=Redjam", "a-z"),
    ("IDENTIFIER=1redjam", "a letter first"),
    ("IDENTIFIER=red--jam", "no --"),
    ("IDENTIFIER=redjam-", "no - at the end"),
    (f"IDENTIFIER={'r' * 64}", "1-63"),
    ("DBNAME=DWH", "a-z"),
    ("DBNAME=song plays", "a-z"),
    (f"DBNAME={'d' * 65}", "1-64"),
    ("USER=public", "not public"),
    ("USER=analyst", "not public or analyst"),
    ("USER=Awsuser", "a-z"),
    ("USER=aws:user", "_+.@-"),
    (f"USER={'u' * 129}", "1-128"),
    ("PORT=abc", "a number from 5431-5455 or 8191-8215"),
    ("PORT=5432.0", "a number from 5431-5455 or 8191-8215"),
    ("PORT=５４３９", "a number from 5431-5455 or 8191-8215"),
    ("PORT=5456", "a number from 5431-5455 or 8191-8215"),
    (f"PORT={'9' * 5000}", "a number from 5431-5455 or 8191-8215"),
    ("CLUSTER_TYPE=many", "single-node or multi-node"),
    ("NUM_NODES=two", "1 to 100"),
    ("NUM_NODES=0", "1 to 100"),
    ("NUM_NODES=-1", "1 to 100"),
    ("NUM_NODES=101", "1 to 100"),
    ("NUM_NODES=2", "1 with CLUSTER_TYPE = single-node"),
    ("NODE_TYPE=large", "ra3.large"),
    ("BASE_CAPACITY=5", "a multiple of 8"),
    ("BASE_CAPACITY=0", "a multiple of 8"),
    ("BASE_CAPACITY=520", "of 32 to 1024"),
    ("BASE_CAPACITY=1056", "of 32 to 1024"),
    ("INGRESS_CIDR=203.0.113.7", "a block of addresses"),
    ("INGRESS_CIDR=203.0.113.7/24", "host bits set"),
    ("INGRESS_CIDR=203.0.113.0/33", "a block of addresses"),
    ("INGRESS_CIDR=256.0.0.0/8", "a block of addresses"),
    ("INGRESS_CIDR=0.0.0.0/0", "ALLOW_WORLD = yes"),
    ("INGRESS_CIDR=128.0.0.0/1", "ALLOW_WORLD = yes"),
    ("ALLOW_WORLD=true", "yes or no"),
    ("LOGIN=root", "admin or iam"),
    ("IAM_ROLE_NAME=my role", "_+=,.@-"),
    ("IAM_ROLE_NAME=røle", "_+=,.@-"),
    (f"IAM_ROLE_NAME={'r' * 65}", "1-64"),
]


@pytest.mark.parametrize(("entry", "allowed"), WRONG, ids=[entry[:30] for entry, _ in WRONG])
def test_a_wrong_value_gives_file_line_key_value_and_what_is_allowed(entry, allowed):
    key, _, value = entry.partition("=")
    line = message(f"# top\n[CLUSTER]\n\n{entry}\n")
    start = f"dwh.cfg: [CLUSTER] {key} is {value!r} (line 4): "
    assert line.startswith(start)
    assert allowed in line[len(start) :]


def test_the_line_that_the_house_rules_print():
    text = "[CLUSTER]\n" + "\n" * 5 + "PORT = abc\n"
    assert message(text) == "dwh.cfg: [CLUSTER] PORT is 'abc' (line 7): a number from 5431-5455 or 8191-8215"


@pytest.mark.parametrize("number", ["-1", "1e3", "0.5", "all", "100000", "１"])
def test_a_wrong_limit(number):
    line = message(f"[ETL]\nMAX_REJECTED={number}\n")
    assert line == f"dwh.cfg: [ETL] MAX_REJECTED is {number!r} (line 2): a whole number from 0 to 99999"


@pytest.mark.parametrize("target", ["local", "redshift"])
@pytest.mark.parametrize("work", ["s3://", "S3://my-bucket/x", "my-bucket/x", "s3://My_Bucket", ".", "/tmp"])
def test_a_wrong_place(target, work):
    line = message(f"[CLUSTER]\nTARGET={target}\n[S3]\nWORK={work}\n")
    start = f"dwh.cfg: [S3] WORK is {work!r} (line 4): s3://bucket/prefix, or empty, "
    assert line.startswith(start)


@pytest.mark.parametrize("nodes", ["NUM_NODES=1", ""])
def test_a_multi_node_cluster_needs_two_nodes(nodes):
    where = "line 3" if nodes else "the default"
    line = message(cluster(f"CLUSTER_TYPE=multi-node\n{nodes}"))
    assert line.startswith(f"dwh.cfg: [CLUSTER] NUM_NODES is '1' ({where}): ")
    assert "2 to 100 with CLUSTER_TYPE = multi-node" in line


@pytest.mark.parametrize(
    "arn",
    [
        "dwhRole",
        "arn:aws:iam::12345:role/dwhRole",
        "arn:aws:iam::123456789012:user/me",
        "arn:aws:s3:::bucket",
    ],
)
def test_a_wrong_role(arn):
    line = message(f"[IAM_ROLE]\nARN='{arn}'\n")
    assert line.startswith(f"dwh.cfg: [IAM_ROLE] ARN is '{arn}' (line 2): ")
    assert "arn:aws:iam::123456789012:role/dwhRole" in line


@pytest.mark.parametrize("key", ["LOG_DATA", "LOG_JSON_PATH", "SONG_DATA"])
@pytest.mark.parametrize("value", ["s3://udacity-dend", "s3://udacity-dend/", "S3://udacity-dend/x", "https://x.org/y"])
@pytest.mark.parametrize("target", ["local", "redshift"])
def test_a_wrong_address(target, key, value):
    line = message(f"[CLUSTER]\nTARGET={target}\n[S3]\n{key}={value}\n")
    assert line.startswith(f"dwh.cfg: [S3] {key} is '{value}' (line 4): s3://bucket/")
    assert "that exists" in line


@pytest.mark.parametrize(
    ("entry", "kind"),
    [("LOG_DATA='no/such'", "folder"), ("SONG_DATA=file", "folder"), ("LOG_JSON_PATH=.", "file")],
)
def test_a_named_source_must_exist_on_local(folder, entry, kind):
    (folder / "file").touch()
    line = message(f"[CLUSTER]\nTARGET=local\n[S3]\n{entry}\n")
    key, _, value = entry.replace("'", "").partition("=")
    assert line.startswith(f"dwh.cfg: [S3] {key} is {value!r} (line 4): s3://bucket/")
    assert line.endswith(f", or a {kind} that exists")


@pytest.mark.parametrize("target", ["redshift", "serverless"])
def test_a_folder_on_aws_is_taken_since_it_is_uploaded(folder, target):
    (folder / "my logs").mkdir()
    (folder / "paths.json").touch()
    settings = read(f"[CLUSTER]\nTARGET={target}\n[S3]\nLOG_DATA='my logs'\nLOG_JSON_PATH=paths.json\n")
    assert settings.log_data == str(folder / "my logs")
    assert settings.log_json_path == str(folder / "paths.json")
    assert settings.song_data == "s3://udacity-dend/song-data"


def test_local_state_needs_a_folder(folder):
    (folder / "state").touch()
    assert message("[LOCAL]\nDIR=state\n").startswith("dwh.cfg: [LOCAL] DIR is 'state' (line 2): a folder")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "[CLUSTER]\nPROT=5439\n",
            ["[CLUSTER] PROT (line 2)", "do you mean [CLUSTER] PORT?", "TARGET, REGION, HOST"],
        ),
        (
            "[S3]\narn=x\n",
            ["[S3] arn (line 2)", "do you mean [IAM_ROLE] ARN?", "there are LOG_DATA, LOG_JSON_PATH"],
        ),
        ("[CLUSTER]\nZZZ=1\n", ["[CLUSTER] ZZZ (line 2) is no setting; there are TARGET"]),
        (
            "\n[CLUSTR]\nPORT=5439\n",
            ["[CLUSTR] (line 2)", "do you mean [CLUSTER]?", "CLUSTER, IAM_ROLE, S3, ETL, COST, LOCAL"],
        ),
        ("[s3]\n", ["[s3] (line 1)", "do you mean [S3]?"]),
        ("[AWS]\nSECRET=hush\n", ["[AWS] (line 1)", "there are CLUSTER, IAM_ROLE, S3, ETL, COST, LOCAL"]),
        ("[DEFAULT]\nPORT=5439\n", ["[DEFAULT] (line 1)"]),
        ("PORT=5439\n", ["PORT (line 1)", "before any [SECTION]"]),
        ("[CLUSTER]\nPORT=5439\nport=5440\n", ["[CLUSTER] PORT (line 3)", "line 2"]),
        ("[CLUSTER]\nHOST=\nHOST=\n", ["[CLUSTER] HOST (line 3)", "line 2"]),
        ("[S3]\n[CLUSTER]\n[S3]\n", ["[S3] (line 3)", "line 1"]),
        ("[CLUSTER]\nPORT 5439\n", ["line 2", "KEY = value"]),
        ("[CLUSTER\nPORT=5439\n", ["line 1", "[SECTION]"]),
        ("[CLUSTER]\n= 5439\n", ["line 2", "KEY = value"]),
        ("[CLUSTER]\nDBNAME='dwh\n", ["[CLUSTER] DBNAME", "line 2", "quotes"]),
        ("[CLUSTER]\nDBNAME='dwh' dev\n", ["[CLUSTER] DBNAME", "line 2", "quotes"]),
        ("[CLUSTER]\nDBNAME='dwh'#dev\n", ["[CLUSTER] DBNAME", "line 2", "quotes"]),
        ("[LOCAL]\nDIR=a\0b\n", ["[LOCAL] DIR", "line 2", "control characters"]),
        (b"[CLUSTER]\n# caf\xe9\n", ["line 2", "UTF-8"]),
        ("[CLUSTER]\n".encode("utf-16"), ["line 1", "UTF-8"]),
    ],
)
def test_a_file_that_cannot_be_read_so(text, parts):
    line = message(text)
    for part in parts:
        assert part in line
    assert "hush" not in line


LINES = st.sampled_from([b"[CLUSTER]", b"[S3]", b"PORT=5439", b"PASSWORD='", b"DIR=s3://a", b"[", b"]", b"="])


@hypothesis.given(st.lists(st.one_of(LINES, st.binary(max_size=8)), max_size=8), st.sampled_from([b"\n", b"\r\n", b""]))
@hypothesis.settings(max_examples=200, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_whatever_the_file_holds_it_is_read_or_gives_one_line(parts, between):
    Path("dwh.cfg").write_bytes(between.join(parts))
    line = "no error"
    try:
        config.load()
    except config.SettingError as error:
        line = str(error)
    assert len(line.splitlines()) == 1


def test_a_folder_in_the_files_place(folder):
    (folder / "dwh.cfg").mkdir()
    with pytest.raises(config.SettingError, match=r"^dwh\.cfg: cannot be read \(Is a directory\).*$"):
        config.load()


def test_a_link_that_leads_nowhere(folder):
    (folder / "dwh.cfg").symlink_to("gone.cfg")
    with pytest.raises(config.SettingError, match=r"^dwh\.cfg: cannot be read \(No such file or directory\).*$"):
        config.load()


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_the_user_may_not_read(folder):
    (folder / "dwh.cfg").touch(0)
    with pytest.raises(config.SettingError, match=r"^dwh\.cfg: cannot be read \(Permission denied\).*$"):
        config.load()


@pytest.mark.parametrize("node_type", ["dc2.large", "dc1.8xlarge", "ds2.xlarge"])
def test_node_types_that_aws_creates_no_more(node_type):
    settings = read(cluster(f"\nNODE_TYPE={node_type}"))
    with pytest.raises(config.SettingError) as caught:
        config.check_node_type(settings)
    line = str(caught.value)
    assert line.startswith(f"dwh.cfg: [CLUSTER] NODE_TYPE is '{node_type}' (line 3): ")
    assert line.endswith("since 2025; write NODE_TYPE = ra3.large")


@pytest.mark.parametrize("node_type", ["ra3.large", "rg.xlarge", "dc3.large"])
def test_other_node_types_pass(node_type):
    config.check_node_type(read(cluster(f"NODE_TYPE={node_type}")))


# --- secrets ---


@pytest.mark.parametrize(
    "password",
    [
        "Short1x",
        "Aa1" * 22,
        "alllower1",
        "ALLUPPER1",
        "NoDigits",
        "Pass w0rd",
        "Passw0rd@",
        "Passw0rd/",
        'Pass"w0rd',
        "Pass'w0rd",
        "Pass\\w0rd",
        "Pässw0rds",
        "'Passw0rd",
        "'Passw0rd' 1",
    ],
)
@pytest.mark.parametrize("key", ["PASSWORD", "ANALYST_PASSWORD"])
def test_a_wrong_password_is_not_printed(key, password):
    line = message(cluster(f"{key}={password}"))
    assert line.startswith(f"dwh.cfg: [CLUSTER] {key}: the value does not fit (line 2): ")
    assert password.strip("'") not in line
    assert "w0rd" not in line


@pytest.mark.parametrize(
    "text",
    [
        "[CLUSTER]\nPASSWORD Sesame0pen\n",
        "[CLUSTER]\nPASSWORD Sesame0=pen\n",
        "[CLUSTER]\nPASSWORT=Sesame0pen\n",
        "[CLUSTER]\nANALYST_PASSWORD Sesame0pen\n",
        "[CLUSTER]\nANALYST_PASSWORT=Sesame0pen\n",
        "PASSWORD=Sesame0pen\n",
        "[CLUSTER]\nPASSWORD=Sesame0pen\nPASSWORD=Sesame0pen\n",
        "[CLUSTER]\nHOST=redshift://awsuser:Sesame0pen@redjam.example.com:5439/dev\n",
        b"[CLUSTER]\nPASSWORD=Sesame0pen\xff\n",
    ],
)
def test_no_error_prints_a_password(text):
    assert "Sesame0" not in message(text)


def test_settings_print_no_secret(monkeypatch):
    monkeypatch.setenv("DW_AWS_ACCESS_KEY_ID", "AKIASESAME")
    monkeypatch.setenv("DW_AWS_SECRET_ACCESS_KEY", "sesame/secret")
    settings = read(cluster("PASSWORD=Sesame0pen\nANALYST_PASSWORD=Sesame0pen2"))
    assert (settings.password, settings.analyst_password, settings.access_key, settings.secret_key) == (
        "Sesame0pen",
        "Sesame0pen2",
        "AKIASESAME",
        "sesame/secret",
    )
    copies = [
        copy.deepcopy(settings),
        pickle.loads(pickle.dumps(settings)),
        dataclasses.replace(settings, port=5440),
    ]
    for one in [settings, *copies]:
        for shown in (
            repr(one),
            str(one),
            f"{one}",
            one._repr_markdown_(),
            repr(dataclasses.asdict(one)),
            repr(vars(one)),
        ):
            assert "sesame" not in shown.lower()
    assert "sesame" not in repr(
        dataclasses.replace(settings, password="sesame", access_key="sesame", secret_key="sesame")
    )


@pytest.mark.parametrize("missing", ["DW_AWS_ACCESS_KEY_ID", "DW_AWS_SECRET_ACCESS_KEY"])
@pytest.mark.parametrize("blank", [None, "", " "])
def test_aws_keys_come_in_a_pair(monkeypatch, missing, blank):
    monkeypatch.setenv("DW_AWS_ACCESS_KEY_ID", "sesame")
    monkeypatch.setenv("DW_AWS_SECRET_ACCESS_KEY", "sesame")
    if blank is None:
        monkeypatch.delenv(missing)
    else:
        monkeypatch.setenv(missing, blank)
    with pytest.raises(config.SettingError, match=f"^environment: {missing} is not set, but DW_AWS") as caught:
        config.load()
    assert "sesame" not in str(caught.value)


# --- where the file is looked for ---


def put(path: Path, identifier: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[CLUSTER]\nIDENTIFIER={identifier}\n")
    return path


def test_the_search_goes_up_to_the_projects_folder(folder, monkeypatch):
    put(folder.parent / "dwh.cfg", "outside")
    put(folder / "dwh.cfg.example")
    (folder / "notebooks").mkdir()
    monkeypatch.chdir(folder / "notebooks")
    assert (config.load().file, config.load().root) == (None, folder)
    put(folder / "dwh.cfg", "project")
    assert (config.load().identifier, config.load().root) == ("project", folder)
    put(folder / "notebooks/dwh.cfg", "nearest")
    assert (config.load().identifier, config.load().root) == ("nearest", folder)
    assert config.load().local_dir == folder / "notebooks/.redjam"


def test_outside_a_project_no_folder_above_is_asked(folder):
    put(folder.parent / "dwh.cfg", "outside")
    assert config.load().file is None


def test_the_checkout_comes_last(folder, monkeypatch):
    checkout = folder.parent / "clone"
    put(checkout / "dwh.cfg.example")
    monkeypatch.setattr(config, "CHECKOUT", checkout)
    assert (config.load().file, config.load().root) == (None, checkout)
    assert config.load().local_dir == checkout / ".redjam"
    put(checkout / "dwh.cfg", "clone")
    assert (config.load().identifier, config.load().root) == ("clone", checkout)
    put(folder / "dwh.cfg", "here")
    assert (config.load().identifier, config.load().root) == ("here", checkout)
    assert config.load().local_dir == folder / ".redjam"


def test_a_named_file_comes_before_all_and_its_project_is_the_root(folder, monkeypatch):
    put(folder / "dwh.cfg", "here")
    put(folder / "other/dwh.cfg.example")
    named = put(folder / "other/conf/aws.cfg", "environment")
    monkeypatch.setenv("REDJAM_CONFIG", str(named))
    assert (config.load().identifier, config.load().root) == ("environment", folder / "other")
    put(folder / "given.cfg", "argument")
    assert config.load(Path("given.cfg")).identifier == "argument"
    monkeypatch.setenv("REDJAM_CONFIG", "")
    assert config.load().identifier == "here"


def test_a_relative_name_may_start_in_the_projects_folder(folder, monkeypatch):
    put(folder / "dwh.cfg.example")
    put(folder / "aws.cfg", "project")
    (folder / "notebooks").mkdir()
    monkeypatch.chdir(folder / "notebooks")
    monkeypatch.setenv("REDJAM_CONFIG", "aws.cfg")
    assert config.load().identifier == "project"


def test_a_named_file_that_is_missing_is_an_error_with_every_place(folder, monkeypatch):
    put(folder / "dwh.cfg")
    put(folder / "dwh.cfg.example")
    (folder / "notebooks").mkdir()
    monkeypatch.chdir(folder / "notebooks")
    places = f"{folder}/notebooks/aws.cfg, then {folder}/aws.cfg"
    with pytest.raises(config.SettingError) as caught:
        config.load("aws.cfg")
    assert str(caught.value) == f"aws.cfg: no such file; looked for {places}"
    monkeypatch.setenv("REDJAM_CONFIG", "aws.cfg")
    with pytest.raises(config.SettingError) as caught:
        config.load()
    assert str(caught.value) == f"aws.cfg: no such file (REDJAM_CONFIG names it); looked for {places}"


def test_a_file_elsewhere_is_named_in_full(folder, monkeypatch):
    put(folder / "sub/bad.cfg", "BAD")
    with pytest.raises(config.SettingError, match=r"^sub/bad\.cfg: \[CLUSTER\] IDENTIFIER is 'BAD' \(line 2\): "):
        config.load(folder / "sub/bad.cfg")
    (folder / "notebooks").mkdir()
    monkeypatch.chdir(folder / "notebooks")
    with pytest.raises(config.SettingError, match=rf"^{re.escape(str(folder))}/sub/bad\.cfg: \[CLUSTER\] "):
        config.load("../sub/bad.cfg")


# --- dwh.cfg.example ---


def test_the_example_names_every_key_its_section_and_its_default():
    text = (ROOT / config.EXAMPLE).read_text()
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read_string(re.sub(r"(?m)^#(?=[A-Z_0-9]+ = )", "", text))
    written = {
        section: {key: value.strip("'") for key, value in parser[section].items()} for section in parser.sections()
    }
    assert written.pop("CLUSTER") == config.KNOWN["CLUSTER"] | {"TARGET": "local"}
    assert written == {section: keys for section, keys in config.KNOWN.items() if section != "CLUSTER"}
    assert set(config.RULES) == set(config.SECTION)
    for key in config.SECTION:
        assert re.search(rf"(?m)^# .*\n(#?){key} =", text), f"{key} has no comment above it"


def test_a_copy_of_the_example_runs_on_local_and_by_one_word_on_the_seeds_bucket():
    text = (ROOT / config.EXAMPLE).read_text()
    local = read(text)
    Path("dwh.cfg").unlink()
    assert dataclasses.replace(local, file=None) == config.load(), "the same as without a file"
    assert local.uses_sample
    on_redshift = read(text.replace("TARGET = local", "TARGET = redshift"))
    assert on_redshift == read("")
    assert on_redshift.song_data == "s3://udacity-dend/song-data"
