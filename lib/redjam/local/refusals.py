"""What Redshift refuses, by statement, type, function and form, each with what to write instead.

The stand-in refuses it too: what runs here must run there. What only the stand-in lacks is refused in its own name.
"""

import psycopg2
from sqlglot import exp
from sqlglot.generators.redshift import RedshiftGenerator


class Refused(psycopg2.ProgrammingError):
    """Redshift, or the stand-in, would not run this; the message gives the reason and what to write instead.

    To psycopg2 it is what a refusal by the server is, so code that catches psycopg2.Error works on both targets.
    """


def check(node: exp.Expr) -> None:
    """Raise what Redshift has against this node of a statement."""
    look = CHECKS.get(type(node))
    reason = look(node) if look else REFUSED_NODES.get(type(node))
    if reason:
        raise Refused(reason)


_ARRAY = "Redshift has no arrays. Write one row a value, or LISTAGG and SPLIT_PART."
_DOCUMENT = "Keep the document in VARCHAR(65535) and read it with JSON_EXTRACT_PATH_TEXT."
_INDEX = "Redshift has no indexes. Give the table a SORTKEY and a DISTKEY."
_IDENTITY = "Redshift's IDENTITY takes a seed and a step. Write IDENTITY(1, 1)."
_JSON = f"Redshift has no JSON or JSONB. {_DOCUMENT}"
_LISTAGG = "Write LISTAGG(x, ',') WITHIN GROUP (ORDER BY ...)."
_SAVEPOINT = "Redshift has no savepoints. Commit what must stay, or run the whole transaction again."
_SEQUENCE = "Redshift has no sequences. Give the column IDENTITY(1, 1)."
_SERIAL = "Redshift has no SERIAL. Write BIGINT IDENTITY(1, 1)."
_SUPER = f"The stand-in has no SUPER. {_DOCUMENT}"
_TYPE = "Redshift has no types of one's own. Write VARCHAR, and check the values after loading."
_UUID = "Redshift has no UUID. Write VARCHAR(36); for an id made from the data, MD5(...)."

# By the first words of a statement.
REFUSED_STATEMENTS = {
    **dict.fromkeys(("SAVEPOINT", "RELEASE", "ROLLBACK TO"), _SAVEPOINT),
    **dict.fromkeys(("CREATE INDEX", "DROP INDEX"), _INDEX),
    **dict.fromkeys(("CREATE TYPE", "CREATE DOMAIN"), _TYPE),
    "CREATE SEQUENCE": _SEQUENCE,
    "CREATE TRIGGER": "Redshift has no triggers. Do it in the statement that loads.",
    "CREATE EXTERNAL": "The stand-in has no Spectrum. COPY the files into a table.",
    "UNLOAD": "The stand-in has no UNLOAD yet. Select the rows into a frame and write that.",
}
REFUSED_TYPES = {
    **dict.fromkeys((exp.DType.JSON, exp.DType.JSONB), _JSON),
    **dict.fromkeys((exp.DType.SERIAL, exp.DType.BIGSERIAL, exp.DType.SMALLSERIAL), _SERIAL),
    exp.DType.UUID: _UUID,
    exp.DType.ARRAY: _ARRAY,
    exp.DType.MONEY: "Redshift has no MONEY. Write DECIMAL(18, 2).",
    exp.DType.SUPER: _SUPER,
}
REFUSED_FUNCTIONS = {
    **dict.fromkeys(("json_agg", "jsonb_agg", "to_json", "to_jsonb", "row_to_json"), _JSON),
    "generate_series": (
        "Redshift has no GENERATE_SERIES. Count with WITH RECURSIVE, or with ROW_NUMBER() over a long table."
    ),
    "string_agg": f"Redshift has no STRING_AGG. {_LISTAGG}",
    "array_agg": f"Redshift has no ARRAY_AGG. {_LISTAGG}",
    "unnest": _ARRAY,
    "gen_random_uuid": _UUID,
    "nextval": _SEQUENCE,
    "pg_sleep": "Redshift has no PG_SLEEP. Wait in the client.",
    "pg_advisory_lock": "Redshift has no advisory locks. LOCK the table.",
    "clock_timestamp": "Redshift has no CLOCK_TIMESTAMP. Write GETDATE().",
    "regexp_matches": "Redshift has no REGEXP_MATCHES. Write REGEXP_SUBSTR.",
}
REFUSED_NODES = {
    exp.OnConflict: "Redshift has no ON CONFLICT. Write MERGE, or DELETE the old rows and INSERT the new ones.",
    exp.Returning: "Redshift has no RETURNING. Select the rows in a statement of their own.",
    exp.CheckColumnConstraint: (
        "Redshift has no CHECK. Look for wrong rows after loading, with a query that must give none."
    ),
    exp.AutoIncrementColumnConstraint: _IDENTITY,
    exp.Array: _ARRAY,
    exp.Bracket: _SUPER,
    exp.JSONExtract: _JSON,
    exp.JSONExtractScalar: _JSON,
    exp.Filter: "Redshift has no FILTER on aggregates. Write SUM(CASE WHEN ... THEN ... END).",
    exp.NullSafeEQ: "Redshift has no IS NOT DISTINCT FROM. Write a = b OR (a IS NULL AND b IS NULL).",
    exp.NullSafeNEQ: "Redshift has no IS DISTINCT FROM. Write NVL(a <> b, (a IS NULL) <> (b IS NULL)).",
    exp.Lateral: "Redshift has no LATERAL. Write a join.",
    exp.TableSample: "Redshift has no TABLESAMPLE. Write ORDER BY RANDOM() LIMIT n.",
    exp.Fetch: "Redshift has no FETCH FIRST. Write LIMIT n.",
    exp.IgnoreNulls: "The stand-in has no IGNORE NULLS yet. Keep the NULLs out with a WHERE before.",
}


