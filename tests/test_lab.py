"""`make lab` in a real browser: a first start with nothing in the way, the right kernel, and SQL in its colours."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from browser import chromium

ROOT = Path(__file__).parents[1]
LAB = ROOT / ".jupyter"
LANGUAGES = "[...document.querySelectorAll('.jp-CodeCell .cm-content')].map(cell => cell.dataset.language)"
POPUPS = "[...document.querySelectorAll('.jp-Dialog, .Toastify__toast')].map(popup => popup.innerText)"


def test_make_lab_uses_the_settings_of_this_project():
    said = subprocess.run(["make", "-n", "lab"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f'JUPYTER_CONFIG_PATH="{LAB}" JUPYTER_PATH="{LAB}"' in said
    assert " -m jupyterlab" in said


@pytest.fixture
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def lab(browser, tmp_path):
    """The address of a JupyterLab as `make lab` starts it, for a user who has another kernel of the same name."""
    other = tmp_path / "home/.local/share/jupyter/kernels/python3/kernel.json"
    other.parent.mkdir(parents=True)
    other.write_text('{"argv": ["false", "{connection_file}"], "display_name": "Other", "language": "python"}')
    notebooks = tmp_path / "project/notebooks"
    notebooks.mkdir(parents=True)
    shutil.copy(ROOT / "notebooks/01_infrastructure.ipynb", notebooks)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [f"--port={port}", "--ServerApp.port_retries=0", "--no-browser", "--allow-root"]
    environment = os.environ | {"HOME": str(tmp_path / "home")}
    environment |= {"JUPYTER_CONFIG_PATH": str(LAB), "JUPYTER_PATH": str(LAB)}
    with open(tmp_path / "terminal", "w") as terminal:
        command = [sys.executable, "-m", "jupyterlab", *options]
        server = subprocess.Popen(
            command, cwd=notebooks.parent, env=environment, stdout=terminal, stderr=subprocess.STDOUT
        )
    try:
        end = time.monotonic() + 120
        while not (address := re.search(r"http://127\S+token=\w+", (tmp_path / "terminal").read_text())):
            assert time.monotonic() < end, (tmp_path / "terminal").read_text()
            with pytest.raises(subprocess.TimeoutExpired):  # it is at work
                server.wait(0.1)
        yield address[0]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


@pytest.fixture
def extension(browser):
    """A page with our extension and one that undoes its work; `fight(language)` gives what two cells were set to."""
    page = browser.new_page()
    page.add_script_tag(path=LAB / "labextensions/redjam/static/redjam.js")
    page.evaluate("""() => {
        const one = module => ({ 1: { get: async () => () => module } });
        window._JUPYTERLAB.redjam.init({ '@jupyterlab/notebook': one({}), '@jupyterlab/codemirror': one({}) });
        const signal = (...slots) => ({ connect: slot => slots.push(slot), emit: () => slots.forEach(slot => slot()) });
        const made = source => {
            const [type, sharedModel] = ['code', { getSource: () => source }];
            const cell = { type, sharedModel, contentChanged: signal(), mimeTypeChanged: signal(), set: [] };
            cell.mimeTypeChanged.connect(() => { cell.mimeType = 'other'; });
            return Object.defineProperty(cell, 'mimeType', {
                get: () => cell.set.at(-1) ?? 'other',
                set: value => { if (value !== cell.mimeType) { cell.set.push(value); cell.mimeTypeChanged.emit(); } }
            });
        };
        window.fight = async codeMimetype => {
            const cells = Object.assign([made('%%sql'), made('6 * 7')], { changed: signal() });
            const panel = { content: { codeMimetype, model: { cells } }, context: { ready: Promise.resolve() } };
            const plugin = (await window._JUPYTERLAB.redjam.get())();
            const notebooks = { forEach: each => each(panel), widgetAdded: signal() };
            await plugin.activate({}, notebooks, { getLanguage: async () => {} });
            await panel.context.ready;
            return cells.map(cell => cell.set);
        };
    }""")
    return page


def test_two_extensions_that_disagree_come_to_an_end(extension):
    assert extension.evaluate("fight('text/x-ipython')") == [["text/x-sql", "other"], ["text/x-ipython", "other"]]
    assert extension.evaluate("fight('')") == [["text/x-sql", "other"], []]  # no kernel has said its language yet


def test_a_first_start(browser, lab, tmp_path):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    said, elsewhere = [], []
    page.on("console", lambda message: said.append(message.text) if message.type in ("warning", "error") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: elsewhere.append(request.url) if "//127.0.0.1:" not in request.url else None)
    page.goto(lab)
    page.locator(".jp-Notebook h1").filter(has_text="1. Infrastructure").wait_for()
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    assert page.locator(".jp-KernelName").inner_text() == "Red Jam"
    # Above the first cell, a cell of SQL; then one of Python from it.
    page.locator(".jp-Notebook h1").click()
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    page.keyboard.type("%%sql\nSELECT 1")
    sql = page.locator(".jp-CodeCell .cm-content[data-language=sql]")
    sql.wait_for()
    assert sql.inner_text() == "%%sql\nSELECT 1"
    assert page.evaluate(LANGUAGES).count("sql") == 1
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("6 * 7")
    sql.wait_for(state="detached")
    page.keyboard.press("Control+Enter")
    page.locator(".jp-OutputArea-output").filter(has_text="42").wait_for()
    assert page.locator(".jp-RenderedText pre").last.evaluate("text => getComputedStyle(text).wordBreak") == "normal"
    assert page.evaluate(POPUPS) == said == []
    assert all(url.startswith(("data:", "blob:")) for url in elsewhere)
    assert not re.search(r"^\[[WE] |WARN|Error", (tmp_path / "terminal").read_text(), re.MULTILINE)
