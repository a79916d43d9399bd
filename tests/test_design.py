"""The design lab against counts made by hand; the first 16 digits of MD5 say where a key lies."""

import hashlib
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from psycopg2.extensions import cursor as PlainCursor

from redjam import design, etl, warehouse

# Of 4 slices: a 0, b 0, c 3, d 1, e 3, f 0, g 2, NULL 1; users 1 2, 2 3, 3 2, 4 1.
DAYS = [5, 1, 4, 2, 6, 3]
PLAYS = pd.DataFrame(
    {
        "start_time": [datetime(2018, 11, day, 12) for day in DAYS],
        "user_id": [1, 1, 2, 2, 3, 4],
        "song_id": ["a", "b", "c", "d", "a", "g"],
        "known_song_id": ["a", None, None, None, "a", None],
        "artist_id": ["c", "d", "c", "d", "c", "g"],
    }
)
DIMENSIONS = {
    "songs": pd.DataFrame({"song_id": list("abcdgef")}),
    "artists": pd.DataFrame({"artist_id": list("cdg")}),
    "users": pd.DataFrame({"user_id": [1, 2, 3, 4]}),
}


def test_a_key_lies_where_its_md5_says():
    found = design.slice_of(pd.Series(list("abcdefg")), 4)
    assert found.tolist() == [int(hashlib.md5(key.encode()).hexdigest()[:16], 16) % 4 for key in "abcdefg"]
    assert found.tolist() == [0, 0, 3, 1, 3, 0, 2]
    assert design.slice_of(pd.Series([1, 2, 3, 4]), 4).tolist() == [2, 3, 2, 1]


@pytest.mark.parametrize("null", [None, np.nan, pd.NA])
def test_all_nulls_lie_together_and_move_no_other_key(null):
    found = design.slice_of(pd.Series([null, "a", null, "c", null], dtype=object), 4)
    assert found.tolist() == [1, 0, 1, 3, 1]


def test_spread_counts_the_rows_of_each_slice():
    found = design.spread(PLAYS, 4)
    assert found.T.to_dict("list") == {
        "KEY(song_id) or NULL": [2, 4, 0, 0],
        "KEY(song_id)": [3, 1, 1, 1],
        "KEY(artist_id)": [0, 2, 1, 3],
        "KEY(user_id)": [0, 1, 3, 2],
        "EVEN": [2, 2, 1, 1],
        "ALL": [6, 0, 6, 0],
    }
    assert (found.index.name, list(found.columns)) == ("candidate", [0, 1, 2, 3])
    assert design.spread(PLAYS, 1)[0].tolist() == [6] * 6
    assert design.spread(PLAYS, 3).loc["ALL"].tolist() == [6, 0, 6]


def test_skew_is_the_fullest_slice_to_the_emptiest_and_work_to_a_fair_share():
    found = design.skew(design.spread(PLAYS, 4))
    assert list(found.columns) == ["rows", "fullest", "emptiest", "skew_rows", "work"]
    assert found.drop(index="ALL").T.to_dict("list") == {
        "KEY(song_id) or NULL": [6, 4, 0, 4, 2.67],
        "KEY(song_id)": [6, 3, 1, 3, 2],
        "KEY(artist_id)": [6, 3, 0, 3, 2],
        "KEY(user_id)": [6, 3, 0, 3, 2],
        "EVEN": [6, 2, 1, 2, 1.33],
    }
    assert found.loc["ALL", ["rows", "fullest", "emptiest", "work"]].tolist() == [12, 6, 0, 4]
    assert np.isnan(found.loc["ALL", "skew_rows"])


BROADCAST, NONE, OUTER = "DS_BCAST_INNER", "DS_DIST_NONE", "DS_DIST_OUTER"
MOVES = [
    ("KEY(song_id) or NULL", (NONE, 0), (BROADCAST, 3), (BROADCAST, 4)),
    ("KEY(song_id)", (NONE, 0), (BROADCAST, 3), (BROADCAST, 4)),
    ("KEY(artist_id)", (OUTER, 3), (NONE, 0), (BROADCAST, 4)),
    ("KEY(user_id)", (OUTER, 5), (BROADCAST, 3), (NONE, 0)),
    ("EVEN", (OUTER, 4), (BROADCAST, 3), (BROADCAST, 4)),
    ("ALL", ("DS_DIST_ALL_INNER", 4), ("DS_DIST_ALL_INNER", 3), ("DS_DIST_ALL_INNER", 4)),
]


@pytest.mark.parametrize(("candidate", "songs", "artists", "users"), MOVES)
def test_joins_move_what_does_not_lie_by_their_key(candidate, songs, artists, users):
    found = design.joins(PLAYS, DIMENSIONS, 4).loc[candidate]
    assert {join: tuple(line) for join, line in zip(found.index, found.to_numpy(), strict=True)} == {
        "songs KEY(song_id)": songs,
        "artists ALL": ("DS_DIST_ALL_NONE", 0),
        "artists KEY(artist_id)": artists,
        "users ALL": ("DS_DIST_ALL_NONE", 0),
        "users KEY(user_id)": users,
    }


