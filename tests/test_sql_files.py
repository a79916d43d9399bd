"""Each statement of sql/ is Redshift to two parsers, holds nothing that the guard refuses, and is the same for both."""

import re
from string import Template

import psycopg2
import pytest
import sqlalchemy
import sqlglot
from sqlfluff.core import FluffConfig, Linter
from sqlglot import exp

from redjam import config, staging, warehouse
from redjam.local.sql import dialect

NAMES = sorted(
    file.relative_to(warehouse.SQL).with_suffix("").as_posix()
    for file in warehouse.SQL.rglob("*")
    if file.suffix == ".sql"
)
# sqlglot has no grammar for these and would keep any text behind the first word; sqlfluff reads them.
NOT_FOR_SQLGLOT = {"lock", *(name for name in NAMES if name.startswith(("analyze/", "grants/")))}


@pytest.fixture(scope="module")
def linter():
    return Linter(config=FluffConfig(overrides={"dialect": "redshift", "templater": "raw"}))


def filled(name: str) -> str:
    """The statement as it is sent, with a value for each `$name` and `:name`."""
    file = Template((warehouse.SQL / f"{name}.sql").read_text(encoding="utf-8"))
    values = {name: "Passw0rd" if name == "password" else "arn:it's" for name in file.get_identifiers()}
    text = warehouse.statement(name, **values | ({"max_error": 7} if "max_error" in values else {}))
    query = sqlalchemy.text(text)
    query = query.bindparams(**dict.fromkeys(query.compile().params, 10))
    return str(query.compile(compile_kwargs={"literal_binds": True}))


def read_by_sqlglot(statement: str) -> None:
    for tree in sqlglot.parse(statement, read="redshift"):
        if command := tree.find(exp.Command):
            raise ValueError(f"sqlglot has no grammar for {command.sql()[:60]}")


def read_by_sqlfluff(linter: Linter, statement: str) -> None:
    if wrong := linter.parse_string(statement).violations:
        raise ValueError("; ".join(map(str, wrong)))


def test_values_are_filled_in():
    assert "LIMIT 10;" in filled("analytics/most_played_songs")
    assert "FROM 'arn:it''s'\n" in filled("copy/staging_events")
    assert "MAXERROR 7\n" in filled("copy/staging_events")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NOT_FOR_SQLGLOT])
def test_sqlglot_reads_it(name):
    read_by_sqlglot(filled(name))


@pytest.mark.parametrize("name", NAMES)
def test_sqlfluff_reads_it(linter, name):
    read_by_sqlfluff(linter, filled(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_guard_refuses_nothing_of_it(name):
    assert dialect.translate(filled(name))


@pytest.mark.parametrize("statement", ["SELECT FROM WHERE", "MERGE INTO songs USING", "LOCK songs songs"])
def test_sqlglot_can_refuse(statement):
    with pytest.raises((sqlglot.ParseError, ValueError)):
        read_by_sqlglot(statement)


@pytest.mark.parametrize("statement", ["CREATE TABLE t (a INTEGER) DISTSTYLE SOME", "LOCK songs songs", "SELECT 1 1"])
def test_sqlfluff_can_refuse(linter, statement):
    with pytest.raises(ValueError, match="unparsable"):
        read_by_sqlfluff(linter, statement)


@pytest.mark.parametrize("statement", ["SELECT DISTINCT ON (a) a, b FROM t", "CREATE TABLE t (a SERIAL)"])
def test_the_guard_can_refuse_what_both_parsers_read(linter, statement):
    read_by_sqlglot(statement)
    with pytest.raises(psycopg2.ProgrammingError, match="Redshift has no"):
        dialect.translate(statement)


# --- One text for both targets ----------------------------------------------------------------------------

LOCAL = "[CLUSTER]\nTARGET = local\n"
# With HOST and ARN given AWS is not asked for the buckets' regions.
AWS = """
[CLUSTER]
TARGET = redshift
REGION = eu-central-1
HOST = redjam.abc.eu-central-1.redshift.amazonaws.com
PASSWORD = Passw0rd
[IAM_ROLE]
ARN = arn:aws:iam::123456789012:role/loader
[S3]
LOG_DATA = s3://music/events
LOG_JSON_PATH = s3://music/paths.json
SONG_DATA = s3://music/songs
"""


def copies(file: str, tmp_path, role: str) -> dict[str, str]:
    """The COPY statements that these settings give, with locations, region, role and limit taken out."""
    (tmp_path / "dwh.cfg").write_text(file)
    settings = config.load(tmp_path / "dwh.cfg")
    manifest = f"{settings.log_data}/manifest"
    names = {
        f"'{manifest}'": "$manifest",
        f"'{settings.log_json_path}'": "$log_json_path",
        f"'{settings.region}'": "$region",
        f"'{role}'": "$iam_role",
    }
    found = {}
    for table in staging.SOURCES:
        text = staging.copy_statement(settings, role, table, manifest, max_error=41)
        text = re.sub("'[^']*'", lambda literal: names.get(literal[0], literal[0]), text)
        found[table] = text.replace("MAXERROR 41\n", "MAXERROR $max_error\n")
    return found


def test_the_copies_are_the_same_on_both_targets_but_for_locations_region_and_role(tmp_path):
    here = copies(LOCAL, tmp_path, "arn:aws:iam::000000000000:role/stand-in")
    assert copies(AWS, tmp_path, "arn:aws:iam::123456789012:role/loader") == here
    assert list(here) == ["staging_events", "staging_songs"]
    for table, text in here.items():
        assert text == (warehouse.SQL / "copy" / f"{table}.sql").read_text(encoding="utf-8").strip()


@pytest.mark.parametrize("table", staging.SOURCES)
def test_the_copy_of_compressed_files_says_so(tmp_path, linter, table):
    (tmp_path / "dwh.cfg").write_text(LOCAL)
    settings = config.load(tmp_path / "dwh.cfg")
    plain, zipped = (
        staging.copy_statement(settings, "arn:aws:iam::0:role/a", table, "s3://b/m.manifest", 1, gzip=gzip)
        for gzip in (False, True)
    )
    assert zipped == plain.removesuffix(";") + "\nGZIP;"
    read_by_sqlglot(zipped)
    read_by_sqlfluff(linter, zipped)
    assert dialect.translate(zipped)


def test_a_play_that_is_staged_twice_is_the_same_one_to_the_fact_and_to_its_listener():
    chosen = {
        re.search(r"ORDER BY (e\.ts, .*)\n", warehouse.statement(name))[1]
        for name in ("load/15_load_plays", "load/23_load_users")
    }
    assert len(chosen) == 1
