"""Redshift's SQL on the real Postgres: each statement with the result that Redshift's documentation gives it."""

import hashlib
import logging
import re
import threading
import time
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal

import psycopg2
import pytest
import sqlalchemy
from psycopg2.extensions import cursor as PlainCursor
from sqlalchemy_redshift.dialect import RedshiftDialect_psycopg2
from sqlglot.dialects import Redshift
from statements import ERRORS, KEYS, REFUSED, STATEMENTS, TABLES, UNREADABLE

from redjam.local import copy, session
from redjam.local import postgres as embedded
from redjam.local.sql import dialect, system_views
from redjam.local.sql.dialect import translate
from redjam.local.sql.reading import Tokenizer
from redjam.local.sql.reasons import reason
from redjam.local.sql.refusals import Refused


def run(connection, sql: str) -> list[tuple]:
    """Run Redshift statements and give the rows of the last one."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def connect(servers, name: str) -> session.Connection:
    return embedded.connect(servers, dbname=name, connection_factory=session.Connection, options=session.LIKE_REDSHIFT)


@pytest.fixture(scope="module")
def filled(servers):
    """A database with the system views and two tables, in one transaction that each test gives back."""
    admin = embedded.connect(servers)
    admin.autocommit = True
    admin.cursor().execute("CREATE DATABASE dialect")
    connection = connect(servers, "dialect")
    with connection:
        system_views.install(PlainCursor(connection))
        run(connection, TABLES)
    yield connection
    connection.close()
    admin.cursor().execute("DROP DATABASE dialect WITH (FORCE)")
    admin.close()


@pytest.fixture
def tables(filled):
    yield filled
    filled.rollback()


@pytest.fixture
def redshift(postgres, servers):
    """A fresh database with the system views, in autocommit."""
    system_views.install(postgres.cursor())
    connection = connect(servers, postgres.info.dbname)
    connection.autocommit = True
    yield connection
    connection.close()


@pytest.mark.parametrize(("statement", "expected", "source"), STATEMENTS, ids=[row[0][:60] for row in STATEMENTS])
def test_a_statement_gives_what_redshift_gives(tables, statement, expected, source):
    rows = run(tables, statement)
    assert rows == (expected if isinstance(expected, list) else [(expected,)]), source


@pytest.mark.parametrize(("statement", "diststyle", "columns"), KEYS, ids=[row[0][:60] for row in KEYS])
def test_the_views_show_the_keys_of_a_table(tables, statement, diststyle, columns):
    run(tables, statement)
    about = (
        'SELECT "column", encoding, distkey, sortkey, "notnull" FROM pg_catalog.pg_table_def WHERE tablename = \'t\''
    )
    assert run(tables, about) == columns
    style = "SELECT releffectivediststyle FROM pg_class_info JOIN pg_class ON oid = reloid WHERE pg_class.relname = 't'"
    assert run(tables, style) == [(diststyle,)]


def test_pg_table_def_shows_the_search_path_only(tables):
    run(tables, "CREATE SCHEMA demo; CREATE TABLE demo.t (a INT SORTKEY)")
    about = "SELECT schemaname, sortkey FROM pg_table_def WHERE tablename = 't'"
    assert run(tables, about) == []
    assert run(tables, f"SET search_path TO '$user', public, demo; {about}") == [("demo", 1)]


@pytest.mark.parametrize(("statement", "says", "source"), ERRORS, ids=[row[0][:60] for row in ERRORS])
def test_an_error_of_the_server_reads_as_redshifts(tables, statement, says, source):
    with pytest.raises(psycopg2.Error) as raised:
        run(tables, statement)
    text = str(raised.value)
    assert says in text, source
    assert "redshift_catalog" not in text
    assert "CONTEXT" not in text


def test_an_error_that_needs_no_other_words_keeps_its_own(tables):
    with pytest.raises(psycopg2.Error) as raised:
        run(tables, "SELECT nothing FROM plays")
    assert reason(raised.value) is None


def test_two_long_names_of_columns_have_each_their_limit(tables):
    run(tables, f"CREATE TABLE t ({'a' * 60}_1 VARCHAR(1), {'a' * 60}_2 VARCHAR(1)); INSERT INTO t VALUES ('a', 'b')")


@pytest.mark.parametrize(("statement", "says", "source"), REFUSED, ids=[row[0][:60] for row in REFUSED])
def test_what_redshift_lacks_is_refused_with_what_to_write_instead(statement, says, source):
    with pytest.raises(Refused) as refused:
        translate(statement)
    assert says in str(refused.value), source
    assert not str(refused.value).startswith("Cannot read")
    assert ("stand-in" in str(refused.value)) == (source == "stand-in")


@pytest.mark.parametrize(("statement", "says", "source"), UNREADABLE, ids=[row[0][:60] for row in UNREADABLE])
def test_what_breaks_the_grammar_is_refused_with_what_is_expected(statement, says, source):
    with pytest.raises(Refused, match=r"^Cannot read this SQL: line 1, column") as refused:
        translate(statement)
    assert says in str(refused.value), source


def test_lower_case_means_the_same():
    def told(sql):
        try:
            return "\n".join(map(str, translate(sql))).lower()
        except psycopg2.Error as error:
            return str(error).lower()

    for written, *_ in (*STATEMENTS, *KEYS, *REFUSED):
        parts = re.split(r"""('(?:[^'\\]|\\.|'')*'|"[^"]*"|\$\$.*?\$\$)""", written, flags=re.DOTALL)
        lower = "".join(part if place % 2 else part.lower() for place, part in enumerate(parts))
        assert "PASSWORD" in written or told(lower) == told(written)


