"""The design lab: where the plays would lie for each DISTKEY, which rows a join would move, which blocks a query reads.

Redshift's own hash is not public. Any good hash shows the same: equal values, and so all NULLs, lie together. This one
is an MD5, so that the pictures are the same on each machine.
"""

import logging
import re
from datetime import datetime, timedelta
from hashlib import md5

import numpy as np
import pandas as pd
import psycopg2
from psycopg2.extensions import connection as Connection

from redjam import warehouse

# Candidate, as svv_table_info writes it -> its key, the column of the plays with its values, and the table of `build`.
CANDIDATES = {
    "KEY(song_id) or NULL": ("song_id", "known_song_id", "lab_key_song_id_or_null"),
    "KEY(song_id)": ("song_id", "song_id", "lab_key_song_id"),
    "KEY(artist_id)": ("artist_id", "artist_id", "lab_key_artist_id"),
    "KEY(user_id)": ("user_id", "user_id", "lab_key_user_id"),
    "EVEN": (None, None, "lab_even"),
    "ALL": (None, None, "lab_all"),
}
# Join -> the dimension, its key, and whether each node has all of it; else it lies by that key.
JOINS = {
    "songs KEY(song_id)": ("songs", "song_id", False),
    "artists ALL": ("artists", "artist_id", True),
    "artists KEY(artist_id)": ("artists", "artist_id", False),
    "users ALL": ("users", "user_id", True),
    "users KEY(user_id)": ("users", "user_id", False),
}
# What moves, in so few letters that a frame shows them all:
# https://docs.aws.amazon.com/redshift/latest/dg/c_data_redistribution.html
LABELS = {
    "DS_DIST_NONE": "nothing: both tables lie by the key of the join",
    "DS_DIST_ALL_NONE": "nothing: each node has a copy of the inner table",
    "DS_DIST_INNER": "the inner table's rows, each to its partner",
    "DS_DIST_OUTER": "the outer table's rows, each to its partner",
    "DS_BCAST_INNER": "all of the inner table, to every node",
    "DS_DIST_ALL_INNER": "the inner table to one slice, which joins alone",
    "DS_DIST_BOTH": "the rows of both tables",
}
SLICES_A_NODE = 2  # of an ra3.xlplus: https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-clusters.html
BLOCKS = 40  # as many as a picture shows well
COLUMNS = ["table", "diststyle", "sortkey1", "tbl_rows", "size", "skew_rows"]
log = logging.getLogger(__name__)


def read(connection: Connection, at_most: int = 1_000_000) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """The plays in the order in which they came (see sql/design/plays.sql), and the keys of each dimension by its name.

    Of more than `at_most` plays an even sample.
    """
    plays = warehouse.frame(connection, warehouse.statement("design/plays"), at_most=at_most)
    names = dict.fromkeys(name for name, *_ in JOINS.values())
    dimensions = {name: warehouse.frame(connection, warehouse.statement(f"design/{name}")) for name in names}
    return plays, dimensions


# --- Distribution -----------------------------------------------------------------------------------------


def slice_of(keys: pd.Series, slices: int) -> np.ndarray:
    """The slice, from 0, that each key's hash gives its row; NULL has a hash as any value has."""
    codes, values = pd.factorize(keys)
    hashes = [int.from_bytes(md5(str(value).encode()).digest()[:8]) % slices for value in [*values, "NULL"]]
    return np.array(hashes)[codes]  # the code of NULL is -1: the last


def spread(plays: pd.DataFrame, slices: int) -> pd.DataFrame:
    """How many rows each slice has: a row a candidate, a column a slice, of which a node has two.

    EVEN deals the rows out in turn; ALL has a copy on the first slice of each node:
    https://docs.aws.amazon.com/redshift/latest/dg/c_Distribution_examples.html
    """
    _check(slices)
    counts = {candidate: np.bincount(lie, minlength=slices) for candidate, lie in _lie(plays, slices).items()}
    counts["ALL"] = np.where(np.arange(slices) % SLICES_A_NODE, 0, len(plays))
    table = pd.DataFrame.from_dict(counts, orient="index", columns=range(slices))
    return table.rename_axis(index="candidate", columns="slice")


