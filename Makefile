# Everything a contributor does starts here; `make help` lists it.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: help run demo test lint content bench races faults lock

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

.venv/ok: requirements.txt requirements-dev.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt -r requirements-dev.txt
	touch .venv/ok

run: .venv/ok  ## start everything over SQLite in instance/: web, scheduler, worker, WeChat simulator
	$(BIN)/python -m sorting_miniapp.cli.run

demo: .venv/ok  ## play a day end to end through real processes and check it (DEMO_DATABASE_URL: another database)
	$(BIN)/python -m tests.demo

test: .venv/ok  ## run the tests: those in processes of their own first, then the day of make demo, then the browser
	$(BIN)/python -m pytest -n auto --ignore=tests/demo --ignore=tests/browser
	$(BIN)/python -m pytest -n auto tests/demo
	$(BIN)/python -m pytest -n auto --dist loadfile tests/browser

lint: .venv/ok  ## ruff, mypy, import-linter, content, migrations match the models, the OpenAPI document is valid
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m tests.check_schema
	$(BIN)/python -m sorting_miniapp.cli check

content: .venv/ok  ## check the teaching material: amounts, and every problem with file and line (ARGS="--draft --only guide")
	$(BIN)/python -m sorting_miniapp.cli check $(ARGS)

bench: .venv/ok  ## measure the hot paths as ratios to their ceilings, on SQLite and PostgreSQL (ROWS, DATABASES)
	$(BIN)/python -m bench

races: .venv/ok  ## 1,000 races for places on each of three databases, and controls that must fail (RACES, SEED, DATABASES)
	$(BIN)/python -m tests.races

faults: .venv/ok  ## kills, freezes and broken answers on the push path, on three databases, and controls (RUNS, SEED, DATABASES)
	$(BIN)/python -m tests.faults

lock: .venv/ok  ## pin the requirements anew, with hashes
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links -o requirements.txt requirements.in
	$(BIN)/pip-compile -q --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links -o requirements-dev.txt requirements-dev.in
