# One word runs each habit; `make help` lists them. Everything is kept in .venv and .cache, nothing needs root.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check --editable
# How many tests run at once; 0 runs them in this process, one after the other.
JOBS ?= 6
# The newest version of this series is what `make vendor` fetches.
SWAGGER_UI ?= 5
SWAGGER_UI_FILES := $(CURDIR)/services/api/waybill_api/static/swagger-ui
# How large the proofs are; SEED= repeats the plan of an earlier run.
TASKS ?= 1000
GROWN ?= 1000000
FAULTS ?= 60
EXAMPLES ?= 100
CASES ?= 1000
SEED ?=
PROOFS := chaos simulate mutants fuzz stateful
# Services that tests start in other directories write their coverage here too.
export COVERAGE_FILE := $(CURDIR)/.cache/coverage
# Compiled modules are kept whatever the environment says: the tests start the services hundreds of times, and each
# start costs twice as much without.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: install
install: $(VENV)/.runtime ## Make .venv with what the services need
	@echo "Waybill is installed in $(VENV); make run starts it."

.PHONY: run
run: $(VENV)/.runtime ## Start the API and a worker; Ctrl-C stops both
	@WAYBILL_PARENT=$$PPID exec $(RUN) manage.py run

.PHONY: demo
demo: $(VENV)/.runtime ## Watch a few tasks run on an instance of their own
	@$(RUN) -m demo

.PHONY: demo-pipeline
demo-pipeline: $(VENV)/.demo ## Follow JSONs through ten services and a bad network, beside a naive tracker: TASKS=1000 SEED=7
	@$(RUN) -m demo.pipeline --tasks $(TASKS) $(if $(SEED),--seed $(SEED)) $(ARGS)

.PHONY: screenshots
screenshots: $(VENV)/.test ## Photograph every page of the web interface into .cache/screenshots; ARGS="overview --theme dark"
	@$(RUN) -m demo.screenshots $(ARGS)

.PHONY: test
test: $(VENV)/.test ## Run the tests; ARGS="-k word" chooses some
	@echo "== Tests"
	@$(RUN) -m pytest --numprocesses $(JOBS) $(ARGS)

.PHONY: bare
bare: ## Run the tests as on a machine without curl, browser or home directory, where nothing can be written
	@PYTHON="$(PYTHON)" .ci/bare $(ARGS)

.PHONY: check
check: $(VENV)/.test $(VENV)/.dev ## Run every check: format, lint, types, imports, tests with coverage
	@mkdir -p .cache
	@echo "== Format"
	@$(RUN) -m ruff format --check .
	@echo "== Lint"
	@$(RUN) -m ruff check .
	@echo "== Types"
	@$(RUN) -m mypy
	@echo "== Imports"
	@$(VENV)/bin/lint-imports --no-logo --cache-dir .cache/imports
	@echo "== Tests, with coverage"
	@$(RUN) -m pytest --numprocesses $(JOBS) --cov $(ARGS)

.PHONY: bench
bench: $(VENV)/.runtime ## Measure Waybill beside a bare Tornado and a naive service; ARGS="--strict" fails on a miss
	@$(RUN) -m benchmarks $(ARGS)

.PHONY: bench-growth
bench-growth: $(VENV)/.runtime ## Measure the same calls with 10,000 tasks and with GROWN=1000000; ARGS="--strict" fails on a miss
	@$(RUN) -m benchmarks.growth --tasks $(GROWN) $(ARGS)

.PHONY: bench-pages
bench-pages: $(VENV)/.runtime ## Measure every page with GROWN=1000000 tasks; ARGS="--strict" fails on a miss
	@$(RUN) -m benchmarks.pages --tasks $(GROWN) $(ARGS)

.PHONY: bench-loop
bench-loop: $(VENV)/.runtime ## Measure how long each call holds the loop, and print the worst; ARGS="--strict" fails on a miss
	@$(RUN) -m benchmarks.loop $(ARGS)

.PHONY: drill
drill: $(VENV)/.runtime ## See in half a minute what crashes do to tasks, on an instance of its own
	@$(RUN) manage.py drill

.PHONY: prove
prove: $(PROOFS) ## Run every proof, as large as CI runs it

