"""What Redshift has against a statement, where that depends on more than the kind of a node."""

from sqlglot import exp

from redjam.local.sql import declarations, merges, queries, refusals, windows
from redjam.local.sql.refusals import REFUSED_NODES, Refused
from redjam.local.sql.vocabulary import (
    ARGUMENTS,
    COMPUTE_ONLY,
    INSTEAD,
    KNOWN,
    LACKING,
    LACKING_PREFIXES,
    LEADER_ONLY,
    OTHER,
)


def check(nodes: list[exp.Expr]) -> None:
    """Raise what Redshift has against a statement, given by its nodes from the root on."""
    for node in nodes:
        look = CHECKS.get(type(node))
        if reason := look(node) if look else REFUSED_NODES.get(type(node)):
            raise Refused(reason)
    if reason := _misplaced(nodes) or _correlated(nodes):
        raise Refused(reason)


def unknown_functions(nodes: list[exp.Expr]) -> list[str]:
    """The functions that Redshift's manual does not list: they must be a user's own."""
    return sorted({node.name.lower() for node in nodes if _is_redshifts(node)} - KNOWN)


def reads_the_catalog(table: exp.Table) -> bool:
    """Whether the table lies on the leader node, as far as names tell."""
    return table.db.lower() in ("pg_catalog", "information_schema") or (not table.db and table.name.startswith("pg_"))


def tables_of(nodes: list[exp.Expr]) -> list[exp.Table]:
    """The tables of a statement, without those that it makes by WITH."""
    ctes = {node.alias.lower() for node in nodes if type(node) is exp.CTE}
    return [node for node in nodes if type(node) is exp.Table and (node.db or node.name.lower() not in ctes)]


def _is_redshifts(call: exp.Expr) -> bool:
    """Whether it calls a function that should be Redshift's; one of another schema is a user's own."""
    if type(call) is not exp.Anonymous:
        return False
    in_a_schema = isinstance(call.parent, exp.Dot) and call.arg_key == "expression"
    return not in_a_schema or call.parent.this.name.lower() == "pg_catalog"


# --- Functions --------------------------------------------------------------------------------------------

LEADER_NODES = {
    exp.CurrentTimestamp: "current_timestamp",
    exp.CurrentTime: "current_time",
    exp.Localtime: "localtime",
    exp.Localtimestamp: "localtimestamp",
    exp.CurrentSchema: "current_schema",
}


def _misplaced(nodes: list[exp.Expr]) -> str | None:
    """What runs on the leader node only beside a user's table, and what runs on the compute nodes only without one."""
    tree, tables = nodes[0], [table for table in tables_of(nodes) if not reads_the_catalog(table)]
    target = tree.find(exp.Table) if isinstance(tree, exp.Create | exp.Insert) else None
    read = [table for table in tables if table is not target]
    if isinstance(tree, exp.Create) and tree.kind == "VIEW":
        tables = read
    for node in nodes:
        name = LEADER_NODES.get(type(node)) or (_is_redshifts(node) and node.name.lower())
        if tables and name in LEADER_ONLY:
            return (
                f'Redshift: Function "{name}" not supported. Specified types or functions not supported on '
                f"Redshift tables. {LEADER_ONLY[name]}"
            )
        if not read and name in COMPUTE_ONLY:
            return (
                "Redshift: One or more of the used functions must be applied on at least one user created tables. "
                f"{name.upper()} is one of them. Put the rows into a table first, a TEMP one, say."
            )
    return None


def _check_call(call: exp.Anonymous) -> str | None:
    name, arguments = call.name.lower(), call.expressions
    if not _is_redshifts(call):
        return None
    if name in LACKING or name.startswith(LACKING_PREFIXES):
        return f"The stand-in has no {name.upper()}. {LACKING.get(name, OTHER)}"
    if name in INSTEAD:
        return f"Redshift has no {name.upper()}. {INSTEAD[name]}"
    if name in ARGUMENTS:
        least, most, reason = ARGUMENTS[name]
        return None if least <= len(arguments) <= most else reason
    if any(isinstance(argument, exp.Order) for argument in arguments):
        return f"Redshift takes no ORDER BY within {name.upper()}(...). Write LISTAGG(...) WITHIN GROUP (ORDER BY ...)."
    return None


# --- Subqueries -------------------------------------------------------------------------------------------


def _correlated(nodes: list[exp.Expr]) -> str | None:
    """The patterns of https://docs.aws.amazon.com/redshift/latest/dg/r_correlated_subqueries.html, by full names."""
    for column in (node for node in nodes if type(node) is exp.Column):
        within, select = [], column.find_ancestor(exp.Select) if column.table else None
        while select and column.table.lower() not in {name.lower() for name in queries.sources(select)}:
            within.append(select)
            select = select.find_ancestor(exp.Select)
        if not select or not within:
            continue
        join = within[-1].find_ancestor(exp.Join, exp.Select)
        if len(within) > 1:
            pattern = "the reference skips a level"
        elif any(window.parent_select is within[0] for window in within[0].find_all(exp.Window)):
            pattern = "it is with a window function"
        elif isinstance(join, exp.Join) and join.side:
            pattern = "it is in the ON of an outer join"
        else:
            continue
        return (
            f"Redshift: This type of correlated subquery pattern is not supported ({column.sql()}: {pattern}). "
            "Write a join, or a WITH."
        )
    return None