def test_the_keys_of_a_dimension_are_hashed_once(monkeypatch):
    hashed = []
    monkeypatch.setattr(design, "slice_of", lambda keys, slices: hashed.append(keys.name) or np.zeros(len(keys), int))
    design.joins(PLAYS, DIMENSIONS, 4)
    assert sorted(hashed) == sorted([*PLAYS.columns.drop("start_time"), "song_id", "artist_id", "user_id"])


def test_a_broadcast_is_a_copy_to_each_other_node():
    many = pd.concat([PLAYS] * 10)
    for slices, rows in ((2, 0), (4, 4), (8, 12)):
        found = design.joins(many, DIMENSIONS, slices).loc[("EVEN", "users KEY(user_id)")]
        assert found.tolist() == [BROADCAST, rows]


def test_every_label_is_explained():
    table = design.labels()
    assert set(design.joins(PLAYS, DIMENSIONS, 4)["label"]) <= set(table.index)
    shown = table._repr_html_()  # which cuts long texts
    assert all(f"<th>{label}</th>\n      <td>{moves}</td>" in shown for label, moves in design.LABELS.items())


@pytest.mark.parametrize("slices", [0, -4, 2.0, "4"])
def test_slices_are_a_number(slices):
    for count in (lambda: design.spread(PLAYS, slices), lambda: design.joins(PLAYS, DIMENSIONS, slices)):
        with pytest.raises(ValueError, match=f"slices is {slices!r}: a whole number from 1"):
            count()


def test_a_week_is_from_monday_to_monday():
    assert design.week(PLAYS, "2018-11-04") == (datetime(2018, 10, 29), datetime(2018, 11, 5))
    assert design.week(PLAYS, "2018-11-05") == (datetime(2018, 11, 5), datetime(2018, 11, 12))
    # The middle of the plays is the night after the third.
    assert design.week(PLAYS) == (datetime(2018, 10, 29), datetime(2018, 11, 5))


@pytest.mark.parametrize("day", ["2018-10-31", "2018-11-07", "2018-11-31", "now", "5"])
def test_a_week_is_one_of_the_data(day):
    with pytest.raises(ValueError, match=f"week is '{day}': a day from 2018-11-01 to 2018-11-06"):
        design.week(PLAYS, day)


def zones(**options):
    found = design.blocks(PLAYS, **options)
    return {order: group.drop(columns="order").to_numpy().tolist() for order, group in found.groupby("order")}


def noon(day):
    return datetime(2018, 11, day, 12)


def test_blocks_are_read_where_the_zone_map_does_not_rule_them_out():
    assert zones(begin=datetime(2018, 11, 2), end=noon(3), rows_a_block=2) == {
        "as they came": [
            [0, noon(1), noon(5), True],
            [1, noon(2), noon(4), True],
            [2, noon(3), noon(6), False],  # it begins where the query ends
        ],
        "sorted by start_time": [
            [0, noon(1), noon(2), True],
            [1, noon(3), noon(4), False],
            [2, noon(5), noon(6), False],
        ],
    }


def test_blocks_of_another_column_are_those_of_the_same_rows():
    found = zones(begin=2, end=3, rows_a_block=4, column="user_id")
    # In the order of time the listeners are 1, 2, 4, 2 and 1, 3.
    assert found["sorted by start_time"] == [[0, 1, 4, True], [1, 1, 3, True]]
    assert found["as they came"] == [[0, 1, 2, True], [1, 3, 4, False]]


def test_share_read():
    found = design.share_read(design.blocks(PLAYS, noon(2), noon(3), 2))
    assert found.T.to_dict("list") == {"as they came": [3, 2, 0.667], "sorted by start_time": [3, 1, 0.333]}


def test_without_a_size_there_are_forty_blocks_at_most():
    for number, blocks in ((1, 6), (20, 40), (21, 32)):  # of 1, of 3 and of 4 rows
        found = design.blocks(pd.concat([PLAYS] * number), noon(2), noon(3))
        assert found.groupby("order").size().tolist() == [blocks, blocks]
    with pytest.raises(ValueError, match="rows_a_block is -1: a whole number"):
        design.blocks(PLAYS, noon(2), noon(3), -1)


# From https://docs.aws.amazon.com/redshift/latest/dg/c_data_redistribution.html
PLAN = """->  XN Hash Join DS_BCAST_INNER  (cost=109.98..3167290276.71 rows=172456 width=47)
        Hash Cond: ("outer".eventid = "inner".eventid)
        ->  XN Merge Join DS_DIST_NONE  (cost=0.00..6286.47 rows=172456 width=30)"""


def test_the_labels_of_a_plan_are_explained():
    assert design.plan_labels(
        pd.DataFrame({"QUERY PLAN": [*PLAN.splitlines(), "XN Hash Join DS_NEW"]})
    ).splitlines() == [
        "DS_BCAST_INNER moves all of the inner table, to every node",
        "DS_DIST_NONE moves nothing: both tables lie by the key of the join",
        "DS_NEW moves what c_data_redistribution in the documentation says",
    ]


