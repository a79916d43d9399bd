"""What Redshift refuses, by statement, type and form, each with what to write instead.

The stand-in refuses it too: what runs here must run there. What only the stand-in lacks is refused in its own name.
"""

import psycopg2
from sqlglot import exp


class Refused(psycopg2.ProgrammingError):
    """Redshift, or the stand-in, would not run this; the message gives the reason and what to write instead.

    To psycopg2 it is what a refusal by the server is, so code that catches psycopg2.Error works on both targets.
    """


ARRAY = "Redshift has no arrays. Write one row a value, or LISTAGG and SPLIT_PART."
DOCUMENT = "Keep the document in VARCHAR(65535) and read it with JSON_EXTRACT_PATH_TEXT."
IDENTITY = "Redshift's IDENTITY takes a seed and a step. Write IDENTITY(1, 1)."
JSON = f"Redshift has no JSON or JSONB. {DOCUMENT}"
SERIAL = "Redshift has no SERIAL. Write BIGINT IDENTITY(1, 1)."
SUPER = f"The stand-in has no SUPER. {DOCUMENT}"
_INDEX = "Redshift has no indexes. Give the table a SORTKEY and a DISTKEY."
_SAVEPOINT = "Redshift has no savepoints. Commit what must stay, or run the whole transaction again."
_SEQUENCE = "Redshift has no sequences. Give the column IDENTITY(1, 1)."
_TYPE = "Redshift has no types of one's own. Write VARCHAR, and check the values after loading."
_TRIGGER = "Redshift has no triggers and rules. Do it in the statement that loads."
_NOTIFY = "Redshift has no LISTEN and NOTIFY. Ask a table again and again."
_ROLES = "Write CREATE USER, GRANT and REVOKE."

