"""Redshift statements with what they give or why they are refused, and where Redshift says so.

A source is a page of the Database Developer Guide (https://docs.aws.amazon.com/redshift/latest/dg/<page>.html), or
the grammar that such a page gives; what only the stand-in lacks has the source "stand-in".
"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

TABLES = """
CREATE TABLE plays (id INTEGER, listener INTEGER, length INTEGER, started TIMESTAMP, song VARCHAR(20),
    pay DECIMAL(5, 2), share DOUBLE PRECISION) DISTKEY (listener) SORTKEY (started);
INSERT INTO plays VALUES (1, 1, 10, '2018-11-01 10:00:00.5', 'Aé', 2.25, 1.5), (2, 1, 20, '2018-11-02', 'b', NULL, 2.5),
    (3, 2, 5, NULL, NULL, 1, 0);
CREATE TABLE names (id INTEGER, name VARCHAR(5)) DISTSTYLE ALL;
INSERT INTO names VALUES (1, 'one'), (2, 'two');
"""


NOVEMBER = datetime(2018, 11, 1)
PLAYED = datetime(2018, 11, 1, 10, 0, 0, 500000)

# Statement, the rows it gives (a single value stands for one row of one column), and where Redshift says so: a page of
# the Database Developer Guide.
STATEMENTS = [
    (
        "SELECT listener, COUNT(DISTINCT id), LAG(COUNT(DISTINCT id)) OVER (ORDER BY listener) FROM plays GROUP BY 1",
        [(1, 2, None), (2, 1, 2)],
        "r_WF_LAG: of a grouped query",
    ),
    (
        "CREATE TABLE #a (n INT); DROP TABLE #a; CREATE LOCAL TEMP TABLE #a (n INT); INSERT INTO #a VALUES (5);"
        " SELECT n FROM #a",
        5,
        "r_CREATE_TABLE_NEW: [ [LOCAL ] { TEMPORARY | TEMP } ]",
    ),
    # Dates and times
    ("SELECT GETDATE() BETWEEN SYSDATE - INTERVAL '1 second' AND SYSDATE + INTERVAL '1 minute'", True, "r_GETDATE"),
    (
        "CREATE TABLE t AS SELECT GETDATE() a, SYSDATE b; SELECT type FROM pg_table_def WHERE tablename = 't'",
        [("timestamp without time zone",)] * 2,
        "r_SYSDATE",
    ),
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
    (
        "SELECT SHA2('a', 0) = SHA2('a', 256), SHA2('a', 255), SHA2(song, 1) FROM plays WHERE id = 3",
        [(True, "", None)],
        "SHA2",
    ),
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
    ("SELECT AVG(length), AVG(share) FROM plays", [(11, 4 / 3)], "r_AVG"),
    (
        "SELECT AVG(CASE id WHEN 2 THEN 1.00 ELSE 0 END)::VARCHAR(9), AVG(pay * 2)::VARCHAR(9) FROM plays",
        [("0.33", "3.25")],
        "r_AVG: the scale of the argument",
    ),
    (
        "SELECT AVG(NVL(pay, 0)) OVER (PARTITION BY id > 0)::VARCHAR(9) FROM plays WHERE id <> 1",
        [("0.50",), ("0.50",)],
        "r_WF_AVG",
    ),
    (
        "SELECT AVG(DISTINCT NVL(pay, 1))::VARCHAR(9), AVG(pay - pay)::VARCHAR(9) FROM plays WHERE id > 1",
        [("1.00", "0.00")],
        "r_AVG",
    ),
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
        "SELECT UPPER(n.name) AS name FROM names AS n QUALIFY ROW_NUMBER() OVER (ORDER BY id) > 0 ORDER BY n.name DESC",
        [("TWO",), ("ONE",)],
        "r_QUALIFY_clause: by the table's column, not by the list's",
    ),
    (
        "SELECT id AS abs FROM plays AS p QUALIFY ROW_NUMBER() OVER (ORDER BY id) > 1 ORDER BY abs(length)",
        [(3,), (2,)],
        "r_QUALIFY_clause: by an expression",
    ),
    (
        "SELECT DISTINCT listener FROM plays AS p QUALIFY COUNT(*) OVER () = 3 ORDER BY listener DESC",
        [(2,), (1,)],
        "r_QUALIFY_clause: by a column of the list",
    ),
    (
        "SELECT DISTINCT p.listener FROM plays AS p QUALIFY COUNT(*) OVER () = 3 ORDER BY p.listener DESC, 1",
        [(2,), (1,)],
        "r_QUALIFY_clause: by a column of the list, in full",
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
    (
        "CREATE TEMP TABLE filled (n INT); INSERT INTO filled VALUES (1); TRUNCATE filled; SELECT COUNT(*) FROM filled",
        0,
        "r_TRUNCATE",
    ),
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
    (
        "CREATE MATERIALIZED VIEW v DISTKEY (song) SORTKEY (id, song) AS SELECT id, song FROM plays; "
        "SELECT diststyle, sortkey1, sortkey_num, tbl_rows FROM svv_table_info WHERE \"table\" = 'v'",
        [("KEY(song)", "id", 2, 3)],
        "materialized-view-create-sql-command",
    ),
    (
        "CREATE MATERIALIZED VIEW v AS SELECT id FROM plays; "
        "SELECT diststyle, sortkey1 FROM svv_table_info WHERE \"table\" = 'v'",
        [("EVEN", "AUTO(SORTKEY)")],
        "materialized-view-create-sql-command",
    ),
    (
        "CREATE MATERIALIZED VIEW v AS SELECT id FROM plays; DELETE FROM plays; REFRESH MATERIALIZED VIEW public.v "
        "RESTRICT; SELECT COUNT(*) FROM v",
        0,
        "materialized-view-refresh-sql-command",
    ),
    (
        "CREATE MATERIALIZED VIEW v AS SELECT id FROM plays; DROP MATERIALIZED VIEW v; "
        "DROP MATERIALIZED VIEW IF EXISTS v; SELECT COUNT(*) FROM svv_mv_info",
        0,
        "materialized-view-drop-sql-command",
    ),
    (
        "CREATE USER u PASSWORD 'Abcd1234' VALID UNTIL '2030-01-01'; ALTER USER u PASSWORD DISABLE; "
        "SELECT usesuper FROM pg_user WHERE usename = 'u'",
        False,
        "r_CREATE_USER",
    ),
    ("CREATE TABLE #t (id INT); INSERT INTO #t VALUES (1); SELECT id FROM #t", 1, "r_CREATE_TABLE_NEW"),
    ("SELECT id INTO TEMP t FROM plays; SELECT COUNT(*) FROM t", 3, "r_SELECT_INTO"),
    (
        "ALTER TABLE names ADD COLUMN more VARCHAR(3) DEFAULT 'x' ENCODE lzo; SELECT more FROM names WHERE id = 1",
        "x",
        "r_ALTER_TABLE",
    ),
    ("ALTER TABLE names DROP COLUMN name; SELECT * FROM names WHERE id = 1", 1, "r_ALTER_TABLE"),
    (
        "ALTER TABLE public.names OWNER TO postgres; "
        "SELECT tableowner FROM pg_tables WHERE tablename = 'names' AND schemaname = 'public'",
        "postgres",
        "r_ALTER_TABLE",
    ),
    ("ALTER TABLE names RENAME TO people; SELECT COUNT(*) FROM people", 2, "r_ALTER_TABLE"),
    ("ALTER TABLE names RENAME COLUMN name TO called; SELECT called FROM names WHERE id = 1", "one", "r_ALTER_TABLE"),
    (
        r"COMMENT ON TABLE names IS 'it\'s'; SELECT description FROM pg_description WHERE objoid = 'names'::regclass",
        "it's",
        "r_COMMENT",
    ),
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
    # Further dates and times
    ("SELECT MONTHS_BETWEEN('1969-01-18', '1969-03-18')", -2.0, "r_MONTHS_BETWEEN_function"),
    (
        "SELECT MONTHS_BETWEEN('2008-02-29', '2008-01-31'), MONTHS_BETWEEN('2008-03-16', '2008-03-01')",
        [(1, 15 / 31)],
        "r_MONTHS_BETWEEN_function",
    ),
    (
        "SELECT NEXT_DAY('2014-08-20', 'Tuesday'), NEXT_DAY('2014-08-20', 'we'), NEXT_DAY('2014-08-20', 'M')",
        [(date(2014, 8, 26), date(2014, 8, 27), date(2014, 8, 25))],
        "r_NEXT_DAY",
    ),
    ("SELECT NEXT_DAY(started, 'THURS') FROM plays ORDER BY id", [(date(2018, 11, 8),)] * 2 + [(None,)], "r_NEXT_DAY"),
    (
        "SELECT DATE_CMP('2008-01-01', '2008-01-04'), DATE_CMP_TIMESTAMP('2008-06-18', '2008-06-18 00:00:00')",
        [(-1, 0)],
        "r_DATE_CMP",
    ),
    ("SELECT TIMESTAMP_CMP(started, '2018-11-02') FROM plays ORDER BY id", [(-1,), (0,), (None,)], "r_TIMESTAMP_CMP"),
    ("SELECT INTERVAL_CMP('3 days', '1 year')", -1, "r_INTERVAL_CMP"),
    ("SELECT DATE_PART_YEAR(date '20220502')", 2022, "r_DATE_PART_YEAR"),
    (
        "SELECT TO_TIMESTAMP('05 Feb 2018 01:30:15', 'DD Mon YYYY HH24:MI:SS') = '2018-02-05 01:30:15+00'",
        True,
        "r_TO_TIMESTAMP",
    ),
    ("SELECT TO_DATE('20010630', 'YYYYMMDD', TRUE)", date(2001, 6, 30), "r_TO_DATE_function"),
    ("SELECT started::DATE, started::TIME FROM plays WHERE id = 2", [(date(2018, 11, 2), time(0))], "r_Datetime_types"),
    (
        "SELECT DATE '2018-11-01' + 1, DATE '2018-11-01' + TIME '10:00'",
        [(date(2018, 11, 2), datetime(2018, 11, 1, 10))],
        "r_DATE-CONCATENATE_function",
    ),
    ("SELECT started AT TIME ZONE 'UTC' = '2018-11-02 00:00:00+00' FROM plays WHERE id = 2", True, "r_AT_TIME_ZONE"),
    (
        "SELECT DATE(started), DATE('20180101') FROM plays WHERE id = 1",
        [(date(2018, 11, 1), date(2018, 1, 1))],
        "r_CAST",
    ),
    # Further text
    ("SELECT CRC32('Amazon Redshift')", "f2726906", "crc32-function"),
    ("SELECT OCTETINDEX('q', 'AmazonRedshift'), OCTETINDEX('R', 'ÁmazonRedshift')", [(0, 8)], "OCTETINDEX"),
    (
        "SELECT REPLICATE('ab', 2), REPEAT('x', 3), REVERSE('abc'), TEXTLEN('Zoë')",
        [("abab", "xxx", "cba", 3)],
        "r_REPLICATE",
    ),
    (
        "SELECT LEFT('Zoë', 2), RIGHT('Zoë', 2), LPAD('cat', 5, 'x'), RPAD('cat', 2)",
        [("Zo", "oë", "xxcat", "ca")],
        "r_LEFT",
    ),
    (
        "SELECT INITCAP('nibh.enim@egestas.ca'), UPPER('ë'), LOWER('Ë')",
        [("Nibh.Enim@Egestas.Ca", "Ë", "ë")],
        "r_INITCAP",
    ),
    (
        "SELECT TRANSLATE('mint tea', 'inea', 'osin'), REPLACE('Shows', 'Show', 'Theatre')",
        [("most tin", "Theatres")],
        "r_TRANSLATE",
    ),
    (
        "SELECT POSITION('fish' IN 'dogfish'), STRPOS('dogfish', 'cat'), CHARINDEX('fish', 'dogfish')",
        [(4, 0, 4)],
        "r_POSITION",
    ),
    (
        "SELECT BTRIM('  abc '), TRIM(BOTH 'x' FROM 'xax'), LTRIM('aabc', 'a'), RTRIM('abc  ')",
        [("abc", "a", "bc", "abc")],
        "r_BTRIM",
    ),
    ("SELECT ASCII('A'), ASCII('é'), CHR(65), TO_HEX(2147676847)", [(65, 233, "A", "8002f2af")], "r_ASCII"),
    ("SELECT QUOTE_IDENT('\"CAT\"'), QUOTE_LITERAL('it')", [('"""CAT"""', "'it'")], "r_QUOTE_IDENT"),
    (
        "SELECT REGEXP_COUNT('abcdefghijklmnopqrstuvwxyz', '[a-z]{3}'), REGEXP_COUNT('the fox', 'FOX', 1, 'i')",
        [(8, 1)],
        "REGEXP_COUNT",
    ),
    (
        "SELECT REGEXP_INSTR('the fox', 'FOX', 1, 1, 0, 'i'), REGEXP_INSTR('the fox', 'fox', 1, 1, 1)",
        [(5, 8)],
        "REGEXP_INSTR",
    ),
    ("SELECT REGEXP_INSTR('a1b2', '[0-9]', 1, 2), REGEXP_INSTR('abc', 'x')", [(4, 0)], "REGEXP_INSTR"),
    (
        "SELECT song FROM plays WHERE song SIMILAR TO '(A|b)%' AND song ~ '^b' AND song ILIKE 'B'",
        "b",
        "pattern-matching-conditions",
    ),
    ("SELECT SHA2('it\\\\s', 256) = SHA2('its', 256)", False, "SHA2: a backslash is a byte like others"),
    (
        "SELECT CAST('Zoë' AS VARCHAR(3)), 'Zoë'::CHAR(3), CONVERT(VARCHAR(2), 'abc'), 'aé€'::VARCHAR(5)",
        [("Zo", "Zo ", "ab", "aé")],
        "r_CAST_function: bytes",
    ),
    (
        "SELECT CAST(song AS VARCHAR(2)), CAST(NULL AS VARCHAR(3)) FROM plays WHERE id = 1",
        [("A", None)],
        "r_CAST_function",
    ),
    (
        "SELECT TO_NUMBER('12,454.8-', '99G999D9S'), TO_CHAR(-125.8, '999D99S')",
        [(Decimal("-12454.8"), "125.80-")],
        "r_TO_NUMBER",
    ),
    # Numbers and conditions
    (
        "SELECT DEXP(0), DLOG1(1), DLOG10(100), CBRT(8), SQRT(16), POWER(2, 3), EXP(0)",
        [(1, 0, 2, 2, 4, 8, 1)],
        "r_DEXP",
    ),
    (
        "SELECT MOD(10, 4), ABS(-2), SIGN(-3), CEIL(2.1), FLOOR(2.9), PI() > 3, RANDOM() < 1",
        [(2, 2, -1, 3, 2, True, True)],
        "Math_functions",
    ),
    (
        "SELECT GREATEST(1, NULL, 3), LEAST(NULL, 2), NULLIF(1, 1), COALESCE(NULL, 4)",
        [(3, 2, None, 4)],
        "r_GREATEST_LEAST",
    ),
    ("SELECT |/ 25, ||/ 8, 6 & 3, 1 << 3", [(5, 2, 2, 8)], "r_OPERATOR_SYMBOLS"),
    ("SELECT song ISNULL, song NOTNULL FROM plays WHERE id = 3", [(True, False)], "r_null_condition"),
    (
        "SELECT BIT_AND(length), BIT_OR(length), BOOL_OR(id = 1), BOOL_AND(id > 1) FROM plays",
        [(0, 31, True, False)],
        "c_bitwise_aggregate_functions",
    ),
    (
        "SELECT STDDEV_POP(length)::INT, VAR_SAMP(id), COUNT(DISTINCT listener), ANY_VALUE(7) FROM plays",
        [(6, 1, 2, 7)],
        "r_STDDEV_functions",
    ),
    # JSON in text
    (
        'SELECT JSON_EXTRACT_PATH_TEXT(\'{"f2":{"f3":1},"f4":{"f5":99,"f6":"star"}}\', \'f4\', \'f6\')',
        "star",
        "JSON_EXTRACT_PATH_TEXT",
    ),
    (
        "SELECT JSON_EXTRACT_PATH_TEXT('{\"a\": 4.60}', 'a'), JSON_EXTRACT_PATH_TEXT('{\"a\": 1}', 'b')",
        [("4.60", None)],
        "JSON_EXTRACT_PATH_TEXT",
    ),
    (
        "SELECT JSON_EXTRACT_PATH_TEXT('{\"a\"', 'a', true), JSON_EXTRACT_PATH_TEXT(song, 'a', true) "
        "FROM plays WHERE id = 1",
        [(None, None)],
        "JSON_EXTRACT_PATH_TEXT",
    ),
    (
        "SELECT JSON_EXTRACT_ARRAY_ELEMENT_TEXT('[111,112,113]', 2), JSON_EXTRACT_ARRAY_ELEMENT_TEXT('[1]', -1)",
        [("113", None)],
        "JSON_EXTRACT_ARRAY_ELEMENT_TEXT",
    ),
    ("SELECT JSON_EXTRACT_ARRAY_ELEMENT_TEXT('[1', 0, true)", None, "JSON_EXTRACT_ARRAY_ELEMENT_TEXT"),
    (
        "SELECT JSON_ARRAY_LENGTH('[11,12,13,{\"f1\":21,\"f2\":[25,26]},14]'), JSON_ARRAY_LENGTH('[1', true)",
        [(5, None)],
        "JSON_ARRAY_LENGTH",
    ),
    (
        "SELECT IS_VALID_JSON('{\"a\":2}'), IS_VALID_JSON('[1,2,3]'), IS_VALID_JSON('{1:\"a\"}')",
        [(True, False, False)],
        "IS_VALID_JSON",
    ),
    (
        "SELECT IS_VALID_JSON_ARRAY('[]'), IS_VALID_JSON_ARRAY('{}'), CAN_JSON_PARSE('1')",
        [(True, False, True)],
        "IS_VALID_JSON_ARRAY",
    ),
    # Further windows
    (
        "SELECT FIRST_VALUE(song IGNORE NULLS) OVER (ORDER BY id DESC ROWS UNBOUNDED PRECEDING) "
        "FROM plays ORDER BY id DESC",
        [(None,), ("b",), ("b",)],
        "r_WF_first_value",
    ),
    (
        "SELECT LAST_VALUE(song) IGNORE NULLS OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND "
        "UNBOUNDED FOLLOWING) FROM plays",
        [("b",)] * 3,
        "r_WF_first_value",
    ),
    (
        "SELECT NTH_VALUE(pay, 2) IGNORE NULLS OVER (PARTITION BY id > 0 ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING "
        "AND UNBOUNDED FOLLOWING) FROM plays",
        [(1,)] * 3,
        "r_WF_NTH",
    ),
    (
        "SELECT LAG(pay, 1) IGNORE NULLS OVER (ORDER BY id), LEAD(song, 1) IGNORE NULLS OVER (ORDER BY id) FROM plays "
        "ORDER BY id",
        [(None, "b"), (Decimal("2.25"), None), (Decimal("2.25"), None)],
        "r_WF_LAG",
    ),
    (
        "SELECT LEAD(id, 2) RESPECT NULLS OVER (ORDER BY id) FROM plays ORDER BY id",
        [(3,), (None,), (None,)],
        "r_WF_LEAD",
    ),
    (
        "SELECT FIRST_VALUE(id RESPECT NULLS) OVER (PARTITION BY listener ORDER BY id ROWS UNBOUNDED PRECEDING) "
        "FROM plays",
        [(1,), (1,), (3,)],
        "r_WF_first_value",
    ),
    (
        "SELECT PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY length DESC) OVER (PARTITION BY listener) "
        "FROM plays ORDER BY id",
        [(20,), (20,), (5,)],
        "r_WF_PERCENTILE_DISC",
    ),
    (
        "SELECT APPROXIMATE PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY pay) FROM plays",
        1,
        "r_APPROXIMATE_PERCENTILE_DISC",
    ),
    (
        "SELECT NTILE(2) OVER (ORDER BY id), CUME_DIST() OVER (ORDER BY id DESC) FROM plays WHERE id < 3 ORDER BY id",
        [(1, 1.0), (2, 0.5)],
        "r_WF_NTILE",
    ),
    # Groups
    (
        "SELECT listener, 1 + 1, SUM(length) FROM plays GROUP BY ALL ORDER BY 1",
        [(1, 2, 30), (2, 2, 5)],
        "r_GROUP_BY_clause",
    ),
    ("SELECT COUNT(*) FROM plays GROUP BY ALL", 3, "r_GROUP_BY_clause"),
    (
        "SELECT listener, COUNT(*), RANK() OVER (ORDER BY listener DESC) FROM plays GROUP BY ALL ORDER BY 1",
        [(1, 2, 2), (2, 1, 1)],
        "r_GROUP_BY_clause: by no window function",
    ),
    (
        "SELECT listener, SUM(length), GROUPING(listener) FROM plays GROUP BY ROLLUP (listener) ORDER BY 3, 1",
        [(1, 30, 0), (2, 5, 0), (None, 35, 1)],
        "r_GROUP_BY_aggregation-extensions",
    ),
    (
        "SELECT COUNT(*) FROM plays GROUP BY GROUPING SETS ((listener), ()) ORDER BY 1",
        [(1,), (2,), (3,)],
        "r_GROUP_BY_aggregation-extensions",
    ),
    # Functions by place
    (
        "SELECT NOW() IS NOT NULL, CURRENT_TIMESTAMP IS NOT NULL, SUBSTR('abc', 2), LOG(100)",
        [(True, True, "bc", 2)],
        "c_SQL_functions_leader_node_only: without a table",
    ),
    (
        "WITH x AS (SELECT 1 a) SELECT SUBSTR('abc', 2) FROM x",
        "bc",
        "c_SQL_functions_leader_node_only: without a table",
    ),
    (
        "SELECT CURRENT_TIME IS NULL, CURRENT_SCHEMA(), CURRENT_DATE = TRUNC(SYSDATE)",
        [(False, "public", True)],
        "r_CURRENT_SCHEMA",
    ),
    ("SELECT CURRENT_SCHEMA(), COUNT(*) > 0 FROM pg_table_def", [("public", True)], "c_sql-functions-leader-node"),
    ("WITH x AS (SELECT id FROM plays) SELECT LISTAGG(id) FROM x", "123", "c_SQL_functions_compute_node_only"),
    # Further changes
    (
        """CREATE TABLE target (id INT, name CHAR(10)); CREATE TABLE source (id INT, name CHAR(10));
        INSERT INTO target VALUES (30, 'Tony'), (30, 'Daisy'), (11, 'Alice'), (23, 'Bill'), (23, 'Nikki');
        INSERT INTO source VALUES (23, 'David'), (22, 'Clarence');
        MERGE INTO target USING source ON target.id = source.id REMOVE DUPLICATES;
        SELECT id, TRIM(name) FROM target ORDER BY 1, 2""",
        [(11, "Alice"), (22, "Clarence"), (23, "David"), (30, "Daisy"), (30, "Tony")],
        "r_MERGE",
    ),
    (
        """MERGE INTO names USING (SELECT id, song FROM plays) AS p ON names.id = p.id REMOVE DUPLICATES;
        SELECT * FROM names ORDER BY id""",
        [(1, "Aé"), (2, "b"), (3, None)],
        "r_MERGE: a query as the source",
    ),
    (
        "INSERT INTO names VALUES (3, 'x'); INSERT INTO names VALUES (4); SELECT COUNT(name) FROM names",
        3,
        "r_INSERT_30",
    ),
    ("INSERT INTO names DEFAULT VALUES; SELECT COUNT(*) FROM names WHERE id IS NULL", 1, "r_INSERT_30"),
    ("INSERT INTO names VALUES ((SELECT MAX(id) FROM plays), 'x'); SELECT MAX(id) FROM names", 3, "r_INSERT_30"),
    (
        "INSERT INTO names VALUES (5, 'Incomplete'::CHAR(5)); SELECT name FROM names WHERE id = 5",
        "Incom",
        "r_INSERT_30",
    ),
    # Further tables
    (
        """CREATE TABLE t AS SELECT id, song, song || '!' AS shout, pay FROM plays;
        SELECT "column", type FROM pg_table_def WHERE tablename = 't'""",
        [
            ("id", "integer"),
            ("song", "character varying(20)"),
            ("shout", "character varying(65535)"),
            ("pay", "numeric(5,2)"),
        ],
        "r_CREATE_TABLE_AS",
    ),
    ("SELECT id INTO #t FROM plays UNION SELECT 9; SELECT MAX(id) FROM #t", 9, "r_SELECT_INTO"),
    (
        "CREATE TABLE #t DISTKEY (id) AS WITH p AS (SELECT * FROM plays) SELECT id FROM p; DELETE #t WHERE id = 1; "
        "UPDATE #t SET id = 7 WHERE id = 2; SELECT p.id FROM #t AS p JOIN #t ON #t.id = p.id ORDER BY 1",
        [(3,), (7,)],
        "r_CREATE_TABLE_AS",
    ),
    ("ALTER TABLE names ADD COLUMN kind CHAR(1); SELECT kind FROM names WHERE id = 1", None, "r_ALTER_TABLE"),
    ("CREATE TABLE t (LIKE plays INCLUDING DEFAULTS, more INT); SELECT COUNT(*) FROM t", 0, "r_CREATE_TABLE_NEW"),
    (
        "CREATE TABLE m (a INT DEFAULT 7, b VARCHAR(3) NOT NULL); CREATE TABLE t (LIKE m INCLUDING DEFAULTS); "
        "CREATE TABLE u (LIKE m); INSERT INTO t (b) VALUES ('x'); INSERT INTO u (b) VALUES ('y'); "
        "SELECT t.a, u.a FROM t, u",
        [(7, None)],
        "r_CREATE_TABLE_NEW: LIKE",
    ),
    (
        "CREATE MATERIALIZED VIEW v AUTO REFRESH YES AS SELECT id FROM plays; REFRESH MATERIALIZED VIEW v; "
        "SELECT MAX(id) FROM v",
        3,
        "materialized-view-create-sql-command",
    ),
    (
        "CREATE TABLE t (a INTERVAL DAY TO SECOND, b INTERVAL YEAR TO MONTH); "
        "INSERT INTO t VALUES ('1 day 2 hours', '3 years'); SELECT a FROM t",
        timedelta(1, 7200),
        "r_interval_data_types",
    ),
    # A session
    ("SHOW query_group", "default", "r_query_group"),
    ("SET query_group TO 'x'; SHOW query_group", "x", "r_query_group"),
    ("SET LOCAL query_group TO 'y'; SHOW query_group", "y", "r_SET"),
    ("SET SESSION query_group TO 'z'; SHOW query_group", "z", "r_SET"),
    ("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; SELECT 1", 1, "r_BEGIN"),
    ("SET enable_case_sensitive_identifier TO false; SELECT 1", 1, "r_enable_case_sensitive_identifier"),
    ("SET enable_case_sensitive_identifier TO DEFAULT; SELECT 1", 1, "r_SET"),
    (
        "SHOW TABLES FROM SCHEMA dev.public LIKE 'pl%'",
        [("dialect", "public", "plays", "TABLE", None, None, "postgres", None, None, "KEY", "REGULAR TABLE")],
        "r_SHOW_TABLES",
    ),
    (
        "CREATE TABLE t (a VARCHAR(3) NOT NULL DISTKEY, b DECIMAL(5, 2) DEFAULT 1 SORTKEY ENCODE raw); "
        "SHOW COLUMNS FROM TABLE dev.public.t",
        [
            (
                "dialect",
                "public",
                "t",
                "a",
                1,
                None,
                "NO",
                "character varying",
                3,
                None,
                None,
                None,
                None,
                0,
                1,
                None,
                None,
            ),
            ("dialect", "public", "t", "b", 2, "1", "YES", "numeric", None, 5, 2, None, "COMPOUND", 1, 0, "raw", None),
        ],
        "r_SHOW_COLUMNS",
    ),
    ("PREPARE p (INT) AS SELECT NVL(song, 'x') FROM plays WHERE id = $1; EXECUTE p (3)", "x", "r_PREPARE"),
    ("DECLARE c CURSOR FOR SELECT NVL(song, 'x') FROM plays ORDER BY id DESC; FETCH NEXT FROM c", "x", "declare"),
    (
        "CREATE FUNCTION f_twice (FLOAT) RETURNS FLOAT STABLE AS $$ SELECT NVL($1, 0) * 2 $$ LANGUAGE sql; "
        "SELECT F_TWICE(2), public.f_twice(NULL)",
        [(4, 0)],
        "r_CREATE_FUNCTION",
    ),
    (
        "CREATE FUNCTION day (INT) RETURNS INT STABLE AS $$ SELECT $1 + 1 $$ LANGUAGE sql; CREATE FUNCTION now (INT) "
        "RETURNS INT STABLE AS $$ SELECT $1 $$ LANGUAGE sql; SELECT public.day(id), public.now(id) FROM names",
        [(2, 1), (3, 2)],
        "udf-naming-udfs: a user's own by its schema",
    ),
    (
        "CREATE PROCEDURE fill (n INT) AS $$ BEGIN INSERT INTO names VALUES (n, 'n'); END $$ LANGUAGE plpgsql; "
        "CALL fill(7); SELECT MAX(id) FROM names",
        7,
        "r_CREATE_PROCEDURE",
    ),
]


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
        "CREATE TABLE t (a INT NOT NULL); ALTER TABLE t ADD COLUMN b INT ENCODE zstd; ALTER TABLE t ALTER DISTKEY b; "
        "ALTER TABLE t ALTER SORTKEY (a); ALTER TABLE t ADD PRIMARY KEY (a); COMMENT ON TABLE t IS 'mine'",
        1,
        [("a", "none", False, 1, True), ("b", "zstd", True, 0, False)],
    ),
    (
        "CREATE TABLE t (a INT, b INT ENCODE zstd); ALTER TABLE t ALTER SORTKEY (a), ALTER DISTSTYLE ALL; "
        "ALTER TABLE t DROP COLUMN b; ALTER TABLE t ADD COLUMN b INT",
        8,
        [("a", "none", False, 1, False), ("b", "az64", False, 0, False)],
    ),
    ("CREATE TABLE x (a INT DISTKEY); ALTER TABLE x RENAME TO t", 1, [("a", "az64", True, 0, False)]),
    ("CREATE TABLE time (a INT DISTKEY); ALTER TABLE time RENAME TO t", 1, [("a", "az64", True, 0, False)]),
    (
        "CREATE TABLE t (a INT DISTKEY, b INT ENCODE zstd, c INT UNIQUE) SORTKEY (b, a); "
        "ALTER TABLE t RENAME COLUMN a TO encode; "
        "ALTER TABLE t RENAME COLUMN b TO e; ALTER TABLE t RENAME COLUMN c TO d",
        1,
        [("encode", "none", True, 2, False), ("e", "zstd", False, 1, False), ("d", "az64", False, 0, False)],
    ),
    (
        "CREATE TABLE t (a INT, b INT) SORTKEY (a); ALTER TABLE t ALTER COLUMN a ENCODE lzo, ALTER COLUMN b "
        "ENCODE zstd; ALTER TABLE t ALTER SORTKEY NONE; ALTER TABLE t ALTER ENCODE AUTO; "
        "ALTER TABLE t ALTER DISTSTYLE EVEN",
        0,
        [("a", "lzo", False, 0, False), ("b", "zstd", False, 0, False)],
    ),
    ("SELECT 1 AS a INTO t", 10, [("a", "az64", False, 0, False)]),
    (
        "CREATE TABLE t DISTSTYLE KEY DISTKEY (b) INTERLEAVED SORTKEY (a, b) AS SELECT 1 AS a, 'x'::VARCHAR(3) AS b",
        1,
        [("a", "none", False, -1, False), ("b", "none", True, 2, False)],
    ),
]

# What is refused, with a part of what the message says, by the page that says so.
REFUSED_BY_SOURCE = {
    "materialized-view-create-sql-command": [
        ("CREATE MATERIALIZED VIEW IF NOT EXISTS v AS SELECT a FROM t", "DROP MATERIALIZED VIEW IF EXISTS first"),
        ("CREATE OR REPLACE MATERIALIZED VIEW v AS SELECT a FROM t", "DROP MATERIALIZED VIEW IF EXISTS first"),
        ("CREATE MATERIALIZED VIEW v AS SELECT a FROM t WITH NO DATA", "Leave it out"),
        ("CREATE MATERIALIZED VIEW v (b) AS SELECT a FROM t", "Name them in the query"),
        ("CREATE MATERIALIZED VIEW v AS SELECT a FROM t ORDER BY a", "no ORDER BY"),
        ("CREATE MATERIALIZED VIEW v AS SELECT a FROM (SELECT a FROM t LIMIT 3) AS s", "no LIMIT"),
        ("CREATE MATERIALIZED VIEW v AS SELECT a FROM t OFFSET 3", "no OFFSET"),
        ("CREATE MATERIALIZED VIEW v AS SELECT f_mine(a) FROM t", "no function of a user's: f_mine"),
        ("CREATE MATERIALIZED VIEW v AS SELECT CURRENT_SCHEMA(), a FROM t", "current_schema"),
        ("CREATE MATERIALIZED VIEW v AS SELECT relname FROM pg_class", "system tables, such as pg_class"),
        ("CREATE MATERIALIZED VIEW v AS SELECT name FROM svv_mv_info", "system tables, such as svv_mv_info"),
        ("CREATE MATERIALIZED VIEW v DISTSTYLE ALL", "says its query"),
        ("CREATE MATERIALIZED VIEW v DISTSTYLE KEY AS SELECT a FROM t", "go together"),
    ],
    "materialized-view-refresh-sql-command": [
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY v", "no CONCURRENTLY"),
        ("REFRESH MATERIALIZED VIEW v WITH NO DATA", "Write REFRESH MATERIALIZED VIEW and the name"),
    ],
    "r_CREATE_VIEW": [("CREATE VIEW v SORTKEY (a) AS SELECT a FROM t", "no options, such as keys")],
    "r_CREATE_USER": [
        ("CREATE USER u", "PASSWORD DISABLE"),
        ("CREATE USER u PASSWORD", "'...' or DISABLE"),
        ("CREATE USER u PASSWORD NULL", "'...' or DISABLE"),
        ("CREATE USER u PASSWORD 'abcdefg1'", "an upper-case letter"),
        ("ALTER USER u PASSWORD 'Abcd@1234'", "or a space"),
    ],
    "r_UNION: EXCEPT ALL and INTERSECT ALL are not supported": [
        ("SELECT a FROM t EXCEPT ALL SELECT b FROM t", "Write EXCEPT, or"),
        ("SELECT a FROM t INTERSECT ALL SELECT b FROM t", "Write INTERSECT, or"),
    ],
    "c_intro_system_tables: nobody changes them": [
        ("DROP VIEW stl_load_errors", "belongs to the system"),
        ("DROP SCHEMA redshift_catalog CASCADE", "belongs to the system"),
        ("ALTER TABLE svv_table_info OWNER TO me", "belongs to the system"),
    ],
    "r_MERGE": [
        (
            "MERGE INTO t AS x USING s ON x.a = s.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)",
            "alias",
        ),
        ("MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE", "single WHEN clause is not enabled"),
        ("MERGE INTO t USING s ON t.a = s.a WHEN NOT MATCHED THEN INSERT VALUES (1)", "WHERE NOT EXISTS"),
        (
            "MERGE INTO t USING s ON t.a=s.a WHEN MATCHED AND s.b THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)",
            "no condition in a WHEN",
        ),
        (
            "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE WHEN MATCHED THEN UPDATE SET a = 1 "
            "WHEN NOT MATCHED THEN INSERT VALUES (1)",
            "one WHEN MATCHED and one WHEN NOT MATCHED",
        ),
        (
            "MERGE INTO t USING s ON a = b WHEN MATCHED THEN UPDATE SET t.a=1 WHEN NOT MATCHED THEN INSERT VALUES (1)",
            "Write SET a = value",
        ),
        (
            "MERGE INTO t USING s ON t.a=s.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (t.a) VALUES (1)",
            "Write INSERT (a, ...)",
        ),
        (
            "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED THEN INSERT VALUES (1)",
            "Keep the rows out of the source",
        ),
        ("MERGE INTO t USING s ON t.a > s.a REMOVE DUPLICATES", "matches by equality"),
        ("MERGE INTO t USING s ON TRUE REMOVE DUPLICATES", "matches by equality"),
        ("MERGE INTO t USING public.t ON t.a = t.a REMOVE DUPLICATES", "its own source"),
        (
            "MERGE INTO t USING (SELECT * FROM t) AS s ON t.a = s.a REMOVE DUPLICATES",
            "Source view/subquery in Merge statement cannot reference target table",
        ),
        ("MERGE INTO t AS x USING s ON x.a = s.a REMOVE DUPLICATES", "alias"),
        ("WITH x AS (SELECT 1) MERGE INTO t USING x ON t.a = x.a REMOVE DUPLICATES", "Write the query as the source"),
    ],
    "r_INSERT_30": [
        ("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", "MERGE"),
        ("INSERT INTO t VALUES (1) RETURNING a", "a statement of their own"),
        ("INSERT INTO t AS x VALUES (1)", "no alias"),
        ("INSERT INTO t VALUES (1), ((SELECT 2))", "INSERT INTO ... SELECT"),
        ("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", "INSERT INTO ... WITH"),
    ],
    "r_WITH_clause": [("WITH x AS (DELETE FROM t) SELECT 1", "within WITH")],
    "r_DELETE": [
        ("DELETE FROM t AS x WHERE x.a = 1", "DELETE takes no alias"),
        ("DELETE FROM t x USING s WHERE x.a = s.a", "DELETE takes no alias"),
    ],
    "r_UPDATE": [
        ("UPDATE t SET t.a = 1", "SET a = value"),
        ("UPDATE t SET (a, b) = (1, 2)", "several columns"),
        ("UPDATE t SET a", "SET column = value"),
        ("UPDATE t SET a = 1 FROM s LEFT JOIN u ON s.b = u.b WHERE t.a = s.a", "no outer join"),
    ],
    "r_TRUNCATE": [("TRUNCATE a, b", "one table"), ("TRUNCATE t CASCADE", "no option")],
    "r_SELECT_synopsis": [
        ("SELECT DISTINCT ON (a) b FROM t", "QUALIFY"),
        ("SELECT * FROM t FETCH FIRST ROW ONLY", "LIMIT"),
        ("SELECT * FROM t, LATERAL (SELECT 1) AS x", "join"),
        ("SELECT * FROM t FOR UPDATE", "LOCK"),
        ("SELECT * FROM t TABLESAMPLE BERNOULLI (5)", "RANDOM()"),
        ("SELECT SUM(a) OVER w FROM t WINDOW w AS (PARTITION BY b)", "no WINDOW clause"),
        ("SELECT * FROM ONLY t", "no table inherits"),
        ("SELECT 1 FROM t WHERE a ~* 'b'", "LOWER"),
    ],
    "r_QUALIFY_clause": [
        ("SELECT * FROM t QUALIFY ROW_NUMBER() OVER (ORDER BY a) = 1", "Write FROM t AS x"),
        ("SELECT * FROM (SELECT 1 AS a) QUALIFY ROW_NUMBER() OVER (ORDER BY a) = 1", "Write FROM (SELECT ...) AS x"),
    ],
    "c_unsupported-postgresql-datatypes": [
        ("CREATE TABLE t (a SERIAL)", "IDENTITY"),
        ("CREATE TABLE t (a BIGSERIAL)", "IDENTITY"),
        ("CREATE TABLE t (a JSONB)", "VARCHAR(65535)"),
        ("SELECT '{}'::json", "VARCHAR(65535)"),
        ("SELECT a -> 'b' FROM t", "JSON_EXTRACT_PATH_TEXT"),
        ("SELECT a ->> 'b' FROM t", "JSON_EXTRACT_PATH_TEXT"),
        ("CREATE TABLE t (a UUID)", "VARCHAR(36)"),
        ("CREATE TABLE t (a INT[])", "arrays"),
        ("CREATE TABLE t (a BYTEA)", "VARBYTE"),
        ("CREATE TABLE t (a MONEY)", "DECIMAL(18, 2)"),
        ("CREATE TABLE t (a INET)", "VARCHAR"),
        ("CREATE TABLE t (a XML)", "VARCHAR"),
        ("CREATE TABLE t (a HSTORE)", "VARCHAR(65535)"),
        ("CREATE TABLE t (a BIT(3))", "no type"),
        ("CREATE TABLE t (a POINT)", "no type"),
        ("CREATE TABLE t (a DATETIME)", "TIMESTAMP"),
        ("CREATE TYPE mood AS ENUM ('sad')", "VARCHAR"),
        ("CREATE DOMAIN d AS INT", "VARCHAR"),
    ],
    "c_unsupported-postgresql-features": [
        ("SELECT ARRAY[1, 2]", "arrays"),
        ("SELECT 1; SELECT ARRAY[1]", "arrays"),
        ("SELECT 1 FROM t WHERE a = ANY (ARRAY[1])", "arrays"),
        ("SELECT UNNEST(a) FROM t", "row a value"),
        ("SELECT ROW(1, 2)", "one by one"),
        ("SELECT a @> b FROM t", "arrays"),
        ("CREATE TABLE t (a INT CHECK (a > 0))", "after loading"),
        ("CREATE TABLE t (a INT, CHECK (a > 0))", "after loading"),
        ("CREATE TABLE t (a INT, EXCLUDE USING gist (a WITH =))", "after loading"),
        ("CREATE TABLE t (a INT) PARTITION BY RANGE (a)", "no PARTITION BY"),
        ("CREATE TABLE t (a INT) INHERITS (s)", "no INHERITS"),
        ("CREATE TABLE t (a INT) TABLESPACE x", "Leave it out"),
        ("CREATE TABLE t (xmin INT)", "system column"),
        ("CREATE INDEX i ON t (a)", "SORTKEY"),
        ("CREATE UNIQUE INDEX i ON t (a)", "SORTKEY"),
        ("DROP INDEX i", "SORTKEY"),
        ("REINDEX TABLE t", "SORTKEY"),
        ("CREATE SEQUENCE s", "IDENTITY"),
        ("CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION f()", "triggers"),
        ("CREATE RULE r AS ON INSERT TO t DO NOTHING", "triggers"),
        ("SELECT * FROM (VALUES (1)) AS t", "UNION ALL"),
        ("VALUES (1)", "UNION ALL"),
        ("TABLE t", "SELECT * FROM"),
        ("SELECT TO_TSVECTOR(a) FROM t", "LIKE"),
        ("DO $$ BEGIN END $$", "PROCEDURE"),
        ("LISTEN x", "Ask a table"),
        ("CREATE EXTENSION pgcrypto", "extensions"),
    ],
    "c_unsupported-postgresql-functions": [
        ("SAVEPOINT x", "savepoints"),
        ("ROLLBACK TO SAVEPOINT x", "savepoints"),
        ("RELEASE SAVEPOINT x", "savepoints"),
        ("SELECT gen_random_uuid()", "MD5"),
        ("SELECT NEXTVAL('s')", "IDENTITY"),
        ("SELECT * FROM GENERATE_SERIES(1, 3)", "WITH RECURSIVE"),
        ("SELECT STRING_AGG(a, ',' ORDER BY b) FROM t", "LISTAGG"),
        ("SELECT ARRAY_AGG(a) FROM t", "LISTAGG"),
        ("EXPLAIN SELECT ARRAY_AGG(a) FROM t", "LISTAGG"),
        ("SELECT EVERY(a) FROM t", "BOOL_AND"),
        ("SELECT CORR(a, b) FROM t", "STDDEV"),
        ("SELECT a IS DISTINCT FROM b FROM t", "NVL(a <> b"),
        ("SELECT a IS NOT DISTINCT FROM b FROM t", "a IS NULL AND b IS NULL"),
        ("SELECT CLOCK_TIMESTAMP()", "GETDATE()"),
        ("SELECT PG_SLEEP(1)", "client"),
        ("SELECT PG_ADVISORY_LOCK(1)", "LOCK the table"),
        ("SELECT REGEXP_MATCHES(a, 'b') FROM t", "REGEXP_SUBSTR"),
        ("SELECT REGEXP_SPLIT_TO_TABLE(a, ',') FROM t", "SPLIT_PART"),
        ("SELECT FORMAT('%s', 1)", "with ||"),
        ("SELECT OVERLAY('abc' PLACING 'x' FROM 1)", "with ||"),
        ("SELECT WIDTH_BUCKET(a, 1, 2, 3) FROM t", "FLOOR"),
        ("SELECT DIV(7, 2)", "TRUNC"),
        ("SELECT JUSTIFY_DAYS(INTERVAL '35 days')", "DATEADD"),
        ("SELECT ENCODE(a, 'hex') FROM t", "TO_HEX"),
        ("SELECT BIT_LENGTH(a) FROM t", "OCTET_LENGTH"),
        ("SELECT CURRENT_CATALOG", "CURRENT_DATABASE()"),
    ],
    "c_SQL_functions": [
        ("SELECT CONCAT_WS('-', a, b) FROM t", "with ||"),
        ("SELECT MAKE_DATE(2018, 1, 1)", "TO_DATE"),
        ("SELECT DATE_BIN('1 day', a, a) FROM t", "DATE_TRUNC"),
        ("SELECT JSONB_BUILD_OBJECT('a', 1)", "JSON_EXTRACT_PATH_TEXT"),
        ("SELECT STRING_TO_ARRAY(a, ',') FROM t", "SPLIT_PART"),
        ("SELECT MODE() WITHIN GROUP (ORDER BY a) FROM t", "GROUP BY"),
        ("SELECT IFNULL(a, 1) FROM t", "NVL"),
        ("SELECT ISNULL(a, 1) FROM t", "NVL"),
        ("SELECT IF(a, 1, 2) FROM t", "CASE"),
        ("SELECT F(a => 1)", "by name"),
        ("SELECT SUM(a) FILTER (WHERE b) FROM t", "CASE"),
        ("SELECT SUM(a ORDER BY b) FROM t", "WITHIN GROUP"),
    ],
    "r_TO_TIMESTAMP": [("SELECT TO_TIMESTAMP(1541044398)", "TIMESTAMP 'epoch'")],
    "r_RANDOM": [("SELECT RANDOM(1, 6)", "no limits")],
    "r_LOG": [("SELECT LOG(2, 8)", "LN(x) / LN(base)")],
    "c_SQL_functions_leader_node_only": [
        ("SELECT NOW() FROM t", "not supported on Redshift tables. Write GETDATE()"),
        ("SELECT CURRENT_TIMESTAMP FROM t", "Write GETDATE()"),
        ("SELECT * FROM t WHERE a < LOCALTIMESTAMP", "Write GETDATE()"),
        ("INSERT INTO t SELECT NOW()", "Write GETDATE()"),
        ("UPDATE t SET a = NOW()", "Write GETDATE()"),
        ("CREATE TABLE t (a TIMESTAMP DEFAULT CURRENT_TIMESTAMP)", "Write GETDATE()"),
        ("SELECT AGE(a, b) FROM t", "DATEDIFF"),
        ("SELECT SUBSTR(a, 1, 2) FROM t", "SUBSTRING"),
        ("SELECT LOG(a) FROM t", "DLOG10"),
        ("SELECT CURRENT_SCHEMA(), a FROM t", "without a table"),
        ("SELECT NOW() FROM stl_load_errors", "Write GETDATE()"),
    ],
    "c_SQL_functions_compute_node_only": [
        ("SELECT LISTAGG('a')", "at least one user created tables"),
        ("SELECT MEDIAN(1)", "TEMP"),
        ("WITH x AS (SELECT 1 AS a) SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY a) FROM x", "user created"),
        ("SELECT LISTAGG(tablename) FROM pg_table_def", "user created"),
        ("CREATE TABLE t AS SELECT MEDIAN(1) AS m", "user created"),
    ],
    "r_correlated_subqueries": [
        (
            "SELECT event.eventname FROM event WHERE NOT EXISTS (SELECT * FROM listing WHERE NOT EXISTS "
            "(SELECT * FROM sales WHERE event.eventid = sales.eventid))",
            "skips a level",
        ),
        (
            "SELECT * FROM category LEFT JOIN event ON category.catid = event.catid AND eventid = "
            "(SELECT MAX(eventid) FROM sales WHERE sales.eventid = event.eventid)",
            "ON of an outer join",
        ),
        (
            "SELECT listid, qtysold FROM sales s WHERE qtysold NOT IN "
            "(SELECT SUM(numtickets) OVER () FROM listing l WHERE s.listid = l.listid)",
            "window function",
        ),
    ],
    "c_Window_functions": [
        ("SELECT SUM(a) OVER (ORDER BY b) FROM t", "require a frame clause"),
        ("SELECT FIRST_VALUE(a IGNORE NULLS) OVER (ORDER BY b) FROM t", "require a frame clause"),
        ("SELECT SUM(a) OVER (ORDER BY b RANGE UNBOUNDED PRECEDING) FROM t", "Write ROWS"),
        ("SELECT SUM(a) OVER (ORDER BY b GROUPS 1 PRECEDING) FROM t", "Write ROWS"),
        ("SELECT SUM(a) OVER (ORDER BY b ROWS UNBOUNDED PRECEDING EXCLUDE TIES) FROM t", "off the result"),
        ("SELECT ROW_NUMBER() OVER (ORDER BY 'x') FROM t", "constant"),
        ("SELECT RANK() OVER (ORDER BY a ROWS UNBOUNDED PRECEDING) FROM t", "no frame"),
    ],
    "r_WF_COUNT": [("SELECT COUNT(DISTINCT a) OVER (PARTITION BY b) FROM t", "GROUP BY first")],
    "r_WF_LAG": [
        ("SELECT LAG(a) OVER (PARTITION BY b) FROM t", "needs an ORDER BY"),
        ("SELECT LAG(a, 1, 0) OVER (ORDER BY b) FROM t", "NVL(LAG(...)"),
    ],
    "r_WF_MEDIAN": [("SELECT MEDIAN(a) OVER (PARTITION BY b ORDER BY c) FROM t", "PARTITION BY only")],
    "r_CREATE_TABLE_NEW": [
        ("CREATE TABLE t (a INT GENERATED BY DEFAULT AS IDENTITY)", "IDENTITY(1, 1)"),
        ("CREATE TABLE t (a INT GENERATED ALWAYS AS IDENTITY)", "no GENERATED ALWAYS"),
        ("CREATE TABLE t (a INT GENERATED ALWAYS AS IDENTITY (1, 1))", "no GENERATED ALWAYS"),
        ("CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS (a * 2) STORED)", "in a view"),
        ("CREATE TABLE t (a INT IDENTITY)", "IDENTITY(1, 1)"),
        ("CREATE TABLE t (a SMALLINT IDENTITY(1, 1))", "INTEGER or BIGINT"),
        ("CREATE TABLE t (a INT) DISTSTYLE KEY", "DISTKEY"),
        ("CREATE TABLE t (a INT) DISTSTYLE ALL DISTKEY (a)", "Name both, or neither"),
        ("CREATE TABLE t (a INT DISTKEY, b INT DISTKEY)", "one DISTKEY"),
        ("CREATE TABLE t (a INT SORTKEY, b INT SORTKEY)", "one SORTKEY"),
        ("CREATE TABLE t (a INT) SORTKEY (b)", 'column "b" named in key does not exist'),
        (
            "CREATE TABLE t (a INT, b INT, c INT, d INT, e INT, f INT, g INT, h INT, i INT) "
            "INTERLEAVED SORTKEY (a, b, c, d, e, f, g, h, i)",
            "up to 8",
        ),
        ("CREATE TABLE t (a INT ENCODE gzip)", "no encoding gzip"),
        ("CREATE TABLE t (a INT) WITH (fillfactor = 10)", "Leave it out"),
        ("CREATE UNLOGGED TABLE t (a INT)", "TEMP"),
        ("CREATE TABLE t (LIKE s INCLUDING ALL)", "INCLUDING DEFAULTS"),
        ("CREATE TABLE t (LIKE s) SORTKEY (a)", "no keys"),
    ],
    "r_CREATE_TABLE_AS": [("CREATE TABLE IF NOT EXISTS t AS SELECT 1 AS a", "DROP TABLE IF EXISTS")],
    "r_Character_types": [("CREATE TABLE t (a VARCHAR(70000))", "65535"), ("CREATE TABLE t (a CHAR(5000))", "4096")],
    "r_interval_data_types": [("CREATE TABLE t (a INTERVAL)", "DAY TO SECOND")],
    "r_Numeric_types201": [("CREATE TABLE t (a DECIMAL(39, 2))", "between 1 and 38")],
    "r_ALTER_TABLE": [
        ("ALTER TABLE t ADD COLUMN VARCHAR (3) DEFAULT 'x'", "no type"),
        ("ALTER TABLE t ADD COLUMN a INT DISTKEY", "new table"),
        ("ALTER TABLE t ADD COLUMN a INT IDENTITY(1, 1)", "new table"),
        ("ALTER TABLE t ALTER COLUMN a TYPE BIGINT", "only the length of a VARCHAR"),
        ("ALTER TABLE t ALTER COLUMN a TYPE VARCHAR(3), ALTER COLUMN b TYPE VARCHAR(3)", "one column a statement"),
        ("ALTER TABLE t ALTER COLUMN a ENCODE gzip", "no encoding gzip"),
        ("ALTER TABLE t SET (fillfactor = 70)", "not SET"),
        ("ALTER TABLE t SET UNLOGGED", "not SET"),
        ("ALTER TABLE public.t SET SCHEMA demo", "not SET"),
        ("ALTER TABLE t INHERIT s", "not INHERIT"),
        ("ALTER TABLE t REPLICA IDENTITY FULL", "not REPLICA"),
        ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", "not ENABLE"),
        ("ALTER TABLE t", "not nothing"),
        ("ALTER TABLE IF EXISTS t DROP COLUMN a", "not EXISTS"),
        ("ALTER TABLE t ADD COLUMN IF NOT EXISTS a INT", "pg_table_def first"),
        ("ALTER TABLE t DROP COLUMN IF EXISTS a", "pg_table_def first"),
        ("ALTER TABLE t ADD COLUMN a INT, ADD COLUMN b INT", "a statement for each"),
        ("ALTER TABLE t DROP COLUMN a, DROP COLUMN b", "a statement for each"),
        ("ALTER TABLE t DROP COLUMN", "the name of one column"),
        ("ALTER TABLE t OWNER TO somebody, SET UNLOGGED", "nothing after it"),
        ("ALTER TABLE t RENAME a TO b", "RENAME COLUMN a TO b"),
        ("ALTER TABLE t APPEND", "APPEND FROM s"),
    ],
    "r_pg_keywords": [
        ("CREATE TABLE t (tag INT)", "reserved word"),
        ("CREATE TABLE t (a INT); ALTER TABLE t ADD COLUMN tag INT", "reserved word"),
        ("WITH top AS (SELECT 1) SELECT 1", "top is a reserved word"),
        ("WITH t (Tag) AS (SELECT 1) SELECT 1 FROM t", "Tag is a reserved word"),
        ("SELECT * FROM songs AS tag", "tag is a reserved word"),
        ("SELECT * FROM songs JOIN (SELECT 1) USER ON true", "USER is a reserved word"),
        ("SELECT * FROM user", "user is a reserved word"),
        ("SELECT 1 AS a INTO top", "top is a reserved word"),
    ],
    "r_SHOW_TABLES": [("SHOW TABLES", "FROM SCHEMA"), ("SHOW COLUMNS", "FROM TABLE")],
    "r_CREATE_PROCEDURE": [
        ("CREATE PROCEDURE p () AS $$ DELETE FROM t $$ LANGUAGE sql", "LANGUAGE plpgsql"),
        ("CREATE OR REPLACE PROCEDURE p () AS $$ BEGIN DELETE FROM t; END $$", "LANGUAGE plpgsql"),
    ],
    "r_CREATE_FUNCTION": [
        ("CREATE FUNCTION f (a INT) RETURNS INT STABLE AS $$ return a $$ LANGUAGE plpythonu", "LANGUAGE sql"),
        ("CREATE FUNCTION f (INT) RETURNS INT STABLE AS $$ SELECT UNNEST($1) $$ LANGUAGE sql", "row a value"),
    ],
    "stand-in": [
        ("CREATE TABLE t (a SUPER)", "VARCHAR(65535)"),
        ("SELECT a[0].b FROM t", "stand-in has no SUPER"),
        ("SELECT t.a FROM t, t.items AS i", "JSON_EXTRACT_PATH_TEXT"),
        ("SELECT JSON_PARSE(a) FROM t", "JSON_EXTRACT_PATH_TEXT"),
        ("CREATE TABLE t (a GEOMETRY)", "stand-in"),
        ("SELECT ST_POINT(1, 2)", "stand-in"),
        ("SELECT HLL(a) FROM t", "COUNT(DISTINCT x)"),
        ("SELECT FNV_HASH(a), SHA1(a) FROM t", "MD5"),
        ("SELECT TRY_CAST(a AS INT) FROM t", "CASE WHEN"),
        ("SELECT * EXCLUDE (a) FROM t", "Name the columns"),
        ("SELECT a, b EXCLUDE a FROM t", "Name the columns"),
        ("SELECT * FROM (SELECT a, b FROM t) PIVOT (SUM(b) FOR a IN ('x', 'y'))", "CASE WHEN"),
        ("SELECT * FROM t UNPIVOT (v FOR n IN (a, b))", "UNION ALL"),
        ("SELECT * FROM t START WITH a = 1 CONNECT BY PRIOR a = b", "WITH RECURSIVE"),
        ("SELECT * FROM a, b WHERE a.x = b.x(+)", "LEFT JOIN"),
        ("SELECT LISTAGG(DISTINCT a) OVER (PARTITION BY b) FROM t", "stand-in"),
        ("SELECT CURRENT_USER_ID", "Write CURRENT_USER."),
        ("UNLOAD ('SELECT 1') TO 's3://x'", "stand-in"),
        ("CREATE EXTERNAL SCHEMA s FROM DATA CATALOG DATABASE 'd' IAM_ROLE default", "Spectrum"),
        ("SHOW TABLE t", "pg_table_def"),
        ("CREATE TABLE t (a VARCHAR(3) COLLATE CASE_INSENSITIVE)", "LOWER"),
        ("SELECT * QUALIFY 1 = 1", "Write FROM t AS x"),
        ("SET enable_case_sensitive_identifier TO true", "lower case"),
        ("SET LOCAL enable_case_sensitive_identifier TO true", "lower case"),
        ("SET SESSION downcase_delimited_identifier = off", "lower case"),
        ("ALTER TABLE t APPEND FROM s FILLTARGET", "INSERT INTO ... SELECT"),
        ("ALTER TABLE t ROW LEVEL SECURITY ON", "GRANT a view"),
        ("ALTER TABLE t DROP CONSTRAINT c", "no names of constraints"),
    ],
}
REFUSED_BY_SOURCE["stand-in"] += [
    ("REFRESH MATERIALIZED VIEW v CASCADE", "Refresh each view"),
    ("CREATE USER u PASSWORD 'md5153c434b4b77c89e6b94f12c5393af5b'", "Write the password itself"),
    ("CREATE USER u PASSWORD 'sha256|Mypassword1'", "Write the password itself"),
]
REFUSED = [(statement, says, source) for source, rows in REFUSED_BY_SOURCE.items() for statement, says in rows]
# What breaks the grammar, with a part of what the message says beside the place.
UNREADABLE = [
    ("REFRESH v", "MATERIALIZED VIEW and its name", "materialized-view-refresh-sql-command"),
    ("REFRESH MATERIALIZED VIEW", "MATERIALIZED VIEW and its name", "materialized-view-refresh-sql-command"),
    ("SELECT a FROM t WHERE", "line 1, column 17: something is missing", "r_WHERE_clause"),
    ("SELECT 1 UNION", "line 1, column 10: something is missing", "r_UNION"),
    ("INSERT INTO t OVERRIDING SYSTEM VALUE VALUES (1)", "line 1, column 15", "r_INSERT_30"),
    ("CREATE TABLE t (a TSVECTOR)", "line 1, column 19", "c_unsupported-postgresql-datatypes"),
    ("create table t (a int) diststyle fly", "AUTO, EVEN, KEY, ALL", "r_CREATE_TABLE_NEW"),
    ("ALTER TABLE t ALTER DISTSTYLE fly", "AUTO, EVEN, KEY, ALL", "r_ALTER_TABLE"),
    ("ALTER TABLE t ALTER DISTSTYLE KEY", "DISTKEY and a column", "r_ALTER_TABLE"),
    ("ALTER TABLE t ALTER COLUMN a SET NOT NULL", "nothing else of a column", "r_ALTER_TABLE"),
    ("EXPLAIN", "a query or a change of rows", "r_EXPLAIN"),
    ("EXPLAIN VERBOSE", "a query or a change of rows", "r_EXPLAIN"),
    ("EXPLAIN COPY t FROM 's3://b/k' IAM_ROLE default JSON 'auto'", "a query or a change of rows", "r_EXPLAIN"),
    ("SET", "no setting", "r_SET"),
    ("SET LOCAL", "no setting", "r_SET"),
    ("PREPARE p AS CREATE TABLE t (a INT)", "a query or a change", "r_PREPARE"),
    ("PREPARE p", "a query or a change", "r_PREPARE"),
]
# What only the server can tell; where Postgres says it, in Redshift's words.
ERRORS = [
    (
        "CREATE TEMP TABLE s (a INT); CREATE MATERIALIZED VIEW v AS SELECT a FROM s",
        "temporary",
        "materialized-view-create-sql-command",
    ),
    (
        "CREATE VIEW s AS SELECT id FROM plays; CREATE MATERIALIZED VIEW v AS SELECT id FROM s",
        "cannot read a view, such as s.",
        "materialized-view-create-sql-command",
    ),
    (
        "CREATE MATERIALIZED VIEW v SORTKEY (song) AS SELECT id FROM plays",
        'column "song" named in key does not exist',
        "materialized-view-create-sql-command",
    ),
    ("REFRESH MATERIALIZED VIEW plays", "is not a materialized view", "materialized-view-refresh-sql-command"),
    ("REFRESH MATERIALIZED VIEW missing", "does not exist", "materialized-view-refresh-sql-command"),
    ("CREATE MATERIALIZED VIEW v AS SELECT id FROM plays; DROP TABLE plays", "depend on it", "r_DROP_TABLE"),
    ("CREATE MATERIALIZED VIEW v AS SELECT id FROM plays; DELETE FROM v", "materialized view", "r_DELETE"),
    ("SELECT id * 2 AS twice, twice + 1 FROM plays", "alias in the same list", "r_SELECT_list"),
    ("SELECT SPLIT_PART(started, '-', 2) FROM plays", "write CAST(... AS VARCHAR) here", "SPLIT_PART"),
    (
        "INSERT INTO names VALUES (1, 'ééé')",
        "value too long for type character varying(5): column name",
        "r_Character_types",
    ),
    ("UPDATE names SET name = 'ééé'", "The length is in bytes: widen the column", "r_Character_types"),
    ("CREATE TABLE t (LIKE names); INSERT INTO t VALUES (1, 'ééé')", "column name of t", "r_Character_types"),
    (
        "ALTER TABLE names ADD COLUMN c CHAR(2); INSERT INTO names (c) VALUES ('éa')",
        "value too long for type character(2): column c of names",
        "r_Character_types",
    ),
    (
        f"CREATE TABLE t ({'a' * 63} VARCHAR(1)); INSERT INTO t VALUES ('é')",
        "value too long for type character varying(1): a column of t",
        "r_Character_types",
    ),
    (
        f"CREATE TABLE t ({'a' * 32} VARCHAR(1)); INSERT INTO t VALUES ('é')",
        f"value too long for type character varying(1): column {'a' * 32} of t",
        "r_Character_types",
    ),
    ("INSERT INTO names VALUES (1, 'abcdef')", "value too long for type character varying(5)", "r_Character_types"),
    (
        "CREATE TABLE t AS SELECT song FROM plays; INSERT INTO t VALUES ('éééééééééééé')",
        "value too long for type character varying(20): column song of t",
        "r_CREATE_TABLE_AS",
    ),
    (
        "SELECT song INTO t FROM plays; INSERT INTO t VALUES ('éééééééééééé')",
        "value too long for type character varying(20): column song of t",
        "r_SELECT_INTO",
    ),
    (
        "ALTER TABLE names RENAME COLUMN name TO called; INSERT INTO names VALUES (1, 'ééé')",
        "value too long for type character varying(5): column called of names",
        "r_ALTER_TABLE",
    ),
    (
        "CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (NULL)",
        "Cannot insert a NULL value into column a",
        "r_INSERT_30",
    ),
    (
        "CREATE TABLE t (a INT IDENTITY(1, 1)); INSERT INTO t VALUES (5)",
        "cannot set an identity column to a value",
        "r_CREATE_TABLE_NEW",
    ),
    (
        "CREATE TABLE t (a INT IDENTITY(1, 1), b INT); INSERT INTO t (b) VALUES (5); UPDATE t SET a = 7",
        "cannot set an identity column to a value",
        "r_CREATE_TABLE_NEW",
    ),
    (
        "MERGE INTO names USING (SELECT 1 AS id UNION ALL SELECT 1) AS s ON names.id = s.id "
        "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)",
        "Found multiple matches to update the same tuple",
        "r_MERGE",
    ),
    (
        "MERGE INTO names USING (SELECT 1, 'a' UNION ALL SELECT 1, 'b') AS s (id, name) ON names.id = s.id "
        "REMOVE DUPLICATES",
        "QUALIFY ROW_NUMBER()",
        "r_MERGE",
    ),
    ("MERGE INTO names USING plays ON names.id = plays.id REMOVE DUPLICATES", "same number of columns", "r_MERGE"),
    ("SELECT STRTOL('xyz', 16)", "no digit in base 16", "r_STRTOL"),
    ("SELECT NEXT_DAY('2014-08-20', 'xyz')", "xyz is no day of the week", "r_NEXT_DAY"),
    ("SELECT NEXT_DAY('2014-08-20', song) FROM plays", " is no day of the week: write Monday", "r_NEXT_DAY"),
    ("SELECT TO_DATE('20010631', 'YYYYMMDD', TRUE)", "out of range", "r_TO_DATE_function"),
    (
        "CREATE TABLE t (a INT NOT NULL, b INT); ALTER TABLE t ADD PRIMARY KEY (a, b)",
        'cannot add a primary key to the nullable column "b"',
        "r_ALTER_TABLE",
    ),
    ("CREATE TABLE t (a INT); ALTER TABLE t ADD PRIMARY KEY (b)", "named in key does not exist", "r_ALTER_TABLE"),
    ("SELECT JSON_EXTRACT_PATH_TEXT('{\"a\"', 'a')", "invalid json object", "JSON_EXTRACT_PATH_TEXT"),
    ("SELECT JSON_ARRAY_LENGTH('[1')", "TRUE as the last argument", "JSON_ARRAY_LENGTH"),
    ("VACUUM plays", "VACUUM cannot run inside a transaction block", "r_VACUUM_command"),
    (
        "ALTER TABLE names ALTER COLUMN name TYPE VARCHAR(9)",
        "ALTER TABLE ALTER COLUMN cannot run inside a transaction block",
        "r_ALTER_TABLE",
    ),
    (
        "CREATE TABLE t (LIKE names); ALTER TABLE names APPEND FROM t",
        "ALTER TABLE APPEND cannot run inside a transaction block",
        "r_ALTER_TABLE_APPEND",
    ),
    (
        "ALTER TABLE plays DROP COLUMN listener",
        'cannot drop column "listener", which is the distribution key',
        "r_ALTER_TABLE",
    ),
    ("ALTER TABLE plays DROP COLUMN started", "SORTKEY NONE", "r_ALTER_TABLE"),
    (
        "ALTER TABLE plays RENAME COLUMN started TO at; ALTER TABLE plays DROP COLUMN at",
        "SORTKEY NONE",
        "r_ALTER_TABLE",
    ),
    ("CREATE TABLE t DISTKEY (b) AS SELECT 1 AS a", 'column "b" named in key does not exist', "r_CREATE_TABLE_AS"),
    ("ALTER TABLE plays ALTER SORTKEY (b)", 'column "b" named in key does not exist', "r_ALTER_TABLE"),
    ("SELECT OBJ_DESCRIPTION(1)", "Redshift has no function obj_description", "c_SQL_functions"),
    ("SELECT TO_REGCLASS('x') FROM plays", "Redshift has no function to_regclass", "c_SQL_functions"),
    ("SELECT MEDIAN(song) FROM plays", "function median(character varying[]) does not exist", "r_MEDIAN"),
    ("SELECT * FROM stv_sessions", 'no system view "stv_sessions"', "stand-in"),
    ("LOCK plays FULLY", "The stand-in cannot read this", "stand-in"),
]
