"""Redshift's COPY of JSON, executed against the embedded Postgres.

`parse` reads the statement; `execute` converts each value as Redshift does and streams all files into one
COPY of Postgres, so that an error loads nothing. The rules are those of
https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html and the pages under it.
"""

import json
import logging
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, fields
from functools import cache

import psycopg2
from psycopg2 import sql

from redjam.local import sources
from redjam.local.sources import CopyError, Reject
from redjam.local.values import WRITERS, Column, converter

SHOWN = 10
ROWS_A_CHUNK = 5_000
_log = logging.getLogger(__name__)


# --- The statement ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Copy:
    """One COPY as written: `table` as SQL writes names, `json` 'auto', 'auto ignorecase' or a location."""

    table: str
    columns: tuple[str, ...] | None
    source: str
    iam_role: str = ""
    region: str = ""
    json: str = ""
    gzip: bool = False
    manifest: bool = False
    maxerror: int = 0
    timeformat: str = ""
    dateformat: str = ""
    truncatecolumns: bool = False
    blanksasnull: bool = False
    emptyasnull: bool = False
    acceptinvchars: str = ""
    noload: bool = False
    # These two steer compression and statistics, of which the stand-in has none.
    compupdate: str = ""
    statupdate: str = ""


FLAGS = {field.name.upper() for field in fields(Copy) if field.type is bool}
NOT_WITH_JSON = {
    "DELIMITER",
    "ESCAPE",
    "FILLRECORD",
    "IGNOREBLANKLINES",
    "NULL",
    "QUOTE",
    "READRATIO",
    "REMOVEQUOTES",
}
FORMATS = {"AVRO", "CSV", "FIXEDWIDTH", "ORC", "PARQUET", "SHAPEFILE"}
NOT_HERE = {"ACCEPTANYDATE", "BZIP2", "COMPROWS", "ENCODING", "ENCRYPTED", "EXPLICIT_IDS", "IGNOREALLERRORS"}
NOT_HERE |= {"IGNOREHEADER", "LZOP", "MASTER_SYMMETRIC_KEY", "ROUNDEC", "SSH", "TRIMBLANKS", "ZSTD"}
KEYS = {"ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "CREDENTIALS", "WITH"}
_TOKEN = re.compile(
    # Strings stand as `dialect` writes them: a backslash is itself in '...', and one of two in E'...'.
    r"""'(?P<string>(?:[^']|'')*)'|E'(?P<escaped>(?:[^'\\]|\\\\|'')*)'|"(?P<quoted>(?:[^"]|"")+)"|(?P<word>[^\W\d][\w$]*)
    |(?P<number>[0-9]+)|(?P<mark>[(),.;])|(?P<space>\s+|--[^\n]*|/\*.*?\*/)""",
    re.VERBOSE | re.DOTALL,
)


def parse(text: str) -> Copy:
    """Read one COPY statement, its options in any order and case; the error for an unknown one names it."""
    tokens = deque(_tokens(text))

    def take(kind: str, *values: str) -> str:
        """The next token if it is of this kind and, where values are given, one of them."""
        found, value = tokens[0]
        return tokens.popleft()[1] if found == kind and (not values or value.upper() in values) else ""

    def need(what: str, kind: str, *values: str) -> str:
        if tokens[0][0] != kind or (values and tokens[0][1].upper() not in values):
            raise CopyError(f"COPY: {what} expected, found {tokens[0][1] or 'the end of the statement'}")
        return tokens.popleft()[1]

    def names(separator: str) -> list[str]:
        found = []
        while not found or take("mark", separator):
            # Redshift folds delimited names to lower case, too.
            found.append((take("quoted") or need("a name", "word")).lower())
        return found

    need("COPY", "word", "COPY")
    table, columns = names("."), None
    if take("mark", "("):
        columns = tuple(names(","))
        need("a comma or ) after a column", "mark", ")")
    need("FROM", "word", "FROM")
    options = {"source": need("FROM '<location>'", "string")}
    while not take("mark", ";") and tokens[0][0] != "end":
        word = need("an option", "word").upper()
        if word in ("FORMAT", "AS"):
            take("word", "AS")
            word = need("JSON", "word", "JSON", *FORMATS).upper()
        if word in FLAGS:
            value = True
        elif word == "IAM_ROLE":
            value = take("word", "DEFAULT") or need("IAM_ROLE 'arn:...' or IAM_ROLE default", "string")
        elif word in ("COMPUPDATE", "STATUPDATE"):
            value = take("word", "ON", "OFF", "TRUE", "FALSE", "PRESET") or "ON"
        elif word in ("JSON", "ACCEPTINVCHARS"):
            take("word", "AS")
            value = take("string") or {"JSON": "auto", "ACCEPTINVCHARS": "?"}[word]
        elif word in ("REGION", "TIMEFORMAT", "DATEFORMAT"):
            take("word", "AS")
            value = need(f"{word} '...'", "string")
        elif word == "MAXERROR":
            take("word", "AS")
            value = int(need("MAXERROR and a number", "number"))
        else:
            raise CopyError(f"COPY: {_refusal(word)}")
        if word.lower() in options:
            raise CopyError(f"COPY: {word} stands twice")
        options[word.lower()] = value
    need("nothing more after ;", "end")
    return _checked(Copy(".".join(map(_written, table)), columns, **options))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text):
        if not (match := _TOKEN.match(text, position)):
            raise CopyError(f"COPY: cannot read the statement from {text[position : position + 20]!r} on")
        kind, position = match.lastgroup, match.end()
        if kind != "space":
            quote = {"string": "'", "escaped": "'", "quoted": '"'}.get(kind)
            value = match[kind].replace(quote * 2, quote) if quote else match[kind]
            yield ("string", value.replace("\\\\", "\\")) if kind == "escaped" else (kind, value)
    yield "end", ""


