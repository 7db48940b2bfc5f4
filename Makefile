# Needs make and Python >= 3.11, nothing else: the first target that runs anything builds .venv from envs/requirements.lock.
# pip's own settings (PIP_INDEX_URL, PIP_FIND_LINKS, ...) are honoured. `make CORES=2 reproduce` uses two cores.

CORES ?= all
PYTHON ?= python3.11 python3.12 python3.13 python3
PYTEST_ARGS ?= -n auto --dist loadfile

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

LOCK := envs/requirements.lock
STAMP := .venv/.complete
PIP := env PYTHONPATH= PYTHONNOUSERSITE=1 .venv/bin/python -m pip --disable-pip-version-check --no-input
# Everything runs with .venv and this checkout, whatever the caller's environment holds.
RUN := env PATH="$(CURDIR)/.venv/bin:$$PATH" PYTHONPATH="$(CURDIR)/src" PYTHONNOUSERSITE=1 MPLBACKEND=Agg
SNAKEMAKE_OPTIONS := --cores $(CORES) --rerun-incomplete

# $(call snakemake,targets,config file): the targets come first, as --configfile takes every word that follows it.
define snakemake
$(RUN) snakemake $(1) $(SNAKEMAKE_OPTIONS) --configfile $(2) || { status=$$?; \
	  if [ -n "$$(ls .snakemake/locks 2>/dev/null)" ]; then \
	    echo "If no other Snakemake is running here, a killed one left its lock: run 'make unlock', then the same command again." >&2; \
	  fi; exit $$status; }
endef

# Sets $python in a recipe's shell to the first candidate that will do.
define find_python
python=; for candidate in $(PYTHON); do \
	  if "$$candidate" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    python="$$candidate"; break; \
	  fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Python >= 3.11 with its venv module is needed; tried: $(PYTHON). Name one: make PYTHON=/path/to/python3.11" >&2; \
	  exit 1; \
	fi
endef

.PHONY: help
help: ## show this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z0-9._-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: reproduce
reproduce: $(STAMP) ## the full study: results/paper and figures/ (after an interruption it goes on where it stopped)
	@$(call snakemake,,config/paper.yaml)

.PHONY: smoke
smoke: $(STAMP) ## the same workflow in minutes: results/smoke
	@$(call snakemake,,config/smoke.yaml)

.PHONY: fig2
fig2: $(STAMP) ## Fig. 2 of the full study, and what it needs
	@$(call snakemake,fig2,config/paper.yaml)

.PHONY: report
report: $(STAMP) ## a finished full study as one HTML file: results/paper/report.html
	@$(call snakemake,--report results/paper/report.html,config/paper.yaml)

.PHONY: tune
tune: $(STAMP) ## search the hyper-parameters anew, on the validation split
	@$(call snakemake,tune,config/paper.yaml)

.PHONY: test
test: $(STAMP) ## unit, physics and workflow tests and the library's doctests
	$(RUN) OMP_NUM_THREADS=1 python -m pytest $(PYTEST_ARGS)

.PHONY: test-fuzz
test-fuzz: $(STAMP) ## let Snakemake read every one of some 2,000 broken configs (make test has a part of them): about twenty minutes
	$(RUN) OMP_NUM_THREADS=1 python tests/workflow/fuzz_configs.py

.PHONY: test-slurm
test-slurm: $(STAMP) ## the smoke study through a real Slurm on this machine (as root; needs slurm-wlm and munge)
	$(RUN) python -m tests.slurm.run

.PHONY: test-faults
test-faults: $(STAMP) ## kill the smoke study 20 times, without a network, and run it on one core: the same results?
	$(RUN) OMP_NUM_THREADS=1 python -m tests.faults.run

.PHONY: lint
lint: $(STAMP) ## ruff, mypy, snakefmt and snakemake --lint
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) snakefmt --check Snakefile workflow
	$(RUN) snakemake --lint --configfile config/paper.yaml

.PHONY: bench
bench: $(STAMP) ## time the star engine against other simulators: results/benchmarks/engine.csv
	$(RUN) OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 python scripts/benchmark_engine.py --output results/benchmarks/engine.csv

.PHONY: peers
peers: $(STAMP) ## add the other simulators that `make bench` compares with, where they are installed
	@.venv/bin/python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
	  print(*project['optional-dependencies']['peers'], sep='\n')" > .venv/peers.txt
	$(PIP) install -q -c $(LOCK) -r .venv/peers.txt

.PHONY: verify
verify: $(STAMP) ## compare the full study's numbers with the committed ones (what is not there yet is run first)
	@$(call snakemake,verify,config/paper.yaml)

.PHONY: provenance
provenance: $(STAMP) ## describe the full study as an RO-Crate: results/paper/ro-crate-metadata.json (what is not there yet is run first)
	@$(call snakemake,provenance,config/paper.yaml)

.PHONY: reference
reference: $(STAMP) ## commit to a full run: its numbers into results/reference and the README
	$(RUN) python scripts/publish_reference.py

.PHONY: measure
measure: $(STAMP) ## write each rule's memory and run time into workflow/rules, from a full run's benchmarks
	$(RUN) python scripts/measure_resources.py --write

.PHONY: lock
lock: ## resolve pyproject.toml anew: envs/requirements.lock and envs/artifact.yaml
	@$(find_python); "$$python" envs/lock.py

.PHONY: unlock
unlock: $(STAMP) ## remove the lock that a killed Snakemake left behind
	@$(RUN) snakemake --unlock --configfile config/paper.yaml

.PHONY: clean
clean: ## remove what runs wrote (never results/reference or figures/)
	rm -rf results/paper results/smoke .snakemake

# A checkout that was moved, or an interpreter that is gone, breaks a .venv that looks complete: build it again.
ifneq ($(shell .venv/bin/python -c pass 2>/dev/null && cat $(STAMP) 2>/dev/null),$(CURDIR))
.PHONY: $(STAMP)
endif

# The stamp comes last: a .venv without it is half made and is built from nothing.
$(STAMP): $(LOCK)
	@$(find_python); \
	echo "building .venv from $(LOCK) with $$("$$python" -V): some minutes, once" && \
	rm -rf .venv && "$$python" -m venv .venv && \
	$(PIP) install -qq -r $(LOCK) && $(PIP) check && \
	printf '%s\n' "$(CURDIR)" > $@
