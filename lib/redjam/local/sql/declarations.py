"""What Redshift has against names and types."""

from sqlglot import exp
from sqlglot.generators.redshift import RedshiftGenerator

from redjam.local.sql.refusals import IDENTITY, OTHER_TYPES, REFUSED_TYPES, TYPES

# https://docs.aws.amazon.com/redshift/latest/dg/r_pg_keywords.html: sqlglot pads a word of it, and adds one.
RESERVED = {word.strip() for word in RedshiftGenerator.RESERVED_KEYWORDS} - {"type"}


def check_names(*names: exp.Expr | None) -> str | None:
    """Names of tables, and of columns where they are declared; elsewhere some reserved words mean something."""
    for name in names:
        if isinstance(name, exp.Identifier) and not name.quoted and name.name.lower() in RESERVED:
            return f'{name.name} is a reserved word of Redshift. Choose another name, or write "{name.name}".'
    return None


# https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-features.html: Postgres' system columns
SYSTEM_COLUMNS = {"oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}


def check_column(column: exp.ColumnDef) -> str | None:
    """The name of a column that is declared."""
    if column.name.lower() in SYSTEM_COLUMNS:
        return f"{column.name} is the name of a system column. Choose another name."
    return check_names(column.this)


def check_table(table: exp.Table) -> str | None:
    """The name of a table, wherever it stands."""
    if table.args.get("only"):
        return f"Redshift has no ONLY, since no table inherits. Write {table.name}."
    return check_names(table.this)


def check_type(kind: exp.DataType) -> str | None:
    """A type, of a column or of a CAST."""
    if kind.this in REFUSED_TYPES:
        return REFUSED_TYPES[kind.this]
    if kind.this == exp.DType.DECIMAL and kind.expressions and int(kind.expressions[0].name) > 38:
        return f"DECIMAL precision {kind.expressions[0].name} must be between 1 and 38. Write DECIMAL(38, s) or less."
    if isinstance(kind.this, exp.Interval):
        return None
    if kind.this == exp.DType.INTERVAL and isinstance(kind.parent, exp.ColumnDef):
        return "Redshift's INTERVAL column says what it counts. Write INTERVAL DAY TO SECOND, or YEAR TO MONTH."
    if kind.this in TYPES:
        return None
    name = str(kind.args.get("kind") or kind.this.name)
    return f"Redshift has no type {name}. {OTHER_TYPES.get(name.lower(), 'Write VARCHAR.')}"


def check_identity(identity: exp.GeneratedAsIdentityColumnConstraint) -> str | None:
    """A column that counts by itself."""
    column = identity.find_ancestor(exp.ColumnDef)
    if not (identity.args.get("start") and identity.args.get("increment")):
        return IDENTITY
    if column and column.kind and column.kind.this not in (exp.DType.INT, exp.DType.BIGINT):
        return "Redshift's IDENTITY is INTEGER or BIGINT. Write BIGINT IDENTITY(1, 1)."
    return None
