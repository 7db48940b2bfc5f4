# Needs make and Python (pyproject.toml says which), nothing else: the first target that runs anything builds .venv from
# envs/requirements.lock. pip's own settings (PIP_INDEX_URL, PIP_FIND_LINKS, ...) are honored. `make CORES=2 reproduce`
# uses two cores; `make STUDY=smoke report` takes another study: a file config/<STUDY>.yaml.

CORES ?= all
STUDY ?= paper
PYTHON ?= python3.11 python3.12 python3.13 python3.14 python3
PYTEST_ARGS ?= -n auto
# On Linux, torch's CPU build is from here, unless pip's own index has it; `make TORCH_INDEX= ...`: pip's own index alone.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

LOCK := envs/requirements.lock
STAMP := .venv/.complete
PIP := env PYTHONPATH= PYTHONNOUSERSITE=1 .venv/bin/python -m pip --disable-pip-version-check --no-input
# Everything runs with .venv, whatever the caller's environment holds, and keeps its caches here: a home may be closed.
# The checkout's path is the shell's to find, and tools are run as modules: the path may hold spaces and quotes.
RUN := env PATH="$$PWD/.venv/bin:$$PATH" PYTHONPATH="$$PWD/src" PYTHONNOUSERSITE=1 MPLBACKEND=Agg \
  XDG_CACHE_HOME="$${XDG_CACHE_HOME:-$$PWD/.cache}"
REQUIRES := $(shell sed -n 's/^requires-python = "\([^"]*\)".*/\1/p' pyproject.toml)
CONFIG := config/$(STUDY).yaml

# $(call snakemake,targets,config file): the targets come first, as --configfile takes every word that follows it.
define snakemake
[ -f $(2) ] || { echo "STUDY is $(STUDY): there is no $(2)" >&2; exit 2; }; \
	$(RUN) python -m snakemake $(1) --cores $(CORES) --rerun-incomplete --configfile $(2) || { status=$$?; \
	  if [ -n "$$(ls .snakemake/locks 2>/dev/null)" ]; then \
	    echo "If no other Snakemake is running here, a killed one left its lock: run 'make unlock', then the same command again." >&2; \
	  fi; exit $$status; }
endef

# Sets $python in a recipe's shell to the first candidate that will do.
define find_python
python=; for candidate in $(PYTHON); do \
	  if "$$candidate" -c 'import sys, ensurepip, venv; \
	    low, high = [[int(part) for part in bound.strip("<>=").split(".")] for bound in "$(REQUIRES)".split(",")]; \
	    sys.exit(not low <= list(sys.version_info[:2]) < high)' >/dev/null 2>&1; then \
	    python="$$candidate"; break; \
	  fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Python $(REQUIRES) with its venv module is needed; tried: $(PYTHON). Name one: make PYTHON=/path/to/python3.11" >&2; \
	  exit 1; \
	fi
endef

.PHONY: help
help: ## show this list
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z0-9._%-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

##@ Reproduce (STUDY=smoke takes the small study)

.PHONY: reproduce
reproduce: $(STAMP) ## the whole study: results/<study> and its figures (after an interruption it goes on where it stopped)
	@$(call snakemake,,$(CONFIG))

.PHONY: smoke
smoke: $(STAMP) ## the same workflow in minutes, with numbers that mean nothing: results/smoke
	@$(call snakemake,,config/smoke.yaml)

.PHONY: fig2
fig2: $(STAMP) ## Fig. 2 of the study, and what it needs
	@$(call snakemake,fig2,$(CONFIG))

.PHONY: claims
claims: $(STAMP) ## the verdicts on the paper's claims, and what they need
	@$(call snakemake,claims,$(CONFIG))

claim-%: $(STAMP) ## one claim, such as claim-C2, from the runs that it needs alone
	@$(call snakemake,claim_$*,$(CONFIG))
	@cat results/$(STUDY)/claims/$*.md

.PHONY: report
report: finished $(STAMP) ## a finished study as one HTML file: results/<study>/report.html
	@left=$$($(RUN) python -m snakemake --dry-run --quiet all --cores 1 --configfile $(CONFIG) 2>&1) || { \
	  printf '%s\n' "$$left" >&2; exit 1; }; \
	case "$$left" in *"Nothing to be done"*) ;; *) \
	  echo "make report: the study is out of date; run 'make reproduce STUDY=$(STUDY)' first" >&2; exit 1;; esac
	@$(call snakemake,--report results/$(STUDY)/report.html,$(CONFIG))

.PHONY: finished
finished:
	@[ -e "results/$(STUDY)/checked.json" ] || { \
	  echo "make report needs a finished study: run 'make reproduce STUDY=$(STUDY)' first" >&2; exit 1; }

##@ Check

.PHONY: check
check: $(STAMP) ## recompute tables and claims from the committed weights, and compare, in minutes: results/check
	@$(call snakemake,verify,config/check.yaml)