def _written(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_$]*", name) else '"' + name.replace('"', '""') + '"'


def _refusal(word: str) -> str:
    if word in NOT_WITH_JSON:
        return f"{word} is not allowed with JSON"
    if word in FORMATS:
        return f"the stand-in loads JSON only, not {word}"
    if word in NOT_HERE:
        return f"Redshift knows {word}, the stand-in does not; leave it out, or load on a cluster"
    if word in KEYS:
        return f"instead of {word} write IAM_ROLE 'arn:...' or IAM_ROLE default; keys do not belong into SQL"
    return f"{word} is not an option of COPY"


def _checked(order: Copy) -> Copy:
    role, replacement = order.iam_role, order.acceptinvchars
    if not role.startswith("arn:") and role.upper() != "DEFAULT":
        given = f"IAM_ROLE '{role}' is not an ARN" if role else "no authorization"
        raise CopyError(f"COPY: {given}; write IAM_ROLE 'arn:aws:iam::<account>:role/<name>' or IAM_ROLE default")
    if not order.source:
        raise CopyError("COPY: FROM '' names no location")
    if order.json in ("", "noshred"):
        given = "JSON 'noshred' needs SUPER" if order.json else "without a format, COPY reads delimited text"
        raise CopyError(
            f"COPY: {given}; the stand-in loads FORMAT AS JSON 'auto', 'auto ignorecase' or a jsonpaths file"
        )
    if order.maxerror > 100_000:
        raise CopyError(f"COPY: MAXERROR {order.maxerror} is above its limit, 100000")
    if len(replacement) > 1 or not replacement.isascii() or replacement == "\0":
        raise CopyError(f"COPY: ACCEPTINVCHARS '{replacement}' is not one ASCII character")
    if order.columns and len(set(order.columns)) < len(order.columns):
        raise CopyError(f"COPY: a column stands twice in ({', '.join(order.columns)})")
    return order


# --- The load ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LoadError:
    """Why one row was rejected; `line` is the last line of its object, as in STL_LOAD_ERRORS."""

    file: str
    line: int
    column: str
    type: str
    value: str
    code: int
    reason: str
    advice: str

    def __str__(self) -> str:
        column = f"column {self.column} {self.type}, value" if self.column else "at"
        advice = f": {self.advice}" if self.advice else ""
        return f"{self.file} line {self.line}, {column} '{self.value}': {self.reason} ({self.code}){advice}"


@dataclass
class Result:
    """What a COPY did: the rows loaded, the files read, and the rows that MAXERROR let it leave out."""

    rows: int = 0
    files: int = 0
    errors: list[LoadError] = field(default_factory=list)


def execute(cursor, order: Copy, s3: Callable) -> Result:
    """Load into the table: everything or, with a CopyError, nothing, in autocommit too.

    Rows that MAXERROR lets pass are in the result and in one warning of this module's logger. `s3` makes the
    S3 client. A location that is not s3:// is a folder or file of this machine; Redshift could not read it.
    """
    s3 = cache(s3)
    table, columns = _target(cursor, order)
    values = sources.lookup(order.json, [column.name for column in columns], s3)
    files = sources.find(order.source, order.manifest, s3)
    result = Result(files=len(files))
    with closing(sources.read(files, order.gzip, s3, f"COPY {order.table}")) as contents:
        chunks = _chunks(order, columns, values, contents, result)
        if order.noload:
            deque(chunks, maxlen=0)
            result.rows = 0
        else:
            _send(cursor, table, columns, chunks)
    if result.errors:
        _log.warning(_report(order, result.errors, f"{result.rows:,} rows were loaded"))
    return result


def _send(cursor, table: str, columns: list[Column], chunks: Iterator[bytes]) -> None:
    stream = _Stream(chunks)
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT text, ENCODING 'UTF8')").format(sql.SQL(table), names)
    try:
        cursor.copy_expert(copy, stream)
    except psycopg2.Error as error:
        raise stream.error or error from None


class _Stream:
    """The file that psycopg2 reads from; it tells of an exception in `read` only as text, so it is kept."""

    def __init__(self, chunks: Iterator[bytes]):
        self.chunks, self.error = chunks, None

    def read(self, _size: int = 0) -> bytes:
        try:
            return next(self.chunks, b"")
        except BaseException as error:
            self.error = error
            raise


