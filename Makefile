# Everything runs in .venv, which is made when it is missing and filled again only when pyproject.toml changes.
#
#   make report                   the bundled study; ARGS goes to the command: make report ARGS="--lang nb"
#   make test                     every test, with branch coverage, on all cores; ARGS goes to pytest: make test ARGS="-k gaps"
#   make check                    all that .ci/run looks at before the tests
#   make lint types architecture docs wheel     each of those alone
#   make format                   put the code in order
#   make fuzz                     damaged files, far more of them than make test tries
#   make mutants                  how many small faults in the measures and decisions the tests notice
#   make bench                    time and memory on a study of a million codings
#   make clean                    remove what was built, .venv included

PYTHON ?= python3
ARGS   ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help report test check lint format types architecture docs wheel fuzz mutants bench clean

help:
	@sed -n 's/^#   //p' Makefile

# ------------------------------------------------------------------------------------------------------------ .venv

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "policygap needs Python 3.11 or newer; \
	this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.13")'
	@$(PYTHON) -m venv --clear .venv
	@touch $@

# What users get: the package with what a report needs.
.venv/.core: pyproject.toml .venv/.made
	@$(PIP) --editable '.[report]'
	@touch $@

# What developers get: all extras and all tools.
.venv/.dev: pyproject.toml .venv/.made
	@$(PIP) --editable '.[dev,all]'
	@touch .venv/.core $@

# -------------------------------------------------------------------------------------------------------------- use

report: .venv/.core
	@$(BIN)/policygap report $(ARGS)

bench: .venv/.dev
	@set -e; for script in benchmarks/*.py; do $(BIN)/python "$$script" $(ARGS); done

# ------------------------------------------------------------------------------------------------------------ checks

test: .venv/.dev
	@$(BIN)/python -m pytest --cov --numprocesses auto --dist loadfile $(ARGS)

check: lint types architecture docs wheel

lint: .venv/.dev
	@$(BIN)/ruff check --quiet --output-format concise .
	@$(BIN)/ruff format --quiet --diff .

format: .venv/.dev
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

types: .venv/.dev
	@$(BIN)/pyright

architecture: .venv/.dev
	@$(BIN)/lint-imports --no-logo

docs: .venv/.dev
	@$(BIN)/sphinx-build --quiet --fail-on-warning --fresh-env --builder html docs docs/_build/html
	@echo "docs/_build/html/index.html"

wheel: .venv/.dev
	@rm -rf build/dist
	@$(BIN)/python -m build --no-isolation --outdir build/dist . > build.log 2>&1 || { cat build.log; rm -f build.log; exit 1; }
	@rm -f build.log
	@$(BIN)/python .ci/check_wheel.py build/dist

fuzz: .venv/.dev
	@$(BIN)/python -m pytest tests --no-cov -k "damage or lost_or_doubled or any_shape" --hypothesis-profile=fuzz $(ARGS)

mutants: .venv/.dev
	@$(BIN)/python .ci/mutants.py $(ARGS)

clean:
	rm -rf .venv build dist docs/_build mutants htmlcov .coverage .coverage.* .hypothesis .import_linter_cache \
	    .mutmut-cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