@pytest.mark.parametrize("written", [row[0] for row in (*STATEMENTS, *KEYS, *REFUSED)], ids=lambda text: text[:60])
def test_a_statement_that_breaks_off_or_lacks_a_word_is_no_crash(written):
    words = [written[token.start : token.end + 1] for token in Tokenizer(dialect=Redshift()).tokenize(written)]
    for number in range(len(words)):
        for left in (words[:number], words[:number] + words[number + 1 :]):
            with suppress(Refused, copy.CopyError):
                translate(" ".join(left))


def test_a_reserved_word_names_what_one_delimits_or_selects(tables):
    assert run(tables, 'WITH "top" (a) AS (SELECT 1) SELECT "tag".a AS tag FROM "top" AS "tag"') == [(1,)]
    run(tables, "CREATE TABLE t (type INT)")


@pytest.mark.parametrize(
    ("sql", "where", "shown"),
    [
        ("SELECT 1;\nCREATE TABLE t (\n\ta INT,\n\tb INTT)", "line 4, column 4", "INTT)"),
        ("SELECT * FRM t", "line 1, column 14", "SELECT * FRM t"),
        ("SELEC 1", "line 1, column 1", "SELEC 1"),
        ("SELECT a,\n 'abc", "line 2, column 2", " 'abc"),
        ("SELECT /* a", "line 1, column 8", "/* a"),
        ("SELECT " + "a, " * 100 + "(a", "line 1, column 309", "a, (a"),
    ],
)
def test_what_cannot_be_read_is_shown_with_its_place(sql, where, shown):
    with pytest.raises(Refused) as refused:
        translate(sql)
    text = str(refused.value)
    assert where in text
    assert shown in text
    assert text.endswith("^")
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) < 160


def test_a_copy_becomes_an_order_with_its_strings_read():
    create, order = translate(
        r"CREATE TABLE t (a INT); /* c */ COPY t FROM E's3://b/it\'s' IAM_ROLE default JSON '\\it''s\\\\';"
    )
    assert isinstance(order, copy.Copy)
    assert (order.table, order.source, order.json) == ("t", "s3://b/it's", r"\it's\\")
    assert create.startswith("CREATE TABLE t (a INT);\nCALL ")


def test_values_that_psycopg2_writes_come_through(tables):
    values = [
        "it's",
        "back\\slash",
        "\\",
        "100%",
        "Zoë",
        None,
        5,
        Decimal("1.50"),
        True,
        date(2018, 11, 1),
        datetime(2018, 11, 1, 10),
    ]
    with tables.cursor() as cursor:
        text = cursor.mogrify(f"SELECT {', '.join(['%s'] * len(values))}, '50%%'", values).decode()
    assert run(tables, text) == [(*values, "50%")]


def test_strings_mean_the_same_whatever_the_session_takes_for_an_escape(tables, redshift):
    query = r"SELECT 'a\\b', STRTOL(' -f', 16)"
    assert run(tables, query) == run(redshift, query) == [("a\\b", -15)]


def test_sqlalchemy_connects(redshift):
    engine = sqlalchemy.create_engine("redshift+psycopg2://", creator=lambda: redshift, dialect=None)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT NVL(NULL, 1)").scalar() == 1
        # It takes a refusal for what the server's own would be, and shows all of it.
        with pytest.raises(sqlalchemy.exc.ProgrammingError) as error:
            connection.exec_driver_sql("SELECT a\nFRM t")
        assert isinstance(error.value.orig, Refused)
        assert str(error.value.orig).endswith("^")
        assert str(error.value.orig) in str(error.value)
    assert isinstance(engine.dialect, RedshiftDialect_psycopg2)


