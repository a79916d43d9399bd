"""COPY of mangled files: each row is loaded as a plain reader says, or recorded with a reason, and nothing dies.

A seed that fails shows its files and the command that runs it again. REDJAM_FUZZ=5000 tries so many seeds.
"""

import gzip
import json
import os
import random
import re
import traceback
import zlib
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import boto3
import psycopg2
import pytest
from mangling import (
    EPOCH_GOOD,
    EPOCH_ODD,
    EPOCHS,
    EVENTS,
    EVERY,
    GOOD,
    LINES,
    NESTED,
    ODD,
    OPTIONS,
    QUICK,
    STRANGE,
    TABLES,
    document,
    make_files,
    mangled,
    plain,
)
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer
from plain_reader import Column, difference

from redjam.local import copy, load, sources
from redjam.local import postgres as embedded

SEEDS = range(int(os.environ.get("REDJAM_FUZZ", "200")))
MOST = 100_000  # the most that MAXERROR takes
MEGABYTE = 1 << 20


# --- A COPY of them ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def postgres(servers):
    """A plain connection, in autocommit, with the tables."""
    connection = embedded.connect(servers)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SET timezone = 'UTC'")
        for name, columns in TABLES.items():
            declared = ", ".join(f"{column.name} {column.type}" for column in columns)
            # Postgres does not keep rows in their order; `place` does.
            cursor.execute(f"CREATE TEMP TABLE {name} ({declared}, place bigint GENERATED ALWAYS AS IDENTITY)")
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def moto():
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", **keys)
    client.create_bucket(Bucket="music")
    yield client
    server.stop()
    # What it held, this process keeps, and any other server in it would have it too.
    s3_backends["123456789012"]["aws"].reset()


@dataclass(frozen=True)
class Case:
    """A COPY: its table and columns, its location with the jsonpaths beside it, and what it holds by shown name."""

    table: str
    columns: list[Column]
    location: str
    files: dict[str, bytes]
    options: str = ""
    s3: object = None

    def statement(self, maxerror: int) -> str:
        paths = "auto ignorecase" if "ignorecase" in self.options else "auto"
        if self.table != "every":
            paths = f"{self.location.rstrip('/')}.jsonpaths"
        table = f"{self.table} ({', '.join(column.name for column in self.columns)})"
        options = self.options.replace("ignorecase", "")
        return f"COPY {table} FROM '{self.location}' IAM_ROLE default JSON '{paths}' MAXERROR {maxerror} {options}"


def on_disk(folder: Path, table: str, columns: list[Column], files: dict[str, bytes], options: str = "") -> Case:
    for name, content in files.items():
        file = folder / "data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(content, 1) if "GZIP" in options else content)
    (folder / "data.jsonpaths").write_text(jsonpaths(columns))
    held = {f"data/{name}": content for name, content in files.items()}
    return Case(table, columns, str(folder / "data"), held, options)


def on_s3(client, folder: str, table: str, columns: list[Column], files: dict[str, bytes], options: str) -> Case:
    for name, content in files.items():
        body = gzip.compress(content, 1) if "GZIP" in options else content
        client.put_object(Bucket="music", Key=f"{folder}/{name}", Body=body)
    client.put_object(Bucket="music", Key=f"{folder}.jsonpaths", Body=jsonpaths(columns).encode())
    location = f"s3://music/{folder}/"
    held = {location + name: content for name, content in files.items()}
    return Case(table, columns, location, held, options, client)


def jsonpaths(columns: list[Column]) -> str:
    return json.dumps({"jsonpaths": ["$" + "".join(f"[{step!r}]" for step in column.path) for column in columns]})


def rows_of(cursor, case: Case) -> list[tuple]:
    # As text Postgres would shorten a REAL.
    names = [f"{column.name}::float8" if column.kind == "REAL" else column.name for column in case.columns]
    cursor.execute(f"SELECT {', '.join(names)} FROM {case.table} ORDER BY place")
    return cursor.fetchall()


