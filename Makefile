# The two doors: `make bench` and `make test`. Both make the virtual environment when it is missing or out of date.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MANIFESTS := core/pyproject.toml $(wildcard plugins/*/pyproject.toml)
PACKAGES := $(patsubst %/pyproject.toml,%,$(MANIFESTS))
READY := $(VENV)/.ready
BUILD := .venv-build
OUT ?= jetbench-run
JOBS ?= 2

.PHONY: bench test test-install fuzz lint wheels clean

# Two models at a time, each with one core: networks of this size train no faster with two. On one core: make bench JOBS=1.
bench: $(READY)
	$(BIN)/jetbench run --all --jobs $(JOBS) --out $(OUT)

# In the order of conftest.py: the longest files come first, so that no core waits for the other at the end. Hundreds of
# processes import the same code: bytecode is kept even where the surroundings say otherwise.
test: $(READY)
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

# `pip install jetgen-mdma` into an empty environment of two gigabytes, and a run there.
test-install: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m install tests/test_install_mdma.py

# Ten thousand damaged files and model folders, each read in a process of its own: about ten minutes.
fuzz: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/fuzz.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(wildcard $(addsuffix /src,$(PACKAGES))) benchmarks

# Wheels of every package of ours, for `pip install --find-links dist`. They need two small tools and no torch.
wheels: $(BUILD)/.ready
	for package in $(PACKAGES); do $(BUILD)/bin/python -m build --quiet --wheel --no-isolation --outdir dist $$package || exit 1; done

$(BUILD)/.ready: constraints.txt
	test -x $(BUILD)/bin/python || $(PYTHON) -m venv $(BUILD)
	$(BUILD)/bin/python -m pip install --quiet --constraint constraints.txt build hatchling
	touch $@

# torch comes first: an unpinned torch would bring gigabytes of CUDA along.
$(READY): constraints.txt $(MANIFESTS)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "jetgen needs Python 3.11 or later")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --requirement requirements-dev.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation $(addprefix --editable ,$(PACKAGES))
	touch $@

clean:
	rm -rf $(VENV) $(BUILD) dist $(OUT)
