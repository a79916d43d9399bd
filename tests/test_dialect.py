"""Redshift's SQL on the real Postgres: each statement with the result that Redshift's documentation gives it."""

import logging
import re
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files

import psycopg2
import pytest
import sqlalchemy
from sqlalchemy_redshift.dialect import RedshiftDialect_psycopg2
from sqlglot.dialects import Redshift

from redjam.local import copy, dialect, system_views
from redjam.local import postgres as embedded
from redjam.local.dialect import translate
from redjam.local.refusals import Refused

TABLES = """
CREATE TABLE plays (id INTEGER, listener INTEGER, length INTEGER, started TIMESTAMP, song VARCHAR(20),
    pay DECIMAL(5, 2), share DOUBLE PRECISION) DISTKEY (listener) SORTKEY (started);
INSERT INTO plays VALUES (1, 1, 10, '2018-11-01 10:00:00.5', 'Aé', 2.25, 1.5), (2, 1, 20, '2018-11-02', 'b', NULL, 2.5),
    (3, 2, 5, NULL, NULL, 1, 0);
CREATE TABLE names (id INTEGER, name VARCHAR(5)) DISTSTYLE ALL;
INSERT INTO names VALUES (1, 'one'), (2, 'two');
"""


def run(connection, sql: str) -> list[tuple]:
    """Run Redshift statements and give the rows of the last one that has any."""
    rows = []
    with connection.cursor() as cursor:
        for piece in translate(sql):
            cursor.execute(piece)
            if cursor.description:
                rows = cursor.fetchall()
    return rows


@pytest.fixture(scope="module")
def filled(servers):
    """A database with the system views and two tables, in one transaction that each test gives back.

    As to Redshift, a backslash is an escape to its sessions, and psycopg2 writes its values accordingly.
    """
    admin = embedded.connect(servers)
    admin.autocommit = True
    admin.cursor().execute("CREATE DATABASE dialect")
    connection = embedded.connect(servers, dbname="dialect", options="-c standard_conforming_strings=off")
    with connection, connection.cursor() as cursor:
        system_views.install(cursor)
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
def redshift(postgres):
    """A fresh database with the system views, in autocommit."""
    with postgres.cursor() as cursor:
        system_views.install(cursor)
    return postgres


NOVEMBER = datetime(2018, 11, 1)
PLAYED = datetime(2018, 11, 1, 10, 0, 0, 500000)

