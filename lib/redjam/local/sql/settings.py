"""SHOW, SET and RESET: Redshift's settings beside Postgres', and what it shows of databases, schemas and tables."""

from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from redjam.local.sql.expressions import folded, written
from redjam.local.sql.refusals import Refused
from redjam.local.sql.vocabulary import SCHEMA

# With their defaults: https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_ConfigurationRef.html
SETTINGS = {
    "analyze_threshold_percent": "10",
    "cast_super_null_on_error": "on",
    "describe_field_name_in_uppercase": "off",
    "downcase_delimited_identifier": "on",
    "enable_case_sensitive_identifier": "off",
    "enable_numeric_rounding": "on",
    "enable_result_cache_for_session": "on",
    "enable_vacuum_boost": "off",
    "error_on_nondeterministic_update": "off",
    "max_cursor_result_set_size": "0",
    "mv_enable_aqmv_for_session": "on",
    "query_group": "default",
    "wlm_query_slot_count": "1",
}
# They would change what the stand-in does, and do not.
FIXED = {"describe_field_name_in_uppercase", "downcase_delimited_identifier", "enable_case_sensitive_identifier"}
_SAME = {"on": "true", "off": "false"}

_KEYS = f"coalesce({SCHEMA}.table_keys(c.oid), '{{}}') AS k (keys)"
_DATABASE = f"{SCHEMA}.current_database() AS database_name"
# Of what it is, and the query: https://docs.aws.amazon.com/redshift/latest/dg/r_SHOW_TABLES.html and its neighbours.
SHOWN = {
    "DATABASES": (
        "",
        f"""SELECT {_DATABASE}, datdba::int AS database_owner, 'local' AS database_type,
            datacl::text AS database_acl, NULL::text AS parameters, 'Snapshot Isolation' AS database_isolation_level
        FROM pg_database WHERE NOT datistemplate AND datname = current_database()""",
    ),
    "SCHEMAS": (
        "DATABASE",
        f"""SELECT {_DATABASE}, nspname::text AS schema_name, nspowner::int AS schema_owner, 'local' AS schema_type,
            nspacl::text AS schema_acl, NULL::text AS source_database, NULL::text AS schema_option
        FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)' AND nspname <> '{SCHEMA}'""",
    ),
    "TABLES": (
        "SCHEMA",
        f"""SELECT {_DATABASE}, n.nspname::text AS schema_name, c.relname::text AS table_name,
            CASE c.relkind WHEN 'r' THEN 'TABLE' ELSE 'VIEW' END AS table_type, c.relacl::text AS table_acl,
            obj_description(c.oid, 'pg_class') AS remarks, pg_get_userbyid(c.relowner)::text AS owner,
            NULL::timestamp AS last_altered_time, NULL::timestamp AS last_modified_time,
            CASE c.relkind WHEN 'r' THEN k.keys ->> 'diststyle' END AS dist_style,
            CASE c.relkind WHEN 'r' THEN 'REGULAR TABLE' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'REGULAR VIEW' END
                AS table_subtype
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace, {_KEYS}
        WHERE c.relkind IN ('r', 'v', 'm') AND n.nspname = {{name}}""",
    ),
    "COLUMNS": (
        "TABLE",
        f"""SELECT {_DATABASE}, i.table_schema::text AS schema_name, i.table_name::text AS table_name,
            i.column_name::text AS column_name, i.ordinal_position::int AS ordinal_position,
            i.column_default::text AS column_default, i.is_nullable::text AS is_nullable,
            i.data_type::text AS data_type, i.character_maximum_length::int AS character_maximum_length,
            i.numeric_precision::int AS numeric_precision, i.numeric_scale::int AS numeric_scale,
            col_description(c.oid, i.ordinal_position::int) AS remarks,
            CASE WHEN s.place > 0 THEN CASE WHEN (k.keys ->> 'interleaved')::boolean THEN 'INTERLEAVED'
                ELSE 'COMPOUND' END END AS sort_key_type,
            coalesce(s.place, 0)::int AS sort_key_order,
            CASE WHEN k.keys ->> 'distkey' = i.column_name THEN 1 ELSE 0 END AS dist_key,
            k.keys ->> ('encode ' || i.column_name) AS encoding, NULL::text AS collation
        FROM information_schema.columns AS i
        JOIN pg_class AS c ON c.oid = {{name}}::regclass
        JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = i.table_schema
        CROSS JOIN {_KEYS}
        LEFT JOIN LATERAL jsonb_array_elements_text(k.keys -> 'sortkey') WITH ORDINALITY AS s (name, place)
            ON s.name = i.column_name
        WHERE i.table_name = c.relname
        ORDER BY i.ordinal_position""",
    ),
}