# --- Changes ----------------------------------------------------------------------------------------------


def _check_update(update: exp.Update) -> str | None:
    for part in update.expressions:
        if not isinstance(part, exp.EQ):
            return f"SET {part.sql()} gives no value. Write SET column = value."
        if isinstance(part.this, exp.Tuple):
            return "Redshift has no SET of several columns at once. Set each by itself."
        if part.this.text("table"):
            return f"Redshift takes no table name before a column to SET. Write SET {part.this.name} = value."
    source = update.args.get("from_")
    if source and any(join.side for join in source.this.args.get("joins") or []):
        return "Redshift takes no outer join in the FROM of an UPDATE. Put it into a subquery there."
    return None


def _check_target(change: exp.Delete | exp.Insert) -> str | None:
    target = change.this.find(exp.Table) if change.this and not isinstance(change.parent, exp.When) else None
    if isinstance(change, exp.Insert) and change.args.get("with_"):
        return "Redshift takes no WITH before INSERT. Write INSERT INTO ... WITH ... SELECT."
    if target and target.alias:
        return f"Redshift's {change.key.upper()} takes no alias for the target. Write {target.name} instead."
    return None


def _check_values(values: exp.Values) -> str | None:
    if not isinstance(values.parent, exp.Insert):
        return "Redshift has no VALUES as a table. Write a SELECT a row, with UNION ALL between them."
    if len(values.expressions) > 1 and values.find(exp.Subquery):
        return "Redshift takes no subquery in VALUES of several rows. Write INSERT INTO ... SELECT."
    return None


# --- Queries ----------------------------------------------------------------------------------------------


def _check_column_of(column: exp.Column) -> str | None:
    if column.args.get("join_mark"):
        return f"The stand-in has no (+). Write LEFT JOIN {column.table or 'that table'} ON ..., which is plainer too."
    return None


def _check_star(star: exp.Star) -> str | None:
    return "The stand-in has no EXCLUDE. Name the columns that you want." if star.args.get("except_") else None


def _check_select(select: exp.Select) -> str | None:
    if select.args.get("windows"):
        return "Redshift has no WINDOW clause. Write the window into each OVER (...)."
    if select.args.get("exclude"):
        return "The stand-in has no EXCLUDE. Name the columns that you want."
    return _check_qualify(select) if select.args.get("qualify") else None


def _check_qualify(select: exp.Select) -> str | None:
    source = select.args.get("from_")
    if not source:
        return "The stand-in has no QUALIFY without FROM. Write FROM t AS x before it."
    between = any(select.args.get(clause) for clause in ("joins", "where", "group", "having"))
    if not between and not source.this.alias:
        return (
            "Redshift: QUALIFY right after FROM needs an alias there. "
            f"Write FROM {source.this.name or '(SELECT ...)'} AS x."
        )
    return None


def _check_unnest(unnest: exp.Unnest) -> str:
    # FROM t, t.items is one too.
    return refusals.SUPER if all(isinstance(part, exp.Column) for part in unnest.expressions) else refusals.ARRAY


def _check_all(query: exp.Except | exp.Intersect) -> str | None:
    name = query.key.upper()
    return None if query.args.get("distinct") else f"Redshift has no {name} ALL. Write {name}, or count the rows."


_DISTINCT_ON = "Redshift has no DISTINCT ON. Write QUALIFY ROW_NUMBER() OVER (PARTITION BY ... ORDER BY ...) = 1."
_WITH = "Redshift has no changes within WITH. Write them as a statement of their own."
CHECKS = {
    exp.Table: declarations.check_table,
    exp.TableAlias: lambda alias: declarations.check_names(alias.this, *alias.columns),
    exp.Column: _check_column_of,
    exp.ColumnDef: declarations.check_column,
    exp.GeneratedAsIdentityColumnConstraint: declarations.check_identity,
    exp.Anonymous: _check_call,
    exp.DataType: declarations.check_type,
    exp.Merge: merges.check,
    exp.Update: _check_update,
    exp.Delete: _check_target,
    exp.Insert: _check_target,
    exp.Values: _check_values,
    exp.Select: _check_select,
    exp.Star: _check_star,
    exp.Unnest: _check_unnest,
    exp.Window: windows.check,
    exp.Except: _check_all,
    exp.Intersect: _check_all,
    exp.Distinct: lambda distinct: _DISTINCT_ON if distinct.args.get("on") else None,
    exp.CTE: lambda cte: None if isinstance(cte.this, exp.Query) else _WITH,
    exp.If: lambda part: None if isinstance(part.parent, exp.Case) else f"Redshift has no IF. {INSTEAD['if']}",
}