# Statement, the rows it gives (a single value stands for one row of one column), and where Redshift says so: a page of
# the Database Developer Guide.
STATEMENTS = [
    # Dates and times
    ("SELECT GETDATE() BETWEEN SYSDATE - INTERVAL '1 second' AND SYSDATE + INTERVAL '1 minute'", True, "r_GETDATE"),
    ("SELECT pg_typeof(GETDATE()), pg_typeof(SYSDATE)", [("timestamp without time zone",) * 2], "r_SYSDATE"),
    ("SELECT EXTRACT(us FROM GETDATE())", 0, "r_GETDATE"),
    ("SELECT DATEADD(month, 18, '2008-02-28')", datetime(2009, 8, 28), "r_DATEADD_function"),
    ("SELECT DATEADD(m, 30, '2008-02-28')", datetime(2008, 2, 28, 0, 30), "r_DATEADD_function"),
    ("SELECT DATEADD(month, 1, '2008-04-30')", datetime(2008, 5, 30), "r_DATEADD_function"),
    ("SELECT DATEADD(year, 1, '2016-02-29')", datetime(2017, 3, 1), "r_DATEADD_function"),
    ("SELECT DATEADD(month, 12, '2016-02-29')", datetime(2017, 2, 28), "r_DATEADD_function"),
    ("SELECT DATEADD('day', -1, started) FROM plays WHERE id = 2", NOVEMBER, "r_DATEADD_function"),
    ("SELECT DATEADD(ms, 1541044398796, '1970-01-01')", datetime(2018, 11, 1, 3, 53, 18, 796000), "r_DATEADD_function"),
    ("SELECT DATEADD(day, 30, started::date) FROM plays WHERE id = 2", datetime(2018, 12, 2), "r_DATEADD_function"),
    ("SELECT ADD_MONTHS('2008-04-30', 1)", datetime(2008, 5, 31), "r_ADD_MONTHS"),
    ("SELECT LAST_DAY('2008-02-05')", date(2008, 2, 29), "r_LAST_DAY"),
    ("SELECT DATEDIFF(year, '2008-12-31', '2009-01-01')", 1, "r_DATEDIFF_function"),
    ("SELECT DATEDIFF(hour, '2009-01-01 8:30:00', '2009-01-01 10:00:00')", 2, "r_DATEDIFF_function"),
    ("SELECT DATEDIFF(hour, '2023-01-01', '2023-01-03 05:04:03')", 53, "r_DATEDIFF_function"),
    ("SELECT DATEDIFF(week, '2009-01-01', '2009-12-31')", 52, "r_DATEDIFF_function"),
    ("SELECT DATEDIFF(qtr, '1998-12-31', '1999-04-01')", 2, "r_DATEDIFF_function"),
    ("SELECT DATEDIFF(month, '2009-02-28', '2009-01-01')", -1, "r_DATEDIFF_function"),
    (
        "SELECT DATEDIFF(day, started, '2018-11-03') FROM plays ORDER BY id",
        [(2,), (1,), (None,)],
        "r_DATEDIFF_function",
    ),
    ("SELECT DATEDIFF(day, started::date, CURRENT_DATE) > 0 FROM plays WHERE id = 1", True, "r_DATEDIFF_function"),
    ("SELECT DATE_TRUNC('month', started) FROM plays WHERE id = 1", NOVEMBER, "r_DATE_TRUNC"),
    ("SELECT DATE_TRUNC('week', '2018-11-01')", datetime(2018, 10, 29), "r_DATE_TRUNC"),
    ("SELECT DATE_TRUNC('month', DATE '2018-11-30')", NOVEMBER, "r_DATE_TRUNC"),
    (
        "SELECT EXTRACT(hour FROM started), EXTRACT(weekday FROM started) FROM plays WHERE id = 1",
        [(10, 4)],
        "r_EXTRACT",
    ),
    ("SELECT EXTRACT(ms FROM TIMESTAMP '2009-09-09 12:08:43.101')", 101, "r_EXTRACT_function"),
    ("SELECT EXTRACT(sec FROM TIMESTAMP '2009-09-21 11:10:03.189717')", 3, "r_Dateparts_for_datetime_functions"),
    ("SELECT DATE_PART(sec, TIMESTAMP '2009-09-21 11:10:03.189717')", 3.189717, "r_Dateparts_for_datetime_functions"),
    ("SELECT EXTRACT(decade FROM TIMESTAMP '2000-02-16 20:38:40')", 201, "r_Dateparts_for_datetime_functions"),
    ("SELECT EXTRACT(epoch FROM started) FROM plays WHERE id = 2", 1541116800, "r_Dateparts_for_datetime_functions"),
    ("SELECT EXTRACT(hour FROM started) / 4 FROM plays WHERE id = 1", 2, "r_EXTRACT_function: INTEGER"),
    ("SELECT TRUNC(started) FROM plays WHERE id = 1", date(2018, 11, 1), "r_TRUNC_date"),
    (
        "SELECT CONVERT_TIMEZONE('US/Pacific', TIMESTAMP '2008-08-24 09:36:12')",
        datetime(2008, 8, 24, 2, 36, 12),
        "CONVERT",
    ),
    (
        "SELECT CONVERT_TIMEZONE('PST', TIMESTAMP '2008-08-24 09:36:12')",
        datetime(2008, 8, 24, 1, 36, 12),
        "CONVERT_TIMEZONE",
    ),
    ("SELECT CONVERT_TIMEZONE('EST', 'PST', '20080305 12:25:29')", datetime(2008, 3, 5, 9, 25, 29), "CONVERT_TIMEZONE"),
    (
        "SELECT TIMESTAMP 'epoch' + 1541044398796 / 1000 * INTERVAL '1 second' + 1541044398796 % 1000 * INTERVAL '1ms'",
        datetime(2018, 11, 1, 3, 53, 18, 796000),
        "facts 9",
    ),
    ("SELECT 2 * INTERVAL '1 hour' + INTERVAL '5' MINUTE", timedelta(minutes=125), "r_interval_literals"),
    (
        "SELECT INTERVAL '1 day 02:03:04', INTERVAL '90' SECOND d",
        [(timedelta(1, 7384), timedelta(0, 90))],
        "r_interval",
    ),
    ("SELECT DATE '2018-01-31' + INTERVAL '1-1' YEAR TO MONTH", datetime(2019, 2, 28), "r_interval_literals"),
    (
        "SELECT 1 + 5 * 4 % 3 - -1, NOT 1 = 2, -5 % 3, 'a' || 1 + 2, 2 ^ 3",
        [(4, True, -2, "a3", 8)],
        "r_OPERATOR_SYMBOLS",
    ),
    (
        "SELECT TO_CHAR(started, 'YYYY-MM-DD HH24:MI:SS.MS') FROM plays WHERE id = 1",
        "2018-11-01 10:00:00.500",
        "TO_CHAR",
    ),
    ("SELECT TO_DATE('02 Oct 2001', 'DD Mon YYYY')", date(2001, 10, 2), "r_TO_DATE_function"),
    # Text and numbers
    ("SELECT NVL(song, 'none'), NVL2(song, 1, 2) FROM plays WHERE id = 3", [("none", 2)], "r_NVL_function"),
    ("SELECT DECODE(song, 'b', 1, NULL, 2, 3) FROM plays ORDER BY id", [(3,), (1,), (2,)], "r_DECODE_expression"),
    ("SELECT LEN(song), LENGTH(song), OCTET_LENGTH(song) FROM plays WHERE id = 1", [(2, 2, 3)], "r_LEN"),
    ("SELECT LEN('ab '), LEN('ab '::CHAR(5))", [(3, 2)], "r_LEN"),
    ("SELECT song || '!' FROM plays WHERE id >= 2 ORDER BY id", [("b!",), (None,)], "r_concat_op"),
    ("SELECT CONCAT(id, song) FROM plays WHERE id >= 2 ORDER BY id", [("2b",), (None,)], "r_CONCAT"),
    ("SELECT MD5('Amazon Redshift')", "f7415e33f972c03abd4f3fed36748f7a", "r_MD5"),
    ("SELECT SHA2('a', 256)", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb", "SHA2"),
    ("SELECT STRTOL('0xf', 16), STRTOL('abcd1234', 16), STRTOL('1234567', 8)", [(15, 2882343476, 342391)], "r_STRTOL"),
    ("SELECT STRTOL('', 2), STRTOL('-101', 2), STRTOL(song, 16) FROM plays WHERE id = 3", [(0, -5, None)], "r_STRTOL"),
    ("SELECT SPLIT_PART('a$b', '$', 2), CHARINDEX('b', 'ab'), STRPOS('ab', 'b')", [("b", 2, 2)], "SPLIT_PART"),
    ("SELECT SUBSTRING('caterpillar', 6, 4), SUBSTRING('caterpillar' FROM 6 FOR 4)", [("pill", "pill")], "r_SUBSTRING"),
    ("SELECT REGEXP_REPLACE('the fox', 'FOX', 'brown fox', 1, 'i')", "the brown fox", "REGEXP_REPLACE"),
    (r"SELECT REGEXP_REPLACE('me@x.org', '@.*\\.(org|com)$')", "me", "REGEXP_REPLACE"),
    ("SELECT REGEXP_REPLACE('banana', 'a', 'o')", "bonono", "REGEXP_REPLACE: every occurrence"),
    ("SELECT REGEXP_SUBSTR('the fox', 'FOX', 1, 1, 'i')", "fox", "REGEXP_SUBSTR"),
    ("SELECT REGEXP_SUBSTR('the fox', 'x+y')", "", "REGEXP_SUBSTR"),
    ("SELECT TRUNC(1.57), ROUND(2.345::float8, 2), ROUND(28.05, 1)", [(1, 2.35, Decimal("28.1"))], "r_ROUND"),
    ("SELECT 7 / 2, -7 / 2, 7 % 3", [(3, -3, 1)], "r_OPERATOR_SYMBOLS"),
    ("SELECT 3.7::DECIMAL, CAST('abc' AS CHAR), 'abc'::VARCHAR", [(Decimal(4), "abc", "abc")], "r_Numeric_types201"),
    (
        r"SELECT 'a\\b', 'it\'s', 'it''s', E'a\\b', 'x\ty', '100%'",
        [("a\\b", "it's", "it's", "a\\b", "x\ty", "100%")],
        "psycopg2",
    ),
    (r"SELECT id FROM plays WHERE song LIKE '%é%' OR song LIKE 'a\\_%'", 1, "r_patternmatching_condition_like"),
    ('SELECT "ID" AS "The Id" FROM "PLAYS" WHERE "Id" = 1', 1, "r_names"),
    # Aggregates and windows
    ("SELECT AVG(length), AVG(share), AVG(pay) FROM plays", [(11, 4 / 3, Decimal("1.625"))], "r_AVG"),
    ("SELECT AVG(length) OVER (PARTITION BY listener) FROM plays ORDER BY id", [(15,), (15,), (5,)], "r_WF_AVG"),
    ("SELECT AVG(DISTINCT length) FROM plays HAVING AVG(length) = 11", 11, "r_AVG"),
    ("SELECT APPROXIMATE COUNT(DISTINCT listener) FROM plays", 2, "r_COUNT"),
    ("SELECT LISTAGG(song, ', ') WITHIN GROUP (ORDER BY id DESC) FROM plays", "b, Aé", "r_LISTAGG"),
    ("SELECT LISTAGG(length) FROM plays WHERE id = 1", "10", "r_LISTAGG"),
    ("SELECT LISTAGG(song) FROM plays WHERE id = 3", None, "r_LISTAGG: NULL values are ignored"),
    (
        "SELECT LISTAGG(DISTINCT listener, '|') WITHIN GROUP (ORDER BY listener DESC) FROM plays",
        "2|1",
        "r_LISTAGG",
    ),
    (
        "SELECT LISTAGG(id, ',') WITHIN GROUP (ORDER BY id DESC) OVER (PARTITION BY NVL(listener, 0)) FROM plays",
        [("2,1",), ("2,1",), ("3",)],
        "r_WF_LISTAGG",
    ),
    ("SELECT MEDIAN(length), MEDIAN(pay), MEDIAN(share) FROM plays", [(10, Decimal("1.625"), 1.5)], "r_MEDIAN"),
    ("SELECT MEDIAN(started) FROM plays", datetime(2018, 11, 1, 17, 0, 0, 250000), "r_MEDIAN"),
    ("SELECT MEDIAN(length) OVER (PARTITION BY listener) FROM plays ORDER BY id", [(15,), (15,), (5,)], "r_WF_MEDIAN"),
    ("SELECT PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY length) FROM plays", Decimal("7.5"), "r_PERCENTILE_CONT"),
    ("SELECT PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY length DESC) FROM plays", 15, "r_PERCENTILE_CONT"),
    ("SELECT PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY length) FROM plays", 10, "r_APPROXIMATE_PERCENTILE_DISC"),
    (
        "SELECT RATIO_TO_REPORT(length) OVER (PARTITION BY listener) FROM plays ORDER BY id",
        [(1 / 3,), (2 / 3,), (1.0,)],
        "r_WF_RATIO_TO_REPORT",
    ),
    (
        "SELECT SUM(length) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) FROM plays ORDER BY id",
        [(10,), (30,), (35,)],
        "r_WF_SUM",
    ),
    (
        "SELECT LAG(id) OVER (PARTITION BY listener ORDER BY started DESC NULLS LAST) FROM plays ORDER BY id",
        [(2,), (None,), (None,)],
        "c_Window_functions",
    ),
    # QUALIFY
    (
        "SELECT * FROM names AS n QUALIFY ROW_NUMBER() OVER (ORDER BY id DESC) = 1",
        [(2, "two")],
        "r_QUALIFY_clause: no further column",
    ),
    (
        "SELECT p.id, n.* FROM plays AS p JOIN names AS n ON n.id = p.id QUALIFY RANK() OVER (ORDER BY n.name) = 1",
        [(1, 1, "one")],
        "r_QUALIFY_clause",
    ),
    (
        "SELECT song, RANK() OVER (ORDER BY id) AS n FROM plays AS p QUALIFY n > 1 ORDER BY length DESC LIMIT 1",
        [("b", 2)],
        "r_QUALIFY_clause: before ORDER BY and LIMIT",
    ),
    (
        "SELECT listener, SUM(length) FROM plays AS p GROUP BY 1 QUALIFY RANK() OVER (ORDER BY SUM(length) DESC) = 1",
        [(1, 30)],
        "r_QUALIFY_clause",
    ),
    (
        "WITH p AS (SELECT listener l FROM plays) SELECT DISTINCT l FROM p q QUALIFY COUNT(*) OVER (PARTITION BY l)=2",
        [(1,)],
        "r_QUALIFY_clause",
    ),
    # Queries
    ("SELECT TOP 1 id FROM plays ORDER BY id DESC", 3, "r_SELECT_list"),
    ("SELECT id FROM plays MINUS SELECT id FROM names", 3, "r_UNION"),
    ("(SELECT 1) UNION ALL (SELECT 2) ORDER BY 1", [(1,), (2,)], "r_UNION"),
    ("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT MAX(i) FROM n", 3, "facts 9"),
    ("SELECT COUNT(*) FROM plays p, names n WHERE p.id = n.id", 2, "r_Join_examples"),
    ("EXPLAIN SELECT 1", [("Result  (cost=0.00..0.01 rows=1 width=4)",)], "r_EXPLAIN"),
    # Changes
    (
        """MERGE INTO names USING (SELECT id, song FROM plays WHERE id >= 2) AS s ON names.id = s.id
        WHEN MATCHED THEN UPDATE SET name = s.song WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'new');
        SELECT * FROM names ORDER BY id""",
        [(1, "one"), (2, "b"), (3, "new")],
        "r_MERGE",
    ),
    (
        """MERGE INTO names USING plays ON names.id = plays.id
        WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (plays.id); SELECT * FROM names""",
        [(3, None)],
        "r_MERGE",
    ),
    ("DELETE names WHERE id = 1; SELECT id FROM names", 2, "r_DELETE"),
    ("DELETE FROM names USING plays WHERE names.id = plays.id; SELECT COUNT(*) FROM names", 0, "r_DELETE"),
    (
        "UPDATE names n SET name = song FROM plays p WHERE p.id = n.id; SELECT name FROM names WHERE id = 2",
        "b",
        "r_UPDATE",
    ),
    ("INSERT INTO names (name) VALUES (DEFAULT), ('x'); SELECT COUNT(*) FROM names", 4, "r_INSERT_30"),
    ("INSERT INTO names (SELECT id, song FROM plays WHERE id = 3); SELECT COUNT(*) FROM names", 3, "r_INSERT_30"),
    ("INSERT INTO names WITH x AS (SELECT 9) SELECT * FROM x; SELECT MAX(id) FROM names", 9, "r_INSERT_30"),
    ("TRUNCATE names; SELECT COUNT(*) FROM names", 0, "r_TRUNCATE"),
    (
        "CREATE VIEW v AS SELECT GETDATE(), id FROM plays WITH NO SCHEMA BINDING; SELECT COUNT(*) FROM v",
        3,
        "r_CREATE_VIEW",
    ),
    (
        "CREATE MATERIALIZED VIEW v BACKUP NO DISTSTYLE ALL AS SELECT id FROM plays; SELECT COUNT(*) FROM v",
        3,
        "materialized-view-create-sql-command",
    ),
    ("CREATE TABLE #t (id INT); INSERT INTO #t VALUES (1); SELECT id FROM #t", 1, "r_CREATE_TABLE_NEW"),
    ("SELECT id INTO TEMP t FROM plays; SELECT COUNT(*) FROM t", 3, "r_SELECT_INTO"),
    (
        "ALTER TABLE names ADD COLUMN more VARCHAR(3) DEFAULT 'x' ENCODE lzo; SELECT more FROM names WHERE id = 1",
        "x",
        "r_ALTER_TABLE",
    ),
    ("ALTER TABLE names DROP COLUMN name; SELECT * FROM names WHERE id = 1", 1, "r_ALTER_TABLE"),
    ("ALTER TABLE names RENAME TO people; SELECT COUNT(*) FROM people", 2, "r_ALTER_TABLE"),
    ("ALTER TABLE names RENAME COLUMN name TO called; SELECT called FROM names WHERE id = 1", "one", "r_ALTER_TABLE"),
    (r"COMMENT ON TABLE names IS 'it\'s'; SELECT obj_description('names'::regclass)", "it's", "r_COMMENT"),
    ("SET query_group TO 'x'; RESET query_group; SET timezone TO 'UTC'; SHOW timezone", "UTC", "r_SET"),
    ("ANALYZE plays PREDICATE COLUMNS; ANALYZE VERBOSE plays; SELECT 1", 1, "r_ANALYZE"),
    ("SELECT 1; ; -- nothing\n SELECT 2;", 2, "several statements"),
    # Types and keys
    (
        """CREATE TABLE t (a VARCHAR, b TEXT, c CHAR, d BPCHAR, e NVARCHAR(3), f VARCHAR(MAX), g INT2, h INT8, i FLOAT4,
        j FLOAT, k DECIMAL, l TIMESTAMPTZ, m CHARACTER VARYING(7));
        SELECT type FROM pg_table_def WHERE tablename = 't'""",
        [
            (kind,)
            for kind in (
                *("character varying(256)", "character varying(256)", "character(1)", "character(256)"),
                *("character varying(3)", "character varying(65535)", "smallint", "bigint", "real", "double precision"),
                *("numeric(18,0)", "timestamp with time zone", "character varying(7)"),
            )
        ],
        "c_Supported_data_types",
    ),
    (
        """CREATE TABLE t (a INT IDENTITY(0, 5), b INT GENERATED BY DEFAULT AS IDENTITY(1, 1), c INT);
        INSERT INTO t (c) VALUES (1), (2); INSERT INTO t (b, c) VALUES (9, 3); SELECT a, b FROM t""",
        [(0, 1), (5, 2), (10, 9)],
        "r_CREATE_TABLE_NEW",
    ),
    (
        """CREATE TABLE t (a INT PRIMARY KEY, b INT UNIQUE REFERENCES plays (id), UNIQUE (a, b), FOREIGN KEY (b)
        REFERENCES plays); INSERT INTO t VALUES (1, 99), (1, 99); SELECT COUNT(*) FROM t""",
        2,
        "r_CREATE_TABLE_NEW: informational",
    ),
]


@pytest.mark.parametrize(("statement", "expected", "source"), STATEMENTS, ids=[row[0][:60] for row in STATEMENTS])
def test_a_statement_gives_what_redshift_gives(tables, statement, expected, source):
    rows = run(tables, statement)
    assert rows == (expected if isinstance(expected, list) else [(expected,)]), source


# Columns of a table: name, encoding, distkey, sortkey, notnull as pg_table_def shows them; diststyle by pg_class_info.
KEYS = [
    ("CREATE TABLE t (a INT, b BIGINT)", 10, [("a", "az64", False, 0, False), ("b", "az64", False, 0, False)]),
    ("CREATE TABLE t (a INT) DISTSTYLE EVEN", 0, [("a", "az64", False, 0, False)]),
    ("CREATE TABLE t (a INT) diststyle all backup no", 8, [("a", "az64", False, 0, False)]),
    (
        "CREATE TABLE t (a INT NOT NULL SORTKEY ENCODE raw, b VARCHAR(9) ENCODE zstd DISTKEY NOT NULL, c BOOLEAN)",
        1,
        [("a", "none", False, 1, True), ("b", "zstd", True, 0, True), ("c", "none", False, 0, False)],
    ),
    (
        "CREATE TABLE t (a TIMESTAMP DISTKEY SORTKEY NOT NULL DEFAULT SYSDATE, b VARCHAR) ENCODE AUTO",
        1,
        [("a", "none", True, 1, True), ("b", "lzo", False, 0, False)],
    ),
    (
        "CREATE TABLE t (a INT, b INT, PRIMARY KEY (b)) DISTSTYLE KEY DISTKEY (b) COMPOUND SORTKEY (b, a)",
        1,
        [("a", "none", False, 2, False), ("b", "none", True, 1, True)],
    ),
    (
        "CREATE TABLE t (a INT, b INT) INTERLEAVED SORTKEY (a, b)",
        10,
        [("a", "none", False, -1, False), ("b", "none", False, 2, False)],
    ),
    ("CREATE TABLE t (a INT) SORTKEY AUTO DISTSTYLE AUTO", 10, [("a", "az64", False, 0, False)]),
    ("CREATE TABLE t DISTKEY (a) SORTKEY (a) AS SELECT 1 AS a", 1, [("a", "none", True, 1, False)]),
    ("CREATE TABLE t (a) DISTSTYLE ALL AS SELECT 1", 8, [("a", "az64", False, 0, False)]),
    ("CREATE TEMP TABLE t (a INT DISTKEY)", 1, [("a", "none", True, 0, False)]),
    (
        "CREATE TABLE m (a INT PRIMARY KEY, b INT DISTKEY SORTKEY); CREATE TABLE t (LIKE m INCLUDING DEFAULTS)",
        1,
        [("a", "az64", False, 0, True), ("b", "none", True, 1, False)],
    ),
    (
        "CREATE TABLE t (a INT SORTKEY); CREATE TABLE IF NOT EXISTS t (a INT DISTKEY, b INT) SORTKEY (b)",
        10,
        [("a", "none", False, 1, False)],
    ),
    (
        "CREATE TABLE t (a INT); ALTER TABLE t ADD COLUMN b INT ENCODE zstd; ALTER TABLE t ALTER DISTKEY b; "
        "ALTER TABLE t ALTER SORTKEY (a); ALTER TABLE t ADD PRIMARY KEY (a); COMMENT ON TABLE t IS 'mine'",
        1,
        [("a", "none", False, 1, False), ("b", "zstd", True, 0, False)],
    ),
    ("CREATE TABLE x (a INT DISTKEY); ALTER TABLE x RENAME TO t", 1, [("a", "az64", True, 0, False)]),
    ("CREATE TABLE time (a INT DISTKEY); ALTER TABLE time RENAME TO t", 1, [("a", "az64", True, 0, False)]),
]


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


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("INSERT INTO names VALUES (1, 'ééé')", "name: value too long for type character varying(5)"),
        ("UPDATE names SET name = 'ééé'", "name: value too long for type character varying(5)"),
        ("CREATE TABLE t (LIKE names); INSERT INTO t VALUES (1, 'ééé')", "name: value too long"),
        (
            "ALTER TABLE names ADD COLUMN c CHAR(2); INSERT INTO names (c) VALUES ('é')",
            "c: value too long for type char",
        ),
        (f"CREATE TABLE t ({'a' * 63} VARCHAR(1)); INSERT INTO t VALUES ('é')", ": value too long for varchar(1)"),
        ("INSERT INTO names VALUES (1, 'abcdef')", "value too long for type character varying(5)"),
        ("CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (NULL)", 'null value in column "a"'),
        ("CREATE TABLE t (a INT IDENTITY(1, 1)); INSERT INTO t VALUES (5)", 'column "a"'),
        ("SELECT STRTOL('xyz', 16)", "no digit in base 16"),
        ("VACUUM plays", "VACUUM cannot run inside a transaction block"),
    ],
)
def test_a_value_that_redshift_would_not_take_is_an_error(tables, statement, error):
    with pytest.raises(psycopg2.Error) as raised:
        run(tables, statement)
    assert error in str(raised.value)


