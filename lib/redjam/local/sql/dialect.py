"""Redshift's SQL in Postgres' words: the statements are read here, and each kind of them has its rule.

What a statement is made of is the matter of `expressions` and `tables`, what Redshift would not take of `refusals`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby, pairwise

from sqlglot import exp
from sqlglot.dialects import Redshift
from sqlglot.errors import ParseError, TokenError, UnsupportedError
from sqlglot.tokens import Token, TokenType

from redjam.local import copy
from redjam.local.sql import alterations, checks, expressions, merges, queries, settings, tables, users, views
from redjam.local.sql.expressions import folded, written
from redjam.local.sql.reading import Tokenizer, pointed, read, unclosed
from redjam.local.sql.refusals import REFUSED_STATEMENTS, Refused
from redjam.local.sql.system_views import VIEWS
from redjam.local.sql.vocabulary import SCHEMA

CACHED_LENGTH = 2_000
RULES = expressions.RULES | queries.RULES | tables.RULES
Piece = str | copy.Copy | tables.Analyze


def translate(sql: str) -> list[Piece]:
    """Turn the text of any number of Redshift statements into one text for Postgres, or a COPY order, for each.

    A text may hold several statements: sent at once they are one transaction, as the statement is to Redshift. After
    the text of one that makes a table with rows comes the order to analyze it.
    """
    # What holds a secret is not kept either: CREATE USER, say.
    keep = len(sql) <= CACHED_LENGTH and not re.search("password|secret|credentials", sql, re.IGNORECASE)
    return list((_cached if keep else _translated)(sql))


def _translated(sql: str) -> tuple[Piece, ...]:
    try:
        tokens = Tokenizer(dialect=Redshift()).tokenize(sql)
        groups = groupby(tokens, lambda token: token.token_type == TokenType.SEMICOLON)
        statements = [list(group) for separates, group in groups if not separates]
        return tuple(piece for statement in statements for piece in _joined(_statement(statement, sql)))
    except ParseError as error:
        raise Refused(f"Cannot read this SQL: {error}") from None
    except TokenError as error:
        raise Refused(f"Cannot read this SQL: {unclosed(sql, str(error.__cause__))}") from None
    except UnsupportedError as error:
        raise Refused(f"The stand-in cannot run this yet: {error}") from None


def _joined(pieces: list[Piece]) -> Iterator[Piece]:
    texts = [piece for piece in pieces if isinstance(piece, str)]
    yield from [";\n".join(texts)] if texts else []
    yield from (piece for piece in pieces if not isinstance(piece, str))


_cached = lru_cache(maxsize=512)(_translated)


# --- Statements -------------------------------------------------------------------------------------------


def _statement(tokens: list[Token], sql: str) -> list[Piece]:
    """Translate one statement by the rule for its first words."""
    words = [token.text.upper() for token in tokens]
    about = " ".join([word for word in words if word not in MODIFIERS][:2])
    if reason := REFUSED_STATEMENTS.get(about) or REFUSED_STATEMENTS.get(words[0]):
        raise Refused(reason)
    if words[0] in CHANGES_OBJECTS and (own := {token.text.lower() for token in tokens} & {*VIEWS, SCHEMA}):
        raise Refused(f"permission denied: {own.pop()} belongs to the system. Give your own table another name.")
    if words[:2] == ["CREATE", "LOCAL"]:
        tokens = [tokens[0], *tokens[2:]]
    if not (rule := STATEMENTS.get(about) or STATEMENTS.get(words[0])):
        raise ParseError(pointed(sql, tokens[0].start, f"no statement of Redshift begins with {about}"))
    return rule(tokens, sql)


def _verbatim(tokens: list[Token], sql: str) -> list[str]:
    return [_text(tokens, sql)]


def _text(tokens: list[Token], sql: str) -> str:
    """The source text, with its strings and delimited names as Postgres reads them."""
    text, position = "", tokens[0].start
    for token in tokens:
        temporary = token.text.startswith("#")
        if temporary or token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            string = token.token_type == TokenType.STRING
            node = exp.Literal.string(token.text) if string else exp.to_identifier(folded(token.text), quoted=True)
            text += sql[position : token.start] + written(node)
            position = token.end + 1
    return text + sql[position : tokens[-1].end + 1]


def _rewritten(tokens: list[Token], sql: str) -> list[Piece]:
    tree = read(tokens, sql)
    nodes = list(tree.walk())
    if _asks_the_catalog(nodes):
        return _verbatim(tokens, sql)
    checks.check(nodes)
    unknown = checks.unknown_functions(nodes)
    if of_view := views.is_materialized(tree):
        views.check(tree, unknown)
    first = [tables.call("must_be_known", name) for name in unknown]
    tree = tables.created_by_into(tree)
    # From the leaves up and from right to left: whatever a rule moves is done already.
    for node in reversed(list(tree.walk(bfs=False))):
        new = RULES[type(node)](node) if type(node) in RULES else node
        if node is tree:
            tree = new
        elif new is not node:
            node.replace(new)
    if isinstance(tree, exp.Create) and tree.kind == "TABLE":
        return [*first, *tables.create_table(tree)]
    if of_view:
        return views.create_materialized(tree)
    if isinstance(tree, exp.Alter):
        return alterations.alter_table(tree)
    if isinstance(tree, exp.Merge) and merges.is_simplified(tree):
        return [*first, merges.simplified(tree)]
    return [*first, written(tree)]


def _asks_the_catalog(nodes: list[exp.Expr]) -> bool:
    """Whether all tables are Postgres' own: drivers ask those in words that Redshift's users may not use."""
    asked = checks.tables_of(nodes)
    return bool(asked) and all(checks.reads_the_catalog(table) and table.name.lower() not in VIEWS for table in asked)


def _create_view(tokens: list[Token], sql: str) -> list[Piece]:
    words = [token.text.upper() for token in tokens]
    if "MATERIALIZED" in words[:4] and words[-1] == "DATA":
        raise Refused("Redshift's CREATE MATERIALIZED VIEW has no WITH DATA and no WITH NO DATA. Leave it out.")
    return _rewritten(tokens, sql)


def _refresh(tokens: list[Token], sql: str) -> list[str]:
    words = [token.text.upper() for token in tokens]
    if words[1:3] != ["MATERIALIZED", "VIEW"] or not words[3:]:
        raise ParseError(pointed(sql, tokens[0].start, "REFRESH takes MATERIALIZED VIEW and its name"))
    views.check_refresh(words[3:])
    name = tokens[3:6] if words[4:5] == ["."] else tokens[3:4]
    return [tables.call("refresh_view", _text(name, sql))]


def _user(tokens: list[Token], sql: str) -> list[str]:
    """CREATE USER and ALTER USER; without the password in its own text: Postgres would write it to its log."""
    place = next((place for place, token in enumerate(tokens) if token.text.upper() == "PASSWORD"), 0)
    if not place:
        if tokens[0].text.upper() == "CREATE":
            raise Refused("Redshift's CREATE USER says the password. Write PASSWORD 'Abcd1234', or PASSWORD DISABLE.")
        return _verbatim(tokens, sql)
    rest = tokens[place + 2 :]
    secret = users.secret(tokens[place + 1 : place + 2])
    return [f"{_text(tokens[: place + 1], sql)} {secret} {_text(rest, sql) if rest else ''}".rstrip()]


def _explain(tokens: list[Token], sql: str) -> list[str]:
    first = 2 if tokens[1:] and tokens[1].text.upper() == "VERBOSE" else 1
    explained = tokens[first:]
    if not explained or explained[0].text.upper() not in EXPLAINED:
        raise ParseError(pointed(sql, (explained or tokens)[0].start, "EXPLAIN takes a query or a change of rows"))
    pieces = _statement(explained, sql)
    main = next(number for number, piece in enumerate(pieces) if not piece.startswith("CALL "))
    return [*pieces[:main], f"{_text(tokens[:first], sql)} {pieces[main]}"]


def _vacuum(tokens: list[Token], sql: str) -> list[str]:
    table = [token for token in tokens[1:] if token.text.upper() not in VACUUM_WORDS and not token.text.isdigit()]
    return [f"VACUUM {_text(table, sql)}" if table else "VACUUM"]


def _analyze(tokens: list[Token], sql: str) -> list[str]:
    return _verbatim(tokens[:-2] if tokens[-1].text.upper() == "COLUMNS" else tokens, sql)


def _set(tokens: list[Token], sql: str) -> list[str]:
    words = [token.text.upper() for token in tokens]
    first = 2 if words[:2] in (["SET", "SESSION"], ["SET", "LOCAL"]) else 1
    if not tokens[first:]:
        raise ParseError(pointed(sql, tokens[0].start, f"{words[0]} names no setting"))
    return [settings.set_or_reset(" ".join(words[:first]), tokens[first:], _text(tokens[first:], sql))]


def _show(tokens: list[Token], sql: str) -> list[str]:
    return [settings.show(tokens, _text(tokens, sql))]


def _prepare(tokens: list[Token], sql: str) -> list[str]:
    """PREPARE name AS, and DECLARE name CURSOR FOR: what follows is a statement of its own."""
    words = [token.text.upper() for token in tokens]
    place = 1 + next((place for place, word in enumerate(words) if word in ("AS", "FOR")), len(words))
    if words[place : place + 1] not in ([word] for word in PREPARED):
        raise ParseError(
            pointed(sql, tokens[min(place, len(tokens) - 1)].start, f"{words[0]} takes a query or a change")
        )
    *first, main = _statement(tokens[place:], sql)
    return [*first, f"{_text(tokens[:place], sql)} {main}"]


def _function(tokens: list[Token], sql: str) -> list[str]:
    """CREATE FUNCTION, whose body is a query of Redshift's too."""
    if _language(tokens) != "SQL":
        raise Refused(
            "Redshift makes functions in SQL only, since Python's end on June 30, 2026. Write CREATE FUNCTION "
            "f (FLOAT) RETURNS FLOAT STABLE AS $$ SELECT $1 * 2 $$ LANGUAGE sql."
        )
    text, position = "", tokens[0].start
    for token in tokens:
        if token.token_type == TokenType.HEREDOC_STRING:
            text += f"{sql[position : token.start]}$body$ {'; '.join(map(str, _translated(token.text)))} $body$"
            position = token.end + 1
    return [text + sql[position : tokens[-1].end + 1]]