# --- In the warehouse -------------------------------------------------------------------------------------


@pytest.fixture
def loaded(connection, settings, cluster, put):
    """Load plays of the catalogue's song and of one that it lacks, by two listeners."""
    put([{}, {"song": "Other"}, {"userId": "2", "song": "Other", "ts": 1541121934797}], [{}])
    etl.run(connection, settings, cluster.role_arn)


def tables(connection):
    found = warehouse.frame(connection, "SELECT DISTINCT tablename FROM pg_table_def WHERE LEFT(tablename, 4) = 'lab_'")
    return set(found["tablename"])


def test_plays_are_read_load_by_load_with_the_songs_of_the_catalogue(
    connection, settings, cluster, put, loaded, monkeypatch
):
    put([{"userId": "3", "ts": 1541000000001}], name="late")
    etl.run(connection, settings, cluster.role_arn)
    plays, dimensions = design.read(connection)
    assert list(plays.columns) == ["start_time", "user_id", "session_id", "song_id", "known_song_id", "artist_id"]
    assert plays["user_id"].iloc[-1] == 3  # the earliest play came last
    assert plays["start_time"].idxmin() == 3
    by = (
        "MD5(CAST(user_id AS VARCHAR) || '-' || CAST(session_id AS VARCHAR) || '-' || CAST(item_in_session AS VARCHAR))"
    )
    order = f"SELECT user_id, start_time FROM songplays WHERE user_id < 3 ORDER BY {by}"
    pd.testing.assert_frame_equal(plays[["user_id", "start_time"]].head(3), warehouse.frame(connection, order))
    known = plays["known_song_id"]
    assert known.isna().sum() == 2
    assert set(known.dropna()) == {"SO1"}
    assert plays["song_id"].nunique() == 2
    assert {name: len(keys) for name, keys in dimensions.items()} == {"songs": 2, "artists": 1, "users": 3}
    asked = []
    monkeypatch.setattr(warehouse, "frame", lambda connection, query, **_: asked.append(query))
    design.read(connection)
    assert len(asked) == len(set(asked)) == 4
    monkeypatch.undo()
    assert len(design.read(connection, at_most=2)[0]) == 2


def test_the_lab_makes_its_tables_and_leaves_none(connection, loaded):
    plays, _ = design.read(connection)
    warehouse.execute(connection, "CREATE TABLE lab_even (a INTEGER)")  # of a lab that broke off
    for _ in range(2):
        design.build(connection)
        assert tables(connection) == {table for *_, table in design.CANDIDATES.values()}
        found = design.observed(connection, plays, 2)
        assert list(found.index) == list(design.CANDIDATES)
        assert list(found["diststyle"]) == [candidate.removesuffix(" or NULL") for candidate in design.CANDIDATES]
        assert set(found["sortkey1"]) == {"start_time"}
        assert set(found["tbl_rows"]) == {3}
        assert (
            found.loc["KEY(song_id)", "predicted"] == design.skew(design.spread(plays, 2)).loc["KEY(song_id)"].skew_rows
        )
        for skew in ("skew_rows", "predicted"):  # Redshift has none of what has no key
            assert found[skew].notna().tolist() == [True, True, True, True, False, False]
        design.drop(connection)
        assert not tables(connection)
    with pytest.raises(LookupError, match=r"no lab_ table: run design\.build"):
        design.observed(connection, plays, 2)


def test_a_lab_that_fails_leaves_nothing(connection, loaded):
    warehouse.execute(connection, "ALTER TABLE songplays RENAME COLUMN artist_id TO other")
    with pytest.raises(Exception, match="artist_id"):
        design.build(connection)
    assert not tables(connection)


def test_who_may_not_read_svv_table_info_is_told_so_and_has_the_prediction(connection, loaded, caplog):
    plays, _ = design.read(connection)
    design.build(connection)
    cursor = PlainCursor(connection)
    cursor.execute("CREATE ROLE reader; GRANT USAGE ON SCHEMA redshift_catalog TO reader; SET ROLE reader")
    try:
        found = design.observed(connection, plays, 2)
    finally:
        cursor.execute("RESET ROLE; DROP OWNED BY reader; DROP ROLE reader")
        design.drop(connection)
    (line,) = caplog.messages
    assert "may not read svv_table_info: a superuser can GRANT SELECT ON svv_table_info TO" in line
    assert found["skew_rows"].isna().all()
    assert found["predicted"].notna().tolist() == [True] * 4 + [False] * 2


def test_a_plan_of_the_stand_in_has_no_labels(connection):
    plan = warehouse.frame(connection, "EXPLAIN SELECT * FROM songplays AS p JOIN songs AS s ON s.song_id = p.song_id")
    assert design.plan_labels(plan).startswith("No DS_ label: Postgres")
