"""Redshift's functions and expressions in Postgres' words: one rule for each kind of node, and the writer.

One rule for functions: a call goes to Postgres as written, unless `functions` has one of that name, which
then does what Redshift's does. Only where the form of a call differs is the tree rewritten here.
"""

from sqlglot import exp
from sqlglot.dialects import Postgres
from sqlglot.errors import ErrorLevel
from sqlglot.generators.postgres import PostgresGenerator

from redjam.local.sql import aggregates
from redjam.local.sql.aggregates import REBUILT, ours, rebuild
from redjam.local.sql.functions import FUNCTIONS
from redjam.local.sql.system_views import VIEWS
from redjam.local.sql.vocabulary import SCHEMA

RENAMED = {"dateadd": "date_add", "datediff": "date_diff", "date_part": "pgdate_part", "textlen": "len"}
TAKE_A_UNIT = {"date_add", "date_diff", "pgdate_part", "date_trunc"}
# A literal has no type yet, and among the forms of a function Postgres would choose the one with a time zone.
TAKE_A_TIME = {"date_add": [2], "date_diff": [1, 2], "pgdate_part": [1], "date_trunc": [1], "convert_timezone": [-1]}
# https://docs.aws.amazon.com/redshift/latest/dg/r_Dateparts_for_datetime_functions.html: `m` is a minute.
UNIT_NAMES = """
    millennium millennia mil mils; century centuries c cent cents; decade decades dec decs; year years y yr yrs;
    quarter quarters qtr qtrs; month months mon mons; week weeks w; dow dayofweek dw weekday; doy dayofyear dy yearday;
    day days d; hour hours h hr hrs; minute minutes m min mins; second seconds s sec secs;
    millisecond milliseconds ms msec msecs msecond mseconds millisec millisecs millisecon;
    microsecond microseconds microsec microsecs usecond useconds us usec usecs"""
UNITS = {name: names.split()[0] for names in UNIT_NAMES.split(";") for name in names.split()}


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


def _unit(node: exp.Expr) -> exp.Expr:
    return exp.Literal.string(UNITS.get(node.name.lower(), node.name.lower()))


def _time(node: exp.Expr) -> exp.Expr:
    return exp.cast(node, exp.DType.TIMESTAMP) if isinstance(node, exp.Literal) and node.is_string else node


def _call(call: exp.Anonymous) -> exp.Expr:
    name, arguments = RENAMED.get(call.name.lower(), call.name.lower()), call.expressions
    if name not in FUNCTIONS or isinstance(call.parent, exp.Dot):
        return call
    if name in REBUILT and arguments:
        return rebuild(call, name)
    if name in TAKE_A_UNIT and arguments:
        arguments[0] = _unit(arguments[0])
    if name == "json_extract_path_text":
        arguments = _with_flag(arguments)
    if name == "concat":
        arguments = [exp.cast(argument, exp.DType.TEXT) for argument in arguments]
    for place in TAKE_A_TIME.get(name, []):
        if place < len(arguments):
            arguments[place] = _time(arguments[place])
    return ours(name, *arguments)


def _with_flag(arguments: list[exp.Expr]) -> list[exp.Expr]:
    """Whether invalid JSON is NULL comes last to Redshift, after any number of path elements; to ours second."""
    flag = arguments[-1] if len(arguments) > 2 and isinstance(arguments[-1], exp.Boolean) else exp.false()
    path = [argument for argument in arguments[1:] if argument is not flag]
    return [*arguments[:1], flag, *(exp.cast(part, exp.DType.TEXT) for part in path)]


# https://docs.aws.amazon.com/redshift/latest/dg/r_CAST_function.html: a text is cut to the length, which is in bytes.
CUT = {exp.DType.VARCHAR, exp.DType.NVARCHAR, exp.DType.CHAR, exp.DType.NCHAR, exp.DType.BPCHAR}


def _cast(cast: exp.Cast) -> exp.Expr:
    if isinstance(cast.to, exp.DataType) and cast.to.this in CUT and cast.to.expressions:
        cast.set("this", ours("cut", exp.cast(cast.this, exp.DType.TEXT), cast.to.expressions[0].this.copy()))
    return cast


def _extract(extract: exp.Extract) -> exp.Expr:
    unit = _unit(extract.this)
    part = ours("date_part", unit, _time(extract.expression))
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


RULES = aggregates.RULES | {
    exp.Anonymous: _call,
    exp.Cast: _cast,
    exp.Cbrt: lambda root: ours("cbrt", root.this),
    exp.Sqrt: lambda root: ours("sqrt", root.this),
    exp.CurrentTime: lambda time: exp.column("current_time"),
    exp.Delete: _delete,
    exp.Extract: _extract,
    exp.Identifier: _identifier,
    exp.Table: _table,
}
