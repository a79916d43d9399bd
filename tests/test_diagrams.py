"""Diagrams say what the SQL files say, and so does the one in the README."""

import re
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from redjam import diagrams, schema, warehouse
from redjam.diagrams import star_schema, steps, tables, way
from redjam.diagrams.tables import Table, short_type

README = Path(__file__).parents[1] / "README.md"
STAR = schema.FACTS + schema.DIMENSIONS
# pg_table_def's name of a type -> that of CREATE TABLE.
TYPES = {
    "character varying": "VARCHAR",
    "timestamp without time zone": "TIMESTAMP",
    "double precision": "DOUBLE PRECISION",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
}
VENUES = """-- Dimension: a place.
CREATE TABLE IF NOT EXISTS venues (
    venue_id INTEGER NOT NULL, -- a number
    name     VARCHAR(64),
    PRIMARY KEY (venue_id)
)
DISTSTYLE ALL;
"""


@pytest.fixture(autouse=True)
def _no_window():
    mpl.use("Agg")
    yield
    plt.close("all")


def read(name: str) -> Table:
    return tables.table(warehouse.statement(f"tables/{name}"))


def words(figure) -> list[str]:
    return [part.get_text() for part in figure.axes[0].texts]


# --- The star --------------------------------------------------------------------------------------------


def test_a_table_is_read_as_it_is_created(connection):
    created = warehouse.frame(connection, warehouse.statement("describe"))
    for name in schema.TABLES:
        table, there = read(name), created[created["table_name"] == name].set_index("column_name")
        types = {
            column: re.sub(r"^[a-z ]+", lambda word: TYPES[word[0]], there.at[column, "type"]) for column in there.index
        }
        assert table.columns == types
        assert table.distkey == "".join(there.index[there["distkey"]])
        assert list(table.sortkey) == there[there["sortkey"] != 0].sort_values("sortkey").index.tolist()
        assert schema.DISTSTYLES[there["diststyle"].iloc[0]].startswith(table.diststyle)


def test_the_keys_of_the_star():
    assert {name: read(name).primary_key for name in STAR} == {
        "songplays": ("songplay_id",),
        "songs": ("song_id",),
        "artists": ("artist_id",),
        "users": ("user_id",),
        "time": ("start_time",),
    }
    assert read("songplays").references == {
        "start_time": ("time", "start_time"),
        "user_id": ("users", "user_id"),
        "song_id": ("songs", "song_id"),
        "artist_id": ("artists", "artist_id"),
    }
    assert read("songplays").marks("song_id") == ["FK", "DISTKEY"]
    assert read("songs").marks("title") == ["SORTKEY 2"]


def test_the_star_shows_every_table_column_and_key():
    drawn = words(diagrams.star())
    for name in STAR:
        table = read(name)
        assert name in drawn
        assert set(table.columns) <= set(drawn)
        assert f"{'fact' if name in schema.FACTS else 'dimension'}, DISTSTYLE {table.diststyle}" in drawn
    assert [drawn.count(mark) for mark in ("PK", "FK", "DISTKEY", "SORTKEY", "SORTKEY 1", "SORTKEY 2")] == [
        5,
        4,
        2,
        2,
        1,
        1,
    ]
    assert "song_id to songs" in plt.gcf().get_label()


def lines_end_in(figure) -> int:
    return sum(len(line.get_xdata()) > 1 for line in figure.axes[0].lines)


def test_a_new_table_and_a_new_foreign_key_show_up():
    fact = str(warehouse.statement("tables/songplays")).replace(
        "    PRIMARY KEY",
        "    venue_id INTEGER,\n    FOREIGN KEY (venue_id) REFERENCES venues (venue_id),\n    PRIMARY KEY",
    )
    song = str(warehouse.statement("tables/songs")).replace(
        "    PRIMARY KEY", "    FOREIGN KEY (artist_id) REFERENCES artists (artist_id),\n    PRIMARY KEY"
    )
    dimensions = [tables.table(song), read("artists"), read("users"), read("time"), tables.table(VENUES)]
    assert lines_end_in(diagrams.star()) == 4
    figure = star_schema.draw([tables.table(fact)], dimensions)
    assert lines_end_in(figure) == 6
    assert {"venues", "venue_id"} <= set(words(figure))
    assert "venue_id to venues" in figure.get_label()
    assert "artist_id to artists; " in figure.get_label() or "artist_id to artists." in figure.get_label()
    assert_readable(figure)


def test_a_line_that_is_not_understood_is_an_error_not_left_out():
    with pytest.raises(ValueError, match=r"sql/tables/venues\.sql.*'UNIQUE \(name\)'"):
        tables.table(VENUES.replace("PRIMARY KEY (venue_id)", "UNIQUE (name)"))
    with pytest.raises(ValueError, match="no CREATE TABLE"):
        tables.table("SELECT 1;")


# --- The data's way --------------------------------------------------------------------------------------

LASTING = {*schema.TABLES, *schema.MARTS, "LOG_DATA", "SONG_DATA"}


def test_the_way_is_the_one_that_the_load_goes():
    edges = way.flow(diagrams.load_steps(), LASTING)
    assert {(a, b) for a, b in edges if a in ("LOG_DATA", "SONG_DATA")} == {
        ("LOG_DATA", "staging_events"),
        ("SONG_DATA", "staging_songs"),
    }
    # Plays name songs and artists that the catalogue lacks; the catalogue knows nothing of listeners and times.
    assert {(a, b) for a, b in edges if a in schema.STAGING} == {
        ("staging_events", "songplays"),
        ("staging_events", "users"),
        ("staging_events", "time"),
        ("staging_events", "songs"),
        ("staging_events", "artists"),
        ("staging_songs", "songs"),
        ("staging_songs", "artists"),
    }
    assert ("songs", "songplays") in edges  # which is where a play's song_id comes from
    assert {(a, b) for a, b in edges if b in schema.MARTS} == {
        ("songplays", "plays_by_day_artist"),
        ("artists", "plays_by_day_artist"),
        ("songplays", "plays_by_day_level"),
        ("songplays", "plays_by_weekday_hour"),
        ("time", "plays_by_weekday_hour"),
    }


