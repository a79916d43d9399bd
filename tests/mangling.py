"""Tables and files for test_fuzz: objects as somebody may write them, and what can go wrong with a file."""

import gzip
import random
import zlib

from conftest import EVENT
from plain_reader import Column

from redjam import warehouse

# --- Tables -----------------------------------------------------------------------------------------------


def _of_the_project(name: str) -> dict[str, str]:
    """Columns and types of a CREATE TABLE of sql/tables, without batch_id, which no COPY fills."""
    text = warehouse.statement(f"tables/{name}")
    lines = text[text.index("(\n") + 2 : text.index("\n)")].splitlines()
    columns = dict(line.strip().rstrip(",").split(maxsplit=1) for line in lines)
    return {column: kind for column, kind in columns.items() if column != "batch_id"}


EVERY_TYPE = {
    "id": "INTEGER NOT NULL",
    "small": "SMALLINT",
    "whole": "INTEGER",
    "big": "BIGINT",
    "single": "REAL",
    "twice": "DOUBLE PRECISION",
    "amount": "DECIMAL(9,2)",
    "flag": "BOOLEAN",
    "day": "DATE",
    "moment": "TIMESTAMP",
    "zoned": "TIMESTAMPTZ",
    "code": "CHAR(5)",
    "note": "VARCHAR(20)",
}
EVENTS = [Column(*column, (key,)) for column, key in zip(_of_the_project("staging_events").items(), EVENT, strict=True)]
EVERY = [Column(name, written, (name,)) for name, written in EVERY_TYPE.items()]
NESTED = [
    Column("id", "INTEGER", ("id",)),
    Column("note", "VARCHAR(30)", ("in", "note")),
    Column("third", "BIGINT", ("list", 2)),
]
TABLES = {"events": EVENTS, "every": EVERY, "nested": NESTED}
# What the vectorised part of COPY takes: these of the types, and times only as numbers.
QUICK = [column for column in EVERY if column.kind not in ("DECIMAL", "DATE", "TIMESTAMP", "TIMESTAMPTZ")]
EPOCHS = [column for column in EVERY if column.name in ("id", "big", "moment", "zoned")]


# --- Objects ----------------------------------------------------------------------------------------------

