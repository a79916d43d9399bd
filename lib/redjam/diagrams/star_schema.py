"""The picture of the star schema."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from redjam.charts import look, text
from redjam.diagrams import page
from redjam.diagrams.page import MARGIN, Box
from redjam.diagrams.tables import Table, short_type

TITLE = "The star schema"
SIZE, ROW, HEAD = 10, 15.5, 22  # points: the letters, the height of a row and of a table's head
APART, TIERS, LANE = 34, 44, 9  # points: between tables side by side, between tiers, between lines side by side
COLOURS = {"fact": "#0072b2", "dimension": "#00704f"}
MARKS = {"DISTKEY": "#a34700", "SORTKEY": "#00704f"}
LINE = "#444444"


def draw(facts: list[Table], dimensions: list[Table]) -> Figure:
    """The facts in the middle, the dimensions above and below them, and a line for each foreign key."""
    order = [table for fact in facts for column in fact.columns for table, _ in [fact.references.get(column, ("", ""))]]
    around = sorted(dimensions, key=lambda one: order.index(one.name) if one.name in order else len(order))
    half = (len(around) + 1) // 2
    tiers = [tier for tier in (around[:half], facts, around[half:]) if tier]
    every = [table for tier in tiers for table in tier]
    parts = _parts(every)
    width = sum(parts) + 2 * 8
    whole = max(len(tier) for tier in tiers) * (width + APART) - APART + 2 * MARGIN
    heights = [max(HEAD + ROW * len(table.columns) + 4 for table in tier) for tier in tiers]
    height = 44 + sum(heights) + TIERS * (len(tiers) - 1) + MARGIN
    axes = page.page(TITLE, whole, height)
    boxes, top = {}, height - 44
    for tier, high in zip(tiers, heights, strict=True):
        left = MARGIN if len(tier) > 1 else (whole - width) / 2
        step = (whole - 2 * MARGIN - len(tier) * width) / max(len(tier) - 1, 1)
        for table in tier:
            kind = "fact" if table in facts else "dimension"
            tall = HEAD + ROW * len(table.columns) + 4
            # A shorter table stands nearer to the middle.
            low = top - high if tier is tiers[0] else top - tall
            boxes[table.name] = _table(axes, table, kind, Box(left, low, width, tall), parts)
            left += width + step
        top -= high + TIERS
    lanes, named = {}, {table.name: table for table in every}
    for table in every:
        for column, (other, _) in table.references.items():
            if other in boxes:
                # The lines between dimensions keep apart from those of a fact.
                _line(axes, table, column, boxes, named[other], lanes, 0.5 if table in facts else 0.25)
    look.say(axes.figure, TITLE, "tables with their keys", [_said(table, table in facts) for table in facts + around])
    return axes.figure


def _parts(tables: list[Table]) -> list[float]:
    """The widths of names, types and marks, the same in all tables."""
    rows = [
        (column, short_type(type_), table.marks(column)) for table in tables for column, type_ in table.columns.items()
    ]
    names, types = (max(text.width(row[part], SIZE) for row in rows) + 10 for part in (0, 1))
    return [names, types, max(text.width(" ".join(marks), SIZE) * 1.1 for *_, marks in rows)]


def _table(axes: Axes, table: Table, kind: str, box: Box, parts: list[float]) -> Box:
    page.box(axes, box.x, box.y, box.width, box.height)
    page.stripe(axes, box.x, box.y + box.height - HEAD, box.width, HEAD, COLOURS[kind])
    middle = box.y + box.height - HEAD / 2
    page.words(axes, box.x + 8, middle, table.name, color="white", weight="bold")
    right = box.x + box.width - 8
    page.words(axes, right, middle, f"{kind}, DISTSTYLE {table.diststyle}", SIZE, "white", ha="right")
    for column, type_ in table.columns.items():
        y = _row(table, column, box)
        marks = table.marks(column)
        page.words(axes, box.x + 8, y, column, SIZE, weight="bold" if "PK" in marks else "normal")
        page.words(axes, box.x + 8 + parts[0], y, short_type(type_), SIZE, "#555555")
        place = right
        for mark in reversed(marks):
            page.words(axes, place, y, mark, SIZE, MARKS.get(mark.split()[0], page.INK), ha="right", weight="bold")
            place -= text.width(f"{mark} ", SIZE) * 1.12
    return box


def _row(table: Table, column: str, box: Box) -> float:
    """The height of a column's row on the page."""
    return box.y + box.height - HEAD - ROW * (list(table.columns).index(column) + 0.5) - 1


def _line(
    axes: Axes, table: Table, column: str, boxes: dict[str, Box], other: Table, lanes: dict[tuple, int], part: float
) -> None:
    """A line from a foreign key's row to the table that it refers to, by lanes at that part of the free space."""
    start, end = boxes[table.name], boxes[other.name]
    y = _row(table, column, start)
    to_right = end.x + end.width / 2 >= start.x + start.width / 2
    side = start.x + start.width if to_right else start.x
    if start.y < end.y + end.height and end.y < start.y + start.height:  # side by side
        lane, goal = (
            (side + (end.x if to_right else end.x + end.width)) / 2,
            _row(other, table.references[column][1], end),
        )
        page.path(axes, [(side, y), (lane, y), (lane, goal), (end.x if to_right else end.x + end.width, goal)], LINE)
        return
    is_up = end.y > start.y
    number = lanes[to_right, is_up] = lanes.get((to_right, is_up), 0) + 1
    lane = side + (1 if to_right else -1) * (APART * part + LANE * (number - 1))
    edge = end.y if is_up else end.y + end.height
    points = [(side, y), (lane, y), (lane, edge)]
    if not end.x < lane < end.x + end.width:
        between, middle = edge + (-TIERS if is_up else TIERS) * part, end.x + end.width / 2
        points[2:] = [(lane, between), (middle, between), (middle, edge)]
    page.path(axes, points, LINE)


def _said(table: Table, is_fact: bool) -> str:
    said = f"{'fact' if is_fact else 'dimension'} {table.name}, {len(table.columns)} columns, "
    said += f"key {', '.join(table.primary_key) or 'none'}, DISTSTYLE {table.diststyle}"
    said += f", DISTKEY {table.distkey}" if table.distkey else ""
    said += f", SORTKEY {', '.join(table.sortkey)}" if table.sortkey else ""
    return said + "".join(f", {column} to {other}" for column, (other, _) in table.references.items())