.PHONY: verify
verify: $(STAMP) ## compare the study's numbers with the committed ones (what is not there yet is run first)
	@$(call snakemake,verify,$(CONFIG))

.PHONY: provenance
provenance: $(STAMP) ## describe the study as an RO-Crate: results/<study>/ro-crate-metadata.json
	@$(call snakemake,provenance,$(CONFIG))

.PHONY: bench
bench: $(STAMP) ## time simulators, the certified optimum and an epoch of every model: results/benchmarks
	$(RUN) OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 python -m benchmarks.engine --output results/benchmarks/engine.csv
	$(RUN) OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 python -m benchmarks.optimum --output results/benchmarks/optimum.csv
	$(RUN) OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 python -m benchmarks.epochs --output results/benchmarks/epochs.csv

.PHONY: peers
peers: $(STAMP) ## add the simulators and SCIP that `make bench` compares with, where they are installed
	@.venv/bin/python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
	  print(*project['optional-dependencies']['peers'], sep='\n')" > .venv/peers.txt
	@$(PIP) freeze --exclude-editable > .venv/installed.txt
	$(PIP) install -q -c .venv/installed.txt -r .venv/peers.txt

##@ Test

.PHONY: test
test: $(STAMP) ## unit tests, physics, the smoke study and the library's doctests
	$(RUN) OMP_NUM_THREADS=1 python -m pytest $(PYTEST_ARGS) -m "not slow"

.PHONY: test-all
test-all: $(STAMP) ## the same with all slow tests, and 200 examples of every property
	$(RUN) OMP_NUM_THREADS=1 HYPOTHESIS_PROFILE=all python -m pytest $(PYTEST_ARGS)

.PHONY: coverage
coverage: $(STAMP) ## which lines and branches of src the tests reach
	$(RUN) OMP_NUM_THREADS=1 python -m pytest $(PYTEST_ARGS) -m "not slow" --cov --cov-report=term-missing:skip-covered

.PHONY: test-slurm
test-slurm: $(STAMP) ## the smoke study through a real Slurm on this machine (as root; needs slurm-wlm and munge)
	$(RUN) python -m tests.slurm.run

.PHONY: test-faults
test-faults: $(STAMP) ## kill the smoke study 20 times, without a network, and run it on one core: the same results?
	$(RUN) OMP_NUM_THREADS=1 python -m tests.faults.run

.PHONY: lint
lint: $(STAMP) ## ruff, mypy, snakefmt and snakemake --lint
	$(RUN) python -m ruff check .
	$(RUN) python -m ruff format --check .
	$(RUN) python -m mypy
	$(RUN) python -m snakefmt --check Snakefile workflow
	$(RUN) python -m snakemake --lint --configfile config/paper.yaml

##@ Document

.PHONY: docs
docs: $(STAMP) ## these pages, API and tutorials as a site: site/index.html (tutorials run, links are checked)
	$(RUN) OMP_NUM_THREADS=1 NO_MKDOCS_2_WARNING=1 python -m mkdocs build --strict

##@ Maintain

.PHONY: tune
tune: $(STAMP) ## search the hyperparameters anew, on the validation split
	@$(call snakemake,tune,$(CONFIG))

.PHONY: tuned
tuned: $(STAMP) ## commit to a search: its records into results/reference, the best trials into config/tuned.yaml
	$(RUN) python scripts/adopt_tuning.py

.PHONY: reference
reference: $(STAMP) ## commit to a full run: its numbers into results/reference, the README and docs
	$(RUN) python scripts/publish_reference.py

.PHONY: measure
measure: $(STAMP) ## write each rule's memory and run time into profiles/default, from what a full run took
	$(RUN) python scripts/measure_resources.py --write

.PHONY: settings
settings: $(STAMP) ## write config/schema.json and the tables of config/README.md from the settings
	$(RUN) python -m qgnn_d2d.settings.documentation --write

.PHONY: lock
lock: ## resolve pyproject.toml anew: envs/requirements.lock and envs/artifact.yaml
	@$(find_python); "$$python" envs/lock.py

.PHONY: unlock
unlock: $(STAMP) ## remove the lock that a killed Snakemake left behind
	@$(RUN) python -m snakemake --unlock --configfile $(CONFIG)

.PHONY: clean
clean: ## remove what runs wrote (never results/reference or figures/)
	rm -rf results/paper results/smoke results/check site .snakemake

# A checkout that was moved, or an interpreter that is gone, breaks a .venv that looks complete: build it again.
ifneq ($(shell [ "$$(cat $(STAMP) 2>/dev/null)" = "$$(pwd -P)" ] && .venv/bin/python -c pass >/dev/null 2>&1 && echo whole),whole)
.PHONY: $(STAMP)
endif

$(STAMP): $(LOCK)
	@$(find_python); TORCH_INDEX="$(TORCH_INDEX)" "$$python" envs/install.py
