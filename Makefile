# Everything a contributor does starts here; `make help` lists it.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: help test lint lock

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

.venv/ok: requirements.txt requirements-dev.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt -r requirements-dev.txt
	touch .venv/ok

test: .venv/ok  ## run the tests
	$(BIN)/python -m pytest

lint: .venv/ok  ## ruff
	$(BIN)/ruff check .

lock: .venv/ok  ## pin the requirements anew, with hashes
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links -o requirements.txt requirements.in
	$(BIN)/pip-compile -q --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links -o requirements-dev.txt requirements-dev.in