# Values as a file writes them: those that a column of the type takes, and those that it must or may reject.
GOOD = {
    "SMALLINT": ["0", "-1", "32767", "-32768", '"12"', '""', "null", '"  "', "7.0", "-0"],
    "INTEGER": ["0", "2147483647", "-2147483648", '"42"', '"-7"', '""', "null", "200.0"],
    "BIGINT": ["1541044398796.0", "9223372036854775807", "-9223372036854775808", '"5"', '""', "null", "3.00"],
    "REAL": ["0.1", "1e10", "-3.25", '"1.5"', '""', "null", "16777217", "3.4e38", "-0.0"],
    "DOUBLE PRECISION": ["200.5", "12", "1e300", '"0.1"', '"-2.5E-3"', '""', "null", "123456789012345678", "1e-7"],
    "DECIMAL": ["1", "-1.5", "20.259", '"9999999.99"', "-9999999.999", "0.005", '""', "null", '"3.1"', "12.00"],
    "BOOLEAN": ["true", "false", "null", '"t"', '"F"', '"yes"', '"No"', '"1"', "0", "1", '""', '"TRUE"'],
    "DATE": ['"2018-11-01"', '"2024-02-29"', '"0001-01-01"', '"9999-12-31"', '""', "null"],
    "TIMESTAMP": ['"2018-11-01 20:57:10.796"', '"2018-11-01 00:00:00"', '"9999-12-31 23:59:59.999999"', '""', "null"],
    "TIMESTAMPTZ": ['"2018-11-01 12:57:10.796-08"', '"2018-11-01 20:57:10"', '"2000-01-01 00:00:00+05"', "null"],
    "CHAR": ['"abcde"', '"ab"', '""', "null", "12345", "true", '" "', r'"\\N"', r'"\t"'],
    "VARCHAR": [
        *('""', '"  "', "null", "4.60", "1e5", "-0.0", "true", '{"a": [1.0, "ü"]}', '[1, null, {"b": "c"}]', "{}"),
        *('"plain"', '"12345678901234567890"', '"Zoë"', r'"Zo\u00eb"', '"日本語"', r'"\ud83d\ude00"', '"ééééééééé"'),
        *(r'"\\N"', r'"\\."', r'"a\tb\nc\rd\\e"', r'"\"q\""', '"%s $1"', '"null"', r'"{\"id\": 1}"'),
        '"\'; DROP TABLE t; --"',
    ],
}
ODD = {
    "SMALLINT": ["32768", "-40000", "1.5", "true", "[1]", "{}", "1e9", "1e2", '"x"', '"1 2"', '"7.0"', '" 12 "'],
    "INTEGER": [
        *("2147483648", "99999999999999999999999", "1.5", "false", '{"a":1}', "1e-400", "1E3", '"a"', '"1_000"'),
        *('"0x1F"', '"1e3"', '"١"', '"１"'),
    ],
    "BIGINT": ["9223372036854775808", "1e400", "1541044398796.5", '"12a"', "-1e30", '"--1"', "1e99999999999999999999"],
    "REAL": ["1e39", '"x"', '"1,5"', "true", '"nan"', "1e-46", '"Infinity"', '"1e"', '"0x1p3"'],
    "DOUBLE PRECISION": ["1e400", '"1,5"', '"-"', "[]", "1e-400", '"inf"', "4e-324", '"1.5.5"', '"."', '"1_0.5"'],
    "DECIMAL": [
        *("10000000", "-1e7", "1e2", "99999999999999999999.5", "true", '"NaN"', '"x"', '"1e-400"', '".5"', '"5."'),
        *('"1_0"', "1e999999999", "0.1e-99999999999999999999"),
    ],
    "BOOLEAN": ['"maybe"', "2", '"on"', '"truee"', "[]", "-1", "1.0", '"null"'],
    "DATE": [
        *('"2018-02-30"', '"11/01/2018"', "20181101", '"20181101"', '"2018-1-1"', "0", '"0000-01-01"', "true"),
        *('"2018-11-01x"', '"2018-11-01 10:00:00"', '"２018-11-01"'),
    ],
    "TIMESTAMP": [
        *('"2018-11-01T20:57:10Z"', "1541105830796", '"2018-11-01"', '"2018-13-01 00:00:00"', '"2018-11-01 24:00:00"'),
        *('"2018-11-01 20:57:10 PM"', '"2018-11-01 20:57:10.1234567"', '"2018-11-01 2:5:1"', '"x"'),
    ],
    "TIMESTAMPTZ": [
        *('"2018-11-01 20:57:10+99"', '"0001-01-01 00:00:00+05"', '"9999-12-31 23:59:59-08"', "1541105830796.5"),
        *('"2018-11-01 20:57:10 +02"', '"2018-11-01 20:57:10 Europe/Berlin"', '"now"', "{}"),
    ],
    "CHAR": ['"abcdef"', '"é"', r'"a\u0000"', "123456", r'"\ud800"', "[1,2,3]", '"abcd "', r'"ab\n\n\n\n"'],
    "VARCHAR": [
        *(r'"\u0000"', r'"nul\u0000"', r'"\ud800"', r'"\udc80x"', '"' + "x" * 1_025 + '"', '"' + "é" * 700 + '"'),
        *(
            '"' + "long " * 9 + '"',
            '"' + "é" * 11 + '"',
            '"' + "😀" * 6 + '"',
            '"' + "x" * 21 + '"',
            '"' + "é" * 513 + '"',
        ),
        '{"note": "' + "y" * 1_100 + '"}',
    ],
}
# Lines that a reader may take by mistake, or read otherwise than it should.
LINES = [
    *(rb'{"\u0069d": 1}', b'{"id": 1}\x00', b'{"id":\x0c1}', b'{"id": 1,}', b"{'id': 1}", b"{id: 1}", b'{"id": tru}'),
    *(b'{"id": 01}', b'{"id": 1.}', b'{"id": .5}', b'{"id": +1}', b'{"id": -}', b'{"id": 1e}', b'{"id": 0x10}'),
    *(b'{"id": Infinity}', b'{"id": 1 /*c*/}', b'{"id": 1} // c', b'{"id": 1} {"id": 2} x', b'{"id": 1}{"id": 2}'),
    *(b'{"id": 1}]', b'{"id": 1}}', b'[{"id": 1}]', b"null", b"1", b'"x"', b"{}", b"[]", b'{"ID": 1}', b'{"id": "1"}'),
    *(
        b'\xef\xbb\xbf{"id": 1}',
        b' \t{"id": 1} \r',
        b'\x0b{"id": 1}',
        b'{"id": 1, "x": "\xff"}',
        b'{"\xff": 1, "id": 1}',
    ),
    *(b'{"id": 1, "note": null, "note": "x"}', b'{"id": 1, "note": "x", "note": null}', b'{"id": 1, "": 2}'),
    *(rb'{"id": 1, "no\u0074e": 1.50}', rb'{"id": 1, "no\u0074e": "x"}', b'{"id": 1, "note"\t:\t1.50}'),
    *(
        b'{"id": 1, "note": %s}' % value
        for value in [
            *(rb'"\x"', rb'"\u12"', b'"raw\ttab"', rb'"\ud83d\u0041"', rb'"\udc00"', b'"\x7f"', b'"\xed\xa0\x80"'),
            *(
                rb'"a\/b"',
                rb'"\b\f"',
                b"1E5",
                b"-0",
                b"10.0",
                b"1.10",
                b"0.1",
                b"-0.0",
                b"1e-7",
                b"0.0000001",
                b"1.0e0",
            ),
            *(b"12345678901234567890", b"18446744073709551616", b"-9223372036854775809", b"12345678901234.5678"),
            *(b"[1, 2]", b'{"a" : 1}', b'"[1, 2]"', b'"{}"', b'"12"', b"true", b'"true"', b"1.7976931348623157e308"),
        ]
    ),
    *(
        b'{"id": 1, %s}' % pair
        for pair in [
            *(b'"twice": 1e309', b'"twice": 5e-324', b'"twice": 2.2250738585072011e-308', b'"twice": 0.1e1'),
            *(b'"big": 9007199254740993.0', b'"big": 9007199254740993', b'"big": 1e18', b'"single": 1.17549435e-38'),
            *(b'"flag": "true"', b'"flag": 1', b'"small": 1.0', rb'"code": "\u0000"', b'"code": 12', b'"code": " x"'),
        ]
    ),
]
BYTES = [b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\n", b"\r", b"\r\n", b"\t", b" ", b"\0", b"\x1a", b"\x0c"]
BYTES += [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xc2\x85", b"\xe2\x80\xa8", b"\xf4\x90\x80\x80", b"'"]
BYTES += [b"NaN", b"-Infinity", b"null", b"1e999", b"9" * 400, b"-", b"0", b".", b"\\u0000", b"\\ud800", b"\\N", b"\\."]
BYTES += [b"/* */", b"//", b"--", b"'; DROP TABLE t; --", b"[" * 150, b'{"a":' * 120, b'{"id": 7}', b"\n{}\n", b"{}"]
EPOCH_GOOD = ["1541105830796", '"1541105830796"', "0", "-1", "253402300799999", "null", '""', "1541105830796.0"]
EPOCH_ODD = ["253402300800000", "-62135596800001", "1541105830796.25", "1e12", '"2018-11-01 20:57:10"', "9" * 25]
# For columns of any type.
STRANGE = [
    *("0", "-1", "1.0", "1e2", "1E+2", "0.1", "-0", "1541044398796", "true", "null", "{}", "[]", '{"b": [1.50, "x"]}'),
    *('""', '" "', '" 7 "', '"+7"', '"07"', '"7."', '".7"', '"1e2"', '"1_0"', '"0x7"', '"７"', '"t"', '"T "', '"on"'),
    *('"2018-11-01"', '"2018-1-1"', '"20181101"', '"2018-11-01 10:11:12"', '"2018-11-01T10:11:12"', '"10:11:12"'),
    *('"2018-11-01 10:11:12.123456789"', '"2018-11-01 10:11"', '"2018-11-01 10:11:12+02:30"', '"11/01/2018"'),
    *(r'"\u0000"', r'"\ud83d"', r'"\ud83d\ude00"', r'"\\N"', r'"\r\n\t\\"', '"é"', '"ééé"', '"NaN"', '"Nov 01 2018"'),
]
NAMES = ["1.json", "2.json", "6.json.gz", "a/3.json", "a/b/4", "zoë 5.txt"]
OPTIONS = ["", "", "", "", "TRUNCATECOLUMNS", "EMPTYASNULL", "BLANKSASNULL", "ACCEPTINVCHARS", "TRUNCATECOLUMNS GZIP"]
OPTIONS += ["EMPTYASNULL BLANKSASNULL ACCEPTINVCHARS TRUNCATECOLUMNS", "GZIP"]


def plain(kind: str) -> list[str]:
    """The good values that are JSON's own for the type: text for text, true and false, numbers as numbers."""
    text = kind in ("VARCHAR", "CHAR") or kind.startswith(("DATE", "TIME"))
    return [value for value in GOOD[kind] if (value[0] == '"') == text or value == "null"]


def document(chance: random.Random, columns: list[Column], number: int, odd: bool = True) -> str:
    """One JSON object as somebody may write it, with this number in its id; of four one has an odd value."""
    odd, ordinary = chance.choice(columns) if odd and chance.random() < 0.25 else None, chance.random() < 0.6
    pairs: dict[str, str] = {}
    for column in columns:
        good, odds = plain(column.kind) if ordinary else GOOD[column.kind], ODD[column.kind]
        if columns == EPOCHS and column.kind.startswith("TIME"):
            good, odds = EPOCH_GOOD, EPOCH_ODD
        if column is odd:
            value = chance.choice(odds)
        elif column.name in ("id", "item_in_session"):
            value = str(number)
        elif chance.random() < 0.03:
            continue
        else:
            value = chance.choice(good)
        if column.path == ("in", "note"):
            value = f'{{"x": 1, "note": {value}}}' if chance.random() < 0.9 else chance.choice(['"text"', "{}", "null"])
        elif column.path == ("list", 2):
            value = f'["a", {{}}, {value}]' if chance.random() < 0.9 else chance.choice(["[1, 2]", "{}", "null"])
        pairs[column.path[0]] = value
    if chance.random() < 0.2:
        pairs["unknown"] = chance.choice(['{"deep": [[{"id": 5}]]}', '"}{"', "1e999", "[]", '"' + "z" * 300 + '"'])
    written = [f'"{key}"@:@{value}' for key, value in pairs.items()]
    if chance.random() < 0.3:
        chance.shuffle(written)
    if chance.random() < 0.03:
        written.append(chance.choice(written))
    style = chance.random()
    if style < 0.06:
        return "{\n  " + ",\n  ".join(written).replace("@", " ") + "\n}"
    return "{" + (", " if style < 0.5 else ",").join(written).replace("@", " " if style < 0.7 else "") + "}"


def mangled(chance: random.Random, content: bytes) -> bytes:
    """The content with one thing wrong somewhere, mostly."""
    place, length = chance.randrange(len(content) + 1), chance.randrange(1, 20)
    head, tail = content[:place], content[place:]
    mark = chance.choice([b'"', b"{", b"}", b",", b":", b"[", b"]"])
    return chance.choice(
        [
            head + bytes([chance.randrange(256)]) + tail[1:],
            head + tail[length:],
            head + tail[:length] + tail,
            head + chance.choice(BYTES) + tail,
            head + chance.choice(BYTES) + tail,
            head + b"\n" + tail,
            head + tail[length:] + tail[:length],
            head + tail.replace(b"\n", chance.choice([b"", b" "]), 1),
            head + tail.replace(mark, b"", 1),
            head + tail.replace(mark, chance.choice([b" ", b"\n", mark * 2]), 1),
            head if chance.random() < 0.3 else content.rstrip(),
        ]
    )


def recoded(chance: random.Random, lines: list[str]) -> bytes:
    """All the lines as a file of another form, which COPY may take or not."""
    text = "\n".join(lines) + "\n"
    return chance.choice(
        [
            text.encode("latin-1", "replace"),
            text.encode("utf-16"),
            text.encode("utf-16-be"),
            text.encode("utf-8-sig"),
            text.replace("\n", "\r\n").encode(),
            text.replace("\n", "\r").encode(),
            text.replace("\n", "").encode(),
            text.replace("\n", " ").encode(),
            b"\n\n\n" + text.replace("\n", "\n \t\n").encode(),
            ("[" + ",\n".join(lines) + "]").encode(),
            ",\n".join(lines).encode(),
            text.encode() + gzip.compress(b"{}"),
            zlib.compress("".join(lines[:1]).encode()),
            b"\x28\xb5\x2f\xfd" + text.encode(),
            b"",
            b"\n \r\n\t",
            b"\0" * 500,
            chance.randbytes(300),
            b"<html><body>403 Forbidden</body></html>",
            b"id,whole,note\n1,2,x\n",
        ]
    )


def make_files(chance: random.Random, columns: list[Column]) -> dict[str, bytes]:
    """A few files in the order of their names, some as they should be and most not."""
    files, number = {}, 0
    for name in sorted(chance.sample(NAMES, chance.choice((1, 1, 2, 4)))):
        lines = []
        for _ in range(chance.choice((0, 1, 1, 3, 12))):
            number += 1
            lines.append(document(chance, columns, number))
        if chance.random() < 0.15:
            files[name] = recoded(chance, lines)
            continue
        content = "\n".join(lines).encode() + (b"\n" if chance.random() < 0.8 else b"")
        for _ in range(chance.choice((0, 0, 1, 1, 2, 4))):
            content = mangled(chance, content)
        files[name] = content
    return files
