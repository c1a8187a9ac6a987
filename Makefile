# Every command a person needs. `make run` and `make test` work on a fresh machine with Python 3.11.

PYTHON ?= python3.11
PORT ?= 8000
HOST ?= 127.0.0.1
VENV := .venv
BIN := $(VENV)/bin
# Torch's threads times worker processes must not exceed the cores, or a step gets 90 times slower.
export OMP_NUM_THREADS ?= 1
export OMP_WAIT_POLICY ?= PASSIVE
export PYTHONPATH := platform:.
export PYTHONUNBUFFERED := 1

.DEFAULT_GOAL := help
.PHONY: help install install-dev run test test-slow lint format worker bench screenshots chromium clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.installed: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --upgrade-strategy only-if-needed $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@$(BIN)/pip install --quiet -r requirements-dev.txt
	@touch $@

install: $(VENV)/.installed ## Make .venv with the pinned server requirements

install-dev: $(VENV)/.installed-dev ## The same, with the tools for tests and linting

run: install ## Set up and start everything: database, web, worker, beat, demo world (PORT=8000)
	@$(BIN)/python -m config.run --host $(HOST) --port $(PORT)

test: install-dev chromium ## Set up and run the tests (without those marked slow)
	@$(BIN)/pytest -q -m "not slow" $(ARGS)

test-slow: install-dev chromium ## Run the tests marked slow
	@$(BIN)/pytest -q -m slow $(ARGS)

chromium: ## Install Debian's Chromium for the browser tests, where that is possible
	@command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 \
	  || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null 2>&1 && { apt-get update -qq && apt-get install -y -qq chromium >/dev/null 2>&1; }; } \
	  || echo "Chromium is not here and could not be installed: the browser tests will be SKIPPED."

lint: install-dev ## Format check, lint, types, layers, templates, migrations
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python manage.py makemigrations --check --dry-run

format: install-dev ## Format and fix what can be fixed
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

worker: install ## Start one more worker for both queues
	@$(BIN)/celery -A config worker -Q default,generate -c 1 -l info

bench: install-dev ## Run every benchmark and write benchmarks/results/
	@for file in benchmarks/feed_latency.py benchmarks/creation.py benchmarks/setup_time.py; do $(BIN)/python $$file || exit 1; done

screenshots: install-dev chromium ## Write a picture of every page, wide and narrow, light and dark
	@$(BIN)/python -m tests.e2e.screenshots $(ARGS)

clean: ## Remove the virtual environment; your data in var/ stays
	@rm -rf $(VENV)
