"""Redshift's tables in Postgres: their types, lengths in bytes, and keys.

Postgres has no distribution and no sorting, and would enforce the constraints that are only hints to Redshift. Such
keys are taken out of the statement and kept beside the table, where `system_views` shows them.
"""

import hashlib
import json

from sqlglot import exp

from redjam.local.expressions import written
from redjam.local.functions import SCHEMA
from redjam.local.refusals import Refused

# In bytes, without a length given and at most: https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
LENGTHS = {
    **dict.fromkeys((exp.DType.VARCHAR, exp.DType.NVARCHAR, exp.DType.TEXT), ("VARCHAR", 256, 65535)),
    **dict.fromkeys((exp.DType.CHAR, exp.DType.NCHAR), ("CHAR", 1, 4096)),
    exp.DType.BPCHAR: ("CHAR", 256, 4096),
}
# What is not for Postgres but for `keep_keys`: options and constraints of a table, actions of ALTER TABLE.
KEYS = {
    exp.BackupProperty: lambda part: {},
    exp.EncodeProperty: lambda part: {},
    exp.DistStyleProperty: lambda part: {"diststyle": part.name.upper()},
    exp.DistKeyProperty: lambda part: {"distkey": part.this.name},
    exp.SortKeyProperty: lambda part: _sortkey(part.this, part.args.get("compound") == "INTERLEAVED"),
    exp.AlterSortKey: lambda part: _sortkey(part.expressions),
    exp.AlterDistStyle: lambda part: (
        {"diststyle": "KEY", "distkey": part.this.name}
        if isinstance(part.this, exp.Column)
        else {"diststyle": part.name.upper(), "distkey": None}
    ),
    exp.AddConstraint: lambda part: _keys(part.expressions[0]),
    exp.Constraint: lambda part: _keys(part.expressions[0]),
    exp.PrimaryKey: lambda part: {"primary key": _names(part.expressions)},
    exp.UniqueColumnConstraint: lambda part: {f"unique {', '.join(_names(part.this.expressions))}": True},
    exp.ForeignKey: lambda part: {
        f"foreign key {', '.join(_names(part.expressions))}": written(part.args["reference"])
    },
    exp.LikeProperty: lambda part: {"like": written(part.this)},
}
COLUMN_KEYS = {
    exp.Var: lambda kind, name: {"distkey": name} if kind.name == "DISTKEY" else _sortkey([kind.parent.parent.this]),
    exp.EncodeColumnConstraint: lambda kind, name: {f"encode {name}": kind.name.lower()},
    exp.PrimaryKeyColumnConstraint: lambda kind, name: {"primary key": [name]},
    exp.UniqueColumnConstraint: lambda kind, name: {f"unique {name}": True},
    exp.Reference: lambda kind, name: {f"foreign key {name}": written(kind)},
}


def _keys(part: exp.Expr) -> dict:
    of = KEYS.get(type(part))
    return of(part) if of else {}


def _names(identifiers: list[exp.Expr]) -> list[str]:
    return [identifier.name for identifier in identifiers]


def _sortkey(identifiers: list[exp.Expr], interleaved: bool = False) -> dict:
    return {"sortkey": _names(identifiers), "interleaved": interleaved}


def create_table(create: exp.Create) -> list[str]:
    """Create the table without its keys, and keep those beside it: Redshift enforces NOT NULL, but no key."""
    keys, schema = {}, create.this
    table = schema.this if isinstance(schema, exp.Schema) else schema
    parts = schema.expressions if isinstance(schema, exp.Schema) else []
    options = create.args["properties"].expressions if create.args.get("properties") else []
    columns = {part.name: part for part in parts if isinstance(part, exp.ColumnDef)}
    for part in [*options, *parts]:
        keys |= _column(part) if isinstance(part, exp.ColumnDef) else _keys(part)
    keys.setdefault("diststyle", "KEY" if "distkey" in keys else "AUTO")
    _check_keys(columns, keys)
    kept = [option for option in options if type(option) not in KEYS]
    if other := [option for option in kept if not isinstance(option, exp.TemporaryProperty)]:
        raise Refused(f"Redshift has no {written(other[0])} in CREATE TABLE. Leave it out.")
    if table.name.startswith("#"):
        kept.append(exp.TemporaryProperty())
    create.set("properties", exp.Properties(expressions=kept) if kept else None)
    if parts:
        own = [part for part in parts if type(part) not in KEYS or isinstance(part, exp.LikeProperty)]
        schema.set("expressions", own)
    for name in keys.get("primary key", []):
        columns[name].append("constraints", exp.ColumnConstraint(kind=exp.NotNullColumnConstraint()))
    return [written(create), _keep_keys(table, keys, bool(create.args.get("exists")))]