def skew(spread: pd.DataFrame) -> pd.DataFrame:
    """What the spread costs, a row a candidate: how many rows are stored, and how unequal the slices are.

    `skew_rows` is the fullest slice to the emptiest, of which an empty one counts as a row, as in svv_table_info. ALL
    has none: its copies say nothing of how equal the slices are. `work` is the fullest slice to a fair share of the
    plays: how many times longer a query takes than it would if each slice did its share, since it waits for the
    slowest.
    """
    rows, fullest, emptiest = spread.sum(axis=1), spread.max(axis=1), spread.min(axis=1)
    table = pd.DataFrame({"rows": rows, "fullest": fullest, "emptiest": emptiest})
    table["skew_rows"] = (fullest / emptiest.clip(lower=1)).where(spread.index != "ALL")
    table["work"] = fullest / (rows.min() / spread.shape[1])  # ALL has its plays several times
    return table.round(2)


def joins(plays: pd.DataFrame, dimensions: dict[str, pd.DataFrame], slices: int) -> pd.DataFrame:
    """How each candidate is joined with each dimension: columns `label` and `rows_moved`, by candidate and join.

    Rows that leave their slice, as EXPLAIN's label says; a broadcast is a copy to each other node. The fact is the
    outer table, as the larger one is. Redshift estimates bytes where this counts rows, and may choose otherwise.
    """
    _check(slices)
    lie = _lie(plays, slices)
    keys = dict.fromkeys((name, key) for name, key, _ in JOINS.values())
    inner = {key: slice_of(dimensions[name][key], slices) for name, key in keys}
    lines = []
    for candidate in CANDIDATES:
        for join, (_, key, is_all) in JOINS.items():
            label, moved = "DS_DIST_ALL_NONE", 0
            if not is_all:
                label, moved = _moved(candidate, key, lie, inner[key], slices)
            lines.append((candidate, join, label, int(moved)))
    return pd.DataFrame(lines, columns=["candidate", "join", "label", "rows_moved"]).set_index(["candidate", "join"])