def _procedure(tokens: list[Token], sql: str) -> list[str]:
    if _language(tokens) != "PLPGSQL":
        raise Refused(
            "Redshift makes procedures in PL/pgSQL only. Write CREATE PROCEDURE p () AS $$ BEGIN ...; END $$ "
            "LANGUAGE plpgsql."
        )
    return _verbatim(tokens, sql)


def _language(tokens: list[Token]) -> str:
    words = ["", *(token.text.upper() for token in tokens)]
    return next((word for before, word in pairwise(words) if before == "LANGUAGE"), "")


def _alter(tokens: list[Token], sql: str) -> list[str]:
    words = [token.text.upper() for token in tokens]
    place = 5 if words[3:4] == ["."] else 3
    if reason := alterations.check(words[place:]):
        raise Refused(reason)
    if words[place] == "APPEND":
        return [tables.call("append_from", _text(tokens[2:place], sql), _text(tokens[place + 2 :], sql))]
    return (_verbatim if words[place] == "OWNER" else _rewritten)(tokens, sql)


def _truncate(tokens: list[Token], sql: str) -> list[str]:
    # https://docs.aws.amazon.com/redshift/latest/dg/r_TRUNCATE.html
    if {",", "CASCADE", "RESTRICT", "RESTART", "CONTINUE", "ONLY"} & {token.text.upper() for token in tokens}:
        raise Refused("Redshift's TRUNCATE takes one table, and no option. Write TRUNCATE t, one statement a table.")
    return _verbatim(tokens, sql)


