"""Redshift's functions and expressions in Postgres' words: one rule for each kind of node, and the writer.

One rule for functions: a call goes to Postgres as written, unless `functions` has one of that name, which
then does what Redshift's does. Only where the form of a call differs is the tree rewritten here.
"""

from sqlglot import exp
from sqlglot.dialects import Postgres
from sqlglot.errors import ErrorLevel
from sqlglot.generators.postgres import PostgresGenerator

from redjam.local.functions import FUNCTIONS, SCHEMA
from redjam.local.system_views import VIEWS

RENAMED = {"dateadd": "date_add", "datediff": "date_diff", "date_part": "pgdate_part", "textlen": "len"}
TAKE_A_UNIT = {"date_add", "date_diff", "pgdate_part", "date_trunc"}
# A literal has no type yet, and among the forms of a function Postgres would choose the one with a time zone.
TAKE_A_TIME = {"date_add": [2], "date_diff": [1, 2], "pgdate_part": [1], "date_trunc": [1], "convert_timezone": [-1]}
AGGREGATES = {"avg", "listagg", "median", "percentile_cont", "ratio_to_report"}
# https://docs.aws.amazon.com/redshift/latest/dg/r_Dateparts_for_datetime_functions.html: `m` is a minute.
UNIT_NAMES = """
    millennium millennia mil mils; century centuries c cent cents; decade decades dec decs; year years y yr yrs;
    quarter quarters qtr qtrs; month months mon mons; week weeks w; dow dayofweek dw weekday; doy dayofyear dy yearday;
    day days d; hour hours h hr hrs; minute minutes m min mins; second seconds s sec secs;
    millisecond milliseconds ms msec msecs msecond mseconds millisec millisecs millisecon;
    microsecond microseconds microsec microsecs usecond useconds us usec usecs"""
UNITS = {name: names.split()[0] for names in UNIT_NAMES.split(";") for name in names.split()}
WHOLE_PARTITION = dict(start="UNBOUNDED", start_side="PRECEDING", end="UNBOUNDED", end_side="FOLLOWING")


class Generator(PostgresGenerator):
    """Writes strings so that it does not matter whether the session takes a backslash for an escape."""

    def literal_sql(self, expression):
        text = super().literal_sql(expression)
        return "E" + text.replace("\\", "\\\\") if expression.is_string and "\\" in text else text


def written(tree: exp.Expr) -> str:
    """The tree as Postgres takes it; UnsupportedError for what only Redshift has."""
    options = {"comments": False, "normalize_functions": False, "unsupported_level": ErrorLevel.RAISE}
    return Generator(dialect=Postgres(), **options).generate(tree)