def show(tokens: list[Token], verbatim: str) -> str:
    """What SHOW asks for, as a query where Postgres lacks it."""
    words = [token.text for token in tokens]
    what = words[1].upper() if words[1:] else ""
    if len(words) == 2 and what.lower() in SETTINGS:
        name, default = what.lower(), written(exp.Literal.string(SETTINGS[what.lower()]))
        return f"SELECT coalesce(nullif(current_setting('redshift.{name}', true), ''), {default}) AS {name}"
    if len(words) == 2 and what == "STATEMENT_TIMEOUT":
        # In milliseconds, without a unit: https://docs.aws.amazon.com/redshift/latest/dg/r_statement_timeout.html
        return "SELECT setting AS statement_timeout FROM pg_settings WHERE name = 'statement_timeout'"
    if what in SHOWN and not (words[2:] and words[2].upper() == "ISOLATION"):
        return _shown(what, tokens[2:])
    if len(words) > 2 and what not in ("TIME", "TRANSACTION", "SESSION"):
        raise Refused(
            f"The stand-in has no SHOW {what}. Write SELECT ... FROM pg_table_def, or SHOW TABLES or COLUMNS."
        )
    return verbatim


def _shown(what: str, tokens: list[Token]) -> str:
    of, query = SHOWN[what]
    rest = [token.text for token in tokens]
    upper = [word.upper() for word in rest]
    if of and upper[:2] != ["FROM", of]:
        raise Refused(f"SHOW {what} says of what. Write SHOW {what} FROM {of} ..., with its name.")
    name = _name(rest[2:], what) if of else ""
    number = next((place for place, word in enumerate(upper) if word in ("LIKE", "LIMIT")), len(rest))
    tail = [
        written(exp.Literal.string(t.text)) if t.token_type == TokenType.STRING else t.text for t in tokens[number:]
    ]
    column = f"{what[:-1].lower()}_name"
    where = f" WHERE {column} {' '.join(tail)}" if upper[number:][:1] == ["LIKE"] else f" {' '.join(tail)}"
    return f"SELECT * FROM ({query.replace('{name}', name)}) AS shown{where if tail else ''}"


def _name(words: list[str], what: str) -> str:
    parts = words[:1]
    for dot, part in zip(words[1::2], words[2::2], strict=False):
        if dot != ".":
            break
        parts.append(part)
    # The name of the database may come first: there is this one only.
    parts = parts[-2:] if what == "COLUMNS" else parts[-1:]
    return written(exp.Literal.string(".".join(folded(part) for part in parts)))


def set_or_reset(verb: str, tokens: list[Token], verbatim: str) -> str:
    """SET (SESSION or LOCAL) and RESET of a setting; one that only Redshift has gets a name that Postgres takes."""
    name, value = tokens[0].text.lower(), tokens[-1].text.lower()
    if name in FIXED and verb != "RESET" and value not in ("default", SETTINGS[name], _SAME[SETTINGS[name]]):
        raise Refused(f"The stand-in keeps {name} at {SETTINGS[name]}. Write names in lower case.")
    prefix = "redshift." if name in SETTINGS else ""
    return f"{verb} {prefix}{verbatim}"