@pytest.mark.parametrize(
    "query",
    [
        "select pg_catalog.version()",
        "show transaction isolation level",
        "show standard_conforming_strings",
        "select current_schema()",
        "SELECT t.oid, typarray FROM pg_type t JOIN pg_namespace ns ON typnamespace = ns.oid WHERE typname = 'hstore'",
        "SELECT relname FROM pg_catalog.pg_class WHERE relkind = ANY (ARRAY['r', 'v'])",
        "SELECT STRING_AGG(table_name, ',') FROM information_schema.tables",
        "WITH c AS (SELECT oid FROM pg_class) SELECT ARRAY_AGG(oid) FROM c",
    ],
)
def test_what_drivers_ask_the_catalog_passes(tables, query):
    run(tables, query)


def test_statements_outside_of_a_transaction_run(redshift):
    run(redshift, "CREATE TABLE t (a INT)")
    for statement in ("VACUUM FULL t TO 99 PERCENT", "VACUUM DELETE ONLY t", "VACUUM SORT ONLY t BOOST", "VACUUM"):
        run(redshift, statement)
    run(redshift, "BEGIN; INSERT INTO t VALUES (1); ROLLBACK; START TRANSACTION; INSERT INTO t VALUES (2); END; ABORT")
    assert run(redshift, "SELECT a FROM t") == [(2,)]


def test_a_longer_varchar_takes_more_bytes_and_a_shorter_one_no_longer_values(redshift):
    run(redshift, "CREATE TABLE t (a VARCHAR(2), b VARCHAR(2) DEFAULT 'x', c INT, d VARCHAR(2) UNIQUE)")
    run(redshift, "ALTER TABLE t ALTER COLUMN a TYPE VARCHAR(4)")
    run(redshift, "INSERT INTO t VALUES ('éé')")
    assert run(redshift, "SELECT type FROM pg_table_def WHERE \"column\" = 'a'") == [("character varying(4)",)]
    for statement, says in {
        "INSERT INTO t VALUES ('ééé')": "value too long for type character varying(4): column a of t",
        "ALTER TABLE t ALTER COLUMN a TYPE VARCHAR(3)": "value too long for type character varying(3): column a of t",
        "ALTER TABLE t ALTER COLUMN b TYPE VARCHAR(9)": "has a default value",
        "ALTER TABLE t ALTER COLUMN c TYPE VARCHAR(9)": "only VARCHAR changes its length",
        "ALTER TABLE t ALTER COLUMN d TYPE VARCHAR(9)": "of a UNIQUE",
        "ALTER TABLE t ALTER COLUMN e TYPE VARCHAR(9)": 'column "e" of relation "t" does not exist',
    }.items():
        with pytest.raises(psycopg2.Error) as raised:
            run(redshift, statement)
        assert says in str(raised.value), statement
    assert run(redshift, "SELECT a FROM t") == [("éé",)]


def test_a_dropped_column_takes_its_keys_along(redshift):
    run(
        redshift, "CREATE TABLE t (a INT, b VARCHAR(2), c VARCHAR(2) ENCODE text255, PRIMARY KEY (a, b), UNIQUE (c, b))"
    )
    run(redshift, "ALTER TABLE t DROP COLUMN a; ALTER TABLE t DROP COLUMN c; ALTER TABLE t ADD COLUMN c VARCHAR(2)")
    # Nothing of what keeps Redshift from changing a length is left.
    run(redshift, "ALTER TABLE t ALTER COLUMN b TYPE VARCHAR(4)")
    run(redshift, "ALTER TABLE t ALTER COLUMN c TYPE VARCHAR(4)")
    assert run(redshift, "SELECT type FROM pg_table_def WHERE tablename = 't'") == [("character varying(4)",)] * 2


INDEXED = """SELECT STRING_AGG(columns, '; ' ORDER BY columns) FROM (
    SELECT substring(pg_get_indexdef(indexrelid) FROM '[(](.*)[)]') AS columns
    FROM pg_index WHERE indrelid = '{}'::regclass) AS indexes"""