def _target(cursor, order: Copy) -> tuple[str, list[Column]]:
    """The table as Postgres names it, and the columns to load in the order of the statement or the table."""
    cursor.execute("SELECT to_regclass(%s)::oid, to_regclass(%s)::text", (order.table, order.table))
    oid, table = cursor.fetchone()
    if oid is None:
        raise CopyError(f"Cannot COPY into nonexistent table {order.table}; create it first, or name its schema")
    cursor.execute(
        """SELECT attname, typname, atttypmod, attnotnull, format_type(atttypid, atttypmod),
                  attidentity, atthasdef
           FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
           WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum""",
        (oid,),
    )
    rows = {row[0]: row for row in cursor.fetchall()}
    identity = {name for name, row in rows.items() if row[5]}
    chosen = order.columns or [name for name in rows if name not in identity]
    for name in chosen:
        if name not in rows:
            raise CopyError(f"COPY {order.table}: the table has no column {name}; it has {', '.join(rows)}")
        if rows[name][5] == "a":
            raise CopyError(
                f"COPY {order.table}: cannot set identity column {name} to a value; leave it out of the list"
            )
        if rows[name][1] not in WRITERS:
            raise CopyError(f"COPY {order.table}: the stand-in cannot load into column {name}, of type {rows[name][4]}")
    for name, row in rows.items():
        if name not in chosen and row[3] and not row[6] and name not in identity:
            raise CopyError(
                f"COPY {order.table}: column {name} is NOT NULL without a DEFAULT (1213); add it to the list"
            )
    return table, [Column(*rows[name][:4], _redshift_type(rows[name][4])) for name in chosen]


def _redshift_type(name: str) -> str:
    short = {"character varying": "varchar", "character": "char", "timestamp without time zone": "timestamp"}
    short |= {"timestamp with time zone": "timestamptz"}
    name, bracket, length = name.partition("(")
    return short.get(name, name) + bracket + length


def _chunks(
    order: Copy, columns: list[Column], values: Callable, contents: Iterator, result: Result
) -> Iterator[bytes]:
    """Convert file after file into Postgres' text format; after one error too many, only check the rest."""
    converters = [converter(column, order) for column in columns]
    limit, lines = max(order.maxerror, 1), []
    for file, data in contents:
        text = data.decode("utf-8", "surrogateescape")
        line, counted = 1, 0
        for document, start, end in sources.documents(text):
            try:
                row = _row(converters, values, document)
            except Reject as reject:
                line, counted = line + text.count("\n", counted, end), end
                column, value = _culprit(columns, converters, values, document)
                shown = text[start:end] if column is None or isinstance(value, dict | list) else value
                result.errors.append(_load_error(file.name, line, column, shown, reject))
                if len(result.errors) >= max(limit, SHOWN):
                    raise _failure(order, result.errors, " or more") from None
                continue
            if len(result.errors) < limit:
                lines.append(row)
            if len(lines) == ROWS_A_CHUNK:
                result.rows += len(lines)
                yield "".join(lines).encode()
                lines.clear()
    if len(result.errors) >= limit:
        raise _failure(order, result.errors)
    result.rows += len(lines)
    yield "".join(lines).encode()


def _row(converters: list[Callable], values: Callable, document) -> str:
    if document.__class__ is Reject:
        raise document
    try:
        texts = [convert(value) for convert, value in zip(converters, values(document), strict=True)]
    except RecursionError:
        raise Reject(1216, "Invalid value", "nested too deep") from None
    return "\t".join(texts) + "\n"


def _culprit(columns: list[Column], converters: list[Callable], values: Callable, document) -> tuple:
    """The first column that a rejected document fails in, and its value; two None if it fails as a whole."""
    try:
        found = [] if document.__class__ is Reject else values(document)
    except Reject:
        found = []
    for column, convert, value in zip(columns, converters, found, strict=False):
        try:
            convert(value)
        except (Reject, RecursionError):
            return column, value
    return None, None


def _load_error(file: str, line: int, column: Column | None, value, reject: Reject) -> LoadError:
    name, kind = (column.name, column.type) if column else ("", "")
    value = value if isinstance(value, str) else json.dumps(value)
    shown = " ".join(_printable(value[:200]).split())
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return LoadError(file, line, name, kind, shown, reject.code, _printable(reject.reason), reject.advice)


def _printable(text: str) -> str:
    # An invalid byte was read as a lone surrogate, which can neither be printed nor sent to Postgres.
    return text.encode("utf-8", "backslashreplace").decode()


def _failure(order: Copy, errors: list[LoadError], more: str = "") -> CopyError:
    return CopyError(_report(order, errors, "nothing was loaded", more), errors)


def _report(order: Copy, errors: list[LoadError], outcome: str, more: str = "") -> str:
    rows = f"{len(errors):,}{more} row{'s' if more or len(errors) > 1 else ''} rejected"
    lines = [f"COPY {order.table}: {rows} (MAXERROR {order.maxerror}), {outcome}.", *map(str, errors[:SHOWN])]
    if len(errors) > SHOWN:
        lines.append(f"and {len(errors) - SHOWN:,} more")
    return "\n    ".join(lines)