# By the first words of a statement: https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-features.html
REFUSED_STATEMENTS = {
    **dict.fromkeys(("SAVEPOINT", "RELEASE", "ROLLBACK TO"), _SAVEPOINT),
    **dict.fromkeys(("CREATE INDEX", "ALTER INDEX", "DROP INDEX", "REINDEX", "CLUSTER"), _INDEX),
    **dict.fromkeys(("CREATE TYPE", "ALTER TYPE", "DROP TYPE", "CREATE DOMAIN", "DROP DOMAIN"), _TYPE),
    **dict.fromkeys(("CREATE SEQUENCE", "ALTER SEQUENCE", "DROP SEQUENCE"), _SEQUENCE),
    **dict.fromkeys(("CREATE TRIGGER", "DROP TRIGGER", "CREATE RULE", "DROP RULE"), _TRIGGER),
    **dict.fromkeys(("LISTEN", "NOTIFY", "UNLISTEN"), _NOTIFY),
    **dict.fromkeys(("CREATE POLICY", "ALTER POLICY", "DROP POLICY"), f"Redshift has no CREATE POLICY. {_ROLES}"),
    "DO": "Redshift has no DO. CREATE PROCEDURE ... LANGUAGE plpgsql, then CALL it.",
    "VALUES": "Redshift has no VALUES as a query. Write a SELECT a row, with UNION ALL between them.",
    "TABLE": "Redshift has no TABLE as a query. Write SELECT * FROM.",
    "CREATE UNLOGGED": "Redshift has no UNLOGGED tables. Write CREATE TEMP TABLE, or BACKUP NO after the columns.",
    "CREATE EXTENSION": "Redshift has no extensions.",
    "CREATE TABLESPACE": "Redshift has no tablespaces. Give the table a DISTSTYLE.",
    "CREATE AGGREGATE": "Redshift has no aggregates of one's own. Compute it with SUM, COUNT and the like.",
    "CREATE EXTERNAL": "The stand-in has no Spectrum. COPY the files into a table.",
    "CREATE LIBRARY": "Redshift runs no Python functions any more. Write CREATE FUNCTION ... LANGUAGE sql.",
    "CREATE MODEL": "The stand-in has no Redshift ML. Read the rows into a frame and fit the model there.",
    "CREATE DATASHARE": "The stand-in shares no data with other clusters.",
    "UNLOAD": "The stand-in has no UNLOAD yet. Select the rows into a frame and write that.",
}
# What is in neither is refused as unknown. https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
TYPES = {
    *(exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT, exp.DType.DECIMAL, exp.DType.FLOAT, exp.DType.DOUBLE),
    *(exp.DType.BOOLEAN, exp.DType.CHAR, exp.DType.NCHAR, exp.DType.BPCHAR, exp.DType.VARCHAR, exp.DType.NVARCHAR),
    *(exp.DType.TEXT, exp.DType.DATE, exp.DType.TIME, exp.DType.TIMETZ, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPTZ),
    *(exp.DType.INTERVAL, exp.DType.VARBINARY, exp.DType.NAME, exp.DType.NULL),
}
REFUSED_TYPES = {
    **dict.fromkeys((exp.DType.JSON, exp.DType.JSONB), JSON),
    **dict.fromkeys((exp.DType.SERIAL, exp.DType.BIGSERIAL, exp.DType.SMALLSERIAL), SERIAL),
    exp.DType.UUID: "Redshift has no UUID. Write VARCHAR(36); for an id made from the data, MD5(...).",
    exp.DType.ARRAY: ARRAY,
    exp.DType.MONEY: "Redshift has no MONEY. Write DECIMAL(18, 2).",
    exp.DType.DATETIME: "Redshift's manual has no DATETIME. Write TIMESTAMP.",
    exp.DType.BLOB: "Redshift has no BYTEA. Write VARBYTE.",
    exp.DType.SUPER: SUPER,
    **dict.fromkeys(
        (exp.DType.GEOMETRY, exp.DType.GEOGRAPHY, exp.DType.HLLSKETCH),
        "The stand-in has no GEOMETRY, GEOGRAPHY and HLLSKETCH. Keep the value in VARCHAR, or numbers.",
    ),
}
OTHER_TYPES = {"hstore": DOCUMENT, "enum": "Write VARCHAR."}
REFUSED_NODES = {
    exp.OnConflict: "Redshift has no ON CONFLICT. Write MERGE, or DELETE the old rows and INSERT the new ones.",
    exp.Returning: "Redshift has no RETURNING. Select the rows in a statement of their own.",
    exp.CheckColumnConstraint: (
        "Redshift has no CHECK. Look for wrong rows after loading, with a query that must give none."
    ),
    exp.ExcludeColumnConstraint: "Redshift has no EXCLUDE. Look for wrong rows after loading.",
    exp.CollateColumnConstraint: "The stand-in has no COLLATE. Compare LOWER(a) with LOWER(b).",
    exp.Collate: "The stand-in has no COLLATE. Compare LOWER(a) with LOWER(b).",
    exp.AutoIncrementColumnConstraint: IDENTITY,
    **dict.fromkeys((exp.Array, exp.ArrayContainsAll, exp.ArrayContainedBy, exp.ArrayOverlaps), ARRAY),
    exp.Bracket: SUPER,
    **dict.fromkeys((exp.JSONExtract, exp.JSONExtractScalar, exp.JSONBExtract, exp.JSONBExtractScalar), JSON),
    exp.Filter: "Redshift has no FILTER on aggregates. Write SUM(CASE WHEN ... THEN ... END).",
    exp.NullSafeEQ: "Redshift has no IS NOT DISTINCT FROM. Write a = b OR (a IS NULL AND b IS NULL).",
    exp.NullSafeNEQ: "Redshift has no IS DISTINCT FROM. Write NVL(a <> b, (a IS NULL) <> (b IS NULL)).",
    exp.RegexpILike: "Redshift's manual has no ~*. Write LOWER(a) ~ 'pattern', or REGEXP_COUNT(a, 'pattern', 1, 'i').",
    exp.Lateral: "Redshift has no LATERAL. Write a join.",
    exp.TableSample: "Redshift has no TABLESAMPLE. Write ORDER BY RANDOM() LIMIT n.",
    exp.Fetch: "Redshift has no FETCH FIRST. Write LIMIT n.",
    exp.Lock: "Redshift has no FOR UPDATE. LOCK the table at the start of the transaction.",
    exp.Overlay: "Redshift has no OVERLAY. Join what stands before and after with ||.",
    exp.Kwarg: "Redshift takes no arguments by name. Give them in their order.",
    exp.TryCast: "The stand-in has no TRY_CAST. Write CASE WHEN x ~ '^[0-9]+$' THEN x::INTEGER END, say.",
    exp.CurrentUserId: "The stand-in has no CURRENT_USER_ID. Write CURRENT_USER.",
    exp.CurrentCatalog: "Redshift has no CURRENT_CATALOG. Write CURRENT_DATABASE().",
    exp.Connect: "The stand-in has no CONNECT BY. Write WITH RECURSIVE, which Redshift takes as well.",
    exp.Pivot: (
        "The stand-in has no PIVOT and UNPIVOT. Write SUM(CASE WHEN a = 'x' THEN b END) AS x with GROUP BY, "
        "or a SELECT a column with UNION ALL between them."
    ),
}