@pytest.mark.parametrize(
    ("statements", "indexed"),
    [
        ("CREATE TABLE t (a INT, b INT)", None),
        ("CREATE TABLE t (a INT PRIMARY KEY, b INT UNIQUE)", "a"),
        ("CREATE TABLE t (a INT DISTKEY SORTKEY PRIMARY KEY, b INT)", "a"),
        ("CREATE TABLE t (a INT DISTKEY, b VARCHAR(9), PRIMARY KEY (b, a)) SORTKEY (a, b)", "a; a, b; b, a"),
        ('CREATE TABLE t ("odd ""name" INT SORTKEY)', '"odd ""name"'),
        ("CREATE TEMP TABLE t (a INT DISTKEY SORTKEY PRIMARY KEY)", None),
        ("CREATE TABLE #t (a INT SORTKEY); CREATE TABLE t (a INT)", None),
        ("CREATE TABLE s (a INT PRIMARY KEY, b INT DISTKEY, c INT) SORTKEY (c, b); CREATE TABLE t (LIKE s)", "b; c, b"),
        ("CREATE TABLE t DISTKEY (a) AS SELECT 1 AS a, 'x' AS b", "a"),
        ("CREATE TABLE t SORTKEY (b) AS SELECT 1 AS a, 'x' AS b", None),
        ("CREATE TABLE t (a INT SORTKEY); CREATE TABLE IF NOT EXISTS t (b INT SORTKEY)", "a"),
        ("CREATE TABLE t (a INT, b INT) SORTKEY (a); ALTER TABLE t ALTER SORTKEY (b, a)", "b, a"),
        ("CREATE TABLE t (a INT, b INT) SORTKEY (a); ALTER TABLE t ALTER SORTKEY NONE", None),
        ("CREATE TABLE t (a INT, b INT) DISTKEY (a); ALTER TABLE t ALTER DISTKEY b", "b"),
        ("CREATE TABLE t (a INT, b INT) DISTKEY (a); ALTER TABLE t ALTER DISTSTYLE EVEN", None),
        ("CREATE TABLE t (a INT NOT NULL); ALTER TABLE t ADD PRIMARY KEY (a)", "a"),
        ("CREATE TABLE t (a INT, b INT, c INT, PRIMARY KEY (a, b)) SORTKEY (c); ALTER TABLE t DROP COLUMN a", "c"),
        ("CREATE TABLE t (a INT, b INT) SORTKEY (b, a); ALTER TABLE t RENAME COLUMN a TO c", "b, c"),
        ("CREATE TABLE s (a INT SORTKEY); ALTER TABLE s RENAME TO t; CREATE TABLE s (a INT SORTKEY)", "a"),
        ("CREATE SCHEMA demo; CREATE TABLE demo.t (a INT SORTKEY); SET search_path TO demo", "a"),
        # What could be too long for an entry of an index has none.
        ("CREATE TABLE t (a VARCHAR(2500) SORTKEY)", "a"),
        ("CREATE TABLE t (a VARCHAR(3000) SORTKEY, b CHAR(4096) PRIMARY KEY, c VARBYTE)", None),
        ("CREATE TABLE t (a VARCHAR(2000), b VARCHAR(2000) DISTKEY) SORTKEY (a, b)", "b"),
        (f"CREATE TABLE t ({', '.join(f'c{n} INT' for n in range(33))}) SORTKEY "
         f"({', '.join(f'c{n}' for n in range(33))})", None),
    ],
)  # fmt: skip
def test_the_keys_of_a_permanent_table_have_indexes(tables, statements, indexed):
    run(tables, statements)
    assert run(tables, INDEXED.format("t")) == [(indexed,)]


def test_a_longer_key_loses_its_index_and_a_shorter_one_gets_it_back(redshift):
    run(redshift, "CREATE TABLE t (a VARCHAR(2500), b INT) SORTKEY (a)")
    run(redshift, "ALTER TABLE t ALTER COLUMN a TYPE VARCHAR(65535)")
    assert run(redshift, INDEXED.format("t")) == [(None,)]
    run(redshift, "ALTER TABLE t ALTER COLUMN a TYPE VARCHAR(100)")
    assert run(redshift, INDEXED.format("t")) == [("a",)]


def test_no_row_is_refused_for_an_index(tables):
    """Random digits, which Postgres cannot compress, as long as the columns take them."""
    for columns in ({"a": 2500}, {"a": 2592}, {"a": 2593}, {f"c{n}": 72 for n in range(32)}, {"a": 1250, "b": 1250}):
        declared = ", ".join(f"{name} VARCHAR({length})" for name, length in columns.items())
        run(tables, f"DROP TABLE IF EXISTS t; CREATE TABLE t ({declared}, n INT) SORTKEY ({', '.join(columns)})")
        value = "".join(hashlib.sha512(b"%d" % n).hexdigest() for n in range(40))
        values = ", ".join(f"'{value[:length]}'" for length in columns.values())
        run(tables, f"INSERT INTO t VALUES ({values}, 1), ({values}, NULL)")
        assert run(tables, "SELECT COUNT(*) FROM t") == [(2,)]
        assert run(tables, INDEXED.format("t")) == [(None if 2593 in columns.values() else ", ".join(columns),)]
    run(tables, f"DROP TABLE t; CREATE TABLE t ({', '.join(f'c{n} DECIMAL(38)' for n in range(32))}) SORTKEY "
        f"({', '.join(f'c{n}' for n in range(32))})")  # fmt: skip
    run(tables, f"INSERT INTO t VALUES ({', '.join(['-' + '9' * 38] * 32)})")


