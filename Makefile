# Every target does its own set-up; on a fresh Debian 12 with Python 3.11, Node 20 and root, any of them may be the
# first command after the clone. `make help` lists them.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
  command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
WEB := client_demo/web
STAMPS := $(VENV)/.stamps
SHELL := /bin/bash

.DEFAULT_GOAL := help
.PHONY: help install pages demo serve test check bench docs pictures soak chromium clean format

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(STAMPS)/python $(STAMPS)/npm ## Set up the virtual environment and the npm packages

demo: $(STAMPS)/python $(STAMPS)/pages ## Run the whole product with a demo stream and a simulated crowd
	@exec $(BIN)/giftwave demo

serve: $(STAMPS)/python $(STAMPS)/pages ## Run the server without the demo
	@exec $(BIN)/giftwave serve

test: $(STAMPS)/python $(STAMPS)/pages chromium ## Run every test: real Valkey, real sockets, real browser
	@$(BIN)/python -m pytest -m "not soak" -n 3 --dist loadfile
	@cd $(WEB) && npm test --silent

soak: $(STAMPS)/python $(STAMPS)/pages chromium ## Run the longer trials
	@$(BIN)/python -m pytest -m soak

check: $(STAMPS)/python $(STAMPS)/npm ## Format, lint, types, layers, stale pages
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@cd $(WEB) && npm run --silent check
	@$(BIN)/python -m pytest tests/tidy

bench: $(STAMPS)/python ## Measure 200 viewers at 100 gifts a second on one worker
	@$(BIN)/giftwave bench gifts-room

pictures: $(STAMPS)/python $(STAMPS)/pages chromium ## Take the pictures of the documentation
	@GIFTWAVE_KEEP_PICTURES=1 $(BIN)/python -m pytest tests/browser -k picture

docs: $(STAMPS)/python ## Make the reference pages and vectors that come from the code
	@$(BIN)/python docs/generate.py

format: $(STAMPS)/python ## Format the Python code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

pages: $(STAMPS)/pages ## Build the pages

clean: ## Remove what was built and installed (not the data in .giftwave)
	rm -rf $(VENV) $(WEB)/node_modules $(WEB)/dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# Set-up, each step once: a stamp is newer than what it was made from.

$(STAMPS)/venv:
	@test -n "$(PYTHON)" || { echo "Giftwave needs Python 3.11 or later; on Debian 12: apt-get install python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing python3-venv"; apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; \
	    $(PYTHON) -m venv $(VENV); \
	  else echo "Python cannot make a virtual environment here; install python3-venv, then run make again"; exit 1; fi; }
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/python: requirements.lock pyproject.toml | $(STAMPS)/venv
	@echo "Installing the Python packages"
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/npm: $(WEB)/package.json $(WEB)/package-lock.json | $(STAMPS)/venv
	@command -v npm >/dev/null || { echo "Giftwave's pages need Node 20 with npm; install them, then run make again"; exit 1; }
	@echo "Installing the npm packages"
	@cd $(WEB) && npm ci --silent --no-fund --no-audit
	@touch $@

$(STAMPS)/pages: $(STAMPS)/npm $(shell find $(WEB)/src $(WEB)/public $(WEB)/*.html $(WEB)/*.ts $(WEB)/tsconfig.json -type f 2>/dev/null)
	@echo "Building the pages"
	@cd $(WEB) && npm run --silent build >/dev/null
	@touch $@

chromium:
	@for p in chromium chromium-browser google-chrome; do command -v $$p >/dev/null && exit 0; done; \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing Chromium for the browser tests"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	  else echo "The browser tests need Chromium; install it (apt-get install chromium), then run make again"; exit 1; fi
