"""ALTER TABLE: https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html"""

import json

from sqlglot import exp

from redjam.local.sql.expressions import written
from redjam.local.sql.refusals import Refused
from redjam.local.sql.tables import KEYS, call, column_keys, keep_keys, keys_of, length_of, limit_bytes, must_have

VERBS = {"ADD", "ALTER", "APPEND", "DROP", "OWNER", "RENAME"}
COMBINED = {exp.PropertyEQ, exp.AlterDistStyle, exp.AlterSortKey}


def check(words: list[str]) -> str | None:
    """What Redshift has against an ALTER TABLE, given by its words after the table's name."""
    verb, further = words[0] if words else "nothing", words[1:]
    if verb in ("ROW", "MASKING"):
        return "The stand-in has no ROW LEVEL SECURITY and MASKING. GRANT a view of what may be seen."
    if verb not in VERBS:
        return (
            "After the table's name Redshift's ALTER TABLE takes ADD, ALTER, APPEND, DROP, OWNER TO or RENAME, "
            f"not {verb}."
        )
    if verb == "OWNER" and (further[:1] != ["TO"] or len(further) != 2):
        return "OWNER TO takes one user, and nothing after it. Write ALTER TABLE t OWNER TO somebody."
    if verb == "RENAME" and further[:1] not in (["TO"], ["COLUMN"]):
        return "Redshift's RENAME says what it renames. Write RENAME COLUMN a TO b, or RENAME TO t."
    return _check_append(further) if verb == "APPEND" else None


def _check_append(words: list[str]) -> str | None:
    if words[-1:] in (["IGNOREEXTRA"], ["FILLTARGET"]):
        return "The stand-in has no IGNOREEXTRA or FILLTARGET. INSERT INTO ... SELECT, then TRUNCATE."
    if words[:1] != ["FROM"] or len(words) < 2:
        return "APPEND takes one table. Write ALTER TABLE t APPEND FROM s."
    return None


def alter_table(alter: exp.Alter) -> list[str]:
    """Alter what Postgres has of the table, and keep the keys that the statement changes."""
    table, actions = alter.this, alter.args["actions"]
    if lengths := [action for action in actions if isinstance(action, exp.AlterColumn)]:
        return [_alter_length(table, lengths[0], alone=len(actions) == 1)]
    if len(actions) > 1 and not COMBINED.issuperset(map(type, actions)):
        raise Refused("Redshift's ALTER TABLE adds, drops or renames one thing at a time. Write a statement for each.")
    action = actions[0]
    if action.args.get("exists"):
        raise Refused("Redshift's ALTER TABLE has no IF EXISTS or IF NOT EXISTS. Look into pg_table_def first.")
    if type(action) in KEYS:
        return _alter_keys(table, actions)
    if isinstance(action, exp.ColumnDef):
        _check_added(action)
        keys = column_keys(action)
        return [written(alter), *([keep_keys(table, keys)] if keys else []), limit_bytes(table)]
    if isinstance(action, exp.Drop):
        if action.args.get("kind") != "COLUMN":
            raise Refused("The stand-in keeps no names of constraints. Nothing enforces them, so leave it there.")
        return [call("drop_keys", written(table), _dropped(action)), written(alter)]
    if isinstance(action, exp.RenameColumn):
        renamed = call("rename_key", written(table), action.this.name, action.args["to"].name)
        return [written(alter), renamed, limit_bytes(table)]
    if isinstance(action, exp.AlterRename):
        return [written(alter)]
    raise Refused(f"The stand-in has no ALTER TABLE ... {written(action)}.")


def _alter_keys(table: exp.Table, actions: list[exp.Expr]) -> list[str]:
    keys = {}
    for action in actions:
        keys |= keys_of(action)
    names = json.dumps(keys.get("primary key", []))
    nullable = [call("must_not_be_null", written(table), names)] if "primary key" in keys else []
    return [*must_have(table, keys, ()), *nullable, keep_keys(table, keys)]


def _alter_length(table: exp.Table, action: exp.AlterColumn, alone: bool) -> str:
    kind = action.args.get("dtype")
    if not alone or not kind or kind.this not in (exp.DType.VARCHAR, exp.DType.NVARCHAR) or not kind.expressions:
        raise Refused(
            "Redshift changes of a column only the length of a VARCHAR, one column a statement: ALTER TABLE t ALTER "
            "COLUMN c TYPE VARCHAR(n). For another type make a new table, and INSERT INTO it."
        )
    return call("alter_length", written(table), action.this.name, length_of(kind)[1])


def _check_added(column: exp.ColumnDef) -> None:
    kinds = {type(constraint.kind) for constraint in column.constraints}
    no = {exp.Var, exp.PrimaryKeyColumnConstraint, exp.UniqueColumnConstraint, exp.Reference}
    if kinds & (no | {exp.GeneratedAsIdentityColumnConstraint}):
        raise Refused("Redshift adds no column that is a key or an IDENTITY. Make a new table, and INSERT INTO it.")


def _dropped(drop: exp.Drop) -> str:
    columns = drop.args.get("tables") or []
    if len(columns) != 1:
        raise Refused("DROP COLUMN takes the name of one column. Write ALTER TABLE t DROP COLUMN a.")
    return columns[0].name