CHANGES_OBJECTS = {"ALTER", "DROP", "TRUNCATE"}
MODIFIERS = {"OR", "REPLACE", "TEMP", "TEMPORARY", "LOCAL", "UNIQUE", "MATERIALIZED"}
# https://docs.aws.amazon.com/redshift/latest/dg/r_EXPLAIN.html
EXPLAINED = {"SELECT", "WITH", "(", "INSERT", "UPDATE", "DELETE", "CREATE"}
PREPARED = EXPLAINED - {"CREATE"}
VACUUM_WORDS = {"FULL", "SORT", "DELETE", "ONLY", "REINDEX", "RECLUSTER", "TO", "PERCENT", "BOOST"}
OBJECTS = ("DATABASE", "DEFAULT", "FUNCTION", "GROUP", "PROCEDURE", "ROLE", "SCHEMA", "USER")
AS_THEY_STAND = {f"{verb} {thing}" for verb in ("CREATE", "ALTER", "DROP") for thing in OBJECTS}
AS_THEY_STAND |= {"ABORT", "BEGIN", "CALL", "CLOSE", "COMMENT", "COMMIT", "DEALLOCATE", "DROP TABLE"}
AS_THEY_STAND |= {"DROP VIEW", "END", "EXECUTE", "FETCH", "GRANT", "LOCK", "REVOKE", "ROLLBACK"}
AS_THEY_STAND |= {"START"}
STATEMENTS = {
    **dict.fromkeys(("SELECT", "WITH", "(", "INSERT", "UPDATE", "DELETE", "CREATE TABLE"), _rewritten),
    **dict.fromkeys(AS_THEY_STAND, _verbatim),
    "ALTER TABLE": _alter,
    "ANALYZE": _analyze,
    "DECLARE": _prepare,
    "PREPARE": _prepare,
    "ALTER USER": _user,
    "CREATE FUNCTION": _function,
    "CREATE PROCEDURE": _procedure,
    "CREATE USER": _user,
    "CREATE VIEW": _create_view,
    "COPY": lambda tokens, sql: [copy.parse(_text(tokens, sql))],
    "EXPLAIN": _explain,
    "MERGE": _rewritten,
    "REFRESH": _refresh,
    "RESET": _set,
    "SET": _set,
    "SHOW": _show,
    "TRUNCATE": _truncate,
    "VACUUM": _vacuum,
}
