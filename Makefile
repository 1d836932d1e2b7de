# Entrepôt. `make help` lists the targets; `make demo` and `make test` need nothing but python3.11, venv and make.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
UV := uv==0.13.9
ROWS ?= 43000000
PAIRS ?= 5
export DAGSTER_DISABLE_TELEMETRY = 1
export DO_NOT_TRACK = 1
export DBT_SEND_ANONYMOUS_USAGE_STATS = false
export GX_ANALYTICS_ENABLED = false

.PHONY: help setup demo test dev run bench truth lint fmt docs contracts lock wheel clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(STAMP) ## make .venv from the hashed lock, with .venv/bin/entrepot

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "needs $(PYTHON) with venv (Debian: apt-get install python3.11 python3-venv)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: setup ## the synthetic world through the whole pipeline to a release, offline
	$(BIN)/entrepot demo

test: setup ## the whole test suite
	$(BIN)/python -m pytest -n 2 --dist loadfile

dev: setup ## Dagster's UI and daemon on loopback
	$(BIN)/entrepot dev

bench: setup ## aggregation, ingest, reconciling, gates against their peers: make bench PARTS=reconcile ROWS=43000000 PAIRS=5
	$(BIN)/python -m infra.benchmarks --rows $(ROWS) --pairs $(PAIRS) $(if $(PARTS),--parts $(PARTS))

truth: setup ## score every method on worlds whose truth is known; writes docs/truth-test.md
	$(BIN)/python -m infra.truth --render

lint: setup ## ruff, mypy, generated files, sqlfluff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/entrepot contracts render --check
	$(BIN)/sqlfluff lint --processes 1 dbt_project/models dbt_project/macros dbt_project/tests

fmt: setup ## format Python and SQL
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .
	$(BIN)/sqlfluff fix --quiet dbt_project/models

docs: setup ## render the generated files: dbt YAML, the data dictionary
	$(BIN)/entrepot contracts render

lock: setup ## resolve requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-header --extra dev pyproject.toml -o requirements.lock

wheel: setup ## build the wheel and try it in a clean environment
	bash infra/check_wheel.sh

clean: ## remove build products; the warehouse stays
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache dbt_project/target dbt_project/logs