def loaded(cursor, case: Case, maxerror: int = MOST) -> tuple[list[tuple], list]:
    """Load into the empty table: its rows and the errors."""
    cursor.execute(f"TRUNCATE {case.table}")
    errors = load.execute(cursor, copy.parse(case.statement(maxerror)), lambda: case.s3).errors
    return rows_of(cursor, case), errors


def judge(connection, case: Case, replay: str, once: bool = False) -> tuple[int, int]:
    """Hold the COPY to all that must be true of it, and count what it loaded and recorded."""
    __tracebackhide__ = True
    try:
        with connection.cursor() as cursor:
            rows, errors = loaded(cursor, case)
            wrong = difference(case.files, case.columns, case.options, rows, errors)
            if wrong:
                raise AssertionError(wrong)
            for error in errors:
                is_whole(error, case)
            if not once:
                all_or_nothing(cursor, case, rows, errors)
                assert repr(loaded(cursor, case)) == repr((rows, errors)), (
                    "a second COPY of the same files gives something else"
                )
            return len(rows), len(errors)
    except Exception as error:
        known = isinstance(error, AssertionError | psycopg2.Error)
        what = error if known else "".join(traceback.format_exception(error))
        raise AssertionError(f"{what}\n{shown(case)}\nAgain: {replay}") from None


def is_whole(error: load.LoadError, case: Case) -> None:
    """Each part of an error is right, and can be stored, printed and understood."""
    types = {"": ("", "")} | {column.name: column.recorded for column in case.columns}
    assert (error.type, error.length) == types[error.column], error
    assert 1200 <= error.code <= 1224, error
    assert error.reason.strip(), error
    assert "\0" not in error.raw + error.value + error.reason, error
    assert 0 < len(error.raw) <= 1_024, error
    assert len(error.value) <= 1_024, error
    # What cannot be printed is shown by a backslash.
    assert "\\" in error.raw or error.raw in case.files[error.file].decode("utf-8", "replace"), error
    str(error).encode()


def all_or_nothing(cursor, case: Case, rows: list[tuple], errors: list) -> None:
    """As many errors as MAXERROR are too many: then nothing is loaded, and the first errors are reported."""
    maxerror, failure = len(errors) if len(rows) % 2 else 0, None
    try:
        load.execute(cursor, copy.parse(case.statement(maxerror)), lambda: case.s3)
    except copy.CopyError as error:
        failure = error
    if errors:
        said = f"Load into table '{case.table}' failed.  Check 'stl_load_errors' system table for details."
        assert str(failure) == said
        assert list(failure.errors) == errors[: max(load.SHOWN, maxerror)]
    else:
        assert failure is None
    now = rows_of(cursor, case)
    assert repr(now) == repr(rows if errors else rows * 2), "a COPY that failed changed the table"


def shown(case: Case) -> str:
    lines = [case.statement(MOST)]
    for name, content in case.files.items():
        more = f" and {len(content) - 3_000:,} bytes more" if len(content) > 3_000 else ""
        lines += [f"{name}: {len(content):,} bytes", *(repr(line) for line in content[:3_000].split(b"\n")), more]
    return "\n".join(lines)


# --- Small files ------------------------------------------------------------------------------------------


SHAPES = [("events", EVENTS), ("events", EVENTS), ("every", EVERY), ("every", QUICK), ("every", QUICK)]
SHAPES += [("every", EPOCHS), ("nested", NESTED)]


def chosen(seed: int) -> tuple[str, list[Column], dict[str, bytes], str]:
    chance = random.Random(seed)
    (table, columns), options = chance.choice(SHAPES), chance.choice(OPTIONS)
    files = make_files(chance, columns)
    if columns == EPOCHS:
        options += " TIMEFORMAT 'epochmillisecs'"
    elif table == "every" and chance.random() < 0.1:
        options += " ignorecase"
    return table, chance.sample(columns, len(columns)) if chance.random() < 0.2 else columns, files, options


@pytest.mark.parametrize("seed", SEEDS)
def test_each_row_is_loaded_right_or_recorded(postgres, tmp_path, monkeypatch, seed):
    # A file is read in pieces: with small ones the borders lie everywhere.
    monkeypatch.setattr(sources, "PIECE", random.Random(seed).choice([1, 50, 500, 5_000, sources.PIECE]))
    case = on_disk(tmp_path, *chosen(seed))
    judge(postgres, case, f"REDJAM_FUZZ={seed + 1} pytest {__file__} -k 'right_or_recorded and [{seed}]'")


