"""The walkthrough runs whole, twice with the same end, each notebook alone too, and its reports show in a browser."""

import dataclasses
import html
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import nbformat
import pytest
from browser import check_pages

from redjam import analytics, config, etl, infrastructure, run, sample, schema, warehouse

ROOT = Path(__file__).parents[1]
NOTEBOOKS = ROOT / "notebooks"


@pytest.fixture(scope="module")
def walk(servers, tmp_path_factory) -> config.Settings:
    """Settings of the local target with a cluster of its own and a small sample."""
    folder = tmp_path_factory.mktemp("walk")
    sample.write(folder / "data", days=9, users=40, songs=80)
    file = folder / "dwh.cfg"
    file.write_text(
        "[CLUSTER]\nTARGET=local\nIDENTIFIER=walk\n[S3]\nLOG_DATA=data/log-data\n"
        f"LOG_JSON_PATH=data/log_json_path.json\nSONG_DATA=data/song-data\n[LOCAL]\nDIR={servers}\n"
    )
    return dataclasses.replace(config.load(file), root=ROOT)


@pytest.fixture(scope="module")
def index(walk, tmp_path_factory) -> Path:
    """The reports of a run of the whole series."""
    return run.run(walk, tmp_path_factory.mktemp("out"), {"top_n": "3"}, NOTEBOOKS)


def star(settings) -> dict:
    connection = warehouse.connect(settings, infrastructure.find_cluster(settings))
    tables = ("songs", "artists", "users", "time", "songplays")
    rows = {table: warehouse.frame(connection, f"SELECT * FROM {table}") for table in tables}
    connection.close()
    return {table: sorted(map(repr, frame.itertuples(index=False))) for table, frame in rows.items()}