# --- What depends on more than the kind of the node -------------------------------------------------------


def _check_merge(merge: exp.Merge) -> str | None:
    whens, reason = merge.args["whens"].expressions, None
    if merge.this.alias:
        reason = f"takes no alias for the target. Write {merge.this.name} instead."
    elif merge.args.get("with_"):
        reason = "takes no WITH. Write the query as the source: USING (SELECT ...) AS source."
    elif len(whens) == 1:
        reason = (
            "statement with a single WHEN clause is not enabled. Write both, WHEN MATCHED and WHEN NOT MATCHED; "
            "only to add rows, INSERT ... SELECT ... WHERE NOT EXISTS."
        )
    elif any(when.args.get("condition") or when.args.get("source") for when in whens):
        reason = "takes no condition in a WHEN. Put it into the source or into a CASE."
    elif any(when.args["then"].name.upper() == "DO NOTHING" for when in whens):
        reason = "has no DO NOTHING. Keep the rows out of the source."
    elif sorted(bool(when.args["matched"]) for when in whens) != [False, True]:
        reason = "takes one WHEN MATCHED and one WHEN NOT MATCHED. Write one MERGE for each case."
    return reason and f"Redshift's MERGE {reason}"


def _check_update(update: exp.Update) -> str | None:
    for part in update.expressions:
        if not isinstance(part, exp.EQ):
            return f"SET {part.sql()} gives no value. Write SET column = value."
        if isinstance(part.this, exp.Tuple):
            return "Redshift has no SET of several columns at once. Set each by itself."
        if part.this.text("table"):
            return f"Redshift takes no table name before a column to SET. Write SET {part.this.name} = value."
    return None


def _check_target(change: exp.Delete | exp.Insert) -> str | None:
    target = change.this.find(exp.Table) if change.this and not isinstance(change.parent, exp.When) else None
    if isinstance(change, exp.Insert) and change.args.get("with_"):
        return "Redshift takes no WITH before INSERT. Write INSERT INTO ... WITH ... SELECT."
    if target and target.alias:
        return f"Redshift's {change.key.upper()} takes no alias for the target. Write {target.name} instead."
    return None


# https://docs.aws.amazon.com/redshift/latest/dg/c_Window_functions.html and the page of each of them
NEED_A_FRAME = {"avg", "count", "max", "min", "sum", "stddev", "stddev_samp", "stddev_pop", "variance", "var_samp"}
NEED_A_FRAME |= {"var_pop", "first_value", "last_value", "nth_value"}


def _check_window(window: exp.Window) -> str | None:
    if window.args.get("order") and not window.args.get("spec") and window.this.name.lower() in NEED_A_FRAME:
        return (
            "Redshift: Aggregate window functions with an ORDER BY clause require a frame clause. "
            "Add ROWS UNBOUNDED PRECEDING, or the frame that you mean, after the ORDER BY."
        )
    return None


# https://docs.aws.amazon.com/redshift/latest/dg/r_pg_keywords.html: sqlglot pads a word of it, and adds one.
RESERVED = {word.strip() for word in RedshiftGenerator.RESERVED_KEYWORDS} - {"type"}


def _check_names(*names: exp.Expr | None) -> str | None:
    """Names of tables, and of columns where they are declared; elsewhere some reserved words mean something."""
    for name in names:
        if isinstance(name, exp.Identifier) and not name.quoted and name.name.lower() in RESERVED:
            return f'{name.name} is a reserved word of Redshift. Choose another name, or write "{name.name}".'
    return None


def _check_identity(identity: exp.GeneratedAsIdentityColumnConstraint) -> str | None:
    return None if identity.args.get("start") and identity.args.get("increment") else _IDENTITY


_DISTINCT_ON = "Redshift has no DISTINCT ON. Write QUALIFY ROW_NUMBER() OVER (PARTITION BY ... ORDER BY ...) = 1."
_VALUES = "Redshift has no VALUES as a table. Write a SELECT a row, with UNION ALL between them."
_WITH = "Redshift has no changes within WITH. Write them as a statement of their own."
CHECKS = {
    exp.Table: lambda table: _check_names(table.this),
    exp.TableAlias: lambda alias: _check_names(alias.this, *alias.columns),
    exp.ColumnDef: lambda column: _check_names(column.this),
    exp.GeneratedAsIdentityColumnConstraint: _check_identity,
    exp.Anonymous: lambda call: REFUSED_FUNCTIONS.get(call.name.lower()),
    exp.DataType: lambda kind: REFUSED_TYPES.get(kind.this),
    exp.Merge: _check_merge,
    exp.Update: _check_update,
    exp.Delete: _check_target,
    exp.Insert: _check_target,
    exp.Window: _check_window,
    exp.Distinct: lambda distinct: _DISTINCT_ON if distinct.args.get("on") else None,
    exp.Values: lambda values: None if isinstance(values.parent, exp.Insert) else _VALUES,
    exp.CTE: lambda cte: None if isinstance(cte.this, exp.Query) else _WITH,
}
