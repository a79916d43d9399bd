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
    name = call.name.lower()
    if not isinstance(call, exp.Anonymous) or name not in AGGREGATES | WINDOW_FUNCTIONS:
        return None
    if reason := _check_order(window, name) or _check_frame(window.args.get("spec"), name):
        return reason
    if any(isinstance(argument, exp.Distinct) for argument in call.expressions):
        who = "The stand-in has" if name == "listagg" else "Redshift has"
        return f"{who} no {name.upper()}(DISTINCT ...) OVER. Aggregate with GROUP BY first, and join."
    return None


def _check_order(window: exp.Window, name: str) -> str | None:
    order = window.args.get("order")
    by = [part.this for part in order.expressions] if order else []
    if any(isinstance(part, exp.Literal) for part in [*by, *window.args.get("partition_by", [])]):
        return "Redshift takes no constant in the PARTITION BY or ORDER BY of a window. Name columns."
    if order and not window.args.get("spec") and name in NEED_A_FRAME:
        return (
            "Redshift: Aggregate window functions with an ORDER BY clause require a frame clause. "
            "Add ROWS UNBOUNDED PRECEDING, or the frame that you mean, after the ORDER BY."
        )
    if not order and name in NEED_AN_ORDER:
        return f"Redshift's {name.upper()} needs an ORDER BY in its OVER (...)."
    if order and name in TAKE_NO_ORDER:
        return f"Redshift's {name.upper()} takes no ORDER BY in its OVER (...). Leave PARTITION BY only."
    return None


def _check_frame(spec: exp.WindowSpec | None, name: str) -> str | None:
    if not spec:
        return None
    if name in TAKE_NO_FRAME | TAKE_NO_ORDER:
        return f"Redshift's {name.upper()} takes no frame. Leave it out."
    if (kind := spec.args["kind"].upper()) != "ROWS":
        return f"Redshift has no frame by {kind}. Write ROWS."
    if spec.args.get("exclude"):
        return "Redshift has no EXCLUDE in a frame. Take the row's own value off the result."
    return None