def _moved(candidate: str, key: str, lie: dict, inner: np.ndarray, slices: int) -> tuple[str, int]:
    """The label and the rows moved for a dimension that lies by the key of the join."""
    if candidate == "ALL":
        return "DS_DIST_ALL_INNER", (inner != 0).sum()
    if CANDIDATES[candidate][0] == key:
        return "DS_DIST_NONE", 0
    other_nodes = -(-slices // SLICES_A_NODE) - 1
    outer = (lie[candidate] != lie[f"KEY({key})"]).sum()
    return min(("DS_BCAST_INNER", len(inner) * other_nodes), ("DS_DIST_OUTER", outer), key=lambda way: way[1])


def _lie(plays: pd.DataFrame, slices: int) -> dict[str, np.ndarray]:
    """Each play's slice, by candidate; ALL is none of them."""
    lie = {candidate: slice_of(plays[column], slices) for candidate, (_, column, _) in CANDIDATES.items() if column}
    return lie | {"EVEN": np.arange(len(plays)) % slices}


def _check(slices: int) -> None:
    if not isinstance(slices, int) or slices < 1:
        raise ValueError(f"slices is {slices!r}: a whole number from 1, such as 4 for two nodes of ra3.xlplus")


# --- Order ------------------------------------------------------------------------------------------------


def week(plays: pd.DataFrame, day: str = "") -> tuple[datetime, datetime]:
    """Begin and end (half open, UTC) of the week, from Monday, of a day such as 2018-11-14; "" is the middle play's."""
    first, last = plays["start_time"].min(), plays["start_time"].max()
    try:
        chosen = datetime.strptime(day, "%Y-%m-%d") if day else plays["start_time"].median().to_pydatetime()
    except ValueError:
        chosen = None
    if chosen is None or not first.date() <= chosen.date() <= last.date():
        raise ValueError(f"week is {day!r}: a day from {first:%Y-%m-%d} to {last:%Y-%m-%d}")
    begin = datetime(chosen.year, chosen.month, chosen.day) - timedelta(days=chosen.weekday())
    return begin, begin + timedelta(days=7)


def blocks(
    plays: pd.DataFrame, begin: datetime | int, end: datetime | int, rows_a_block: int = 0, column: str = "start_time"
) -> pd.DataFrame:
    """The blocks of a column and whether a query for begin <= column < end reads them; a row a block of each order.

    Columns `order` ("as they came" or "sorted by start_time"), `block` from 0, `first` and `last` (the least and the
    greatest value: the zone map) and `is_read`. A block of Redshift is 1 MB of one column, 131,072 timestamps; 0 rows
    makes 40 blocks of what there is. Each slice has its own; this is one.
    https://docs.aws.amazon.com/redshift/latest/dg/t_Sorting_data.html
    """
    if not isinstance(rows_a_block, int) or rows_a_block < 0:
        raise ValueError(f"rows_a_block is {rows_a_block!r}: a whole number from 1, or 0 for {BLOCKS} blocks")
    size = rows_a_block or max(1, -(-len(plays) // BLOCKS))
    in_order = plays.sort_values("start_time", kind="stable")
    tables = []
    for order, rows in {"as they came": plays, "sorted by start_time": in_order}.items():
        values = rows[column].reset_index(drop=True)
        zones = values.groupby(values.index // size).agg(first="min", last="max").rename_axis("block").reset_index()
        tables.append(zones.assign(order=order))
    table = pd.concat(tables, ignore_index=True)[["order", "block", "first", "last"]]
    return table.assign(is_read=(table["last"] >= begin) & (table["first"] < end))


def share_read(blocks: pd.DataFrame) -> pd.DataFrame:
    """How many blocks there are in each order, how many are read, and the share (0-1)."""
    return blocks.groupby("order", sort=False)["is_read"].agg(blocks="size", read="sum", share="mean").round(3)


# --- The same in the warehouse ----------------------------------------------------------------------------


def build(connection: Connection) -> None:
    """Make a table `lab_…` of each candidate, in one transaction; those of a lab that broke off are made anew."""
    with warehouse.transaction(connection):
        _drop(connection)
        for *_, table in CANDIDATES.values():
            warehouse.execute(connection, warehouse.statement(f"design/lab/{table}"))


def drop(connection: Connection) -> None:
    """Drop the tables of the lab, fine if there are none."""
    with warehouse.transaction(connection):
        _drop(connection)


def _drop(connection: Connection) -> None:
    for *_, table in CANDIDATES.values():
        warehouse.execute(connection, f"DROP TABLE IF EXISTS {table}")


def observed(connection: Connection, plays: pd.DataFrame, slices: int) -> pd.DataFrame:
    """What svv_table_info says of the tables that `build` made, a row a candidate, and the skew_rows `predicted`.

    `slices` is how many the cluster has; size is in blocks of 1 MB; only a table with a key has skew_rows. A superuser
    may read that view, and who is granted it: to others a warning says so, and only the prediction is there.
    https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_TABLE_INFO.html
    """
    table = pd.DataFrame({"table": [name for *_, name in CANDIDATES.values()]}, index=list(CANDIDATES))
    try:
        found = warehouse.frame(connection, warehouse.statement("design/observed"))
    except psycopg2.errors.InsufficientPrivilege:
        user = connection.info.user
        log.warning(
            '%s may not read svv_table_info: a superuser can GRANT SELECT ON svv_table_info TO "%s"', user, user
        )
        found = pd.DataFrame(columns=COLUMNS)
    else:
        if found.empty:
            raise LookupError("no lab_ table: run design.build(connection) first")
    found["skew_rows"] = found["skew_rows"].astype(float)
    table = table.rename_axis("candidate").join(found.set_index("table"), on="table")
    has_key = [key is not None for key, *_ in CANDIDATES.values()]
    return table.assign(predicted=skew(spread(plays, slices))["skew_rows"].reindex(table.index).where(has_key))


def labels() -> pd.DataFrame:
    """The labels that EXPLAIN on a cluster has at its joins, and what moves: one of two tables, outer and inner.

    https://docs.aws.amazon.com/redshift/latest/dg/c_data_redistribution.html
    """
    return pd.DataFrame({"what moves": LABELS}).rename_axis("label")


def plan_labels(plan: pd.DataFrame) -> str:
    """What the DS_ labels of an EXPLAIN say, a line each, the last join first; a plan of Postgres has none."""
    found = re.findall(r"\bDS_\w+", "\n".join(map(str, plan.to_numpy().ravel())))
    if not found:
        return "No DS_ label: Postgres, which stands in here, has no slices. On a cluster each join has one."
    return "\n".join(
        f"{label} moves {LABELS.get(label, 'what c_data_redistribution in the documentation says')}" for label in found
    )