def test_two_long_names_of_columns_have_each_their_limit(tables):
    run(tables, f"CREATE TABLE t ({'a' * 60}_1 VARCHAR(1), {'a' * 60}_2 VARCHAR(1)); INSERT INTO t VALUES ('a', 'b')")


REFUSED = [
    (
        "MERGE INTO t AS x USING s ON x.a = s.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)",
        "alias",
    ),
    ("MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE", "single WHEN clause is not enabled"),
    ("MERGE INTO t USING s ON t.a = s.a WHEN NOT MATCHED THEN INSERT VALUES (1)", "WHERE NOT EXISTS"),
    (
        "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED AND s.b THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)",
        "no condition in a WHEN",
    ),
    (
        "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE WHEN MATCHED THEN UPDATE SET a = 1 "
        "WHEN NOT MATCHED THEN INSERT VALUES (1)",
        "one WHEN MATCHED and one WHEN NOT MATCHED",
    ),
    (
        "MERGE INTO t USING s ON t.a=s.a WHEN MATCHED THEN UPDATE SET t.a = 1 WHEN NOT MATCHED THEN INSERT VALUES (1)",
        "Write SET a = value",
    ),
    (
        "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED THEN INSERT VALUES (1)",
        "DO NOTHING",
    ),
    ("MERGE INTO t USING s ON t.a = s.a REMOVE DUPLICATES", "not on the stand-in|stand-in has no"),
    ("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", "MERGE"),
    ("INSERT INTO t VALUES (1) RETURNING a", "RETURNING"),
    ("INSERT INTO t AS x VALUES (1)", "no alias"),
    ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", "INSERT INTO ... WITH"),
    ("WITH x AS (DELETE FROM t) SELECT 1", "within WITH"),
    ("DELETE FROM t AS x WHERE x.a = 1", "DELETE takes no alias"),
    ("DELETE FROM t x USING s WHERE x.a = s.a", "DELETE takes no alias"),
    ("UPDATE t SET t.a = 1", "SET a = value"),
    ("UPDATE t SET (a, b) = (1, 2)", "several columns"),
    ("SELECT DISTINCT ON (a) b FROM t", "QUALIFY"),
    ("CREATE TABLE t (a SERIAL)", "IDENTITY"),
    ("CREATE TABLE t (a BIGSERIAL)", "IDENTITY"),
    ("CREATE TABLE t (a JSONB)", "VARCHAR(65535)"),
    ("SELECT '{}'::json", "VARCHAR(65535)"),
    ("CREATE TABLE t (a UUID)", "VARCHAR(36)"),
    ("SELECT gen_random_uuid()", "VARCHAR(36)"),
    ("CREATE TABLE t (a INT[])", "arrays"),
    ("SELECT ARRAY[1, 2]", "arrays"),
    ("SELECT UNNEST(a) FROM t", "arrays"),
    ("CREATE TABLE t (a SUPER)", "SUPER"),
    ("CREATE TABLE t (a INT CHECK (a > 0))", "CHECK"),
    ("CREATE TABLE t (a INT, CHECK (a > 0))", "CHECK"),
    ("CREATE TABLE t (tag INT)", "reserved word"),
    ("CREATE TABLE t (a INT); ALTER TABLE t ADD COLUMN tag INT", "reserved word"),
    ("ALTER TABLE t ADD COLUMN VARCHAR (3) DEFAULT 'x'", "no type"),
    ("WITH top AS (SELECT 1) SELECT 1", "top is a reserved word"),
    ("WITH t (Tag) AS (SELECT 1) SELECT 1 FROM t", "Tag is a reserved word"),
    ("SELECT * FROM songs AS tag", "tag is a reserved word"),
    ("SELECT * FROM songs JOIN (SELECT 1) USER ON true", "USER is a reserved word"),
    ("SELECT * FROM user", "user is a reserved word"),
    ("SELECT 1 AS a INTO top", "top is a reserved word"),
    ("UPDATE t SET a", "SET column = value"),
    ("CREATE TABLE t (a INT GENERATED BY DEFAULT AS IDENTITY)", "IDENTITY(1, 1)"),
    ("CREATE TABLE t (a INT GENERATED ALWAYS AS IDENTITY)", "no GENERATED ALWAYS"),
    ("CREATE TABLE t (a INT GENERATED ALWAYS AS IDENTITY (1, 1))", "no GENERATED ALWAYS"),
    ("CREATE TABLE t (a INT IDENTITY)", "IDENTITY(1, 1)"),
    ("create table t (a int) diststyle fly", "AUTO, EVEN, KEY, ALL"),
    ("ALTER TABLE t ALTER DISTSTYLE fly", "AUTO, EVEN, KEY, ALL"),
    ("ALTER TABLE t ALTER DISTSTYLE KEY", "DISTKEY"),
    ("CREATE TABLE t (a VARCHAR(70000))", "65535"),
    ("CREATE TABLE t (a INT) DISTSTYLE KEY", "DISTKEY"),
    ("CREATE TABLE t (a INT) DISTSTYLE ALL DISTKEY (a)", "DISTKEY"),
    ("CREATE TABLE t (a INT) SORTKEY (b)", 'column "b" named in key does not exist'),
    ("CREATE TABLE t (a INT) WITH (fillfactor = 10)", "CREATE TABLE"),
    ("CREATE UNIQUE INDEX i ON t (a)", "SORTKEY"),
    ("DROP INDEX i", "SORTKEY"),
    ("CREATE SEQUENCE s", "IDENTITY"),
    ("SELECT NEXTVAL('s')", "IDENTITY"),
    ("CREATE TYPE mood AS ENUM ('sad')", "VARCHAR"),
    ("CREATE UNLOGGED TABLE t (a INT)", "begins with CREATE UNLOGGED"),
    ("ALTER TABLE t ALTER COLUMN a TYPE VARCHAR(30)", "stand-in"),
    ("ALTER TABLE t APPEND FROM s", "stand-in"),
    ("UNLOAD ('SELECT 1') TO 's3://x'", "stand-in"),
    ("SELECT * FROM GENERATE_SERIES(1, 3)", "WITH RECURSIVE"),
    ("SELECT STRING_AGG(a, ',' ORDER BY b) FROM t", "LISTAGG"),
    ("SELECT ARRAY_AGG(a) FROM t", "LISTAGG"),
    ("SELECT SUM(a) FILTER (WHERE b) FROM t", "CASE"),
    ("SELECT SUM(a) OVER (ORDER BY b) FROM t", "require a frame clause"),
    ("SELECT LAG(a) IGNORE NULLS OVER (ORDER BY b) FROM t", "stand-in"),
    ("SELECT a IS DISTINCT FROM b FROM t", "IS DISTINCT FROM"),
    ("SELECT * FROM (VALUES (1)) AS t", "UNION ALL"),
    ("SELECT * FROM t FETCH FIRST ROW ONLY", "LIMIT"),
    ("SELECT * FROM t, LATERAL (SELECT 1) AS x", "join"),
    ("SELECT CLOCK_TIMESTAMP()", "GETDATE()"),
    ("SELECT PG_SLEEP(1)", "client"),
    ("SAVEPOINT x", "savepoints"),
    ("ROLLBACK TO SAVEPOINT x", "savepoints"),
    ("EXPLAIN SELECT ARRAY_AGG(a) FROM t", "LISTAGG"),
    ("EXPLAIN", "EXPLAIN takes"),
    ("EXPLAIN VERBOSE", "EXPLAIN takes"),
    ("EXPLAIN COPY t FROM 's3://b/k' IAM_ROLE default JSON 'auto'", "EXPLAIN takes"),
    ("SET", "no setting"),
    ("SELECT 1; SELECT ARRAY[1]", "arrays"),
]