def test_redshifts_views_show_no_index(tables):
    run(tables, "CREATE TABLE t (a INT SORTKEY, b INT DISTKEY)")
    assert run(tables, "SELECT relname FROM pg_class_info WHERE relname LIKE 'key %'") == []
    assert run(tables, "SELECT relname FROM pg_class WHERE relname LIKE 'key %'") != []
    for view in ("pg_table_def", "svv_table_info"):
        assert "key" not in str(run(tables, f"SELECT * FROM {view}"))


def test_a_key_finds_its_rows_by_the_index(tables):
    run(tables, "CREATE TABLE t (a INT, b INT) SORTKEY (a)")
    run(tables, "INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
        "SELECT i, i FROM n")  # fmt: skip
    run(tables, "ANALYZE t")
    assert "Index" in str(run(tables, "EXPLAIN SELECT b FROM t WHERE a BETWEEN 5 AND 7"))


def test_append_moves_the_rows_to_a_table_of_the_same_columns(redshift):
    run(redshift, "CREATE TABLE t (a INT, b VARCHAR(3)) DISTKEY (a); CREATE TABLE s (b VARCHAR(3), a INT) DISTKEY (a)")
    run(redshift, "CREATE TABLE even (a INT, b VARCHAR(3)) DISTSTYLE EVEN; CREATE TABLE wide (a INT, b VARCHAR(4))")
    run(redshift, "INSERT INTO s VALUES ('x', 1)")
    run(redshift, "ALTER TABLE t APPEND FROM s")
    assert run(redshift, "SELECT a, b, (SELECT COUNT(*) FROM s) FROM t") == [(1, "x", 0)]
    for source, says in {"even": "same distribution", "wide": '"b" differs', "nothing": "does not exist"}.items():
        with pytest.raises(psycopg2.Error) as raised:
            run(redshift, f"ALTER TABLE t APPEND FROM {source}")
        assert says in str(raised.value)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE t AS SELECT 1 / (id - 1) AS a FROM s",
        "SELECT 1 / (id - 1) AS a INTO t FROM s",
        "MERGE INTO s USING (SELECT 1, 'abcd' UNION ALL SELECT 2, 'x') AS x (id, name) "
        "ON s.id = x.id REMOVE DUPLICATES",
        "CREATE TABLE t SORTKEY (nothing) AS SELECT 1 AS a",
    ],
)
def test_a_statement_that_fails_leaves_nothing_behind_in_autocommit(redshift, statement):
    run(redshift, "CREATE TABLE s (id INT, name VARCHAR(3)); INSERT INTO s VALUES (1, 'one')")
    with pytest.raises(psycopg2.Error):
        run(redshift, statement)
    assert run(redshift, "SELECT * FROM s") == [(1, "one")]
    assert run(redshift, "SELECT COUNT(*) FROM pg_class WHERE relname = 't'") == [(0,)]


