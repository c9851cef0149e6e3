# What a person types. `make demo` and `make test` need Python 3.11 or newer, pip and make, and install into .venv.

PYTHON ?= python3
BIN := .venv/bin
SHARED ?= ../shared
export OMP_NUM_THREADS ?= 1

.PHONY: demo test evals bench train

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

demo: .venv/installed  ## Code the sample reports and show what they tell
	$(BIN)/legation run samples/reports --store demo
	$(BIN)/legation events --store demo --dyad PRK RUS
	$(BIN)/legation read samples/reports/txt/envoy-announced.txt

test: .venv/installed  ## Lint, types and tests: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest

evals: .venv/installed  ## Measure accuracy on the development sets in SHARED; prints the table of the README
	$(BIN)/python -m evals --shared $(SHARED)

bench: .venv/installed  ## Measure speed, start-up and memory on this machine
	$(BIN)/python -m evals --speed

train: .venv/installed  ## Train weights of version WEIGHTS from the corpora in SHARED; resumes where it stopped
	@test -n "$(WEIGHTS)" || { echo "make train WEIGHTS=3: say the version that mentions coded with them will name"; exit 2; }
	$(BIN)/pip install --quiet --editable '.[training]'
	OMP_NUM_THREADS=2 $(BIN)/python -m training.train --shared $(SHARED)
	$(BIN)/python -m training.export --version $(WEIGHTS)
	$(BIN)/python -m training.fit_inheritance --shared $(SHARED)
	$(BIN)/python -m training.calibrate --shared $(SHARED)
