.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# What `make compare` trains: the papers' models between the plainest there is and plain context.
MODELS ?= majority mlp gru hcam cfn_esa m2fnet

# Marks of tests that start a program of their own, wait for it much, and need it installed.
ENGINES := slurm or ray or postgresql

.PHONY: help setup compare test test-engines test-all lint docs bench attack

help: ## Show what can be made
	@grep -E '^[a-z0-9 %-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 52

setup: .venv/installed ## Make .venv and install the pinned packages

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

compare: setup ## Train MODELS on the embedded, simulated corpus (3 seeds) and print the tables
	printf '%s\n' $(MODELS) | OMP_NUM_THREADS=1 xargs -P 2 -I MODEL \
		$(BIN)/ercbench train -m model=MODEL dataset=simulated seed=0,1,2 runs=runs/compare \
		selection.patience=5 trainer.enable_progress_bar=false # two models at a time, a core each
	$(BIN)/ercbench report runs/compare out=report

# DATASET=simulated runs on simulated data; SEEDS=0,1 fewer seeds; SETTINGS any setting of the command
reproduce-%: setup ## Run every published row of the paper, then say how near it came
	$(BIN)/ercbench reproduce paper=$(subst -,_,$*) runs=runs/$@ out=report/$@ \
		$(if $(SEEDS),seeds=[$(SEEDS)]) $(if $(filter simulated,$(DATASET)),simulated=true) $(SETTINGS)

test: setup ## Run the tests, a process per core, but those of test-engines
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder \
		-m "not ($(ENGINES))"

test-engines: setup ## Run the tests in a real queue, Ray and database, as far as they are installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile -m "$(ENGINES)"

test-all: test test-engines ## Run all tests

lint: setup ## Check style, types, and which rooms import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: setup ## Make the documentation as a site in site/, with every link checked
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

bench: setup ## Measure speed and memory against plain formulations (some 20 minutes)
	$(BIN)/python benchmarks/epoch.py
	$(BIN)/python benchmarks/loop_overhead.py
	$(BIN)/python benchmarks/store_open.py
	$(BIN)/python benchmarks/report.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/predict.py
	$(BIN)/python benchmarks/calibration.py

attack: setup ## Kill, damage, starve and misuse every command, and count how it ends (some 20 minutes)
	OMP_NUM_THREADS=1 PYTHONPATH=benchmarks:tests/support $(BIN)/python -m attack
