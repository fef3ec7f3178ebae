# `make book` and `make test` are all one needs; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOWEST := .venv-lowest
ROOMS := $(addprefix tests/,images data networks training upscaling benchmarking cli)
CHAPTERS := $(sort $(wildcard book/*.ipynb))
PAGE := _build/html/index.html
PORT ?= 8000
VGG ?= torchvision
# Two notebook kernels on two cores fight for them unless each keeps to one thread.
export OMP_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help setup book serve test test-installed test-lowest test-browser pdf notebooks bench results lint clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: $(READY) ## create .venv with the pinned requirements (the others do it by themselves)

$(READY): requirements.txt pyproject.toml
	@echo "== Setting up $(VENV): about 6 GB, some minutes, once"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Sphinx does not see a change of these by itself; `find` says so, too, when there is no page yet.
NEW_LOOK = $(shell find book/_static book/_ext -newer $(PAGE) 2>&1 | head -1)

book: $(READY) ## build the book and say where the page is
	@tools/vendor.sh
	@echo "== Building the book from the stored outputs"
	$(BIN)/jupyter-book build . --quiet $(if $(NEW_LOOK),--all)
	@echo "== The page: file://$(CURDIR)/$(PAGE)   or: make serve"

serve: book ## build the book and serve it on localhost (PORT=8000)
	@echo "== http://localhost:$(PORT) (stop with Ctrl-C)"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

test: $(READY) ## unit tests, doctests, every chapter under nbval, the book with warnings as errors
	@tools/vendor.sh
	@echo "== 1/3 unit tests and doctests"
	$(BIN)/python -m pytest -q -n 2 --doctest-modules tests srlib
	@echo "== 2/3 every chapter, run again and compared with its stored outputs"
	$(BIN)/python -m pytest -q --nbval --nbval-current-env -n 2 --dist loadfile \
	    --nbval-sanitize-with tests/nbval_sanitize.cfg $(CHAPTERS)
	@echo "== 3/3 the book, warnings as errors"
	$(BIN)/jupyter-book build . --quiet --all -n -W --keep-going --path-output _build/strict
	@echo "== All green"

test-installed: $(READY) ## every chapter in an empty folder with only the library installed, as on Colab
	$(BIN)/python -m pytest -q -m "installed or not installed" -n 2 tests/notebooks/test_installed.py

test-lowest: $(LOWEST)/.ready ## the library's unit tests with the lowest versions that pyproject.toml allows
	$(LOWEST)/bin/python -m pytest -q -n 2 $(ROOMS) tests/test_atomic.py tests/test_face.py

$(LOWEST)/.ready: pyproject.toml tools/lowest.py
	@echo "== Setting up $(LOWEST): about 6 GB, some minutes, once"
	@test -x $(LOWEST)/bin/python || $(PYTHON) -m venv $(LOWEST)
	$(PYTHON) tools/lowest.py onnx spandrel > $(LOWEST)/constraints.txt
	$(LOWEST)/bin/python -m pip install --quiet --constraint $(LOWEST)/constraints.txt \
	    --editable ".[onnx,spandrel]" pytest pytest-xdist hypothesis opencv-python-headless
	@touch $@

test-browser: $(READY) ## every page in Chromium: wide and phone, light and dark, no network
	@tools/vendor.sh
	$(BIN)/jupyter-book build . --quiet --all --path-output _build/strict
	$(BIN)/python -m pytest -q -m browser -n 2 --dist loadgroup tests/browser

pdf: book ## the book as one PDF, printed by Chromium
	$(BIN)/python tools/pdf.py _build/html _build/book.pdf

notebooks: $(READY) ## run all chapters in place; nothing changes when nothing changed
	$(BIN)/python tools/execute.py $(CHAPTERS)

bench: $(READY) ## measure speed and memory, side by side, in one run
	env -u OMP_NUM_THREADS $(BIN)/python -m bench

results: $(READY) ## remake the stored tables in results/ (VGG=file.safetensors: no download)
	$(BIN)/python -m experiments.protocol
	$(BIN)/python -m experiments.broken_gan --vgg $(VGG)
	$(BIN)/python -m experiments.vgg_sees --vgg $(VGG)
	$(BIN)/python -m experiments.tables --vgg $(VGG)
	$(BIN)/python -m experiments.sweep --vgg $(VGG)

lint: $(READY) ## check style, the rooms' imports and notebook hygiene, as the commit hook does
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/python tools/execute.py --check $(CHAPTERS)

clean: ## remove what was built, but not .venv
	rm -rf _build book/_vendor tests/browser/_vendor .pytest_cache .ruff_cache
