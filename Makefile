# Everything is made in .venv and in the user's cache. Root is needed only for Debian packages that
# this machine may lack (python3-venv; for the tests also chromium-headless-shell): see scripts/debian-packages.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:

# The Python to build with (3.11 or later), and arguments for the command that a target starts.
PYTHON ?= python3
ARGS ?=
# How many processes share the tests, which are handed out one by one: many wait for real telephones meanwhile.
WORKERS ?= $(shell echo $$(( $$(nproc) + 2 )))
# The tests start the service by the hundred: what it loads is compiled once.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/huifang
# pyproject.toml says what is needed, the lock says which version.
PIP := PYTHONWARNINGS=ignore $(BIN)/python -m pip install --disable-pip-version-check --no-build-isolation --constraint requirements.lock
# What goes wrong comes on stderr; of the rest only the long downloads are worth a line.
QUIETER := sed -unE 's/^ *Downloading ([^-]+-[^-]+)-.*\((.* MB)\)$$/  \1 (\2)/p'
NO_PIP := { echo 'pip could not install what is named above: can it reach its package index? Then run this again.' >&2; exit 1; }

say = @printf '\n\033[1m%s\033[0m\n' "$(1)"

.PHONY: help setup demo chaos test check asterisk model test-setup test-model docs lock clean

help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

setup: .venv/.runtime asterisk model ## Make .venv with the command dialer, a private Asterisk and a speech model
	@echo 'Ready: $(BIN)/dialer'

demo: setup ## Real calls on this machine, with a panel to look at (ARGS="--calls 6 --exit")
	@exec $(BIN)/dialer demo $(ARGS)

chaos: .venv/.runtime asterisk ## 200 faults under 400 calls, counted at the customers' phones (ARGS="--seed 7")
	@exec $(BIN)/dialer drill chaos --faults 200 --calls 400 $(ARGS)

test: test-setup check ## Set up, then style, types, import contracts and every test (ARGS="tests/unit -x")
	$(call say,Tests)
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist load --maxschedchunk 1 $(ARGS)

check: .venv/.tests ## Style, types and import contracts
	$(call say,Style)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	$(call say,Types)
	@$(BIN)/mypy
	$(call say,Import contracts)
	@$(BIN)/lint-imports --no-cache --no-logo

docs: .venv/.tests ## Write the pages of docs/ that are made from the code
	@$(BIN)/python -m dialer.app.docs_settings
	@$(BIN)/python -m dialer.app.docs_states
	@$(BIN)/python -m dialer.app.docs_columns

lock: ## Take the newest versions that pyproject.toml allows into requirements.lock
	@scripts/lock $(PYTHON)

clean: ## Remove what was built here (data folders and the user's cache stay)
	@rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# --- what the targets above are made of -------------------------------------------------------

.venv/.python:
	@scripts/python-ready $(PYTHON)
	$(call say,Making .venv)
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.runtime: .venv/.python pyproject.toml requirements.lock
	$(call say,Installing the product and its libraries into .venv (about 250 MB))
	@$(PIP) pip setuptools | $(QUIETER) || $(NO_PIP)
	@$(PIP) --editable '.[whisper]' | $(QUIETER) || $(NO_PIP)
	@touch $@

.venv/.tests: .venv/.runtime
	$(call say,Installing the tools of the tests into .venv (about 120 MB))
	@$(PIP) --editable '.[whisper,postgres,dask,dev]' | $(QUIETER) || $(NO_PIP)
	@touch $@

asterisk: .venv/.runtime
	@command -v asterisk >/dev/null || test -f $(CACHE)/asterisk/install.json || { \
		printf '\n\033[1m%s\033[0m\n' 'Installing a private Asterisk'; $(BIN)/dialer asterisk install; }

model: .venv/.runtime
	@test -f $(CACHE)/models/whisper-base/model.bin || { \
		printf '\n\033[1m%s\033[0m\n' 'Fetching the speech model (150 MB)'; \
		$(BIN)/dialer models fetch whisper-base --shared || \
			echo 'Going on without it: calls are made and archived; they are transcribed once the model is here.'; }

# The tests of the panel look at it with Debian's Chromium; the program that steers it needs libatomic.
test-setup: .venv/.tests asterisk model test-model
	@{ command -v chromium-headless-shell && $(BIN)/playwright --version; } >/dev/null 2>&1 || \
		scripts/debian-packages 'the tests of the panel' chromium-headless-shell fonts-noto-cjk libatomic1

# A small second model, to test the Vosk engine on real decoding.
test-model: .venv/.tests
	@test -d $(CACHE)/models/vosk-ko || { \
		printf '\n\033[1m%s\033[0m\n' 'Fetching the speech model of the tests (87 MB)'; \
		$(BIN)/dialer models fetch vosk-ko --shared; }
