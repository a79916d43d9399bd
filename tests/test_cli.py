"""The command line: the rooms behind it are replaced by recorders, the statements of `sql` run on a real Postgres."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pandas as pd
import psutil
import pytest
from conftest import state_folder
from test_run import settings_in, wait_for, write

from redjam import __main__ as cli
from redjam import (
    access,
    config,
    cost,
    doctor,
    etl,
    infrastructure,
    ledger,
    local,
    run,
    sample,
    schema,
    selection,
    sources,
    warehouse,
)
from redjam.local import postgres as embedded
from redjam.local import processes, services

CLUSTER = infrastructure.Cluster("redjam", "available", "127.0.0.1", 5439, "dwh", "awsuser", "arn:x", "1 x ra3.large")
TYPES = """
    SELECT 1::bigint AS whole, 1234567890.123456789::numeric AS exact, 0.1::float8 AS float, true AS yes,
           timestamp '2018-11-01 21:01:46.796' AS at, date '2018-11-01' AS day, 'Björk, "坂本"' AS text, '' AS empty,
           NULL::bigint AS nothing
    UNION ALL
    SELECT NULL, NULL, 'NaN', NULL, NULL, NULL, NULL, NULL, 9007199254740993
"""


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project's folder with a dwh.cfg, where the command is given."""
    settings_in(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REDJAM_CONFIG", raising=False)
    return tmp_path


@pytest.fixture
def database(project, servers, postgres, monkeypatch) -> list:
    """The project's warehouse is a fresh Postgres database; the connections that were opened to it."""
    opened = []

    def connect(settings, cluster):
        assert cluster is CLUSTER
        opened.append(embedded.connect(servers, dbname=postgres.info.dbname))
        opened[-1].autocommit = True
        return opened[-1]

    monkeypatch.setattr(infrastructure, "find_cluster", lambda settings: CLUSTER)
    monkeypatch.setattr(warehouse, "connect", connect)
    return opened


def recorder(monkeypatch, room, name: str, answer=None) -> list:
    """Replace a function by one that notes what it was given and gives this answer, or raises it."""
    calls = []

    def record(*given, **named):
        calls.append((*given, named) if named else given)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    monkeypatch.setattr(room, name, record)
    return calls


# --- Each command calls its room --------------------------------------------------------------------------


def test_run_gives_folder_and_parameters_on(project, monkeypatch, capsys):
    calls = recorder(monkeypatch, run, "run", project / "out/reports/index.html")
    assert cli.main(["run", "-p", "top_n", "5", "-p", "offset", "-3"]) == 0
    assert cli.main(["run", "--out", "elsewhere"]) == 0
    settings = config.load()
    assert calls == [
        (settings, project / "out", {"top_n": "5", "offset": "-3"}, project / "notebooks", False),
        (settings, Path("elsewhere"), {}, project / "notebooks", False),
    ]
    assert capsys.readouterr().out.splitlines()[0] == f"reports: {project}/out/reports/index.html"


def test_build_says_where_the_cluster_is(project, monkeypatch, capsys):
    calls = recorder(monkeypatch, infrastructure, "build", CLUSTER)
    assert cli.main(["build"]) == 0
    assert calls == [(config.load(),)]
    assert capsys.readouterr().out == "cluster redjam is available: 127.0.0.1:5439/dwh\n"


COLUMNS = ["kind", "name", "state", "detail"]


def inventories(monkeypatch, *found: list[tuple]) -> None:
    """What the inventory has, the first time it is asked, the second, and so on."""
    frames = iter([pd.DataFrame(rows, columns=COLUMNS) for rows in found])
    monkeypatch.setattr(infrastructure, "inventory", lambda settings: next(frames))


def test_delete_says_what_it_deleted_and_what_is_left(project, monkeypatch, capsys):
    cluster, role = ("cluster", "redjam", "available", ""), ("role", "redjam-redshift-s3", "exists", "")
    snapshot = ("snapshot", "redjam-1", "available", "12 MB")
    calls = recorder(monkeypatch, infrastructure, "delete")
    inventories(monkeypatch, [cluster, role], [])
    assert cli.main(["delete"]) == 0
    assert capsys.readouterr().out == "deleted: cluster redjam\ndeleted: role redjam-redshift-s3\nnothing is left\n"
    inventories(monkeypatch, [], [])
    assert cli.main(["delete", "--snapshots"]) == 0
    assert capsys.readouterr().out == "there was nothing to delete\n"
    inventories(monkeypatch, [cluster], [snapshot])
    assert cli.main(["delete", "--keep-snapshot"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["deleted: cluster redjam", "left:"]
    assert lines[3].split() == ["snapshot", "redjam-1", "available", "12", "MB"]
    settings = config.load()
    assert calls == [(settings, False, False), (settings, False, True), (settings, True, False)]


def test_pause_and_resume(project, monkeypatch, capsys):
    paused = recorder(monkeypatch, infrastructure, "pause")
    resumed = recorder(monkeypatch, infrastructure, "resume", CLUSTER)
    assert (cli.main(["pause"]), cli.main(["resume"])) == (0, 0)
    assert paused == resumed == [(config.load(),)]
    assert capsys.readouterr().out == "cluster redjam is available: 127.0.0.1:5439/dwh\n"


@pytest.mark.parametrize("state", ["ok", "wrong"])
def test_doctor_prints_a_line_a_check_and_fails_if_one_went_wrong(project, monkeypatch, capsys, state):
    checks = [doctor.Check("settings", "ok", "dwh.cfg"), doctor.Check("address", state, "203.0.113.7")]
    recorder(monkeypatch, doctor, "examine", iter(checks))
    assert cli.main(["doctor"]) == (state == "wrong")
    said = capsys.readouterr()
    assert said.out.splitlines() == [str(check) for check in checks]
    assert said.err == ("redjam: 1 check went wrong: the first of them first\n" if state == "wrong" else "")


def test_status_does_not_start_the_stand_in(project, capsys):
    assert cli.main(["status"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["target: local", f"settings: {project / 'dwh.cfg'}"]
    assert any(line.startswith("cluster: unknown") for line in lines)
    assert {state for _, state in local.status(config.load())} == {"stopped"}


def test_status_shows_services_and_inventory(project, monkeypatch, capsys):
    recorder(monkeypatch, local, "status", [("Postgres", "stopped"), ("AWS (moto)", "running on http://x")])
    inventories(monkeypatch, [("cluster", "redjam", "available", "1 x ra3.large")])
    recorder(monkeypatch, cost, "so_far", ["$1.23 so far"])
    assert cli.main(["status"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:4] == ["Postgres: stopped", "AWS (moto): running on http://x"]
    assert lines[5].split() == ["cluster", "redjam", "available", "1", "x", "ra3.large"]
    assert lines[6:] == ["$1.23 so far"]


@pytest.mark.parametrize("fresh", [False, True])
def test_create_tables_drops_only_when_told(database, monkeypatch, capsys, fresh):
    calls = []
    monkeypatch.setattr(schema, "create", lambda connection, fresh: calls.append(fresh))
    monkeypatch.setattr(schema, "describe", lambda connection: pd.DataFrame())
    rights = pd.DataFrame({"may read": [True, False]}, index=["songs", "load_errors"])
    monkeypatch.setattr(access, "ensure_analyst", lambda connection, settings: rights)
    assert cli.main(["create-tables", *(["--fresh"] if fresh else [])]) == 0
    assert calls == [fresh]
    assert capsys.readouterr().out.splitlines()[-1] == "user analyst may read: songs"


FILES = pd.DataFrame(
    [("staging_events", "a.json", 1888, 1882, 6)],
    columns=["table_name", "uri", "rows_read", "rows_loaded", "rows_rejected"],
)
COUNTS = pd.DataFrame({"read": [1594], "found": [1594]}, index=pd.Index(["plays"], name="what"))


def test_etl_loads_with_the_role_of_the_cluster(database, monkeypatch, capsys):
    calls = recorder(monkeypatch, etl, "run", etl.Run("7-a1", 2, FILES, pd.DataFrame(), COUNTS))
    assert cli.main(["etl"]) == 0
    assert calls == [(database[0], config.load(), "arn:x", "", "", False)]
    assert database[0].closed
    first, *counts = capsys.readouterr().out.splitlines()
    assert first == "run 7-a1: 1 file loaded, 2 files unchanged; 1,888 rows read, 1,882 loaded, 6 rejected"
    assert [line.split() for line in counts] == [["read", "found"], ["what"], ["plays", "1594", "1594"]]


def test_etl_with_nothing_new_says_only_that(database, monkeypatch, capsys):
    nothing = pd.DataFrame()
    recorder(monkeypatch, etl, "run", etl.Run("7-a1", 1, FILES[:0], nothing, nothing))
    assert cli.main(["etl"]) == 0
    assert capsys.readouterr().out == "run 7-a1: nothing new, nothing read: 1 file unchanged\n"


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        (["--since", "2018-11-02"], ("2018-11-02", "", False)),
        (["--until", "2018-11-03", "--reload"], ("", "2018-11-03", True)),
        (["--since", "2018-11-02", "--until", "2018-11-03"], ("2018-11-02", "2018-11-03", False)),
    ],
)
def test_etl_gives_days_and_reload_on(database, monkeypatch, arguments, given):
    calls = recorder(monkeypatch, etl, "run", etl.Run("7-a1", 0, FILES, pd.DataFrame(), COUNTS))
    assert cli.main(["etl", *arguments]) == 0
    assert calls == [(database[0], config.load(), "arn:x", *given)]


def test_history_shows_the_runs(database, monkeypatch, capsys):
    required = recorder(monkeypatch, schema, "require")
    rows = {"state": ["failed", "done"], "rows_in": ["", 1882]}
    runs = pd.DataFrame(rows, index=pd.Index(["7-b2", "7-a1"], name="run_id"))
    calls = recorder(monkeypatch, ledger, "history", runs)
    assert cli.main(["history"]) == 0
    assert calls == required == [(database[0],)]
    assert database[0].closed
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["state", "rows_in"],
        ["run_id"],
        ["7-b2", "failed"],
        ["7-a1", "done", "1882"],
    ]
    recorder(monkeypatch, ledger, "history", runs[:0])
    assert cli.main(["history"]) == 0
    assert capsys.readouterr().out == "nothing was run yet\n"


def test_history_tells_of_a_first_run_that_was_killed(settings, connection, capsys):
    killed = {"run_id": "7-a1", "step": "etl", "started_at": ledger.now(), "state": "running", "session": 0}
    warehouse.insert(connection, "etl_runs", [killed])
    assert cli.main(["--config", str(settings.file), "history"]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("7-a1 ")
    assert line.split()[-1] == "interrupted"


def test_check_counts_the_rules_and_shows_the_counts(database, monkeypatch, capsys):
    calls = recorder(monkeypatch, etl, "check", (pd.DataFrame(index=["one", "two", "three"]), COUNTS))
    assert cli.main(["check"]) == 0
    assert calls == [(database[0],)]
    assert database[0].closed
    assert capsys.readouterr().out == f"3 rules hold\n{COUNTS.to_string()}\n"


def test_sample_passes_on_only_what_was_given(project, monkeypatch):
    calls = recorder(monkeypatch, sample, "write")
    assert cli.main(["sample", "--out", "data"]) == 0
    assert cli.main(["sample", "--out", "data", "--days", "3", "--seed", "0", "--start", "2018-11-05"]) == 0
    assert calls == [(Path("data"),), (Path("data"), {"days": 3, "seed": 0, "start": "2018-11-05"})]


def test_stop_names_what_ran(project, monkeypatch, capsys):
    recorder(monkeypatch, local, "stop", ["Postgres"])
    assert cli.main(["stop"]) == 0
    recorder(monkeypatch, local, "stop", [])
    assert cli.main(["stop"]) == 0
    assert capsys.readouterr().out == "Postgres\nnothing was running\n"


def test_stop_minds_no_other_setting(project, monkeypatch, capsys):
    calls = recorder(monkeypatch, local, "stop", ["Postgres"])
    (project / "dwh.cfg").write_text("[CLUSTER]\nPORT=abc\n")
    assert cli.main(["stop"]) == 0
    assert [settings.local_dir for (settings,) in calls] == [project / ".redjam"]
    out, err = capsys.readouterr()
    assert out == "Postgres\n"
    assert err.startswith("redjam: dwh.cfg: [CLUSTER] PORT is 'abc' (line 2)")
    assert err.endswith(f"so this stops the servers of {project}/.redjam and of no other folder\n")
    # Whoever names a file means the folder that it names, and no other.
    assert cli.main(["--config", "dwh.cfg", "stop"]) == 1
    assert len(calls) == 1


@pytest.fixture
def cloned() -> Iterator[Path]:
    """A project's folder with a wrong dwh.cfg, no .venv, and a server that runs."""
    with state_folder(".redjam") as state:
        shutil.copy(Path(__file__).parents[1] / "Makefile", state.parent)
        (state.parent / config.EXAMPLE).touch()
        (state.parent / "dwh.cfg").write_text("[CLUSTER]\nPORT=abc\n")
        for name in ("lib", "tests", "notebooks", "out"):
            (state.parent / name).mkdir()
        services.aws(state)
        yield state.parent


def make_clean(folder: Path, python: str) -> subprocess.CompletedProcess:
    left_out = ("REDJAM_CONFIG", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")  # the last three: `make test` runs this test
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    command = ["make", "clean", f"PYTHON={python}"]
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)


def test_clean_stops_the_servers_before_it_removes_their_folder(cloned):
    server = psutil.Process(int((cloned / ".redjam/aws.pid").read_text().split()[0]))
    done = make_clean(cloned, sys.executable)
    assert (done.returncode, done.stdout) == (0, "AWS (moto)\n")
    assert "PORT is 'abc'" in done.stderr
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE
    assert not (cloned / ".redjam").exists()
    assert not (cloned / "out").exists()


def test_clean_removes_nothing_while_servers_may_run(cloned):
    done = make_clean(cloned, "false")
    assert done.returncode == 2
    assert "nothing was removed" in done.stderr
    assert dict(services.status(cloned / ".redjam"))["AWS (moto)"].startswith("running")
    assert (cloned / "out").exists()


def test_config_stands_before_the_command(project, monkeypatch, tmp_path_factory):
    calls = recorder(monkeypatch, local, "stop", [])
    other = tmp_path_factory.mktemp("other") / "mine.cfg"
    other.write_text("[CLUSTER]\nTARGET=local\nDBNAME=other\n")
    assert cli.main(["--config", str(other), "stop"]) == 0
    assert (calls[0][0].file, calls[0][0].dbname) == (other, "other")


def test_the_commands_one_after_the_other_without_recorders(settings, put, capsys):
    # A cluster and a role of its own: the other tests' must not be deleted.
    own = "[CLUSTER]\nIDENTIFIER=commands\nIAM_ROLE_NAME=commands"
    settings.file.write_text(settings.file.read_text().replace("[CLUSTER]", own))
    settings = config.load(settings.file)
    put([{}, {"page": "Home"}], [{}])

    def said(*arguments: str) -> str:
        assert cli.main(["--config", str(settings.file), *arguments]) == 0
        return capsys.readouterr().out

    assert f"cluster {settings.identifier} is available: " in said("build")
    assert "songplays" in said("create-tables", "--fresh")
    assert said("history") == "nothing was run yet\n"
    run_id = said("etl").removeprefix("run ").partition(": ")[0]
    assert ": nothing new, nothing read: 2 files unchanged\n" in said("etl")
    assert ": 2 files loaded, 0 files unchanged; 3 rows read, 3 loaded, 0 rejected\n" in said("etl", "--reload")
    assert cli.main(["--config", str(settings.file), "etl", "--since", "2018-11-31"]) == 1
    assert capsys.readouterr() == ("", "redjam: since is '2018-11-31': write a day such as 2018-11-02\n")
    assert cli.main(["--config", str(settings.file), "etl", "--since", "2018-11-02"]) == 1
    assert capsys.readouterr().err.startswith(f"redjam: {settings.log_data}/events.json has no date in its name")
    history = said("history").splitlines()
    assert [line.split()[0] for line in history[1:2] + history[-1:]] == ["run_id", run_id]
    assert [" done " in line for line in history[2:]] == [False, True, True, True]
    assert f"{len(warehouse.names('checks'))} rules hold\n" in said("check")
    assert said("sql", "SELECT COUNT(*) AS plays FROM songplays", "--format", "csv").endswith("plays\n1\n")
    assert f"{settings.identifier} available" in said("status")
    assert f"deleted: cluster {settings.identifier}\n" in said("delete")
    assert cli.main(["--config", str(settings.file), "etl"]) == 1
    assert capsys.readouterr().err.startswith(f"redjam: no cluster '{settings.identifier}'")


# --- sql --------------------------------------------------------------------------------------------------


def test_sql_as_csv_is_exact(database, capfd):
    assert cli.main(["sql", "--format", "csv", TYPES]) == 0
    names, first, second = csv.reader(io.StringIO(capfd.readouterr().out))
    assert names == ["whole", "exact", "float", "yes", "at", "day", "text", "empty", "nothing"]
    assert first[:4] == ["1", "1234567890.123456789", "0.1", "true"]
    assert first[4:] == ["2018-11-01T21:01:46.796000", "2018-11-01", 'Björk, "坂本"', "", ""]
    assert second == ["", "", "nan", "", "", "", "", "", "9007199254740993"]


def test_sql_as_json_is_exact(database, capfd):
    assert cli.main(["sql", TYPES, "--format", "json"]) == 0
    text = capfd.readouterr().out
    first, second = json.loads(text, parse_float=Decimal)
    assert "坂本" in text
    assert first == {
        "whole": 1,
        "exact": Decimal("1234567890.123456789"),
        "float": Decimal("0.1"),
        "yes": True,
        "at": "2018-11-01T21:01:46.796000",
        "day": "2018-11-01",
        "text": 'Björk, "坂本"',
        "empty": "",
        "nothing": None,
    }
    assert second == dict.fromkeys(first) | {"float": "nan", "nothing": 9007199254740993}


def test_sql_as_a_table_counts_its_rows(database, capfd):
    assert cli.main(["sql", "SELECT 7 AS lucky UNION ALL SELECT NULL ORDER BY 1"]) == 0
    assert [line.split() for line in capfd.readouterr().out.splitlines()] == [
        ["lucky"],
        ["7"],
        ["NULL"],
        ["(2", "rows)"],
    ]
    assert cli.main(["sql", "SELECT 1 AS a, 2 AS a"]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "(1 row)"
    assert cli.main(["sql", "SELECT 1 AS a, 'x' AS b WHERE false"]) == 0
    assert capfd.readouterr().out == "a b\n(0 rows)\n"


@pytest.mark.parametrize(("name", "nothing"), [("csv", "a\n"), ("json", "[]\n")])
def test_sql_without_rows(database, capfd, name, nothing):
    assert cli.main(["sql", "SELECT 1 AS a WHERE false", "--format", name]) == 0
    assert capfd.readouterr().out == nothing


def test_sql_takes_percent_colon_and_standard_input(database, capfd, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("SELECT '50% :x' LIKE '50\\%%' AS yes"))
    assert cli.main(["sql", "-", "--format", "json"]) == 0
    assert capfd.readouterr().out == '[{"yes": true}]\n'


def test_sql_counts_the_rows_that_a_statement_changed(database, capsys):
    for statement in ("CREATE TABLE t (n int)", "INSERT INTO t VALUES (1), (2)", "DELETE FROM t WHERE n = 1"):
        assert cli.main(["sql", statement]) == 0
    assert capsys.readouterr().out == "done\n2 rows affected\n1 row affected\n"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT nothing FROM nowhere", 'relation "nowhere" does not exist'),
        ("SELECT LEN(1, 2)", "function len(integer, integer) does not exist; Cast the values to types that it takes"),
        (
            "CREATE TEMP TABLE t (a VARCHAR(3)); INSERT INTO t VALUES ('éé')",
            "value too long for type character varying",
        ),
    ],
)
def test_sql_says_what_is_wrong_without_the_statement_that_was_typed(settings, connection, capsys, query, says):
    assert cli.main(["--config", str(settings.file), "sql", query]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"redjam: {says}")
    assert "LINE 1" not in error
    assert error.count("\n") == 1


def test_sql_into_a_closed_pipe_is_quiet(project, servers):
    program = f"""
import sys
from pathlib import Path
from redjam import __main__ as cli, infrastructure, selection, warehouse
from redjam.local import postgres
infrastructure.find_cluster = lambda settings: None
warehouse.connect = lambda settings, cluster: postgres.connect(Path({str(servers)!r}))
sys.exit(cli.main(["sql", "SELECT generate_series(1, 100000) AS n", "--format", "csv"]))
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"n\n"
    process.stdout.close()
    assert (process.stderr.read(), process.wait()) == (b"", 141)


def test_a_check_that_fails_is_told_in_one_block(put, settings, connection, capsys):
    put([{"itemInSession": 3}, {"itemInSession": 3, "song": "Another"}], [{}])
    before = warehouse.frame(connection, "SELECT COUNT(*) FROM staging_events").iat[0, 0]
    assert cli.main(["--config", str(settings.file), "etl"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("redjam: sql/checks/")
    assert "Staged plays with one key are the same play" in err
    names, *rows = [line.split() for line in err.splitlines() if line.split()[-1] in ("level", "free")]
    assert names == ["uri", "user_id", "session_id", "item_in_session", "ts", "song", "artist", "level"]
    assert [row[:4] for row in rows] == [[f"{settings.log_data}/events.json", "1", "1", "3"]] * 2
    assert [" Another " in err, " First Song " in err] == [True, True]
    assert "Traceback" not in err
    assert "CheckFailed" not in err
    assert warehouse.frame(connection, "SELECT COUNT(*) FROM staging_events").iat[0, 0] == before


# --- Errors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (config.SettingError("dwh.cfg: [CLUSTER] PORT is 'abc'"), "dwh.cfg: [CLUSTER] PORT is 'abc'"),
        (infrastructure.NotBuilt("no cluster 'redjam'"), "no cluster 'redjam'"),
        (infrastructure.AWSError("the credentials have expired"), "the credentials have expired"),
        (etl.CheckFailed("unique: 3 rows"), "unique: 3 rows"),
        (selection.WrongDays("since is '3': write a day"), "since is '3': write a day"),
        (sources.SourceError("there is no file at x"), "there is no file at x"),
        (run.RunError("01_a.ipynb failed"), "01_a.ipynb failed"),
        (processes.StandInError("moto did not start"), "moto did not start"),
        (
            schema.NotReady("no table songs: run notebooks/02_schema.ipynb first"),
            "no table songs: run notebooks/02_schema.ipynb first",
        ),
        (FileExistsError(17, "File exists", "out"), "[Errno 17] File exists: 'out'"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_for_the_user_is_one_line(project, monkeypatch, capsys, error, line):
    recorder(monkeypatch, infrastructure, "build", error)
    assert cli.main(["build"]) == 1
    assert capsys.readouterr() == ("", f"redjam: {line}\n")


def test_any_other_error_keeps_its_traceback(project, monkeypatch):
    for error in (ValueError("a bug"), KeyError("a bug"), FileNotFoundError("a bug")):
        recorder(monkeypatch, infrastructure, "build", error)
        with pytest.raises(type(error)):
            cli.main(["build"])


def test_a_database_error_is_one_line(database, capsys):
    assert cli.main(["sql", "SELECT * FROM nothing"]) == 1
    assert capsys.readouterr() == ("", 'redjam: relation "nothing" does not exist\n')


def test_a_wrong_value_for_the_sample_is_one_line(project, monkeypatch, capsys):
    recorder(monkeypatch, sample, "write", ValueError("days is 0: at least 1"))
    assert cli.main(["sample", "--out", "data", "--days", "0"]) == 1
    assert capsys.readouterr().err == "redjam: days is 0: at least 1\n"


@pytest.mark.parametrize(
    "arguments", [[], ["fly"], ["run", "-p", "top_n"], ["sample"], ["sql"], ["sample", "--days", "x"]]
)
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert "usage: redjam" in capsys.readouterr().err


def test_ctrl_c_ends_the_run_its_kernel_and_nothing_else(project):
    write(
        project / "notebooks/01_a.ipynb",
        # In one cell: an interrupt between two is another matter.
        ["import os, pathlib, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(60)"],
    )
    command = [sys.executable, "-m", "redjam", "run"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    pid = project / "notebooks/pid"
    wait_for(lambda: process.poll() is not None or (pid.exists() and pid.read_text()))
    kernel = psutil.Process(int(pid.read_text()))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "redjam: interrupted\n")
    wait_for(lambda: not kernel.is_running() or kernel.status() == psutil.STATUS_ZOMBIE, seconds=10)
    assert sorted(path.name for path in (project / "out").iterdir()) == [".lock", ".redjam-run-unfinished"]


# --- As a program -----------------------------------------------------------------------------------------


def test_help_imports_none_of_the_heavy_packages():
    code = "import sys\nfrom redjam.__main__ import main\ntry: main(['--help'])\nexcept SystemExit: print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "redjam.config" in output
    assert {"pandas", "boto3", "psycopg2", "papermill", "nbconvert", "matplotlib"}.isdisjoint(output.split())


def test_every_command_has_help(capsys):
    commands = [
        "run",
        "build",
        "delete",
        "status",
        "pause",
        "resume",
        "doctor",
        "create-tables",
        "etl",
        "history",
        "check",
        "sql",
        "sample",
        "stop",
    ]
    for name in commands:
        with pytest.raises(SystemExit):
            cli.main([name, "--help"])
        assert capsys.readouterr().out.startswith(f"usage: redjam {name}")


def test_a_failing_notebook_is_exit_code_1_and_one_line(project):
    write(project / "notebooks/01_a.ipynb", ["1 / 0"])
    done = subprocess.run([sys.executable, "-m", "redjam", "run"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    finished, error = done.stderr.splitlines()
    assert finished.startswith("01_a.ipynb failed after ")
    assert error.startswith(
        "redjam: 01_a.ipynb failed in cell [1] (number 1 of 1): ZeroDivisionError: division by zero"
    )
