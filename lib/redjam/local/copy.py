"""The statement COPY ... FROM ... JSON of Redshift, read into a `Copy`.

https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html and the pages under it.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, fields

from redjam.local.sources import CopyError


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
MAY_TAKE_AS = {"ACCEPTINVCHARS", "CREDENTIALS", "DATEFORMAT", "JSON", "MAXERROR", "REGION", "TIMEFORMAT"}
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
KEYS = {"ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "CREDENTIALS"}
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

    def role(word: str) -> str:
        # The old form of authorization: a role in it is as good as IAM_ROLE.
        found = need("CREDENTIALS 'aws_iam_role=arn:...'", "string")
        if not found.startswith("aws_iam_role="):
            raise CopyError(f"COPY: {_refusal(word)}")
        return found.removeprefix("aws_iam_role=")

    switches = ("COMPUPDATE", "STATUPDATE")
    texts = ("REGION", "TIMEFORMAT", "DATEFORMAT")
    values = {
        **dict.fromkeys(FLAGS, lambda word: True),
        **dict.fromkeys(switches, lambda word: take("word", "ON", "OFF", "TRUE", "FALSE", "PRESET") or "ON"),
        **dict.fromkeys(texts, lambda word: need(f"{word} '...'", "string")),
        "IAM_ROLE": lambda word: take("word", "DEFAULT") or need("IAM_ROLE 'arn:...' or IAM_ROLE default", "string"),
        "CREDENTIALS": role,
        "JSON": lambda word: take("string") or "auto",
        "ACCEPTINVCHARS": lambda word: take("string") or "?",
        "MAXERROR": lambda word: int(need("MAXERROR and a number", "number")),
    }
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
        elif word == "WITH":
            word = need("CREDENTIALS", "word", "CREDENTIALS").upper()
        if word not in values:
            raise CopyError(f"COPY: {_refusal(word)}")
        if word in MAY_TAKE_AS:
            take("word", "AS")
        value = values[word](word)
        option = "iam_role" if word == "CREDENTIALS" else word.lower()
        if option in options:
            raise CopyError(f"COPY: {option.upper()} stands twice")
        options[option] = value
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
