"""Redshift's SQL in Postgres' words: the statements are read here, and each kind of them has its rule.

What a statement is made of is the matter of `expressions` and `tables`, what Redshift would not take of `refusals`.
"""

from functools import lru_cache
from itertools import groupby
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects import Redshift
from sqlglot.errors import ErrorLevel, ParseError, TokenError, UnsupportedError
from sqlglot.parsers.redshift import RedshiftParser
from sqlglot.tokens import Token, TokenType

from redjam.local import copy, expressions, tables
from redjam.local.expressions import UNITS, folded, written
from redjam.local.refusals import REFUSED_STATEMENTS, Refused, check
from redjam.local.system_views import VIEWS

CACHED_LENGTH = 20_000
DISTSTYLES = ("AUTO", "EVEN", "KEY", "ALL")
INTERVAL_UNITS = {name.upper() for name in UNITS}
RULES = expressions.RULES | tables.RULES


def translate(sql: str) -> list[str | copy.Copy]:
    """Turn the text of any number of Redshift statements into Postgres statements and COPY orders."""
    return list((_cached if len(sql) <= CACHED_LENGTH else _translated)(sql))


def _translated(sql: str) -> tuple[str | copy.Copy, ...]:
    try:
        tokens = Tokenizer(dialect=Redshift()).tokenize(sql)
        groups = groupby(tokens, lambda token: token.token_type == TokenType.SEMICOLON)
        statements = [list(group) for separates, group in groups if not separates]
        return tuple(piece for statement in statements for piece in _statement(statement, sql))
    except ParseError as error:
        raise Refused(f"Cannot read this SQL: {error}") from None
    except TokenError as error:
        raise Refused(f"Cannot read this SQL: {_unclosed(sql, str(error.__cause__))}") from None
    except UnsupportedError as error:
        raise Refused(f"The stand-in cannot run this yet: {error}") from None


_cached = lru_cache(maxsize=512)(_translated)


# --- Reading ----------------------------------------------------------------------------------------------


class Tokenizer(Redshift.Tokenizer):
    """Takes E'...' for what it is to Redshift, the same as '...', and EXPLAIN or SHOW for words like others."""

    COMMANDS: ClassVar = set()
    BYTE_STRINGS: ClassVar = []
    QUOTES: ClassVar = ["'", ("E'", "'"), ("e'", "'")]
    KEYWORDS: ClassVar = Redshift.Tokenizer.KEYWORDS | {"VALUES": TokenType.VALUES}


class Parser(RedshiftParser):
    """Adds the grammar that sqlglot lacks, and keeps calls as they are written."""

    FUNCTIONS: ClassVar = {
        "NVL": lambda args: exp.Coalesce(this=next(iter(args), None), expressions=args[1:]),
        "NVL2": exp.Nvl2.from_arg_list,
    }
    FUNCTION_PARSERS: ClassVar = {
        name: RedshiftParser.FUNCTION_PARSERS[name]
        for name in ("CAST", "CONVERT", "DECODE", "EXTRACT", "OVERLAY", "POSITION", "SUBSTRING", "TRIM")
    }
    NO_PAREN_FUNCTION_PARSERS: ClassVar = RedshiftParser.NO_PAREN_FUNCTION_PARSERS | {
        # The exact count lies within what Redshift promises.
        "APPROXIMATE": lambda self: self._parse_function(),
        "SYSDATE": lambda self: exp.Anonymous(this="sysdate"),
    }
    CONSTRAINT_PARSERS: ClassVar = RedshiftParser.CONSTRAINT_PARSERS | {
        "DISTKEY": lambda self: exp.var("DISTKEY"),
        "SORTKEY": lambda self: exp.var("SORTKEY"),
    }
    PROPERTY_PARSERS: ClassVar = RedshiftParser.PROPERTY_PARSERS | {
        "DISTSTYLE": lambda self: exp.DistStyleProperty(this=self._parse_diststyle()),
        "ENCODE": lambda self: exp.EncodeProperty(this=self._parse_var()),
        "INTERLEAVED": lambda self: self._match_text_seq("SORTKEY") and self._parse_sortkey("INTERLEAVED"),
    }

    def _parse_sortkey(self, compound=False):
        if self._match_text_seq("AUTO"):
            return exp.SortKeyProperty(this=[])
        return super()._parse_sortkey(compound)

    def _parse_diststyle(self):
        if not self._match_texts(DISTSTYLES):
            self.raise_error(f"a DISTSTYLE is expected: {', '.join(DISTSTYLES)}")
        return exp.var(self._prev.text.upper())

    def _parse_alter_diststyle(self):
        # Both for DISTSTYLE and DISTKEY; sqlglot would take an unknown style for the column of a key.
        if self._prev.text.upper() == "DISTSTYLE":
            style = self._parse_diststyle()
            if style.name != "KEY":
                return exp.AlterDistStyle(this=style)
            if not self._match_text_seq("DISTKEY"):
                self.raise_error("DISTKEY and a column are expected")
        return exp.AlterDistStyle(this=self._parse_column())

    def _parse_generated_as_identity(self):
        if self._match_text_seq("ALWAYS", advance=False):
            raise Refused("Redshift has no GENERATED ALWAYS. Write IDENTITY(1, 1).")
        return super()._parse_generated_as_identity()

    def _parse_auto_increment(self):
        identity = super()._parse_auto_increment()
        # IDENTITY takes no other value; GENERATED BY DEFAULT AS IDENTITY does.
        identity.set("this", True)
        return identity

    def _parse_interval(self, require_interval=True, parse_function_unit=True):
        # sqlglot would lose the time of '1 day 02:00', and take a number added to an interval for one more interval.
        if not self._match_pair(TokenType.INTERVAL, TokenType.STRING, advance=False):
            return None
        self._advance()
        text = self._parse_primary()
        if self._next and self._next.text.upper() == "TO" and self._curr.text.upper() in INTERVAL_UNITS:
            self._advance(2)
            if not self._match_texts(INTERVAL_UNITS):
                self.raise_error("a unit is expected")
        elif not any(letter.isalpha() for letter in text.name) and self._match_texts(INTERVAL_UNITS):
            text = exp.Literal.string(f"{text.name} {self._prev.text}")
        return exp.cast(text, exp.DType.INTERVAL)

    def _parse_as_command(self, start):
        self.raise_error(f"this form of {start.text.upper()} is not known", start)

    def raise_error(self, message, token=None):
        raise ParseError(_pointed(self.sql, (token or self._curr or self._prev).start, message))


