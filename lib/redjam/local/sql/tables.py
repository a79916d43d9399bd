"""Redshift's tables in Postgres: their types, lengths in bytes, and keys.

Postgres has no distribution and no sorting, and would enforce the constraints that are only hints to Redshift. Such
keys are taken out of the statement and kept beside the table, where `system_views` shows them.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from redjam.local.sql.expressions import written
from redjam.local.sql.refusals import Refused
from redjam.local.sql.vocabulary import SCHEMA, words

# In bytes, without a length given and at most: https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
LENGTHS = {
    **dict.fromkeys((exp.DType.VARCHAR, exp.DType.NVARCHAR, exp.DType.TEXT), ("VARCHAR", 256, 65535)),
    **dict.fromkeys((exp.DType.CHAR, exp.DType.NCHAR), ("CHAR", 1, 4096)),
    exp.DType.BPCHAR: ("CHAR", 256, 4096),
}
# https://docs.aws.amazon.com/redshift/latest/dg/c_Compression_encodings.html
ENCODINGS = words("auto az64 bytedict delta delta32k lzo mostly8 mostly16 mostly32 raw runlength text255 text32k zstd")
# What is not for Postgres but for `keep_keys`: options and constraints of a table, actions of ALTER TABLE.
KEYS = {
    exp.BackupProperty: lambda part: {},
    exp.EncodeProperty: lambda part: {},
    exp.PropertyEQ: lambda part: _encoding(part.name, part.expression),
    exp.DistStyleProperty: lambda part: {"diststyle": part.name.upper()},
    exp.DistKeyProperty: lambda part: {"distkey": part.this.name},
    exp.SortKeyProperty: lambda part: _sortkey(part.this, part.args.get("compound") == "INTERLEAVED"),
    exp.AlterSortKey: lambda part: _sortkey(part.expressions),
    exp.AlterDistStyle: lambda part: (
        {"diststyle": "KEY", "distkey": part.this.name}
        if isinstance(part.this, exp.Column)
        else {"diststyle": part.name.upper(), "distkey": None}
    ),
    exp.AddConstraint: lambda part: keys_of(part.expressions[0]),
    exp.Constraint: lambda part: keys_of(part.expressions[0]),
    exp.PrimaryKey: lambda part: {"primary key": _names(part.expressions)},
    exp.UniqueColumnConstraint: lambda part: {f"unique {', '.join(_names(part.this.expressions))}": True},
    exp.ForeignKey: lambda part: {
        f"foreign key {', '.join(_names(part.expressions))}": written(part.args["reference"])
    },
    exp.LikeProperty: lambda part: {"like": written(part.this)},
}
COLUMN_KEYS = {
    exp.Var: lambda kind, name: {"distkey": name} if kind.name == "DISTKEY" else _sortkey([kind.parent.parent.this]),
    exp.EncodeColumnConstraint: lambda kind, name: _encoding(name, kind),
    exp.PrimaryKeyColumnConstraint: lambda kind, name: {"primary key": [name]},
    exp.UniqueColumnConstraint: lambda kind, name: {f"unique {name}": True},
    exp.Reference: lambda kind, name: {f"foreign key {name}": written(kind)},
}


@dataclass(frozen=True)
class Analyze:
    """The order to gather the statistics of a new table, without a result in the place of its statement's."""

    table: str


def keys_of(part: exp.Expr) -> dict:
    """The keys that an option or constraint of a table, or an action of ALTER TABLE, names."""
    of = KEYS.get(type(part))
    return of(part) if of else {}


def _names(identifiers: list[exp.Expr]) -> list[str]:
    return [identifier.name for identifier in identifiers]


def _encoding(column: str, encoding: exp.Expr) -> dict:
    if encoding.name.lower() not in ENCODINGS:
        raise Refused(f"Redshift has no encoding {encoding.name}. There are {', '.join(sorted(ENCODINGS))}.")
    return {f"encode {column}": encoding.name.lower()}


def _sortkey(identifiers: list[exp.Expr], interleaved: bool = False) -> dict:
    return {"sortkey": _names(identifiers), "interleaved": interleaved}


def created_by_into(tree: exp.Expr) -> exp.Expr:
    """The CREATE TABLE AS that SELECT ... INTO is, or the tree as it is."""
    if not isinstance(tree, exp.Query) or not (into := tree.find(exp.Into)):
        return tree
    temporary = exp.Properties(expressions=[exp.TemporaryProperty()]) if into.args.get("temporary") else None
    into.parent.set("into", None)
    return exp.Create(this=into.this, kind="TABLE", expression=tree, properties=temporary)