@pytest.mark.parametrize("piece", [1, MEGABYTE])
def test_lines_that_are_easily_misread(postgres, tmp_path, monkeypatch, piece):
    monkeypatch.setattr(sources, "PIECE", piece)
    files = {f"{number:03}": b'{"id": 7}\n' + line + b'\n{"id": 8}\n' for number, line in enumerate(LINES)}
    judge(postgres, on_disk(tmp_path, "every", QUICK, files), f"pytest {__file__} -k misread")


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_and_so_it_is_from_s3(postgres, moto, seed):
    case = on_s3(moto, f"fuzz-{seed}", *chosen(seed))
    judge(postgres, case, f"pytest {__file__} -k 'from_s3 and [{seed}]'")


@pytest.mark.parametrize("seed", SEEDS[:20])
def test_a_damaged_gzip_file_fails_the_copy_and_is_named(postgres, tmp_path, seed):
    chance = random.Random(seed)
    lines = [document(chance, NESTED, number, odd=False) for number in range(40)]
    content = "\n".join(lines).encode()
    case = on_disk(tmp_path, "nested", NESTED, {name: content for name in ("1.gz", "2.gz", "3.gz")}, "GZIP")
    file = tmp_path / "data" / "2.gz"
    file.write_bytes(mangled(chance, file.read_bytes()))
    try:
        content = gzip.decompress(file.read_bytes())
    except (OSError, EOFError, zlib.error):
        with postgres.cursor() as cursor, pytest.raises(copy.CopyError, match=r"data/2\.gz"):
            loaded(cursor, case)
        with postgres.cursor() as cursor:
            assert rows_of(cursor, case) == []
    else:
        judge(postgres, replace(case, files=case.files | {"data/2.gz": content}), f"pytest {__file__} -k gzip")


def test_what_is_no_file_fails_the_copy_and_is_named(postgres, tmp_path):
    case = on_disk(tmp_path, "every", QUICK, {"1.json": b'{"id": 1}', "gone.json/2.json": b'{"id": 2}'})
    judge(postgres, case, f"pytest {__file__} -k no_file")
    (tmp_path / "data" / "9.json").symlink_to(tmp_path / "nowhere")
    with postgres.cursor() as cursor, pytest.raises(psycopg2.Error, match=r"9\.json"):
        loaded(cursor, case)


@pytest.mark.parametrize("seed", SEEDS[:8])
def test_the_errors_are_in_the_system_table(postgres, connection, tmp_path, seed):
    """Through the connection of a notebook: what a COPY let pass, and what made one fail."""
    case = on_disk(tmp_path, "events", EVENTS, make_files(random.Random(seed), EVENTS))
    judge(postgres, case, f"pytest {__file__} -k 'system_table and [{seed}]'")
    with postgres.cursor() as cursor:
        rows, errors = loaded(cursor, case)
    # The line is shown in ASCII, a period for any other character.
    lines = [re.sub(r"[^\x00-\x7f]", ".", error.raw).rstrip(" ") for error in errors]
    errors = [
        (e.file, e.line, e.column, e.code, e.value.rstrip(" "), line) for e, line in zip(errors, lines, strict=True)
    ]

    def recorded(maxerror: int) -> list[tuple]:
        with connection.cursor() as cursor:
            with nullcontext() if maxerror else suppress(psycopg2.Error):
                cursor.execute(replace(case, table="staging_events").statement(maxerror))
            cursor.execute(
                """SELECT TRIM(filename), line_number, TRIM(colname), err_code, RTRIM(raw_field_value), RTRIM(raw_line)
                   FROM stl_load_errors WHERE query = pg_last_copy_id()"""
            )
            return cursor.fetchall()

    assert sorted(recorded(MOST)) == sorted(errors), shown(case)
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM staging_events")
        assert cursor.fetchone() == (len(rows),), shown(case)
    if errors:
        assert sorted(recorded(0)) == sorted(errors[: load.SHOWN]), shown(case)


