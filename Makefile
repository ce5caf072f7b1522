# Nothing here that a person could not type. A fresh machine needs python3 and make, nothing else.
PYTHON ?= python3
VENV ?= .venv
RUN ?= run/demo
PRESET ?= demo
# Options for JupyterLab, as in make lab LAB="--allow-root --no-browser"
LAB ?=
PY := $(VENV)/bin/python
# Processes that share the test files out: one a core up to four, each about 1.5 GB.
TEST_WORKERS ?= logical --maxprocesses=4

.PHONY: install demo lab test check notebooks pictures executed

install: $(VENV)/.demo  ## mwwkit into .venv, for the command line; runs nothing
	@echo 'Installed. Next: $(VENV)/bin/mwwkit run -p WORD="hey kitchen" RECORDINGS=recordings (see README.md)'

demo: $(VENV)/.demo  ## 01 to 05 on a wake word that espeak-ng's voices speak
	$(PY) -m mwwkit demo --preset $(PRESET) --run-dir $(RUN)

lab: $(VENV)/.lab  ## JupyterLab on the five notebooks; from here, so that their links to run/ open
	$(PY) -m jupyter lab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/01_acquire_and_augment.ipynb $(LAB)

test: $(VENV)/.dev  ## the whole suite; MWWKIT_REAL_AUDIO, _PEOPLE and _OFFICIAL add tests on real sound and models
	$(PY) -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder

check: $(VENV)/.dev  ## quick: style, imports, notebook pairs
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pytest -q tests/test_architecture.py tests/test_notebooks.py tests/test_docs.py -k "not end_to_end"

notebooks: $(VENV)/.dev  ## notebooks/*.ipynb from their .py, with pyproject.toml's address and their pictures
	$(PY) tests/stamp_address.py
	$(PY) -m jupytext --to ipynb --update notebooks/*.py
	$(PY) tests/attach_pictures.py
	$(PY) tests/keep_cells.py

pictures: $(VENV)/.dev  ## docs/pictures/*.png, which the notebooks and the README explain with
	$(PY) docs/pictures.py

executed: $(VENV)/.dev  ## docs/executed: the demo's notebooks with what they show, some minutes
	rm -rf run/executed
	$(PY) -m mwwkit run --preset demo --run-dir run/executed
	$(PY) docs/executed.py run/executed

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 10) <= v <= (3, 13) else f"Python 3.10 to 3.13 wanted, $(PYTHON) is {v[0]}.{v[1]}; try make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv is missing: on Debian and Ubuntu, apt-get install python3-venv"; exit 1; }

$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	@echo 'Installing into $(VENV): some 2.6 GB, two to five minutes, without a word until the end ...'
	$(PY) -m pip install --quiet --editable '.[tts,tflm]'
	touch $@

$(VENV)/.lab: $(VENV)/.demo
	@echo 'Installing JupyterLab into $(VENV): a minute or so, without a word until the end ...'
	$(PY) -m pip install --quiet --editable '.[lab]'
	touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(PY) -m pip install --quiet --editable '.[dev]'
	touch $@ $(VENV)/.demo