def create_table(create: exp.Create) -> list[str | Analyze]:
    """Create the table without its keys, and keep those beside it: Redshift enforces NOT NULL, but no key.

    One with rows is analyzed: https://docs.aws.amazon.com/redshift/latest/dg/t_Analyzing_tables.html
    """
    keys, schema = {}, create.this
    table = schema.this if isinstance(schema, exp.Schema) else schema
    parts = schema.expressions if isinstance(schema, exp.Schema) else []
    options = create.args["properties"].expressions if create.args.get("properties") else []
    columns = {part.name: part for part in parts if isinstance(part, exp.ColumnDef)}
    for part in [*options, *parts]:
        of_part = column_keys(part) if isinstance(part, exp.ColumnDef) else keys_of(part)
        if twice := {"distkey", "sortkey"} & set(keys) & set(of_part):
            raise Refused(f"A table has one {twice.pop().upper()}. Name it once; several columns: SORTKEY (a, b).")
        keys |= of_part
    if "like" in keys and len(keys) > 1:
        raise Refused("Redshift's LIKE takes no keys: the table gets those of its model. ALTER them afterwards.")
    keys.setdefault("diststyle", "KEY" if "distkey" in keys else "AUTO")
    check_keys(columns, keys)
    kept = [option for option in options if type(option) not in KEYS]
    if other := [option for option in kept if not isinstance(option, exp.TemporaryProperty)]:
        raise Refused(f"Redshift has no {written(other[0])} in CREATE TABLE. Leave it out.")
    if table.name.startswith("#") and not kept:
        kept.append(exp.TemporaryProperty())
    if parts:
        own = [part for part in parts if type(part) not in KEYS or isinstance(part, exp.LikeProperty)]
        schema.set("expressions", own)
    for name in keys.get("primary key", []):
        columns[name].append("constraints", exp.ColumnConstraint(kind=exp.NotNullColumnConstraint()))
    create.set("properties", exp.Properties(expressions=kept) if kept else None)
    keep = [*must_have(table, keys, columns), keep_keys(table, keys, bool(create.args.get("exists")))]
    keep.append(limit_bytes(table))
    if not (query := create.expression):
        return [written(create), *keep]
    if create.args.get("exists"):
        raise Refused("Redshift has no IF NOT EXISTS with AS. DROP TABLE IF EXISTS first.")
    create.set("expression", None)
    rows = written(query)
    # The lengths of its columns come before its rows.
    empty, insert = f"{written(create)} AS {rows} WITH NO DATA", f"INSERT INTO {written(table)} {rows}"
    return [empty, *keep, insert, Analyze(written(table))]


def check_keys(columns: dict[str, exp.ColumnDef], keys: dict) -> None:
    """Raise what Redshift has against these keys of a table, or of one whose columns are not known here."""
    if (keys["diststyle"] == "KEY") != ("distkey" in keys):
        raise Refused("In Redshift DISTSTYLE KEY and a DISTKEY go together. Name both, or neither.")
    if keys.get("interleaved") and len(keys["sortkey"]) > 8:
        raise Refused("An INTERLEAVED SORTKEY takes up to 8 columns. Write COMPOUND SORTKEY, which takes 400.")
    if columns and (unknown := [name for name in _named(keys) if name not in columns]):
        raise Refused(f'column "{unknown[0]}" named in key does not exist. There are {", ".join(columns)}.')


def _named(keys: dict) -> list[str]:
    return [*filter(None, [keys.get("distkey")]), *keys.get("sortkey", []), *keys.get("primary key", [])]


def must_have(table: exp.Table, keys: dict, columns: Iterable[str]) -> list[str]:
    """Have the server look for the columns of keys that are not of the statement itself."""
    names = [name for name in _named(keys) if name not in columns]
    return [call("must_have", written(table), json.dumps(names))] if names else []


def call(procedure: str, *arguments: str | int) -> str:
    """Call a procedure of the stand-in's own."""
    values = ", ".join(written(exp.convert(argument)) for argument in arguments)
    return f"CALL {SCHEMA}.{procedure}({values})"


def limit_bytes(table: exp.Table) -> str:
    """Give each column of characters the constraint for its length in bytes."""
    return call("limit_bytes", written(table))


def keep_keys(table: exp.Table, keys: dict, unless_there: bool = False) -> str:
    """Keep the keys beside the table; `keys` has that procedure."""
    return call("keep_keys", written(table), json.dumps(keys), unless_there)


def column_keys(column: exp.ColumnDef) -> dict:
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
        column.set("kind", exp.DataType.build("{}({})".format(*length_of(kind)), dialect="postgres"))
    column.set("constraints", kept)
    return keys


def length_of(kind: exp.DataType) -> tuple[str, int]:
    """The name of a type of characters, and its length in bytes."""
    name, default, most = LENGTHS[kind.this]
    length = int(kind.expressions[0].name) if kind.expressions else default
    if length > most:
        raise Refused(f"length for type {name.lower()} cannot exceed {most}. Write {name}({most}) or less.")
    return name, length


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
    # A view that is bound late is to Postgres a view like any other.
    create.set("no_schema_binding", None)
    options = create.args["properties"].expressions if create.args.get("properties") else []
    if create.kind == "VIEW" and options and not any(isinstance(one, exp.MaterializedProperty) for one in options):
        raise Refused(
            "A view of Redshift has no options, such as keys. Write CREATE MATERIALIZED VIEW, or leave them out."
        )
    return create


def _like(like: exp.LikeProperty) -> exp.Expr:
    for option in like.expressions:
        if option.args["value"].name.upper() != "DEFAULTS":
            raise Refused("Redshift's LIKE takes INCLUDING DEFAULTS or EXCLUDING DEFAULTS, and nothing else.")
    return like


RULES = {
    exp.Create: _create,
    exp.DataType: _data_type,
    exp.LikeProperty: _like,
}
