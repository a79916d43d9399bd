"""Aggregates and window functions that Postgres lacks, made of those that it has, over the same rows."""

from sqlglot import exp

from redjam.local.sql.refusals import Refused
from redjam.local.sql.vocabulary import SCHEMA

REBUILT = {"avg", "listagg", "median", "percentile_cont", "percentile_disc", "ratio_to_report"}
PICKS = {"first_value", "last_value", "nth_value", "lag", "lead"}
WHOLE = dict(start="UNBOUNDED", start_side="PRECEDING", end="UNBOUNDED", end_side="FOLLOWING")
BEFORE = dict(start="UNBOUNDED", start_side="PRECEDING", end="1", end_side="PRECEDING")
AFTER = dict(start="1", start_side="FOLLOWING", end="UNBOUNDED", end_side="FOLLOWING")


def ours(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A call of a function of the stand-in's own."""
    return exp.Dot(this=exp.to_identifier(SCHEMA), expression=exp.Anonymous(this=name, expressions=list(arguments)))


def rebuild(call: exp.Anonymous, name: str) -> exp.Expr:
    """Put a function of Postgres' aggregates in the place of an aggregate, and of its WITHIN GROUP and OVER."""
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
        return _windowed(window, inner, by, WHOLE if by else None) if window else inner

    if name == "avg":
        arguments = [over("avg", values[0]), over("min", values[0]), over("max", ours("scale", values[0].copy()))]
    elif name == "ratio_to_report":
        arguments = [values[0].copy(), over("sum", values[0])]
    elif name == "percentile_cont" and order:
        by = order.expressions[0]
        arguments = [over("array_agg", by.this), 1 - values[0] if by.args.get("desc") else values[0].copy()]
    elif name == "percentile_disc" and order:
        arguments = [over("array_agg", order.expressions[0].this, order), values[0].copy()]
    else:
        arguments = [over("array_agg", values[0], order), *(value.copy() for value in values[1:])]
    (window or whole).replace(ours(name, *arguments))
    return call


def ignore_nulls(ignore: exp.IgnoreNulls) -> exp.Expr:
    """Pick from the array of those values of the frame that are not NULL; Postgres' own functions count them all."""
    inside = isinstance(ignore.parent, exp.Anonymous)  # f(x IGNORE NULLS), not f(x) IGNORE NULLS
    call = ignore.parent if inside else ignore.this
    window, name = call.parent if inside else ignore.parent, call.name.lower()
    if not isinstance(window, exp.Window) or name not in PICKS or not call.expressions:
        raise Refused("IGNORE NULLS goes with FIRST_VALUE, LAST_VALUE, NTH_VALUE, LAG or LEAD, before OVER (...).")
    value, place = [ignore.this if inside else call.expressions[0], *call.expressions[1:], exp.Literal.number(1)][:2]
    values = exp.Filter(
        this=exp.Anonymous(this="array_agg", expressions=[value.copy()]),
        expression=exp.Where(this=value.copy().is_(exp.null()).not_()),
    )
    frame = {"lag": BEFORE, "lead": AFTER}.get(name)
    if name in ("lag", "last_value"):
        place = exp.Neg(this=exp.paren(place.copy()))
    window.replace(ours("nth", _windowed(window, values, None, frame), place.copy()))
    return ignore


def respect_nulls(respect: exp.RespectNulls) -> exp.Expr:
    """It is the default, and Postgres has no word for it."""
    return respect.this


def _windowed(window: exp.Window, inner: exp.Expr, by: exp.Order | None, frame: dict | None) -> exp.Window:
    outer = window.copy()
    outer.set("this", inner)
    if by:
        outer.set("order", by.copy())
    if frame:
        outer.set("spec", exp.WindowSpec(kind="ROWS", **frame))
    return outer


RULES = {exp.IgnoreNulls: ignore_nulls, exp.RespectNulls: respect_nulls}