def test_the_rows_of_a_query_are_counted(redshift):
    with redshift.cursor() as cursor:
        cursor.execute("CREATE TABLE t AS SELECT 1 AS a UNION ALL SELECT 2")
        assert cursor.rowcount == 2
        cursor.execute("MERGE INTO t USING (SELECT 2 AS a UNION ALL SELECT 3) AS s ON t.a = s.a REMOVE DUPLICATES")
        assert cursor.rowcount == 2
    assert run(redshift, "SELECT a FROM t ORDER BY a") == [(1,), (2,), (3,)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE t AS SELECT 1 AS a UNION ALL SELECT 2",
        "CREATE TEMP TABLE t AS SELECT 1 AS a UNION ALL SELECT 2",
        "CREATE TABLE #t AS SELECT 1 AS a UNION ALL SELECT 2",
        "SELECT x.a INTO t FROM (SELECT 1 AS a UNION ALL SELECT 2) AS x",
        'CREATE TABLE "t" (a) SORTKEY (a) AS SELECT 1 UNION ALL SELECT 2',
    ],
)
@pytest.mark.parametrize("within", [True, False])
def test_a_table_made_with_rows_is_analyzed(redshift, statement, within):
    run(redshift, "BEGIN" if within else "SELECT 1")
    with redshift.cursor() as cursor:
        cursor.execute(statement)
        assert (cursor.rowcount, cursor.statusmessage, cursor.description) == (2, "INSERT 0 2", None)
    name = "#t" if "#t" in statement else "t"
    assert run(redshift, f"SELECT reltuples FROM pg_class WHERE relname = '{name}'") == [(2,)]
    assert run(redshift, f"SELECT n_distinct FROM pg_stats WHERE tablename = '{name}'") == [(-1,)]
    run(redshift, "ROLLBACK" if within else "SELECT 1")
    assert run(redshift, f"SELECT COUNT(*) FROM pg_class WHERE relname = '{name}'") == [(0 if within else 1,)]


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_statement_that_waits_too_long_is_canceled(redshift, servers, autocommit):
    run(redshift, "CREATE TABLE a (n INT); CREATE TABLE b (n INT)")
    redshift.autocommit = autocommit
    assert run(redshift, "SHOW statement_timeout") == [("0",)]
    run(redshift, "SET statement_timeout TO 200")
    assert run(redshift, "SHOW statement_timeout") == [("200",)]
    redshift.commit()
    holder = connect(servers, redshift.info.dbname)
    run(holder, "LOCK b")
    begin = "BEGIN; " if autocommit else ""
    for lock in ("LOCK a, b", "LOCK TABLE a, b"):
        with pytest.raises(psycopg2.errors.QueryCanceled, match="statement timeout") as raised:
            run(redshift, f"{begin}{lock}")
        assert raised.value.pgcode == "57014"
        with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
            run(redshift, "SELECT 1")
        if autocommit:
            run(redshift, "ROLLBACK")
        redshift.rollback()
    holder.rollback()
    run(redshift, f"{begin}LOCK a, b; INSERT INTO a VALUES (1)")
    assert run(redshift, "SELECT COUNT(*) FROM a") == [(1,)]
    run(redshift, "RESET statement_timeout")
    assert run(redshift, "SHOW statement_timeout") == [("0",)]
    redshift.rollback()
    holder.close()


def test_svv_transactions_shows_who_holds_a_lock_and_who_waits(redshift, servers):
    run(redshift, "CREATE TABLE held (n INT SORTKEY); CREATE TABLE other (n INT)")
    holder, waiter = (connect(servers, redshift.info.dbname) for _ in range(2))
    pids = {"holder": holder.info.backend_pid, "waiter": waiter.info.backend_pid}
    run(holder, "LOCK held")
    waiting = threading.Thread(target=run, args=(waiter, "LOCK held, other"))
    waiting.start()
    about = """SELECT t.pid, lock_mode, granted, txn_owner, DATEDIFF(hour, txn_start, SYSDATE), txn_db
        FROM svv_transactions AS t JOIN pg_class AS c ON c.oid = t.relation AND lockable_object_type = 'relation'
        WHERE c.relname IN ('held', 'other') ORDER BY granted DESC"""
    mine = (0, run(redshift, "SELECT current_database()")[0][0])
    while len(found := run(redshift, about)) < 2:
        time.sleep(0.02)
    assert found == [
        (pids["holder"], "AccessExclusiveLock", True, "postgres", *mine),
        (pids["waiter"], "AccessExclusiveLock", False, "postgres", *mine),
    ]
    own = "SELECT pid, lock_mode, granted FROM svv_transactions WHERE relation IS NULL AND pid <> pg_backend_pid()"
    assert sorted(run(redshift, own)) == sorted((pid, "ExclusiveLock", True) for pid in pids.values())
    holder.rollback()
    waiting.join()
    assert [row[:3] for row in run(redshift, about)] == [(pids["waiter"], "AccessExclusiveLock", True)] * 2
    waiter.close()
    holder.close()
    while run(redshift, f"SELECT pid FROM svv_transactions WHERE pid = {pids['waiter']}"):
        time.sleep(0.02)
    assert run(redshift, about) == []


