"""The user analyst reads the star and its marts, and can do nothing else."""

import dataclasses
import logging
from contextlib import closing, suppress

import psycopg2
import pytest
from conftest import EVENT

from redjam import access, etl, infrastructure, local, schema, warehouse
from redjam.config import Secret
from redjam.local import aws
from redjam.local import postgres as embedded

PASSWORD = "Sesame0pen:x%s"
MAY_READ = {*schema.DIMENSIONS, *schema.FACTS, *schema.MARTS}
MAY_NOT = {*schema.STAGING, *schema.LEDGER}


@pytest.fixture
def connection(connection, servers):
    """A warehouse of which analyst knows nothing yet."""
    forget(servers)
    yield connection
    forget(servers)


@pytest.fixture
def settings(settings):
    return dataclasses.replace(settings, analyst_password=Secret(PASSWORD))


def is_there(servers):
    with closing(embedded.connect(servers)) as plain, plain.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = 'analyst'")
        return cursor.fetchone() is not None


def forget(servers):
    if is_there(servers):
        with closing(embedded.connect(servers, dbname="redjam.dwh")) as plain, plain:
            plain.cursor().execute("DROP OWNED BY analyst; DROP ROLE analyst")


@pytest.fixture
def other(connection, servers):
    """A user without rights; in the end `connection` is the superuser's again, as all tables are."""
    with closing(embedded.connect(servers)) as plain, plain:
        plain.cursor().execute("CREATE ROLE other")
    yield
    warehouse.execute(connection, "RESET SESSION AUTHORIZATION")
    with closing(embedded.connect(servers, dbname="redjam.dwh")) as plain, plain:
        plain.cursor().execute("REASSIGN OWNED BY other TO postgres; DROP OWNED BY other; DROP ROLE other")


def open_to_all(connection):
    """Let everybody make tables, as Redshift does."""
    warehouse.execute(connection, "GRANT CREATE ON SCHEMA public TO PUBLIC")


def log_in(settings, password=PASSWORD):
    """A session as a BI tool has it."""
    return psycopg2.connect(
        host="127.0.0.1",
        port=embedded.running(settings.local_dir),
        dbname=embedded.database(settings),
        user="analyst",
        password=password,
    )


@pytest.fixture
def analyst(connection, settings):
    """Run a statement as analyst, in a session of its own."""
    access.ensure_analyst(connection, settings)

    def run(statement):
        with closing(log_in(settings)) as session, session, session.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    return run


def test_it_reads_the_star_and_the_marts_and_nothing_else(connection, settings, cluster, put, analyst):
    put(events=[{}], songs=[{}])
    etl.run(connection, settings, cluster.role_arn)
    assert analyst("SELECT plays FROM plays_by_day_level") == [(1,)]
    assert analyst("SELECT first_name FROM users") == [(EVENT["firstName"],)]
    for name in MAY_READ:
        assert analyst(f"SELECT COUNT(*) FROM {name}")[0][0] >= 0
    for name in MAY_NOT:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            analyst(f"SELECT COUNT(*) FROM {name}")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="svv_table_info"):
        analyst("SELECT * FROM svv_table_info")
    warehouse.execute(connection, "GRANT SELECT ON svv_table_info TO analyst")
    assert {name for (name,) in analyst('SELECT "table" FROM svv_table_info')} == MAY_READ


def test_the_frame_says_what_it_may_read(connection, settings):
    rights = access.ensure_analyst(connection, settings)
    assert {*rights.index} == MAY_READ | MAY_NOT
    assert {*rights.index[rights["may read"]]} == MAY_READ
    assert rights.loc["plays_by_day_level", "kind"] == "mart"
    warehouse.execute(connection, "GRANT SELECT ON load_errors TO analyst")
    assert access.ensure_analyst(connection, settings).loc["load_errors", "may read"]