def _pointed(sql: str, position: int, message: str) -> str:
    """Say where in the text it is, and show the place."""
    start = sql.rfind("\n", 0, position) + 1
    left = sql[max(start, position - 60) : position].replace("\t", " ")
    right = sql[position : position + 60].partition("\n")[0]
    where = f"line {sql.count(chr(10), 0, start) + 1}, column {position - start + 1}"
    return f"{where}: {message}\n    {left}{right}\n    {' ' * len(left)}^"


def _unclosed(sql: str, cause: str) -> str:
    # sqlglot says "Missing ' from LINE:POSITION"; of a comment it says nothing.
    if not cause.startswith("Missing"):
        return _pointed(sql, sql.rfind("/*"), "the comment is not closed")
    return _pointed(sql, int(cause.rpartition(":")[2]), f"{cause.split()[1]} is not closed")


# --- Statements -------------------------------------------------------------------------------------------


def _statement(tokens: list[Token], sql: str) -> list[str | copy.Copy]:
    """Translate one statement by the rule for its first words."""
    words = [token.text.upper() for token in tokens]
    about = " ".join([word for word in words if word not in MODIFIERS][:2])
    if reason := REFUSED_STATEMENTS.get(about) or REFUSED_STATEMENTS.get(words[0]):
        raise Refused(reason)
    if not (rule := STATEMENTS.get(about) or STATEMENTS.get(words[0])):
        raise ParseError(_pointed(sql, tokens[0].start, f"no statement of Redshift begins with {about}"))
    return rule(tokens, sql)


def _verbatim(tokens: list[Token], sql: str) -> list[str]:
    return [_text(tokens, sql)]


def _text(tokens: list[Token], sql: str) -> str:
    """The source text, with its strings and delimited names as Postgres reads them."""
    text, position = "", tokens[0].start
    for token in tokens:
        if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
            string = token.token_type == TokenType.STRING
            node = exp.Literal.string(token.text) if string else exp.to_identifier(folded(token.text), quoted=True)
            text += sql[position : token.start] + written(node)
            position = token.end + 1
    return text + sql[position : tokens[-1].end + 1]


def _rewritten(tokens: list[Token], sql: str) -> list[str]:
    tree = Parser(error_level=ErrorLevel.IMMEDIATE, dialect=Redshift()).parse(tokens, sql)[0]
    if _asks_the_catalog(tree):
        return _verbatim(tokens, sql)
    for node in tree.walk():
        check(node)
    # From the leaves up and from right to left: whatever a rule moves is done already.
    for node in reversed(list(tree.walk(bfs=False))):
        new = RULES[type(node)](node) if type(node) in RULES else node
        if node is tree:
            tree = new
        elif new is not node:
            node.replace(new)
    if isinstance(tree, exp.Create) and tree.kind == "TABLE":
        return tables.create_table(tree)
    return tables.alter_table(tree) if isinstance(tree, exp.Alter) else [written(tree)]


