"""What Redshift has against a window: https://docs.aws.amazon.com/redshift/latest/dg/c_Window_functions.html"""

from sqlglot import exp

from redjam.local.sql.vocabulary import AGGREGATES, WINDOW_FUNCTIONS

# By the page of each function: those that need a frame after ORDER BY, that need an ORDER BY, that take none.
NEED_A_FRAME = {"avg", "count", "max", "min", "sum", "stddev", "stddev_samp", "stddev_pop", "variance", "var_samp"}
NEED_A_FRAME |= {"var_pop", "first_value", "last_value", "nth_value"}
NEED_AN_ORDER = {"lag", "lead"}
TAKE_NO_ORDER = {"listagg", "median", "percentile_cont", "percentile_disc", "ratio_to_report"}
TAKE_NO_FRAME = WINDOW_FUNCTIONS - NEED_A_FRAME


def check(window: exp.Window) -> str | None:
    """What Redshift has against this function and its OVER."""
    call = window.this
    while isinstance(call, exp.IgnoreNulls | exp.RespectNulls | exp.WithinGroup):
        call = call.this
    name, order, spec = call.name.lower(), window.args.get("order"), window.args.get("spec")
    if not isinstance(call, exp.Anonymous) or name not in AGGREGATES | WINDOW_FUNCTIONS:
        return None
    by = [part.this for part in order.expressions] if order else []
    constant = any(isinstance(part, exp.Literal) for part in [*by, *window.args.get("partition_by", [])])
    distinct = call.find(exp.Distinct) is not None
    kind = spec.args["kind"] if spec else "ROWS"
    function = name.upper()
    reasons = {
        "Redshift takes no constant in the PARTITION BY or ORDER BY of a window. Name columns.": constant,
        "Redshift: Aggregate window functions with an ORDER BY clause require a frame clause. "
        "Add ROWS UNBOUNDED PRECEDING, or the frame that you mean, after the ORDER BY.": (
            order and not spec and name in NEED_A_FRAME
        ),
        f"Redshift's {function} needs an ORDER BY in its OVER (...).": not order and name in NEED_AN_ORDER,
        f"Redshift's {function} takes no ORDER BY in its OVER (...). Leave PARTITION BY only.": (
            order and name in TAKE_NO_ORDER
        ),
        f"Redshift's {function} takes no frame. Leave it out.": spec and name in TAKE_NO_FRAME | TAKE_NO_ORDER,
        f"Redshift has no frame by {kind}. Write ROWS.": kind != "ROWS",
        "Redshift has no EXCLUDE in a frame. Take the row's own value off the result.": (
            spec and spec.args.get("exclude")
        ),
        f"{'The stand-in has' if name == 'listagg' else 'Redshift has'} no {function}(DISTINCT ...) OVER. "
        "Aggregate with GROUP BY first, and join.": distinct,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)