@pytest.mark.parametrize(("statement", "says"), REFUSED, ids=[row[0][:60] for row in REFUSED])
def test_what_redshift_lacks_is_refused_with_what_to_write_instead(statement, says):
    with pytest.raises(Refused) as refused:
        translate(statement)
    assert any(part in str(refused.value) for part in says.split("|"))


@pytest.mark.parametrize("written", [row[0] for row in (*STATEMENTS, *KEYS, *REFUSED)], ids=lambda text: text[:60])
def test_a_statement_that_breaks_off_or_lacks_a_word_is_no_crash(written):
    words = [written[token.start : token.end + 1] for token in dialect.Tokenizer(dialect=Redshift()).tokenize(written)]
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
    create, keep, order = translate(
        r"CREATE TABLE t (a INT); /* c */ COPY t FROM E's3://b/it\'s' IAM_ROLE default JSON '\\it''s\\\\';"
    )
    assert isinstance(order, copy.Copy)
    assert (order.table, order.source, order.json) == ("t", "s3://b/it's", r"\it's\\")
    assert create == "CREATE TABLE t (a INT)"
    assert keep.startswith("CALL ")


def test_values_that_psycopg2_writes_come_through(tables):
    values = ["it's", "back\\slash", "\\", "100%", "Zoë", None, 5, Decimal("1.50"), True, date(2018, 11, 1), PLAYED]
    with tables.cursor() as cursor:
        text = cursor.mogrify(f"SELECT {', '.join(['%s'] * len(values))}, '50%%'", values).decode()
    assert run(tables, text) == [(*values, "50%")]