# --- Large files ------------------------------------------------------------------------------------------


def clean_lines(chance: random.Random, count: int, uniform: bool, ballast: int = 0) -> list[bytes]:
    """Many objects that all load, a line each; uniform: with JSON's own values for each type."""
    pools = {column.name: plain(column.kind) if uniform else GOOD[column.kind] for column in QUICK}
    made = []
    for _ in range(200):
        values = {name: chance.choice(pool) for name, pool in pools.items()} | {"id": "%d"}
        values |= {"unknown": '"' + "z" * ballast + '"'} if ballast else {}
        made.append("{" + ", ".join(f'"{name}": {value.replace("%s", "%%s")}' for name, value in values.items()) + "}")
    return [(chance.choice(made) % number).encode() for number in range(count)]


def everywhere(chance: random.Random, lines: list[bytes]) -> bytes:
    """Something wrong at each sixteenth of the file."""
    content = b"\n".join(lines)
    length = len(content) // 16 + 1
    parts = [content[place : place + length] for place in range(0, len(content), length)]
    return b"".join(part[:-200] + mangled(chance, part[-200:]) for part in parts)


LARGE = {
    "clean": lambda chance, lines: b"\n".join(lines),
    "one byte": lambda chance, lines: b"\n".join(lines).replace(b'"id": 1500,', b'"id": 1500;'),
    "one value": lambda chance, lines: b"\n".join(lines).replace(b'"id": 1500,', b'"id": 1500.5,'),
    "wrong everywhere": everywhere,
    "wrong at the end": lambda chance, lines: b"\n".join(lines)[:-40],
    "one line": lambda chance, lines: b"".join(lines),
    "pairs": lambda chance, lines: b"\n".join(map(b" ".join, zip(lines[::2], lines[1::2], strict=True))),
    "CRLF": lambda chance, lines: b"\r\n".join([*lines, b""]),
    "an object over lines": lambda chance, lines: b"\n".join(lines).replace(b'"id": 1500,', b'"id":\n1500\n,\n\n'),
}


@pytest.mark.parametrize("uniform", [True, False])
@pytest.mark.parametrize("form", LARGE)
def test_files_of_many_pieces(postgres, tmp_path, monkeypatch, form, uniform):
    monkeypatch.setattr(sources, "PIECE", 1 << 16)
    chance = random.Random(f"{form} {uniform}")
    lines = clean_lines(chance, 3_000, uniform)
    files = {"1.json": LARGE[form](chance, lines), "2.json": b"\n".join(lines[:100])}
    again = f"pytest {__file__} -k 'many_pieces and {form} and {uniform}'"
    judge(postgres, on_disk(tmp_path, "every", QUICK, files), again, once=True)


def test_a_file_of_several_megabytes(postgres, tmp_path):
    chance = random.Random(1)
    clean, wrong = clean_lines(chance, 8_000, True, ballast=600), clean_lines(chance, 8_000, True, ballast=600)
    files = {"1.json": b"\n".join(clean), "2.json": everywhere(chance, wrong)}
    judge(postgres, on_disk(tmp_path, "every", QUICK, files), f"pytest {__file__} -k megabytes", once=True)


def test_many_files_of_one_object(postgres, tmp_path):
    chance = random.Random(1)
    lines = [document(chance, QUICK, number).encode() for number in range(400)]
    files = {f"{number:04}.json": line for number, line in enumerate(lines)}
    judge(postgres, on_disk(tmp_path, "every", QUICK, files), f"pytest {__file__} -k many_files", once=True)