def _check_keys(columns: dict[str, exp.ColumnDef], keys: dict) -> None:
    if (keys["diststyle"] == "KEY") != ("distkey" in keys):
        raise Refused("In Redshift DISTSTYLE KEY and a DISTKEY go together. Name both, or neither.")
    named = [*([keys["distkey"]] if "distkey" in keys else []), *keys.get("sortkey", []), *keys.get("primary key", [])]
    if columns and (unknown := [name for name in named if name not in columns]):
        raise Refused(f'column "{unknown[0]}" named in key does not exist. There are {", ".join(columns)}.')


def alter_table(alter: exp.Alter) -> list[str]:
    """Alter what Postgres has of the table, and keep the keys that the statement changes."""
    keys, actions = {}, alter.args["actions"]
    if any(isinstance(action, exp.AlterColumn) for action in actions):
        raise Refused("The stand-in has no ALTER COLUMN yet. Make a new table and INSERT INTO it.")
    for action in actions:
        keys |= _column(action) if isinstance(action, exp.ColumnDef) else _keys(action)
    alter.set("actions", [action for action in actions if type(action) not in KEYS])
    changes = [written(alter)] if alter.args["actions"] else []
    return [*changes, _keep_keys(alter.this, keys)] if keys else changes


def _keep_keys(table: exp.Table, keys: dict, unless_there: bool = False) -> str:
    name, text = (written(exp.Literal.string(text)) for text in (written(table), json.dumps(keys)))
    return f"CALL {SCHEMA}.keep_keys({name}, {text}, {unless_there})"


def _column(column: exp.ColumnDef) -> dict:
    """Write a column as Postgres takes it, its length in bytes, and give the keys that it names."""
    keys, kept, kind = {}, [], column.kind
    if kind is None:
        raise Refused(f"Column {column.name} has no type. Write {column.name} INTEGER, say.")
    for constraint in column.constraints:
        if of := COLUMN_KEYS.get(type(constraint.kind)):
            keys |= of(constraint.kind, column.name)
            continue
        if isinstance(constraint.kind, exp.GeneratedAsIdentityColumnConstraint):
            start, step = constraint.kind.args["start"], constraint.kind.args["increment"]
            constraint.kind.set("maxvalue" if isinstance(step, exp.Neg) else "minvalue", start.copy())
        kept.append(constraint)
    if kind.this in LENGTHS:
        name, default, most = LENGTHS[kind.this]
        length = int(kind.expressions[0].name) if kind.expressions else default
        if length > most:
            raise Refused(f"length for type {name.lower()} cannot exceed {most}. Write {name}({most}) or less.")
        column.set("kind", exp.DataType.build(f"{name}({length})", dialect="postgres"))
        kept.append(_limit(column, name, length))
    column.set("constraints", kept)
    return keys


def _limit(column: exp.ColumnDef, kind: str, length: int) -> exp.ColumnConstraint:
    """The limit of bytes, under a name from which Postgres' error reads like Redshift's; a name has up to 63 bytes."""
    full = {"VARCHAR": "character varying", "CHAR": "character"}[kind]
    short = hashlib.md5(column.name.encode()).hexdigest()[:20]
    names = [
        f"{column.name}: value too long for type {full}({length})",
        f"{column.name}: value too long for {kind.lower()}({length})",
        f"{short}: value too long for {kind.lower()}({length})",
    ]
    name = next(name for name in names if len(name.encode()) <= 63)
    size = exp.Anonymous(this="octet_length", expressions=[exp.Column(this=column.this.copy())])
    return exp.ColumnConstraint(
        this=exp.to_identifier(name, quoted=True), kind=exp.CheckColumnConstraint(this=size <= length)
    )


def _data_type(kind: exp.DataType) -> exp.Expr:
    column = isinstance(kind.parent, exp.ColumnDef)
    if kind.this == exp.DType.DECIMAL and not kind.expressions:
        kind.set("expressions", [exp.Literal.number(18), exp.Literal.number(0)])
    elif kind.this == exp.DType.VARBINARY or (kind.expressions and kind.expressions[0].name.upper() == "MAX"):
        kind.set("expressions", [exp.Literal.number(LENGTHS[kind.this][2])] if column and kind.this in LENGTHS else [])
    elif kind.this in (exp.DType.CHAR, exp.DType.NCHAR) and not kind.expressions and not column:
        # In an expression it is as long as its value.
        return exp.DataType(this=exp.DType.BPCHAR)
    return kind


def _create(create: exp.Create) -> exp.Expr:
    # A view that is bound late is to Postgres a view like any other, and a materialized one has no keys.
    create.set("no_schema_binding", None)
    if create.kind == "VIEW" and (options := create.args.get("properties")):
        options.set("expressions", [option for option in options.expressions if type(option) not in KEYS])
    return create


def _like(like: exp.LikeProperty) -> exp.Expr:
    # The limits of bytes are constraints.
    like.append("expressions", exp.Property(this="INCLUDING", value=exp.var("CONSTRAINTS")))
    return like


RULES = {
    exp.Create: _create,
    exp.DataType: _data_type,
    exp.LikeProperty: _like,
}