def test_svv_transactions_shows_a_transaction_that_only_reads_and_one_that_waits_for_a_row(redshift, servers):
    run(redshift, "CREATE TABLE t (n INT SORTKEY); INSERT INTO t VALUES (1)")
    reader, writer, waiter = (connect(servers, redshift.info.dbname) for _ in range(3))
    run(reader, "SELECT n FROM t")
    run(writer, "UPDATE t SET n = 2")
    waiting = threading.Thread(target=run, args=(waiter, "UPDATE t SET n = 3"))
    waiting.start()
    about = "SELECT pid, lock_mode, relation IS NULL, granted FROM svv_transactions WHERE pid <> pg_backend_pid()"
    pids = [connection.info.backend_pid for connection in (reader, writer, waiter)]
    while (pids[2], "ShareLock", True, False) not in (found := run(redshift, about)):
        time.sleep(0.02)
    held = [(pid, mode, mode == "ExclusiveLock", True) for pid, mode in zip(
        [*pids, *pids], ["ExclusiveLock"] * 3 + ["AccessShareLock"] + ["RowExclusiveLock"] * 2, strict=True
    )]  # fmt: skip
    assert sorted(found) == sorted([*held, (pids[2], "ShareLock", True, False)])
    writer.rollback()
    waiting.join()
    for connection in (reader, writer, waiter):
        connection.close()


CONFLICT = r"^1023\nDETAIL:  Serializable isolation violation on table in Redshift. .*ROLLBACK and run it again"


def test_a_conflict_of_transactions_reads_as_redshifts(redshift, servers):
    run(redshift, "CREATE TABLE t (n INT); INSERT INTO t VALUES (1)")
    other = connect(servers, redshift.info.dbname)
    run(other, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT n FROM t")
    run(redshift, "UPDATE t SET n = 2")
    with pytest.raises(psycopg2.errors.SerializationFailure, match=CONFLICT):
        run(other, "UPDATE t SET n = 3")
    other.rollback()
    assert run(other, "SELECT n FROM t") == [(2,)]
    other.close()


def test_a_deadlock_reads_as_redshifts(redshift, servers):
    run(redshift, "CREATE TABLE a (n INT); CREATE TABLE b (n INT)")
    first, second = (connect(servers, redshift.info.dbname) for _ in range(2))
    run(first, "LOCK a")
    run(second, "LOCK b")
    errors = []

    def lock(connection, table):
        try:
            run(connection, f"LOCK {table}")
        except psycopg2.errors.DeadlockDetected as error:
            errors.append(str(error))
            connection.rollback()

    waiting = threading.Thread(target=lock, args=(first, "b"))
    waiting.start()
    lock(second, "a")
    waiting.join()
    assert len(errors) == 1
    assert re.search(CONFLICT, errors[0])
    first.close()
    second.close()


def test_the_table_of_statements_is_long_and_names_its_sources():
    rows = [*STATEMENTS, *REFUSED, *UNREADABLE, *ERRORS]
    assert len({row[0] for row in rows}) == len(rows) >= 150
    assert all(row[2] for row in rows)


def test_installing_again_changes_nothing(redshift):
    run(redshift, "CREATE TABLE t (a INT DISTKEY, b TIMESTAMP DEFAULT GETDATE())")
    system_views.install(PlainCursor(redshift))
    assert run(redshift, 'SELECT "column" FROM pg_table_def WHERE distkey') == [("a",)]


def test_nothing_is_logged_or_printed(tables, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    run(tables, "SHOW timezone; EXPLAIN SELECT LISTAGG(song) FROM plays; GRANT SELECT ON plays TO PUBLIC")
    assert caplog.messages == []
    assert capfd.readouterr() == ("", "")


# --- Materialized views ---------------------------------------------------------------------------------------

MATERIALIZED = (
    "CREATE TABLE t (a INT); INSERT INTO t VALUES (1); CREATE MATERIALIZED VIEW v AS SELECT COUNT(*) AS n FROM t"
)
ABOUT = "SELECT TRIM(name), is_stale FROM svv_mv_info ORDER BY 1"


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO t VALUES (2)",
        "UPDATE t SET a = 3",
        "DELETE FROM t",
        "TRUNCATE t",
        "MERGE INTO t USING (SELECT 1 AS a) AS s ON t.a = s.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT "
        "VALUES (1)",
    ],
)
def test_a_view_is_stale_from_a_change_to_the_refresh(redshift, change):
    run(redshift, MATERIALIZED)
    assert run(redshift, ABOUT) == [("v", "f")]
    run(redshift, f"BEGIN; {change.replace('TRUNCATE', 'DELETE FROM')}; ROLLBACK")
    assert run(redshift, ABOUT) == [("v", "f")]
    run(redshift, change)
    run(redshift, change)
    assert run(redshift, ABOUT) == [("v", "t")]
    run(redshift, "BEGIN; REFRESH MATERIALIZED VIEW v; ROLLBACK")
    assert run(redshift, ABOUT) == [("v", "t")]
    run(redshift, "REFRESH MATERIALIZED VIEW v")
    assert run(redshift, ABOUT) == [("v", "f")]
    assert run(redshift, "SELECT n FROM v") == run(redshift, "SELECT COUNT(*) FROM t")


