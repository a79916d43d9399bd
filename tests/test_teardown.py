"""What a run leaves on AWS: the notebooks are real; AWS is a recorder, since only the order counts here."""

import logging
import os
import signal
import time
from contextlib import suppress

import pytest
from test_run import a_series, settings_in, write

from redjam import infrastructure, run, teardown
from redjam.record import RunError

PASSING = ["# 1. Sets up", "1 + 1"]
TEARDOWN = ["# 2. Ends", ("parameters", "delete: bool = False  # for good"), "delete"]


@pytest.fixture
def stack(monkeypatch):
    """Whether there is a cluster, and what was called."""
    state = {"exists": False, "calls": []}

    def delete(settings):
        state["calls"].append("delete")
        state["exists"] = False

    monkeypatch.setattr(infrastructure, "exists", lambda settings: state["exists"])
    monkeypatch.setattr(infrastructure, "delete", delete)
    return state


@pytest.fixture
def settings(tmp_path):
    return settings_in(tmp_path, target="redshift")


def leave(settings, stack, error=None, **options):
    """Run a block that builds; gives whether it was said that all will be deleted."""
    with teardown.afterwards(settings, **options) as deletes:
        stack["exists"] = True
        if error:
            raise error
    return deletes


@pytest.mark.parametrize("error", [None, RunError("a notebook failed"), KeyboardInterrupt()])
def test_what_was_built_is_deleted_however_it_ends(settings, stack, error):
    with suppress(RunError, KeyboardInterrupt):
        assert leave(settings, stack, error)
    assert stack["calls"] == ["delete"]


def test_what_was_there_before_stays_unless_the_run_that_goes_on_had_built_it(settings, stack, caplog):
    stack["exists"] = True
    assert not leave(settings, stack)
    assert stack["calls"] == []
    assert "was there before this run, and stays" in caplog.text
    assert leave(settings, stack, built=True)
    assert stack["calls"] == ["delete"]


@pytest.mark.parametrize("error", [None, RunError("a notebook failed"), KeyboardInterrupt()])
def test_it_is_kept_if_asked_and_that_is_said(settings, stack, caplog, error):
    with suppress(RunError, KeyboardInterrupt):
        assert not leave(settings, stack, error, keep=True)
    assert stack["calls"] == []
    assert "costs money until redjam delete" in caplog.text


@pytest.mark.parametrize("changes", [{"target": "local"}, {"host": "tunnel.example.com"}])
def test_local_and_a_given_cluster_are_left_alone(tmp_path, stack, changes):
    settings = settings_in(tmp_path, **{"target": "redshift"} | changes)
    assert not leave(settings, stack)
    assert stack["calls"] == []


def test_what_cannot_be_deleted_is_said_along_with_what_went_wrong_before(settings, stack, monkeypatch, caplog):
    def refuse(settings):
        raise infrastructure.AWSError("AWS refused DeleteCluster")

    monkeypatch.setattr(infrastructure, "delete", refuse)
    with pytest.raises(infrastructure.AWSError, match="DeleteCluster"):
        leave(settings, stack, RunError("02 failed in cell 3"))
    said = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert said == ["02 failed in cell 3", said[1]]
    assert "not all deleted, and costs money: redjam delete" in said[1]


def test_the_last_notebook_deletes_so_that_its_report_proves_it(settings, stack, tmp_path):
    write(tmp_path / "notebooks" / "01_first.ipynb", PASSING)
    write(tmp_path / "notebooks" / "02_teardown.ipynb", TEARDOWN)
    run.run(settings, tmp_path / "out", {}, tmp_path / "notebooks")
    assert "True" in (tmp_path / "out/reports/redshift_defaults/02_teardown.html").read_text()
    assert stack["calls"] == ["delete"]
    run.run(settings, tmp_path / "out", {}, tmp_path / "notebooks", keep=True)
    assert "True" not in (tmp_path / "out/reports/redshift_defaults/02_teardown.html").read_text()
    assert stack["calls"] == ["delete"]


def test_a_run_whose_cluster_is_gone_is_resumed_from_the_start(tmp_path, stack, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    settings, out, notebooks = settings_in(tmp_path, target="redshift"), tmp_path / "out", a_series(tmp_path, ["1 / 0"])
    with pytest.raises(RunError):
        run.run(settings, out, {}, notebooks)
    assert stack["calls"] == ["delete"]
    write(notebooks / "02_second.ipynb", PASSING)
    run.resume(settings, out, {}, notebooks)
    assert "all notebooks run again" in caplog.text
    assert "passed before" not in caplog.text
    assert stack["calls"] == ["delete", "delete"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_closed_terminal_or_a_cancelled_job_leaves_nothing_either(settings, stack, number):
    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as ended, teardown.afterwards(settings):
        stack["exists"] = True
        os.kill(os.getpid(), number)
        time.sleep(5)  # the signal comes at once
    assert ended.value.code == 128 + number
    assert stack["calls"] == ["delete"]
    assert signal.getsignal(number) is before


def test_a_cluster_that_was_built_by_hand_after_a_failed_run_stays_when_that_run_goes_on(tmp_path, stack, caplog):
    settings, out, notebooks = settings_in(tmp_path, target="redshift"), tmp_path / "out", a_series(tmp_path, ["1 / 0"])
    with pytest.raises(RunError):
        run.run(settings, out, {}, notebooks)
    assert stack["calls"] == ["delete"]
    stack["exists"] = True
    write(notebooks / "02_second.ipynb", PASSING)
    run.resume(settings, out, {}, notebooks)
    assert stack["calls"] == ["delete"], "it is not the run's"
    assert (notebooks / "log").read_text() == "run\nrun\n", "what passed was with another cluster"
