# Everything happens in .venv, a virtual environment beside this file; `make clean` takes it away again.
#
#   make run        set up what is missing and open Tunesmith        ARGS="--model gpt2"
#   make test       run all the tests                                ARGS="tests/engine -k wire"
#   make test-fast  run the quick tests of the parts: without torch, a terminal or an open program, properties on few examples
#   make check      lint, format, types and import contracts
#   make format     format the code and mend what can be mended
#   make pictures   draw the documentation's pictures anew
#   make starter    make the starter model anew (hours)   TEACHER=stories260k STORIES=tinystories.jsonl WORK=folder
#   make clean      remove .venv and everything generated
#
# PYTHON=python3.13 chooses the Python to set up with, JOBS="" runs tests one after the other.

SHELL := bash
VENV ?= .venv
BIN := $(VENV)/bin
# Where Python is told to write no byte code, each of the hundreds of processes that tests start compiles all it imports.
TEST_ENVIRONMENT := HF_HUB_OFFLINE=1 PYTHONDONTWRITEBYTECODE=
ARGS ?=
# Twice as many as there are cores of a small machine: a third of a test's time is waiting for a process or a timer.
JOBS ?= --numprocesses 4
STEPS ?= 2800
LAST_STEPS ?= 600
LAST_FORMS ?= 0.5
SOURCES := engine tui starter tests bench
export PYTHON

.PHONY: help run test test-fast check lint types borders format pictures starter clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' Makefile

run: $(VENV)/ready
	@$(BIN)/tunesmith $(ARGS)

test: $(VENV)/ready-to-test
	@$(TEST_ENVIRONMENT) $(BIN)/python -m pytest $(JOBS) $(ARGS)

test-fast: $(VENV)/ready-to-test
	@$(TEST_ENVIRONMENT) HYPOTHESIS_PROFILE=quick $(BIN)/python -m pytest $(JOBS) \
		-m "not torch and not terminal and not snapshots and not program and not slow" $(ARGS)

check: lint types borders

lint: $(VENV)/ready-to-test
	$(BIN)/python -m ruff check $(SOURCES)
	$(BIN)/python -m ruff format --check $(SOURCES)

types: $(VENV)/ready-to-test
	$(BIN)/python -m mypy

borders: $(VENV)/ready-to-test
	$(BIN)/lint-imports

format: $(VENV)/ready-to-test
	$(BIN)/python -m ruff check --fix $(SOURCES)
	$(BIN)/python -m ruff format $(SOURCES)

pictures: $(VENV)/ready-to-test
	@$(BIN)/python -m docs.make_pictures

starter: $(VENV)/ready-to-test
	$(BIN)/python -m starter.sample --teacher $(TEACHER) --out $(WORK)/sampled
	$(BIN)/python -m starter.train --teacher $(WORK)/sampled --stories $(STORIES) --out $(WORK)/trained --steps $(STEPS)
	$(BIN)/python -m starter.train --teacher $(WORK)/sampled --stories $(STORIES) --out $(WORK)/trained \
		--steps $$(($(STEPS) + $(LAST_STEPS))) --forms $(LAST_FORMS)
	$(BIN)/python -m starter.export --from $(WORK)/trained --to engine/starter
	$(BIN)/python -m starter.lesson --to engine/starter/lesson.jsonl
	$(BIN)/python -m starter.card --starter engine/starter --teacher $(TEACHER) --sampled $(WORK)/sampled \
		--stories $(STORIES) --steps $$(($(STEPS) + $(LAST_STEPS))) --last $(LAST_STEPS) --last-forms $(LAST_FORMS)

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/ready: pyproject.toml constraints.txt
	@.ci/install $(VENV)
	@touch $@

$(VENV)/ready-to-test: pyproject.toml constraints.txt
	@.ci/install $(VENV) dev
	@touch $(VENV)/ready $@