DEEP = 100_000
MONSTERS = {
    "text of 5 MB": b'{"note": "' + b"x" * 5 * MEGABYTE + b'"}',
    "text of 5 MB that does not end": b'{"note": "' + b"x" * 5 * MEGABYTE,
    "brackets": b"[" * DEEP,
    "brackets of objects": b'{"a":' * DEEP,
    "braces": b"{" * DEEP,
    "quotes": b'"' * 5 * DEEP,
    "nested arrays": b'{"note": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "nested objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "digits": b'{"whole": ' + b"9" * MEGABYTE + b"}",
    "keys": b"{" + b",".join(b'"k%d": %d' % (n, n) for n in range(DEEP)) + b"}",
    "backslashes": b'{"note": "' + b"\\" * 3 * DEEP,
    "NULs": b"\0" * 5 * MEGABYTE,
    "blanks": b" " * 5 * MEGABYTE + b"}",
}


@pytest.mark.parametrize("name", MONSTERS)
def test_monsters_are_recorded_and_their_neighbours_loaded(postgres, tmp_path, name):
    case = on_disk(tmp_path, "every", QUICK, {"1.json": b'{"id": 1}\n' + MONSTERS[name] + b'\n{"id": 2}\n'})
    with postgres.cursor() as cursor:
        rows, errors = loaded(cursor, case)
    assert [row[0] for row in rows] == [1, 2]
    assert {error.line for error in errors} == {2}
    for error in errors:
        is_whole(error, case)


def test_more_errors_than_maxerror(postgres, tmp_path):
    case = on_disk(tmp_path, "every", QUICK, {"1.json": b"{}\n" * 1_000})
    with postgres.cursor() as cursor:
        with pytest.raises(copy.CopyError) as failure:
            loaded(cursor, case, maxerror=1_000)
        assert rows_of(cursor, case) == []
    assert len(failure.value.errors) == 1_000


# --- A value and its company ------------------------------------------------------------------------------

TEXTS, TIMES = ("CHAR", "VARCHAR"), ("DATE", "TIMESTAMP", "TIMESTAMPTZ")


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        ("", QUICK),
        ("", [column for column in EVERY if column not in QUICK]),
        ("TIMEFORMAT 'auto' DATEFORMAT 'auto'", [column for column in EVERY if column.kind in TIMES]),
        ("TIMEFORMAT 'epochmillisecs'", EPOCHS),
        ("TRUNCATECOLUMNS ACCEPTINVCHARS", [column for column in EVERY if column.kind in TEXTS]),
        ("EMPTYASNULL BLANKSASNULL", [column for column in EVERY if column.kind in TEXTS]),
    ],
)
def test_a_value_is_taken_the_same_in_any_company(postgres, tmp_path, monkeypatch, options, columns):
    """By itself, with its like, among others, and where each object has to be read one by one."""
    values = {
        column: [*GOOD[column.kind], *ODD[column.kind], *STRANGE, *EPOCH_GOOD, *EPOCH_ODD]
        + [f'{one}, "{column.name}": {two}' for one, two in zip(GOOD[column.kind], ODD[column.kind], strict=False)]
        for column in columns
        if column.name != "id"
    }
    pairs = [(column, value) for column, them in values.items() for value in them]
    lines = {n: f'{{"id": {n}, "{column.name}": {value}}}'.encode() for n, (column, value) in enumerate(pairs)}
    loads, folders = [EVERY[0], *values], iter(range(99))

    def given(*contents: bytes) -> dict[int, object]:
        """By id: the row that was loaded, or the code of the error."""
        files = {f"{number:04}": content for number, content in enumerate(contents)}
        with postgres.cursor() as cursor:
            case = on_disk(tmp_path / str(next(folders)), "every", loads, files, options)
            rows, errors = loaded(cursor, case)
        failed = {int(re.search('"id": ([0-9]+)', error.raw)[1]): error.code for error in errors}
        return {row[0]: repr(row) for row in rows} | failed

    broken = b'\n{"id": 99999, oops\n'
    right = given(broken.join([*lines.values(), b""]))
    assert right.pop(99999) == 1216
    assert list(sorted(right)) == list(lines)
    good = {n: row for n, row in right.items() if isinstance(row, str)}
    assert given(*lines.values()) == right
    assert given(b"\n".join(lines[n] for n in good)) == good
    for column in values:
        own = [n for n in good if pairs[n][0] is column]
        assert given(b"\n".join(lines[n] for n in own)) == {n: good[n] for n in own}
    monkeypatch.setattr(sources, "PIECE", 1)  # now each line is read by itself
    assert given(b"\n".join(random.Random(0).sample(list(lines.values()), len(lines)))) == right