def test_the_picture_has_an_arrow_for_each_of_them():
    figure = diagrams.data_way()
    drawn = words(figure)
    assert {"LOG_DATA", "SONG_DATA", *schema.STAGING, *STAR, *schema.MARTS} <= set(drawn)
    assert drawn[drawn.index("artists") + 1] == "merge, insert"
    assert drawn[drawn.index("staging_events") + 1] == "copy, insert"
    assert sum(type(patch) is mpl.patches.PathPatch for patch in figure.axes[0].patches) == 2 + 7 + 5
    assert "staging_songs to songs, artists;" in figure.get_label()


def test_a_new_statement_shows_up():
    before = way.flow(diagrams.load_steps(), LASTING)
    new = steps.step(
        "INSERT INTO users (user_id)\nSELECT s.artist_id\nFROM touched_songs AS t\nJOIN load_songs AS s ON s.a = t.a;"
    )
    after = way.flow([*diagrams.load_steps(), new], LASTING)
    assert after - before == {("staging_songs", "users")}


def test_a_statement_or_a_table_that_is_not_known_is_an_error_not_left_out():
    with pytest.raises(ValueError, match="do not know: 'UPDATE users"):
        steps.step("UPDATE users SET level = 'free';")
    lost = steps.Step("users", "MERGE", frozenset({"nowhere"}))
    with pytest.raises(ValueError, match="reads from nowhere"):
        way.flow([lost], LASTING)


@pytest.mark.parametrize(
    ("query", "sources"),
    [
        ("SELECT a FROM x WHERE b IN (SELECT b FROM y)", "x"),
        ("SELECT DISTINCT x.a FROM x JOIN y ON y.b = x.b", "x"),
        ("SELECT x.a, COUNT(*) FROM x LEFT JOIN y ON y.b = x.b GROUP BY x.a", "x y"),
        ("SELECT x.*, z.b FROM w AS x, (SELECT c FROM y WHERE c = 1) AS z", "w y"),
        ("SELECT a FROM x UNION ALL SELECT b FROM y UNION SELECT EXTRACT(hour FROM c) FROM z", "x y z"),
        ("WITH p AS (SELECT a FROM x), q AS (SELECT a FROM p UNION SELECT a FROM y) SELECT r.a FROM q AS r", "x y"),
        ("SELECT 1 AS a", ""),
    ],
)
def test_a_query_takes_what_it_selects_not_what_it_compares(query, sources):
    assert steps.suppliers(query) == set(sources.split())


def test_a_comment_or_a_text_is_no_sql():
    assert steps.step("-- INSERT INTO a (b) SELECT c FROM d\nDELETE FROM e;") is None
    step = steps.step("CREATE TEMP TABLE a\nDISTKEY (b)\nAS\nSELECT ' FROM z' AS b\nFROM c;")
    assert step == steps.Step("a", "TEMP", frozenset({"c"}))


def test_a_table_that_is_read_in_a_circle_ends():
    circle = [steps.Step("t", "TEMP", frozenset({"u"})), steps.Step("u", "TEMP", frozenset({"t", "LOG_DATA"}))]
    assert way.flow([*circle, steps.Step("users", "INSERT", frozenset({"t"}))], LASTING) == {("LOG_DATA", "users")}


# --- Both ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", [diagrams.star, diagrams.data_way])
def test_no_word_lies_on_another_or_beyond_the_page(draw):
    assert_readable(draw())


def assert_readable(figure) -> None:
    figure.canvas.draw()
    page = figure.bbox
    boxes = [(part.get_text(), part.get_window_extent()) for part in figure.axes[0].texts if part.get_text()]
    for word, box in boxes:
        assert page.x0 <= box.x0, word
        assert box.x1 <= page.x1, word
        assert page.y0 <= box.y0, word
        assert box.y1 <= page.y1, word
    for (one, here), (two, there) in combinations(boxes, 2):
        assert here.x1 <= there.x0 or there.x1 <= here.x0 or here.y1 <= there.y0 + 2 or there.y1 <= here.y0 + 2, (
            one,
            two,
        )


def test_the_readme_has_the_same_star():
    drawn = re.search(r"```mermaid\nerDiagram\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[1]
    star_tables = [read(name) for name in STAR]
    relations = {(t.name, other, column) for t in star_tables for column, (other, _) in t.references.items()}
    assert set(re.findall(r"(\w+) \}o--\|\| (\w+) : (\w+)", drawn)) == relations
    for table in star_tables:
        block = re.search(rf"^    {table.name} \{{\n(.*?)^    \}}", drawn, re.DOTALL | re.MULTILINE)[1]
        assert [line.strip() for line in block.splitlines()] == [mermaid(table, column) for column in table.columns]
    assert re.findall(r"^    (\w+) \{", drawn, re.MULTILINE) == list(STAR)


def mermaid(table: Table, column: str) -> str:
    """A column's line in Mermaid's erDiagram: https://mermaid.js.org/syntax/entityRelationshipDiagram.html"""
    marks = [mark for mark in table.marks(column) if mark not in ("PK", "FK")]
    is_key = column in table.primary_key
    if is_key and table.diststyle == "ALL":
        marks.append("DISTSTYLE ALL")
    line = f"{short_type(table.columns[column])} {column}{' PK' if is_key else ''}"
    return line + (f' "{", ".join(marks)}"' if marks else "")
