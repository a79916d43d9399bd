"""CREATE and REFRESH of materialized views: what Redshift refuses, and the rest in Postgres' words."""

import re

from sqlglot import exp

from redjam.local.sql import checks, tables
from redjam.local.sql.expressions import written
from redjam.local.sql.refusals import Refused


def is_materialized(tree: exp.Expr) -> bool:
    """Whether it is CREATE MATERIALIZED VIEW."""
    return isinstance(tree, exp.Create) and tree.kind == "VIEW" and bool(tree.find(exp.MaterializedProperty))


def check(create: exp.Create, unknown_functions: list[str]) -> None:
    """Raise what Redshift has against a materialized view, as far as the statement tells."""
    if create.args.get("exists") or create.args.get("replace"):
        what = "IF NOT EXISTS" if create.args.get("exists") else "OR REPLACE"
        raise Refused(f"Redshift has no {what} with MATERIALIZED VIEW. DROP MATERIALIZED VIEW IF EXISTS first.")
    if isinstance(create.this, exp.Schema):
        raise Refused("Redshift's CREATE MATERIALIZED VIEW takes no list of columns. Name them in the query, with AS.")
    if not create.expression:
        raise Refused("CREATE MATERIALIZED VIEW says its query. Write CREATE MATERIALIZED VIEW v AS SELECT ...")
    for query in create.expression.find_all(exp.Query):
        if clause := next((name for name in ("order", "limit", "offset") if query.args.get(name)), None):
            clause = "ORDER BY" if clause == "order" else clause.upper()
            raise Refused(f"A materialized view of Redshift has no {clause}. Write it where you select from the view.")
    if of_system := next(
        (table for table in checks.tables_of([*create.expression.walk()]) if _is_systems(table)), None
    ):
        raise Refused(f"A materialized view of Redshift cannot read system tables, such as {of_system.name}.")
    if unknown_functions:
        raise Refused(f"A materialized view of Redshift calls no function of a user's: {unknown_functions[0]}.")


def create_materialized(create: exp.Create) -> list[str]:
    """Create the view without its keys, and keep those beside it; the stand-in has no schedule to refresh it by."""
    keys, options, table = {}, create.args["properties"], create.this
    for option in options.expressions:
        keys |= tables.keys_of(option)
    keys.setdefault("diststyle", "KEY" if "distkey" in keys else "EVEN")
    tables.check_keys({}, keys)
    options.set("expressions", [exp.MaterializedProperty()])
    return [
        written(create),
        tables.call("watch_view", written(table)),
        *tables.must_have(table, keys, ()),
        tables.keep_keys(table, keys),
    ]


def _is_systems(table: exp.Table) -> bool:
    return checks.reads_the_catalog(table) or bool(re.match(r"(stl|stv|svl|svv|svcs|sys)_", table.name, re.IGNORECASE))


def check_refresh(words: list[str]) -> None:
    """Raise what Redshift has against a REFRESH MATERIALIZED VIEW, given by what follows these words."""
    if found := sorted({"CONCURRENTLY", "WITH", "DATA"} & set(words)):
        raise Refused(f"Redshift's REFRESH has no {found[0]}. Write REFRESH MATERIALIZED VIEW and the name.")
    if "CASCADE" in words:
        raise Refused("The stand-in's REFRESH has no CASCADE. Refresh each view, the ones that others read first.")
