"""Redshift's MERGE: https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html"""

from sqlglot import exp

from redjam.local.sql.expressions import written


def simplified(merge: exp.Merge) -> str:
    """MERGE ... REMOVE DUPLICATES: the rows of the source replace all that they match, in one statement."""
    target, source, on = (written(merge.args[part]) for part in ("this", "using", "on"))
    # The empty half holds the columns of the source to those of the target: as many, and of types that go together.
    return (
        f"WITH replaced AS (MERGE INTO {target} USING {source} ON {on} WHEN MATCHED THEN DELETE RETURNING 1) "
        f"INSERT INTO {target} SELECT * FROM {target} WHERE false UNION ALL SELECT * FROM {source}"
    )


def is_simplified(merge: exp.Merge) -> bool:
    """Whether it is REMOVE DUPLICATES that it says."""
    return isinstance(merge.args["whens"].expressions[0], exp.Var)


def check(merge: exp.Merge) -> str | None:
    """What Redshift has against this MERGE."""
    reason = _check_tables(merge) or (None if is_simplified(merge) else _check_whens(merge))
    return reason and f"Redshift's MERGE {reason}"


def _check_tables(merge: exp.Merge) -> str | None:
    target, source = merge.this, merge.args["using"]
    if target.alias:
        return f"takes no alias for the target. Write {target.name} instead."
    if merge.args.get("with_"):
        return "takes no WITH. Write the query as the source: USING (SELECT ...) AS source."
    if isinstance(source, exp.Table) and _same(source, target):
        return "takes no target for its own source. Put the rows into a TEMP table first."
    if any(_same(table, target) for table in source.find_all(exp.Table)):
        return (
            "takes no source that reads the target: Source view/subquery in Merge statement cannot reference "
            "target table. Put the rows into a TEMP table first."
        )
    condition = merge.args["on"] or exp.null()
    parts = condition.unnest().flatten() if isinstance(condition.unnest(), exp.And) else [condition]
    if not any(isinstance(part.unnest(), exp.EQ) for part in parts):
        return "matches by equality. Write ON target.column = source.column."
    return None


def _check_whens(merge: exp.Merge) -> str | None:
    whens = merge.args["whens"].expressions
    if len(whens) == 1:
        return (
            "statement with a single WHEN clause is not enabled. Write both, WHEN MATCHED and WHEN NOT MATCHED; "
            "only to add rows, INSERT ... SELECT ... WHERE NOT EXISTS."
        )
    if any(when.args.get("condition") or when.args.get("source") for when in whens):
        return "takes no condition in a WHEN. Put it into the source or into a CASE."
    if any(when.args["then"].name.upper() == "DO NOTHING" for when in whens):
        return "has no DO NOTHING. Keep the rows out of the source."
    if sorted(bool(when.args["matched"]) for when in whens) != [False, True]:
        return "takes one WHEN MATCHED and one WHEN NOT MATCHED. Write one MERGE for each case."
    for when in whens:
        columns = when.args["then"].this if isinstance(when.args["then"], exp.Insert) else None
        for column in columns.expressions if isinstance(columns, exp.Tuple | exp.Schema) else []:
            if column.text("table"):
                return f"takes no table name before a column to INSERT. Write INSERT ({column.name}, ...)."
    return None


def _same(one: exp.Table, other: exp.Table) -> bool:
    return (one.name.lower(), one.db.lower() or "public") == (other.name.lower(), other.db.lower() or "public")
