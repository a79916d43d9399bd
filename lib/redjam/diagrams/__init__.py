"""Diagrams of the warehouse, drawn from its SQL files, so that they stay true."""

from matplotlib.figure import Figure

from redjam import schema, staging, warehouse
from redjam.diagrams import star_schema, steps, tables, way

FOLDERS = ("copy", "stage", "load", "touched", "marts")  # of sql/, with what brings rows into tables


def star() -> Figure:
    """The star schema from sql/tables: the fact in the middle, a line for each declared foreign key."""
    facts, dimensions = (
        [tables.table(_text(f"tables/{name}")) for name in names] for names in (schema.FACTS, schema.DIMENSIONS)
    )
    return star_schema.draw(facts, dimensions)


def data_way() -> Figure:
    """The data's way from S3 to the marts: from which tables the content of each comes, as the SQL files say it.

    Temporary tables are followed through. A table that only says which rows to take gives no content: no arrow.
    """
    layers = [
        [setting.upper() for setting, _ in staging.SOURCES.values()],
        list(schema.STAGING),
        [*schema.DIMENSIONS, *schema.FACTS],
        list(schema.MARTS),
    ]
    done = load_steps()
    lasting = {*schema.TABLES, *(name for layer in layers for name in layer)}
    return way.draw(layers, way.flow(done, lasting), way.verbs(done))


def load_steps() -> list[steps.Step]:
    """What the statements of a load, and those of the marts, bring into which table, in their order."""
    found = (steps.step(_text(name)) for folder in FOLDERS for name in warehouse.names(folder))
    # A COPY's text does not say which files it reads: it gets their list.
    settings = {temporary: setting.upper() for setting, temporary in staging.SOURCES.values()}
    return [
        steps.Step(step.target, step.verb, frozenset({settings[step.target]}))
        if step.verb == "COPY" and step.target in settings
        else step
        for step in found
        if step
    ]


def _text(name: str) -> str:
    return (warehouse.SQL / f"{name}.sql").read_text(encoding="utf-8")