def test_a_refresh_without_changes_does_nothing_and_says_so(redshift):
    run(redshift, MATERIALIZED)
    files = "SELECT relfilenode FROM pg_class WHERE relname = 'v'"
    before = run(redshift, files)
    run(redshift, "REFRESH MATERIALIZED VIEW v")
    assert run(redshift, files) == before
    assert redshift.notices[-1] == "INFO:  Materialized view v is already up to date.\n"
    run(redshift, "INSERT INTO t VALUES (1); REFRESH MATERIALIZED VIEW v")
    assert run(redshift, files) != before
    assert run(redshift, "SHOW lock_timeout") == [("0",)]


def test_a_change_that_is_committed_during_a_refresh_stays_to_be_done(redshift, servers):
    """The refresh has read, and is not over; then the change comes."""
    other = connect(servers, redshift.info.dbname)
    run(redshift, f"{MATERIALIZED}; DELETE FROM t")
    run(redshift, "BEGIN; REFRESH MATERIALIZED VIEW v")
    run(other, "INSERT INTO t VALUES (2)")
    other.commit()
    other.close()
    run(redshift, "COMMIT")
    assert run(redshift, ABOUT) == [("v", "t")]


def test_a_view_that_reads_a_view_is_stale_when_that_is_refreshed(redshift):
    run(redshift, f"{MATERIALIZED}; CREATE MATERIALIZED VIEW w AS SELECT n + 1 AS m FROM v; INSERT INTO t VALUES (2)")
    assert run(redshift, ABOUT) == [("v", "t"), ("w", "f")]
    run(redshift, "REFRESH MATERIALIZED VIEW v")
    assert run(redshift, ABOUT) == [("v", "f"), ("w", "t")]
    run(redshift, "REFRESH MATERIALIZED VIEW w")
    assert run(redshift, "SELECT m FROM w") == [(3,)]


def test_a_user_sees_and_refreshes_his_own_views_alone(redshift):
    run(redshift, f"{MATERIALIZED}; INSERT INTO t VALUES (2)")
    run(redshift, "DROP USER IF EXISTS u; CREATE USER u PASSWORD DISABLE; GRANT CREATE ON SCHEMA public TO u")
    run(redshift, "GRANT SELECT ON t, v TO u; SET SESSION AUTHORIZATION u")
    assert run(redshift, ABOUT) == []
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="must be owner of materialized view v"):
        run(redshift, "REFRESH MATERIALIZED VIEW v")
    run(redshift, "CREATE MATERIALIZED VIEW own AS SELECT a FROM t; RESET SESSION AUTHORIZATION")
    run(redshift, "INSERT INTO t VALUES (3); SET SESSION AUTHORIZATION u")
    assert run(redshift, ABOUT) == [("own", "t")]
    run(redshift, "REFRESH MATERIALIZED VIEW own")
    assert run(redshift, "SELECT COUNT(*) FROM own") == [(3,)]
    run(redshift, "RESET SESSION AUTHORIZATION; DROP MATERIALIZED VIEW own")
    run(redshift, "REVOKE ALL ON t, v FROM u; REVOKE CREATE ON SCHEMA public FROM u; DROP USER u")


def test_postgres_keeps_a_password_as_it_would_make_it_itself(redshift):
    run(redshift, "DROP USER IF EXISTS u; CREATE USER u PASSWORD 'Abcd$1234:x'")
    kept = run(redshift, "SELECT rolpassword FROM pg_authid WHERE rolname = 'u'")[0][0]
    assert re.fullmatch(r"SCRAM-SHA-256\$4096:[\w+/=]{24}\$[\w+/=]{44}:[\w+/=]{44}", kept)
    session = {"dbname": redshift.info.dbname, "host": redshift.info.host, "port": redshift.info.port, "user": "u"}
    psycopg2.connect(**session, password="Abcd$1234:x").close()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(**session, password="Abcd$1234:y")
    run(redshift, "DROP USER u")


def test_a_text_is_translated_once_unless_it_is_long_or_holds_a_secret():
    dialect._cached.cache_clear()
    long = f"SELECT '{'a' * dialect.CACHED_LENGTH}'"
    secret = "CREATE USER u PASSWORD 'Abcd1234'"
    for sql in ("SELECT NVL(1, 2)", "SELECT NVL(1, 2)", long, long, secret, secret):
        translate(sql)
    assert dialect._cached.cache_info()[:2] == (1, 1)
    translate("SELECT NVL(1, 2)").clear()
    assert translate("SELECT NVL(1, 2)") == ["SELECT COALESCE(1, 2)"]
