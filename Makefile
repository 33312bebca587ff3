# gridmap: `make demo` shows a county, `make test` proves it. The rest are their parts.
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
export GRIDMAP_HOME ?= $(CURDIR)/.gridmap
# Containers often forbid Python its bytecode; each start of each process would then compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test setup check bench lock clean

help: ## list what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

demo: .venv/.stamp .venv/.compiled static/vendor/.stamp ## the demo county at http://127.0.0.1:8000 (PORT=, GRIDMAP_HOME=)
	@scripts/system-packages serve
	@exec $(BIN)/gridmap up --demo --port $(PORT)

test: setup check ## every check and every test, the browser's included
	$(BIN)/python -m pytest
	node --test tests/js/*.test.mjs

setup: .venv/.stamp .venv/.compiled static/vendor/.stamp ## system packages, Python and front-end files, from the locks
	@scripts/system-packages test

check: .venv/.stamp node_modules/.stamp ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	npm run --silent check

bench: setup .venv-bench/.stamp ## measure against named peers; writes docs/benchmarks.md
	@scripts/system-packages bench
	$(BIN)/gridmap bench

lock: ## bring both locks up to date (no registry address is written)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-find-links --no-emit-index-url --no-header --upgrade --quiet -o requirements.txt
	$(BIN)/uv pip compile requirements-bench.in --universal --python-version 3.11 --generate-hashes \
	  --no-emit-find-links --no-emit-index-url --no-header --upgrade --quiet -o requirements-bench.txt
	npm install --package-lock-only

clean: ## remove what was set up; the data under .gridmap stays
	rm -rf .venv .venv-bench node_modules static/vendor

.venv/.stamp: requirements.txt pyproject.toml
	@scripts/system-packages python
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Modules and all loops, so that nobody's first command or request waits for a compiler.
.venv/.compiled: .venv/.stamp $(wildcard gridmap/geo/*.py gridmap/*/*/*kernels.py) gridmap/addresses/search/weighing.py
	$(BIN)/python -m compileall -q gridmap migrations
	$(BIN)/python -m gridmap.exchange.points.warm
	@touch $@

.venv-bench/.stamp: requirements-bench.txt
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

node_modules/.stamp: package.json package-lock.json
	@scripts/system-packages node
	npm ci --silent --no-audit --no-fund
	@touch $@

static/vendor/.stamp: node_modules/.stamp scripts/vendor.mjs
	node scripts/vendor.mjs
	@touch $@
