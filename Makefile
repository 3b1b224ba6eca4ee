# make report   run the bundled study: board.pdf, budget.pdf, board.html, scenarios.xlsx, executed notebooks
# make test     ruff, mypy, import contracts, and every default test
#
# Each sets everything up by itself, in .venv; all it needs is Python 3.12 or newer, and make.

PYTHON ?= python3
STUDY ?= examples/alder-foods/study.yaml

UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
GROUPS := .cache/lock/pyproject.toml

# Compiled bytecode makes every later start seconds faster; some machines are set not to keep it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup report reference test lint format bench slow browser docs lock clean

help:
	@sed -n 's/^# \{0,1\}//p' Makefile
	@echo "make setup | reference | lint | format | slow | browser | docs | bench | lock | clean: the parts, the long tests, the browser's, the site, the benchmarks, a new lock"

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12))' || { \
	  echo "Python 3.12 or newer is needed, and '$(PYTHON)' is not: name another one, as in 'make PYTHON=python3.12 setup'." >&2; exit 1; }
	@echo "Setting up $(VENV), a few minutes the first time"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(READY)

report: setup
	$(BIN)/mmm run $(STUDY)

test: lint reference
	$(BIN)/pytest -n 2

# Published data that the reference tests compare with: archives that are read, never installed or imported.
reference: setup .cache/reference/.ready

.cache/reference/.ready: tests/reference.txt
	@mkdir -p $(@D)
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --dest $(@D) \
	  --requirement $< && touch $@ || echo "The published data could not be downloaded: tests that need them are skipped." >&2

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

slow: setup
	$(BIN)/pytest -m slow

# Needs a Chromium: the one that CHROMIUM names, or Debian's.
browser: setup $(GROUPS)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --group $(GROUPS):browser
	$(BIN)/pytest -m browser

# The site, in build/docs; RUN is a run folder with a report, for the gallery.
docs: setup $(GROUPS)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --group $(GROUPS):docs
	$(BIN)/python docs/build.py .cache/docs $(RUN)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

bench: setup
	$(BIN)/pytest -m benchmark -s

# uv does not read the groups of a project it is told not to manage, hence the copy without that line.
$(GROUPS): pyproject.toml
	@mkdir -p $(@D)
	@grep -v '^managed = false' $< > $@

lock: setup $(GROUPS)
	@cp requirements.lock .cache/lock/
	cd .cache/lock && ../../$(BIN)/uv pip compile pyproject.toml --python-version 3.12 --universal --generate-hashes \
	  --no-header --no-annotate --quiet --extra pymc --group dev --output-file requirements.lock > /dev/null
	@cp .cache/lock/requirements.lock requirements.lock

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
