"""The data's way: which table's content comes from which, and its picture."""

from collections.abc import Iterable
from itertools import pairwise

from matplotlib.figure import Figure

from redjam.charts import look, text
from redjam.diagrams import page
from redjam.diagrams.steps import Step

TITLE = "The data's way"
HEADS = ("JSON files on S3", "staging", "star", "marts")
HEIGHT, GAP_BETWEEN, WAY = 40, 16, 56  # points: of a box, between two boxes, between two layers
LOOKS = (("#0072b2", "-"), ("#b34f00", (0, (5, 2))), ("#00704f", (0, (1, 1.5))), ("#555555", "-."))


def flow(steps: Iterable[Step], lasting: Iterable[str]) -> set[tuple[str, str]]:
    """From which to which of the lasting tables content goes, temporary ones followed through; none to itself."""
    steps, lasting = list(steps), set(lasting)

    def origins(source: str, seen: frozenset[str]) -> set[str]:
        if source in lasting:
            return {source}
        if source in seen:
            return set()
        into = [step for step in steps if step.target == source]
        if not into:
            raise ValueError(f"sql reads from {source}, into which nothing is written")
        return {table for step in into for each in step.sources for table in origins(each, seen | {source})}

    found = {
        (origin, step.target)
        for step in steps
        if step.target in lasting
        for source in step.sources
        for origin in origins(source, frozenset())
    }
    return {(source, target) for source, target in found if source != target}


def verbs(steps: Iterable[Step]) -> dict[str, list[str]]:
    """By which statements each table gets its rows, a COPY into the temporary table before it among them."""
    steps, found = list(steps), {}
    copied = {step.target for step in steps if step.verb == "COPY"}
    for step in steps:
        named = found.setdefault(step.target, [])
        for verb in (["COPY"] if step.sources & copied else []) + [step.verb]:
            if verb not in named:
                named.append(verb)
    return found


def draw(layers: list[list[str]], edges: set[tuple[str, str]], verbs: dict[str, list[str]]) -> Figure:
    """Boxes in a column a layer, and an arrow for each edge from one layer to the next."""
    layers = _in_order(layers, edges)
    shown = [
        [edge for edge in ((a, b) for a in left for b in right) if edge in edges] for left, right in pairwise(layers)
    ]
    notes = {name: ", ".join(verbs.get(name, [])).lower() for layer in layers for name in layer}
    widths = [max(text.width(each) for name in layer for each in (f"{name}mm", notes[name])) + 14 for layer in layers]
    height = max(len(layer) * (HEIGHT + GAP_BETWEEN) for layer in layers) + 70
    axes = page.page(TITLE, sum(widths) + WAY * (len(layers) - 1) + 2 * page.MARGIN, height)
    boxes, left = {}, page.MARGIN
    for layer, width, head in zip(layers, widths, HEADS, strict=True):
        page.words(axes, left + width / 2, height - 48, head, ha="center", color="#555555")
        room = (height - 70) / len(layer)
        for number, name in enumerate(layer):
            middle = height - 62 - room * (number + 0.5)
            boxes[name] = page.box(axes, left, middle - HEIGHT / 2, width, HEIGHT)
            page.words(axes, left + width / 2, middle + (8 if notes[name] else 0), name, ha="center", weight="bold")
            page.words(axes, left + width / 2, middle - 9, notes[name], ha="center", color="#555555", size=10)
        left += width + WAY
    for pairs in shown:
        sources = list(dict.fromkeys(source for source, _ in pairs))
        for source, target in pairs:
            colour, line = LOOKS[sources.index(source) % len(LOOKS)]
            start = boxes[source].right(_share(pairs, 0, (source, target)))
            end = boxes[target].left(_share(pairs, 1, (source, target)))
            page.arrow(axes, start, end, colour, line)
    goals = {}
    for source, target in (pair for pairs in shown for pair in pairs):
        goals.setdefault(source, []).append(target)
    said = [f"{source} to {', '.join(targets)}" for source, targets in goals.items()]
    look.say(axes.figure, TITLE, "arrows from where the content of a table comes", said)
    return axes.figure


def _in_order(layers: list[list[str]], edges: set[tuple[str, str]]) -> list[list[str]]:
    """Each layer's tables by where their arrows come from, so that few cross."""
    ordered = layers[:1]
    for layer in layers[1:]:
        places = {name: place for place, name in enumerate(ordered[-1])}
        come = {name: [places[a] for a, b in edges if b == name and a in places] or [0] for name in layer}
        middles = {name: sum(of) / len(of) for name, of in come.items()}
        ordered.append(sorted(layer, key=middles.get))
    return ordered


def _share(pairs: list[tuple[str, str]], side: int, edge: tuple[str, str]) -> float:
    """How far up its box's side, from 0 to 1, an arrow begins or ends, so that several stay apart."""
    here = [pair for pair in pairs if pair[side] == edge[side]]
    return 1 - (here.index(edge) + 0.5) / len(here)
