"""The clauses of a query that Postgres lacks: QUALIFY, GROUP BY ALL."""

from sqlglot import exp

from redjam.local.sql.vocabulary import AGGREGATES


def _select(select: exp.Select) -> exp.Expr:
    return _qualify(_group_by_all(select))


def _group_by_all(select: exp.Select) -> exp.Select:
    """Group by each column of the list that holds no aggregate and no window function."""
    group = select.args.get("group")
    if group and group.args.get("all") and not group.expressions:
        places = [number for number, part in enumerate(select.selects, 1) if not _aggregates(part, select)]
        by = [exp.Literal.number(place) for place in places]
        select.set("group", exp.Group(expressions=by) if by else None)
    return select


def _aggregates(part: exp.Expr, select: exp.Select) -> bool:
    return any(
        (isinstance(node, exp.Window) or node.name.lower() in AGGREGATES | {"array_agg"})
        and node.parent_select is select
        for node in part.find_all(exp.Window, exp.Anonymous)
    )


def _qualify(select: exp.Select) -> exp.Expr:
    """Filter by window functions in a query around the query, through which `*` goes as whole rows of its tables."""
    if not (qualify := _taken(select, "qualify")):
        return select
    named = {part.alias: part.this for part in select.selects if isinstance(part, exp.Alias)}
    shown = {part.output_name for part in select.selects}
    inner, outer, listed = [], [], {}
    for part in select.selects:
        if part.is_star:
            rows = [source for source in sources(select) if part.text("table") in ("", source)]
            inner += [exp.alias_(exp.column(row), f"_row_{row}") for row in rows]
            outer += [exp.Dot(this=exp.paren(exp.column(f"_row_{row}")), expression=exp.Star()) for row in rows]
        else:
            alias = part.alias or f"_column_{len(inner)}"
            inner.append(exp.alias_(part.unalias(), alias, quoted=True))
            listed[part.unalias()] = exp.column(alias, quoted=True)
            outer.append(exp.alias_(exp.column(alias, quoted=True), _shown_name(part), quoted=True))
    around = exp.Select(expressions=outer, **{key: _taken(select, key) for key in ("with_", "distinct", "order")})
    for number, item in enumerate(around.args["order"].expressions if around.args["order"] else []):
        by = item.this
        # A number and a name of the list stay. What else may be of the tables, and those are in the inner query.
        if isinstance(by, exp.Literal) or (isinstance(by, exp.Column) and not by.table and by.name in shown):
            continue
        if by not in listed:
            inner.append(exp.alias_(by.copy(), f"_order_{number}"))
        item.set("this", listed.get(by, exp.column(f"_order_{number}")).copy())
    condition = qualify.this.transform(
        lambda node: named[node.name].copy() if isinstance(node, exp.Column) and node.sql() in named else node
    )
    inner.append(exp.alias_(condition, "_qualified"))
    around.set("limit", _taken(select, "limit"))
    around.set("offset", _taken(select, "offset"))
    # The query's place in the tree is still needed: the caller puts the one around it there.
    query = select.copy()
    query.set("expressions", inner)
    return around.from_(query.subquery("_t"), copy=False).where(exp.column("_qualified"), copy=False)


def _shown_name(part: exp.Expr) -> str:
    call = part.this if isinstance(part, exp.Window) else part
    call = call.expression if isinstance(call, exp.Dot) else call
    return part.output_name or (call.name if isinstance(call, exp.Anonymous) else "?column?")


def sources(select: exp.Select) -> list[str]:
    """The names of what a query reads from."""
    joined = [select.args.get("from_"), *select.args.get("joins", [])]
    return [source.this.alias_or_name for source in joined if source]


def _taken(select: exp.Select, key: str) -> exp.Expr | None:
    return select.args[key].pop() if select.args.get(key) else None


RULES = {exp.Select: _select}