def papermill(settings, name: str, out: Path, *parameters: str) -> subprocess.CompletedProcess:
    """Run one notebook as the README says, from the project's folder."""
    command = [sys.executable, "-m", "papermill", f"notebooks/{name}.ipynb", str(out), *parameters]
    environment = os.environ | {"REDJAM_CONFIG": str(settings.file)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_no_notebook_prints_a_warning_or_an_error(index):
    for path in sorted((index.parents[1] / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", ()):
                assert output.output_type != "error"
                assert output.get("name") != "stderr", (path.name, output.text)
                assert "Warning" not in output.get("text", ""), (path.name, output.text)


def test_the_reports_hold_the_answers(index, walk):
    pages = index.parent / "top_n-3"
    page = (pages / "04_analytics.html").read_text()
    connection = warehouse.connect(walk, infrastructure.find_cluster(walk))
    question = warehouse.statement("analytics/most_played_songs")
    begin, end = analytics.period(connection)
    top = warehouse.frame(connection, question, top_n=1, begin=begin, end=end).iloc[0]
    rules, counts = etl.check(connection)
    connection.close()
    said = f"is played most: {top.plays:,} times, by {top.listeners:,} listeners."
    assert said in page
    # The index has the findings and the reconciliation, too.
    front = index.read_text()
    assert said in front
    assert all(f">{count}</td>" in front for count in counts["read"])
    assert page.count("data:image/svg+xml") == 13
    loaded = (pages / "03_etl.html").read_text()
    assert counts["read"].max() > 100
    assert all(f">{count}</td>" in loaded for count in counts["read"])
    assert all(html.escape(rule, quote=False) in loaded for rule in rules.index)


def test_each_notebook_runs_alone_by_papermill_with_its_parameters_and_changes_nothing(walk, index, tmp_path):
    before = star(walk)
    assert len(before["songplays"]) > 100

    def ran(name: str, *parameters: str) -> list:
        done = papermill(walk, name, tmp_path / "out.ipynb", *parameters)
        assert done.returncode == 0, done.stderr[-2000:]
        return nbformat.read(tmp_path / "out.ipynb", as_version=4).cells

    def loaded(*parameters: str) -> str:
        days = [*("-p", "since", "2018-11-02"), *("-p", "until", "2018-11-03")]
        cells = ran("03_etl", *days, *parameters)
        outputs = next(cell for cell in cells if "print(run)" in cell.source).outputs
        # After the bars, which go to the same place.
        return "".join(output.text for output in outputs if output.name == "stdout").splitlines()[-1]

    ran("01_infrastructure")
    ran("02_schema")
    # The catalogue has no days, and so none of its 80 files is loaded again.
    assert loaded() == "nothing new, nothing read: 82 files unchanged"
    assert loaded("-p", "reload", "true").startswith("2 files loaded, 80 files unchanged; ")
    cells = ran("04_analytics", "-p", "top_n", "5", "-p", "since", "2018-11-03", "-p", "until", "2018-11-05")
    songs = next(cell for cell in cells if cell.source.startswith("songs.round")).outputs[0].data["text/html"]
    assert songs.count("<tr") == 1 + 5
    said = next(cell for cell in cells if "sentences.overview" in cell.source).outputs[0].text
    assert said.startswith("From 3 November 2018 to 5 November 2018 (UTC)")
    ran("05_design_lab", "-p", "slices", "6")
    ran("06_teardown")
    assert star(walk) == before


def test_a_query_that_fails_fails_the_headless_run(walk, index, tmp_path):
    book = nbformat.read(NOTEBOOKS / "04_analytics.ipynb", as_version=4)
    book.cells = [*book.cells[:4], nbformat.v4.new_code_cell("%%sql\nSELECT wrong FROM songplays")]
    nbformat.write(book, tmp_path / "01_broken.ipynb")
    with pytest.raises(run.RunError, match=r"01_broken\.ipynb.*wrong"):
        run.run(walk, tmp_path / "out", {}, tmp_path)


def test_before_the_others_each_notebook_says_which_to_run_first(walk, tmp_path, monkeypatch):
    nothing = tmp_path / "dwh.cfg"
    text = walk.file.read_text().replace("=walk", "=nothing")
    nothing.write_text(text.replace("=data/", f"={walk.file.parent}/data/"))
    monkeypatch.setenv("REDJAM_CONFIG", str(nothing))
    settings = config.load(nothing)

    def says(name: str) -> str:
        """What the setup cell raises, which is plain Python."""
        setup = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells[3].source
        with pytest.raises((infrastructure.NotBuilt, schema.NotReady)) as caught:
            exec(setup, {})
        return str(caught.value)

    assert all("01_infrastructure.ipynb" in says(name) for name in ("02_schema", "03_etl", "04_analytics"))
    cluster = infrastructure.build(settings)
    assert all("02_schema.ipynb" in says(name) for name in ("03_etl", "04_analytics", "05_design_lab"))
    with closing(warehouse.connect(settings, cluster)) as connection:
        schema.create(connection)
    assert all("03_etl.ipynb" in says(name) for name in ("04_analytics", "05_design_lab"))
    done = papermill(settings, "06_teardown", tmp_path / "out.ipynb", "-p", "delete", "true")
    assert done.returncode == 0, done.stderr[-2000:]
    # Role and group have the walkthrough's names only in part: the cluster is what must be gone.
    with pytest.raises(infrastructure.NotBuilt):
        infrastructure.find_cluster(settings)


def test_own_data_never_mixes_with_the_sample(servers, put, settings):
    defaults = config.load(servers / "dwh.cfg")
    if not defaults.sample_dir.exists():
        sample.write(defaults.sample_dir, days=2, users=5, songs=10)
    put([{}], [{}])
    for chosen, fresh in ((settings, True), (defaults, True), (settings, False)):
        cluster = infrastructure.build(chosen)
        with closing(warehouse.connect(chosen, cluster)) as connection:
            schema.create(connection, fresh)
            result = etl.run(connection, chosen, cluster.role_arn)
            _, counts = etl.check(connection)
    # Of the two files that came first, neither the rows nor the ledger met the sample's.
    assert (len(result.files), result.unchanged) == (0, 2)
    assert counts["read"].max() == counts["found"].max() == 1
    assert counts.loc[counts.index.str.startswith("events read"), "read"].tolist() == [1]


def test_the_real_data_gives_the_known_figures(real_data, servers, tmp_path):
    file = tmp_path / "dwh.cfg"
    file.write_text(
        f"[CLUSTER]\nTARGET=local\nIDENTIFIER=real\n[LOCAL]\nDIR={servers}\n[S3]\nLOG_DATA='{real_data}/log-data'\n"
        f"LOG_JSON_PATH='{real_data}/log_json_path.json'\nSONG_DATA='{real_data}/song-data'\n"
    )
    settings = config.load(file)
    cluster = infrastructure.build(settings)
    connection = warehouse.connect(settings, cluster)
    schema.create(connection)
    etl.run(connection, settings, cluster.role_arn)

    def count(query: str) -> int:
        return warehouse.frame(connection, query).iat[0, 0]

    assert count("SELECT COUNT(*) FROM staging_events") == 1882
    assert count("SELECT SUM(rows_read) FROM load_files WHERE table_name = 'staging_events'") == 1882
    assert count("SELECT COUNT(*) FROM load_files") == 10 + 71
    assert count("SELECT COUNT(*) FROM load_errors") == 0
    assert count("SELECT COUNT(*) FROM songplays") == 1594
    assert count("SELECT COUNT(*) FROM users") == 75
    assert count("SELECT COUNT(*) FROM time") == 1594
    assert count("SELECT COUNT(*) FROM songplays WHERE song_id IS NULL") == 0
    assert count("SELECT COUNT(*) FROM songplays WHERE level = 'free'") == 420
    assert count("SELECT COUNT(*) FROM songplays WHERE level = 'paid'") == 1174
    changed = "SELECT user_id FROM songplays GROUP BY user_id HAVING COUNT(DISTINCT level) > 1"
    assert count(f"SELECT COUNT(*) FROM ({changed}) AS changed") == 4
    assert count("SELECT COUNT(*) FROM staging_events WHERE user_id IS NULL") == 43
    assert count("SELECT COUNT(*) FROM songs WHERE is_inferred") == 1405
    assert count("SELECT COUNT(DISTINCT artist_id) FROM songplays") == 1087
    assert count("SELECT COUNT(*) FROM songs WHERE NOT is_inferred") == 71
    assert count("SELECT COUNT(*) FROM artists WHERE NOT is_inferred") == 69
    assert count("SELECT COUNT(*) FROM staging_events WHERE LEN(artist) = 89 AND OCTET_LENGTH(artist) = 101") == 2
    assert count("SELECT COUNT(*) FROM songplays p JOIN songs s ON s.song_id = p.song_id WHERE NOT s.is_inferred") == 0
    begin, end = analytics.period(connection)
    days = warehouse.frame(connection, warehouse.statement("analytics/plays_by_day"), begin=begin, end=end)
    assert [str(day)[:10] for day in days["day"]] == [f"2018-11-{day:02d}" for day in range(1, 11)]
    connection.close()


def test_the_reports_show_in_a_browser(index):
    # With axe where most of it would be seen; tests/test_reports.py has it in the dark, too.
    check_pages(index.parent, {(390, "light"): False, (1440, "light"): True, (390, "dark"): False})