def _asks_the_catalog(tree: exp.Expr) -> bool:
    """Whether all tables are Postgres' own: drivers ask those in words that Redshift's users may not use."""
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    asked = [table for table in tree.find_all(exp.Table) if table.db or table.name not in ctes]
    return bool(asked) and all(
        (table.db.lower() in ("pg_catalog", "information_schema") or (not table.db and table.name.startswith("pg_")))
        and table.name.lower() not in VIEWS
        for table in asked
    )


def _explain(tokens: list[Token], sql: str) -> list[str]:
    first = 2 if tokens[1:] and tokens[1].text.upper() == "VERBOSE" else 1
    explained = tokens[first:]
    if not explained or explained[0].text.upper() not in EXPLAINED:
        raise ParseError(_pointed(sql, (explained or tokens)[0].start, "EXPLAIN takes a query or a change of rows"))
    return [f"{_text(tokens[:first], sql)} {_statement(tokens[first:], sql)[0]}"]


def _vacuum(tokens: list[Token], sql: str) -> list[str]:
    table = [token for token in tokens[1:] if token.text.upper() not in VACUUM_WORDS and not token.text.isdigit()]
    return [f"VACUUM {_text(table, sql)}" if table else "VACUUM"]


def _analyze(tokens: list[Token], sql: str) -> list[str]:
    return _verbatim(tokens[:-2] if tokens[-1].text.upper() == "COLUMNS" else tokens, sql)


def _set(tokens: list[Token], sql: str) -> list[str]:
    if not tokens[1:]:
        raise ParseError(_pointed(sql, tokens[0].start, f"{tokens[0].text.upper()} names no setting"))
    # Postgres takes any name with a dot in it.
    prefix = "redshift." if tokens[1].text.lower() in REDSHIFT_SETTINGS else ""
    return [f"{tokens[0].text} {prefix}{_text(tokens[1:], sql)}"]


def _alter(tokens: list[Token], sql: str) -> list[str]:
    words = {token.text.upper() for token in tokens[3:]}
    if "APPEND" in words:
        raise Refused("The stand-in has no ALTER TABLE APPEND yet. INSERT INTO ... SELECT, then DELETE.")
    return (_rewritten if words & {"ADD", "ALTER"} else _verbatim)(tokens, sql)


def _merge(tokens: list[Token], sql: str) -> list[str]:
    if tokens[-1].text.upper() == "DUPLICATES":
        raise Refused("The stand-in has no MERGE ... REMOVE DUPLICATES yet. Write both WHEN clauses.")
    return _rewritten(tokens, sql)


MODIFIERS = {"OR", "REPLACE", "TEMP", "TEMPORARY", "LOCAL", "UNIQUE", "MATERIALIZED"}
# https://docs.aws.amazon.com/redshift/latest/dg/r_EXPLAIN.html
EXPLAINED = {"SELECT", "WITH", "(", "INSERT", "UPDATE", "DELETE", "CREATE"}
VACUUM_WORDS = {"FULL", "SORT", "DELETE", "ONLY", "REINDEX", "RECLUSTER", "TO", "PERCENT", "BOOST"}
REDSHIFT_SETTINGS = {"analyze_threshold_percent", "enable_case_sensitive_identifier", "enable_result_cache_for_session"}
REDSHIFT_SETTINGS |= {"mv_enable_aqmv_for_session", "query_group", "wlm_query_slot_count"}
OBJECTS = ("DATABASE", "DEFAULT", "FUNCTION", "GROUP", "PROCEDURE", "ROLE", "SCHEMA", "USER")
AS_THEY_STAND = {f"{verb} {thing}" for verb in ("CREATE", "ALTER", "DROP") for thing in OBJECTS}
AS_THEY_STAND |= {"ABORT", "BEGIN", "CALL", "CLOSE", "COMMENT", "COMMIT", "DEALLOCATE", "DECLARE", "DROP TABLE"}
AS_THEY_STAND |= {"DROP VIEW", "END", "EXECUTE", "FETCH", "GRANT", "LOCK", "PREPARE", "REFRESH", "REVOKE", "ROLLBACK"}
AS_THEY_STAND |= {"SHOW", "START", "TRUNCATE"}
STATEMENTS = {
    **dict.fromkeys(("SELECT", "WITH", "(", "INSERT", "UPDATE", "DELETE", "CREATE TABLE", "CREATE VIEW"), _rewritten),
    **dict.fromkeys(AS_THEY_STAND, _verbatim),
    "ALTER TABLE": _alter,
    "ANALYZE": _analyze,
    "COPY": lambda tokens, sql: [copy.parse(_text(tokens, sql))],
    "EXPLAIN": _explain,
    "MERGE": _merge,
    "RESET": _set,
    "SET": _set,
    "VACUUM": _vacuum,
}
