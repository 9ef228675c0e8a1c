# Everything that a person runs here. `make up` in a fresh checkout is enough to see both systems come up.
STACK ?= local
# What STACK holds is a name for a command and no text of make's or the shell's: `$(…)` and `;` in it run nothing.
override STACK := $(value STACK)
export STACK
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: config help setup up preview destroy outputs stop servers test test-fast lint format bench growth kills rotations hostile-owner mutations lock

help: ## Say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(VENV)/.installed ## Install what the lock file names, into .venv

$(VENV)/.installed: requirements-setup.txt requirements-dev.txt localcloud/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; this is $$($(PYTHON) --version). Name another: make PYTHON=python3.12 …"; exit 1; }
	@echo "Setting up $(VENV): packages by requirements-dev.txt, some 500 MB, the first time only"
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.txt
	@$(VENV)/bin/uv pip sync --quiet --python $(RUN) --require-hashes requirements-setup.txt requirements-dev.txt
	@$(VENV)/bin/uv pip install --quiet --python $(RUN) --no-deps --no-build-isolation --editable localcloud
	@touch $@

up: setup ## Bring STACK up on the local cloud (STACK=local unless you say otherwise)
	@$(RUN) -m localcloud up --stack="$$STACK"

preview: setup ## Show what `make up` would do
	@$(RUN) -m localcloud preview --stack="$$STACK"

destroy: setup ## Take STACK down again
	@$(RUN) -m localcloud destroy --stack="$$STACK"

outputs: setup ## Show what STACK exports
	@$(RUN) -m localcloud output --stack="$$STACK"

stop: setup ## Stop the local cloud; everything in it is gone
	@$(RUN) -m localcloud stop

servers: setup ## Find PostgreSQL, Redis and RabbitMQ for the tests; as root, install those that aren't there
	@$(RUN) -m tests.servers

test: servers ## Run the tests
	$(RUN) -m pytest -n 2 --dist loadscope

test-fast: setup ## Run the tests that take no server, no emulator and no other process
	$(RUN) -m pytest -n 2 --dist loadscope -m 'not slow'

lint: setup ## Check style, types and spelling
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/codespell
	$(VENV)/bin/check-yaml $$(git ls-files '*.yaml')
	$(VENV)/bin/mypy

format: setup ## Put style right
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: setup ## Measure `up`, a no-op `up` and previews beside Pulumi's bare mocks
	$(RUN) -m studies.bench

growth: setup ## Measure `up` and previews of 1 and of 10 systems
	$(RUN) -m studies.growth

kills: setup ## Kill runs of the local stack at 50 random moments and releases at 20, and check the account after each (an hour)
	$(RUN) -m studies.kills
	$(RUN) -m studies.kills --release --kills 20

rotations: servers ## Rotate ten times on real servers, as the program does and in place, and count refused connections
	$(RUN) -m studies.rotations

hostile-owner: servers ## Let a database's owner make random objects and settings in 2,000 rounds, and rotate and retire
	$(RUN) -m studies.hostile_owner

mutations: setup ## Break each rule of the engine once, and run the tests that must see it (some minutes)
	$(RUN) -m studies.mutations

config: setup ## Write the keys that Pulumi.yaml declares, from the settings' models
	$(RUN) -m stacks.settings.declarations

# Nothing is built to learn what it needs: that would run code which no hash names yet.
LOCK := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate --no-build

lock: setup ## Write the lock files anew from both pyproject.toml
	$(LOCK) --group setup -o requirements-setup.txt
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) --extra dev pyproject.toml localcloud/pyproject.toml -c requirements.txt -o requirements-dev.txt