CHANGES = [
    "INSERT INTO time SELECT * FROM time",
    "UPDATE users SET level = 'paid'",
    "DELETE FROM songplays",
    "TRUNCATE songs",
    "CREATE TABLE mine (a INT)",
    "CREATE VIEW mine AS SELECT 1 AS a",
    "DROP TABLE songplays CASCADE",
    "DROP MATERIALIZED VIEW plays_by_day_level",
    "REFRESH MATERIALIZED VIEW plays_by_day_level",
    "CALL redshift_catalog.refresh_view('plays_by_day_level')",
    "SELECT redshift_catalog.take_marks('plays_by_day_level'::regclass)",
    "CALL redshift_catalog.mark_stale('songplays'::regclass)",
    "DELETE FROM redshift_catalog.stale_views",
    "SELECT lo_create(0)",
    "SELECT lo_creat(-1)",
    "SELECT lo_from_bytea(0, 'abc')",
    "ALTER TABLE songs ADD COLUMN a INT",
    "CREATE SCHEMA mine",
    "CREATE USER another",
]


def test_it_changes_nothing_but_temporary_tables(connection, settings, analyst):
    open_to_all(connection)
    access.ensure_analyst(connection, settings)
    refused = []
    for statement in CHANGES:
        with suppress(psycopg2.errors.InsufficientPrivilege):
            analyst(f"BEGIN; {statement}; ROLLBACK")
            continue
        refused.append(statement)
    assert refused == CHANGES
    assert analyst("CREATE TEMP TABLE mine AS SELECT 1 AS a; SELECT a FROM mine") == [(1,)]


def test_fresh_tables_are_as_open_as_the_old_ones(connection, settings, analyst):
    schema.create(connection, fresh=True)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        analyst("SELECT * FROM songs")
    for _ in range(2):
        access.ensure_analyst(connection, settings)
        assert analyst("SELECT * FROM songs") == analyst("SELECT * FROM plays_by_day_artist") == []


def test_without_a_password_nobody_comes_in_by_one(connection, settings):
    access.ensure_analyst(connection, dataclasses.replace(settings, analyst_password=Secret("")))
    for password in ("", PASSWORD):
        with pytest.raises(psycopg2.OperationalError, match=r"authentication failed|no password supplied"):
            log_in(settings, password)


def test_the_password_changes_and_stays_when_none_is_given(connection, settings, analyst):
    access.ensure_analyst(connection, dataclasses.replace(settings, analyst_password=Secret("Another1")))
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
        log_in(settings)
    access.ensure_analyst(connection, dataclasses.replace(settings, analyst_password=Secret("")))
    log_in(settings, "Another1").close()


def test_the_password_is_in_no_log(connection, settings, servers, caplog, capfd):
    warehouse.execute(connection, "SET log_statement TO 'all'")
    before = (servers / "postgres.log").stat().st_size
    with caplog.at_level(logging.DEBUG):
        rights = access.ensure_analyst(connection, settings)
    written = (servers / "postgres.log").read_text()[before:]
    assert "ALTER USER analyst PASSWORD 'SCRAM-SHA-256$" in written
    said = "".join([written, caplog.text, *capfd.readouterr(), rights.to_string(), str(connection.notices)])
    assert PASSWORD not in said


def test_no_error_has_the_password(connection, settings, monkeypatch):
    warehouse.execute(connection, "CREATE USER analyst PASSWORD DISABLE")
    warehouse.execute(connection, "SET default_transaction_read_only TO on")
    with pytest.raises(psycopg2.Error) as raised:
        access.ensure_analyst(connection, settings)
    assert "read-only" in str(raised.value)
    assert PASSWORD not in str(raised.value) + repr(raised.value)


def test_aws_is_given_the_hash_that_its_manual_has(connection, settings, monkeypatch):
    """The manual's own example: the password ez of user1 is md5153c434b4b77c89e6b94f12c5393af5b."""
    sent = []
    monkeypatch.setattr(access, "ANALYST", "user1")
    monkeypatch.setattr(warehouse, "execute", lambda connection, query: sent.append(query) or 0)
    on_aws = dataclasses.replace(settings, target="redshift", analyst_password=Secret("ez"))
    access._grant(connection, on_aws)
    assert [query.split("\n")[-1] for query in sent if "PASSWORD" in query] == [
        "CREATE USER analyst PASSWORD DISABLE;",
        "ALTER USER analyst PASSWORD 'md5153c434b4b77c89e6b94f12c5393af5b';",
    ]


