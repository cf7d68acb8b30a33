# The two commands of a fresh machine: `make run` and `make test`.
VENV   := .venv
BIN    := $(VENV)/bin
TOOLS  := $(CURDIR)/.tools
PIP    := $(BIN)/python -m pip install -qq --disable-pip-version-check
# The first Python that is new enough and can make environments (Debian keeps that part apart).
USABLE := import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach p,python3.13 python3.12 python3.11 python3,\
	$(shell $(p) -c '$(USABLE)' >/dev/null 2>&1 && echo $(p))))
PYTEST ?= -n 2
# The examples in Python want NumPy, which the environment has.
export PATH := $(CURDIR)/$(BIN):$(TOOLS)/julia/bin:$(PATH)

.PHONY: run test test-fast fuzz check install dev julia tools campaigns bench soak redteam release site clean help

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: install ## Build, check, time and table the C examples
	$(BIN)/harness run --adapter c

# Tests that measure disturb each other on few cores: what failed beside others runs once more alone.
test: dev julia tools ## Run the tests, with everything that they need installed
	$(BIN)/python -m pytest $(PYTEST) || { test $$? = 1 && \
	  echo "What failed beside other tests, once more and alone:" && \
	  $(BIN)/python -m pytest -n 0 --last-failed --last-failed-no-failures none; }

FUZZED := $(shell grep -lr --include='test_*.py' '^from hypothesis import given' tests)

CLI_COMMANDS ?= 10000
FUZZ_COMMANDS ?= 10000

fuzz: dev ## Randomised tests, anew each time; `harness next` over FUZZ_COMMANDS commands
	HARNESS_FUZZ=1 $(BIN)/python -m pytest $(PYTEST) $(FUZZED)
	HARNESS_FUZZ_COMMANDS=$(FUZZ_COMMANDS) HARNESS_FUZZ_SEEDS=$$(date +%s),$$(date +%N) \
	  $(BIN)/python -m pytest $(PYTEST) -q tests/optimise/test_next_is_right.py
	$(BIN)/python tests/soak/following.py --commands $(CLI_COMMANDS)

SOAK ?= --corruptions 10000 --kills 10000

soak: dev ## Hostile programs, corruptions and kills (SOAK="--corruptions 500 --kills 50" for fewer)
	HARNESS_SOAK=1 $(BIN)/python -m pytest $(PYTEST) -m soak
	$(BIN)/python tests/soak $(SOAK)

test-fast: dev ## Run the tests that need nothing but Python, in half a minute
	$(BIN)/python -m pytest $(PYTEST) -q -m "pure and not slow"

check: dev ## Lint and type-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: $(VENV)/.installed
dev: $(VENV)/.dev

$(VENV)/.created:
	@test -n "$(PYTHON)" || { \
	  echo "Python 3.11 or later with venv is needed: apt-get install python3-venv" >&2; exit 3; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.created pyproject.toml
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.created pyproject.toml
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.installed

julia: ## Install a working Julia below .tools where none is on PATH (Debian)
	scripts/install_julia.sh $(TOOLS)/julia

tools: ## Install the compiler, profilers, linter, browser and SLURM that the tests use (Debian)
	scripts/install_tools.sh $(TOOLS)

redteam: dev ## Try known ways to seem faster, and say which are found out (TRIED="--level strict")
	$(BIN)/harness redteam $(TRIED)

campaigns: dev julia ## Measure the recorded campaigns again: plain against optimised
	$(BIN)/python benchmarks/campaigns.py

bench: dev julia tools ## Run every benchmark in its short form
	benchmarks/run_all.sh

site: dev ## Build the site of docs/ into site/, without the network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --site-dir site

release: dev ## Build, check and try the distributions, with notes from CHANGELOG.md, in dist/
	$(BIN)/python scripts/release.py

clean: ## Remove what was built here
	rm -rf $(VENV) .tools .harness build dist site *.egg-info .mypy_cache .pytest_cache .ruff_cache