.PHONY: chaos
chaos: $(VENV)/.runtime ## Kill, stop and cut everything under load: TASKS=1000 FAULTS=60 SEED=
	@echo "== Chaos: $(TASKS) tasks, $(FAULTS) faults"
	@$(RUN) -m proof.chaos --tasks $(TASKS) --faults $(FAULTS) $(if $(SEED),--seed $(SEED))

.PHONY: simulate
simulate: $(VENV)/.test ## Run both services on a virtual clock through SEEDS=500 seeds of faults; SEED=123 shows one
	@echo "== Simulation"
	@$(RUN) -m proof.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),500))

.PHONY: mutants
mutants: $(VENV)/.test ## Plant bugs, each of which the simulation must catch within SEEDS=200
	@echo "== Mutants"
	@$(RUN) -m proof.simulation --mutants --seeds $(or $(SEEDS),200)

.PHONY: stateful
stateful: $(VENV)/.test ## Play EXAMPLES=100 random stories against the real API
	@echo "== Stateful tests: $(EXAMPLES) examples"
	@$(RUN) -m pytest tests/stateful --examples $(EXAMPLES) $(ARGS)

.PHONY: fuzz
fuzz: $(VENV)/.prove ## Send CASES=1000 requests drawn from the API's own description
	@echo "== Fuzz: $(CASES) cases"
	@$(RUN) -m proof.fuzz --cases $(CASES)

.PHONY: format
format: $(VENV)/.dev ## Put the code into its format
	@echo "== Format"
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

.PHONY: docs
docs: $(VENV)/.runtime ## Write docs/command-line.md from the program itself
	@$(RUN) -m waybill.cli.reference > docs/command-line.md

.PHONY: vendor
vendor: ## Fetch Swagger UI anew from npm; SWAGGER_UI=5.1.0 chooses a version
	@command -v npm >/dev/null || { echo "make vendor needs npm: apt-get install npm" >&2; exit 1; }
	@echo "== Fetching swagger-ui-dist@$(SWAGGER_UI)"
	@rm -rf .cache/vendor && mkdir -p .cache/vendor
	@cd .cache/vendor && npm pack --silent swagger-ui-dist@$(SWAGGER_UI) >/dev/null && tar -xzf ./*.tgz
	@cd .cache/vendor/package && cp LICENSE NOTICE swagger-ui.css swagger-ui-bundle.js swagger-ui-bundle.js.LICENSE.txt $(SWAGGER_UI_FILES)
	@version="$$(sed -n 's/^  "version": "\(.*\)",/\1/p' .cache/vendor/package/package.json)"; \
		sed -i "1s/.*/# swagger-ui-dist $$version/" $(SWAGGER_UI_FILES)/README.md; head -n 1 $(SWAGGER_UI_FILES)/README.md

.PHONY: clean
clean: ## Remove what make has made; data stays
	@echo "== Removing .venv, .cache and compiled files"
	@rm -rf $(VENV) .cache .coverage* .hypothesis build dist ./*.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## Show these words
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

$(VENV)/.made:
	@command -v "$(PYTHON)" >/dev/null || { echo "Waybill needs Python 3.11 or later, and there is no $(PYTHON)." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Waybill needs Python 3.11 or later: make $(or $(MAKECMDGOALS),install) PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments: apt-get install python3-venv" >&2; exit 1; }
	@echo "== Making $(VENV)"
	@"$(PYTHON)" -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: setup.cfg pyproject.toml | $(VENV)/.made
	@echo "== Installing what the services need"
	@$(RUN) -m pip uninstall --quiet --yes --disable-pip-version-check waybill 2>/dev/null
	@$(PIP) .
	@touch $@

$(VENV)/.test: EXTRAS := test,browser
$(VENV)/.dev: EXTRAS := dev
$(VENV)/.prove: EXTRAS := prove
$(VENV)/.demo: EXTRAS := demo
$(VENV)/.test $(VENV)/.dev $(VENV)/.prove $(VENV)/.demo: $(VENV)/.%: setup.cfg pyproject.toml | $(VENV)/.runtime
	@echo "== Installing what '$*' needs"
	@$(PIP) '.[$(EXTRAS)]'
	@touch $@