def test_who_may_make_no_users_is_told_so_and_nothing_fails(connection, settings, other, caplog):
    warehouse.execute(connection, "SET SESSION AUTHORIZATION other")
    rights = access.ensure_analyst(connection, settings)
    assert not rights["may read"].any()
    way_out = "a superuser (LOGIN = admin) has to run `redjam create-tables` once"
    assert caplog.messages == [f"there is no user analyst, and you may make none: {way_out}"]
    caplog.clear()
    warehouse.execute(connection, "RESET SESSION AUTHORIZATION; CREATE USER analyst PASSWORD DISABLE")
    warehouse.execute(connection, "SET SESSION AUTHORIZATION other")
    rights = access.ensure_analyst(connection, settings)
    assert not rights["may read"].any()
    assert caplog.messages == [f"user analyst is as it was: permission denied for table songplays: {way_out}"]


def test_who_owns_the_tables_lets_it_read_them(connection, settings, other, caplog):
    warehouse.execute(connection, "CREATE USER analyst PASSWORD DISABLE")
    for name in MAY_READ:
        warehouse.execute(connection, f"ALTER TABLE {name} OWNER TO other")
    warehouse.execute(connection, "SET SESSION AUTHORIZATION other")
    rights = access.ensure_analyst(connection, settings)
    assert {*rights.index[rights["may read"]]} == MAY_READ
    assert not caplog.messages


def test_on_somebody_elses_cluster_everybody_may_what_he_might(connection, settings, caplog):
    open_to_all(connection)
    access.ensure_analyst(connection, dataclasses.replace(settings, host="redjam.example.com"))
    (warning,) = caplog.messages
    assert warning.startswith("user analyst may make tables of its own, as everybody")
    caplog.clear()
    access.ensure_analyst(connection, settings)
    assert not caplog.messages


def test_it_sees_no_rows_that_others_could_not_load(connection, settings, put, cluster, analyst):
    put(events=[{"userId": "Ada"}], songs=[{}])
    with pytest.raises(psycopg2.Error):
        etl.run(connection, settings, cluster.role_arn)
    for view in ("stl_load_errors", "sys_load_error_detail"):
        assert not warehouse.frame(connection, f"SELECT 1 AS one FROM {view}").empty
        assert analyst(f"SELECT 1 FROM {view}") == []
    for table in ("loads", "rejected_rows"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            analyst(f"SELECT 1 FROM redshift_catalog.{table}")


def test_one_analyst_for_all_clusters_of_a_server_goes_with_the_last(connection, settings, cluster, servers):
    second = dataclasses.replace(settings, identifier="second")
    other = infrastructure.Cluster(**{**dataclasses.asdict(cluster), "identifier": "second"})
    for of, where in ((settings, cluster), (second, other)):
        with closing(warehouse.connect(of, where)) as session:
            schema.create(session)
            assert access.ensure_analyst(session, of)["may read"].any()
    for of in (settings, second):
        with closing(log_in(of)) as session, session.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM plays_by_day_level")
    aws.drop_databases(servers, "second")
    log_in(settings).close()
    aws.drop_databases(servers, "redjam")
    assert not is_there(servers)


def test_status_says_where_it_connects(settings, analyst):
    assert local.status(settings)[2] == ("analyst", f"127.0.0.1:{embedded.running(settings.local_dir)}/redjam.dwh")
    assert analyst("SELECT CURRENT_DATABASE()") == [("redjam.dwh",)]


def test_the_grants_are_those_of_the_star_and_the_marts():
    text = warehouse.statement("grants/select").partition("ON\n")[2]
    assert {name.strip() for name in text.partition("TO")[0].split(",")} == MAY_READ