def folded(name: str) -> str:
    """The name in lower case: Redshift folds delimited names too, and ASCII letters only."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)


def _ours(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Dot(this=exp.to_identifier(SCHEMA), expression=exp.Anonymous(this=name, expressions=list(arguments)))


def _unit(node: exp.Expr) -> exp.Expr:
    return exp.Literal.string(UNITS.get(node.name.lower(), node.name.lower()))


def _time(node: exp.Expr) -> exp.Expr:
    return exp.cast(node, exp.DType.TIMESTAMP) if isinstance(node, exp.Literal) and node.is_string else node


def _call(call: exp.Anonymous) -> exp.Expr:
    name, arguments = RENAMED.get(call.name.lower(), call.name.lower()), call.expressions
    if name not in FUNCTIONS or isinstance(call.parent, exp.Dot):
        return call
    if name in AGGREGATES and arguments:
        return _aggregate(call, name)
    if name in TAKE_A_UNIT and arguments:
        arguments[0] = _unit(arguments[0])
    if name == "concat":
        arguments = [exp.cast(argument, exp.DType.TEXT) for argument in arguments]
    for place in TAKE_A_TIME.get(name, []):
        if place < len(arguments):
            arguments[place] = _time(arguments[place])
    return _ours(name, *arguments)


def _aggregate(call: exp.Anonymous, name: str) -> exp.Expr:
    """Make of an aggregate that Postgres lacks a function of aggregates that it has, over the same rows."""
    values, whole, order = call.expressions, call, None
    if distinct := isinstance(values[0], exp.Distinct):
        values = values[0].expressions
    if not values:
        return call  # Postgres says what is missing
    if isinstance(call.parent, exp.WithinGroup):
        whole, order = call.parent, call.parent.expression
    window = whole.parent if isinstance(whole.parent, exp.Window) and whole.arg_key == "this" else None

    def over(function: str, value: exp.Expr, by: exp.Order | None = None) -> exp.Expr:
        value = exp.Distinct(expressions=[value.copy()]) if distinct else value.copy()
        if by and not window:
            value = exp.Order(this=value, expressions=[part.copy() for part in by.expressions])
        inner = exp.Anonymous(this=function, expressions=[value])
        if not window:
            return inner
        outer = window.copy()
        outer.set("this", inner)
        if by:
            outer.set("order", by.copy())
            outer.set("spec", exp.WindowSpec(kind="ROWS", **WHOLE_PARTITION))
        return outer

    if name == "avg":
        arguments = [over("avg", values[0]), over("min", values[0])]
    elif name == "ratio_to_report":
        arguments = [values[0].copy(), over("sum", values[0])]
    elif name == "percentile_cont" and order:
        by = order.expressions[0]
        arguments = [over("array_agg", by.this), 1 - values[0] if by.args.get("desc") else values[0].copy()]
    else:
        arguments = [over("array_agg", values[0], order), *(value.copy() for value in values[1:])]
    (window or whole).replace(_ours(name, *arguments))
    return call


def _extract(extract: exp.Extract) -> exp.Expr:
    unit = _unit(extract.this)
    part = _ours("date_part", unit, _time(extract.expression))
    return part if unit.name == "epoch" else exp.cast(part, exp.DType.INT)


def _identifier(identifier: exp.Identifier) -> exp.Expr:
    identifier.set("this", folded(identifier.name))
    identifier.set("quoted", identifier.quoted or identifier.name.startswith("#"))
    return identifier


def _table(table: exp.Table) -> exp.Expr:
    if table.name in VIEWS and table.db in ("", "pg_catalog"):
        table.set("db", exp.to_identifier(SCHEMA))
    return table


def _delete(delete: exp.Delete) -> exp.Expr:
    # Redshift takes DELETE without FROM.
    if not delete.this and delete.args.get("tables"):
        delete.set("this", delete.args["tables"][0])
        delete.set("tables", None)
    return delete


def _qualify(select: exp.Select) -> exp.Expr:
    """Filter by window functions in a query around the query, through which `*` goes as whole rows of its tables."""
    if not (qualify := _taken(select, "qualify")):
        return select
    named = {part.alias: part.this for part in select.selects if isinstance(part, exp.Alias)}
    inner, outer = [], []
    for part in select.selects:
        if part.is_star:
            rows = [source for source in _sources(select) if part.text("table") in ("", source)]
            inner += [exp.alias_(exp.column(row), f"_row_{row}") for row in rows]
            outer += [exp.Dot(this=exp.paren(exp.column(f"_row_{row}")), expression=exp.Star()) for row in rows]
        else:
            alias = part.alias or f"_column_{len(inner)}"
            inner.append(exp.alias_(part.unalias(), alias, quoted=True))
            outer.append(exp.alias_(exp.column(alias, quoted=True), _shown_name(part), quoted=True))
    around = exp.Select(expressions=outer, **{key: _taken(select, key) for key in ("with_", "distinct", "order")})
    for number, item in enumerate(around.args["order"].expressions if around.args["order"] else []):
        if not isinstance(item.this, exp.Literal) and item.this.name not in named:
            inner.append(exp.alias_(item.this.copy(), f"_order_{number}"))
            item.set("this", exp.column(f"_order_{number}"))
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


def _sources(select: exp.Select) -> list[str]:
    return [source.this.alias_or_name for source in (select.args["from_"], *select.args.get("joins", []))]


def _taken(select: exp.Select, key: str) -> exp.Expr | None:
    return select.args[key].pop() if select.args.get(key) else None


RULES = {
    exp.Anonymous: _call,
    exp.Delete: _delete,
    exp.Extract: _extract,
    exp.Identifier: _identifier,
    exp.Select: _qualify,
    exp.Table: _table,
}