def test_strings_mean_the_same_whatever_the_session_takes_for_an_escape(tables, redshift):
    query = r"SELECT 'a\\b', STRTOL(' -f', 16)"
    assert run(tables, query) == run(redshift, query) == [("a\\b", -15)]


def test_sqlalchemy_connects(redshift):
    class Cursor(psycopg2.extensions.cursor):
        def execute(self, query, variables=None):
            for piece in translate(self.mogrify(query, variables).decode()):
                super().execute(piece)

    redshift.cursor_factory = Cursor
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
    run(
        redshift,
        "CREATE TABLE t (a INT); VACUUM FULL t TO 99 PERCENT; VACUUM DELETE ONLY t; VACUUM SORT ONLY t BOOST; VACUUM",
    )
    run(redshift, "BEGIN; INSERT INTO t VALUES (1); ROLLBACK; START TRANSACTION; INSERT INTO t VALUES (2); END; ABORT")
    assert run(redshift, "SELECT a FROM t") == [(2,)]


def test_installing_again_changes_nothing(redshift):
    run(redshift, "CREATE TABLE t (a INT DISTKEY, b TIMESTAMP DEFAULT GETDATE())")
    with redshift.cursor() as cursor:
        system_views.install(cursor)
    assert run(redshift, 'SELECT "column" FROM pg_table_def WHERE distkey') == [("a",)]


def test_every_statement_of_the_walkthrough_translates():
    for file in (files("redjam") / "sql").rglob("*.sql"):
        # $name stands for a literal.
        assert translate(re.sub(r"\$\w+", "'arn:x'", file.read_text())), file


def test_nothing_is_logged_or_printed(tables, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    run(tables, "SHOW timezone; EXPLAIN SELECT LISTAGG(song) FROM plays; GRANT SELECT ON plays TO PUBLIC")
    assert caplog.messages == []
    assert capfd.readouterr() == ("", "")


def test_a_text_is_translated_once_unless_it_is_long(monkeypatch):
    dialect._cached.cache_clear()
    long = f"SELECT '{'a' * dialect.CACHED_LENGTH}'"
    for sql in ("SELECT NVL(1, 2)", "SELECT NVL(1, 2)", long, long):
        translate(sql)
    assert dialect._cached.cache_info()[:2] == (1, 1)
    translate("SELECT NVL(1, 2)").clear()
    assert translate("SELECT NVL(1, 2)") == ["SELECT COALESCE(1, 2)"]
