# `make help` says what there is. Set-up is done once: what it made is remembered below .venv.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Whatever a machine says: a module is compiled once, not in each of the many processes.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
DEPENDENCIES := $(VENV)/.dependencies
CORE := $(VENV)/.core
RUST := $(shell find rust_core -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock
ASYNC := .venv-async
OTHER_LIBRARY := $(ASYNC)/.dependencies
# One more than there are processors: many tests wait for a socket most of their time.
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
ARGS ?=

.PHONY: help setup setup-async run test test-async check check-rust fmt bench soak soak-gateway mutants week clean

help: ## Show this
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(CORE) ## Make .venv with everything in it, and build the Rust core

run: $(CORE) ## Run one simulated day; options as in `make run ARGS="--seed 9"`
	@$(BIN)/tradebot run $(ARGS)

test: check ## Everything: check, then all tests
	HYPOTHESIS_PROFILE=ci $(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal

setup-async: $(OTHER_LIBRARY) ## Make .venv-async: ib_async laid over .venv, in the place of ib_insync, and the tearsheet's library

test-async: $(CORE) $(OTHER_LIBRARY) ## Everything about the gateway, with ib_async; and the tearsheet
	HYPOTHESIS_PROFILE=ci TRADEBOT_TEST_IB_LIBRARY=ib_async $(ASYNC)/bin/python -m pytest -q -n $(JOBS) --dist worksteal \
	    tests/broker_contract tests/ibkr tests/ibkr_faults/test_plain.py tests/second_gateway tests/report/test_tearsheet.py \
	    tests/live/test_program.py::test_a_morning_with_a_trade_gives_the_decisions_of_the_fake_broker

check: $(CORE) check-rust ## Format, lint, types, layers, the stubs of the Rust core, and its own tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	MYPYPATH=src $(BIN)/mypy $(wildcard examples/*.py examples/*/*.py)
	PYTHONPATH=src $(BIN)/lint-imports
	MYPYPATH=src $(BIN)/python -m mypy.stubtest rust_core

check-rust: ## What of the check needs no set-up: format, lint and tests of the Rust core
	@tools/needs cargo >/dev/null
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo test --package tradebot-engine --package tradebot-decision --locked --quiet

fmt: $(CORE) ## Format Python and Rust
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	cargo fmt --all

bench: $(CORE) ## Measure speed, in ratios against the peers; see docs/performance.md
	@for bench in $(filter-out benches/peers.py benches/indicator_peers.py,$(wildcard benches/*.py)); do \
	    echo "== $$bench"; $(BIN)/python $$bench; \
	done

soak: $(CORE) ## A million seconds of trading under random faults; ARGS="--steps N --seed N"
	PYTHONPATH=tests $(BIN)/python tests/soak.py $(ARGS)

soak-gateway: $(CORE) ## Random faults of the gateway over a socket; ARGS="--stories N --seed N"
	PYTHONPATH=src:tests $(BIN)/python tests/gateway_soak.py $(ARGS)

mutants: $(CORE) ## Mutation testing, an hour or two; ARGS="ledger", ARGS="domain.law.door"; see docs/mutants.md
	$(BIN)/python tools/mutants.py $(ARGS)

week: $(CORE) ## A week of days against the gateway, restarted every night; ARGS="--days N --minutes N"
	PYTHONPATH=src:tests $(BIN)/python tests/week.py $(ARGS)

clean: ## Take away what a set-up made
	rm -rf $(VENV) $(ASYNC) target dist

$(DEPENDENCIES): constraints.txt pyproject.toml
	@tools/needs python >/dev/null
	@tools/needs cargo >/dev/null
	"$$(tools/needs python)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt maturin $$($(BIN)/python tools/requirements.py)
	@touch $@

# Both libraries bring a package named eventkit: here the other one's comes first on the path. The
# tearsheet's library comes with a client for prices, which no other environment is to have.
$(OTHER_LIBRARY): $(DEPENDENCIES)
	rm -rf $(ASYNC)
	$(BIN)/python -m venv --without-pip $(ASYNC)
	$(BIN)/python -m pip --python $(ASYNC)/bin/python install --quiet --no-compile --no-deps \
	    --constraint constraints.txt ib_async aeventkit
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	    > "$$($(ASYNC)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/below.pth"
	$(BIN)/python -m pip --python $(ASYNC)/bin/python install --quiet --no-compile \
	    --constraint constraints.txt quantstats
	$(ASYNC)/bin/python -c 'import eventkit, ib_async, quantstats'
	@touch $@

$(CORE): $(DEPENDENCIES) $(RUST)
	@tools/needs cargo >/dev/null
	PIP_QUIET=1 PIP_CONSTRAINT=constraints.txt VIRTUAL_ENV=$(CURDIR)/$(VENV) \
	    $(BIN)/maturin develop --release --locked --quiet
	@touch $@
