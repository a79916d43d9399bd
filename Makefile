# Red Jam. `make help` lists the commands; each installs what it needs into .venv first.
# PYTHON=/path/to/python make …   uses another Python (3.11 or newer).
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
INSTALLED := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help run test lab lint lock clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

run: $(INSTALLED)  ## run the whole walkthrough on this machine and write out/reports/index.html
	@$(BIN)/python -m redjam run

test: $(INSTALLED)  ## run the tests
	@$(BIN)/python -m pytest -n 2 --dist worksteal

lab: $(INSTALLED)  ## open the notebooks in JupyterLab
	@echo "JupyterLab opens in your browser, on notebook 01. Ctrl-C here stops it."
	@JUPYTER_CONFIG_PATH="$(CURDIR)/.jupyter" JUPYTER_PATH="$(CURDIR)/.jupyter" \
		$(BIN)/python -m jupyterlab $(if $(filter 0,$(shell id -u)),--allow-root)

lint: $(INSTALLED)  ## check the style of the code and the notebooks
	@$(BIN)/python -m ruff check . && $(BIN)/python -m ruff format --check .

lock: $(INSTALLED)  ## pin the newest versions that pyproject.toml allows in requirements.lock
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header \
		--upgrade --extra test pyproject.toml --output-file requirements.lock

clean:  ## stop the local services and remove what was installed and made
	@for python in $(BIN)/python "$(PYTHON)"; do \
		"$$python" -c 'import redjam' 2>/dev/null && exec "$$python" -m redjam stop; done; \
		[ ! -e .redjam ] || { echo "No Python here has Red Jam, to stop the servers of .redjam with; nothing was" \
		"removed. Type make run first, or remove .redjam yourself when no server runs." >&2; exit 1; }
	@rm -rf .venv .redjam out build .pytest_cache .ruff_cache .hypothesis lib/*.egg-info
	@find lib tests notebooks -name __pycache__ -o -name .ipynb_checkpoints | xargs -I{} rm -rf "{}"

$(INSTALLED): requirements.lock pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Red Jam needs Python 3.11 or newer; '$(PYTHON)' is not. Name one: make run PYTHON=..." >&2; exit 1; }
	@[ -e $(INSTALLED) ] || { rm -rf .venv && "$(PYTHON)" -m venv .venv; }  # a half-installed one is made anew
	@echo "Installing into .venv (a minute or two, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(INSTALLED)
