# Every target sets up what it needs; `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo run test test-browser chromium fuzz docs-figures bench-peers check format lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## create .venv with the kiosk command

$(READY): requirements.lock requirements-uv.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-uv.lock
	$(BIN)/uv pip install --quiet --require-hashes --build-constraints requirements.lock \
	  -r requirements.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $(READY)

demo: $(READY) ## the main job end to end on simulated devices; prints its table
	$(BIN)/kiosk demo

run: $(READY) ## leave a kiosk with simulated devices running; prints what to open
	$(BIN)/kiosk run

test: $(READY) ## every test that needs only what setup installed
	$(BIN)/python -m pytest

test-browser: $(READY) chromium ## the pages in a real browser, against a real service
	$(BIN)/python -m pytest tests/browser

chromium:
	@command -v chromium >/dev/null || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
	    || { echo "chromium is missing: install Debian's packages chromium and fonts-dejavu-core"; exit 1; }; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; }

FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= pictures zones names seals
# A build from source would need clang's libFuzzer: without a wheel for this Python it is skipped.
fuzz: $(READY) ## look for bytes that break what reads them, FUZZ_SECONDS for each target
	@if $(BIN)/uv pip install --quiet --require-hashes --no-build -r requirements-fuzz.lock; then \
	  for target in $(FUZZ_TARGETS); do \
	    echo "fuzz: $$target, $(FUZZ_SECONDS) s" && mkdir -p build/fuzz && \
	    $(BIN)/python tests/fuzz/fuzz.py $$target $(FUZZ_SECONDS) build/fuzz/$$target \
	      >build/fuzz/$$target.log 2>&1 || { tail -n 40 build/fuzz/$$target.log; exit 1; }; \
	    grep -E "^Done|peak_rss" build/fuzz/$$target.log; \
	  done; \
	else echo "fuzz: skipped, atheris cannot be installed here (wheels: Linux on x86-64, CPython)"; fi

DATA ?= ../shared/data/faces/images.csv
DATASET ?= lfw
docs-figures: $(READY) ## measure DATA=IMAGES.csv (DATASET=name); write docs/biometrics.md, docs/figures
	@if test -f "$(DATA)"; then \
	  $(BIN)/python -m biometrics.evaluation.page "$(DATA)" $(if $(DATASET),--dataset "$(DATASET)"); \
	else echo "docs-figures: skipped, there is no $(DATA)"; fi

# Readers to be measured beside ours, in an environment that the kiosk never sees. Of the second
# package only mrz.traineddata is kept; -c makes it the quicker one with integers.
PEERS := .venv-peers
bench-peers: $(READY) ## install PassportEye and tesseract apart, for kiosk bench mrz
	@command -v tesseract >/dev/null || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
	    || { echo "tesseract is missing: apt-get install tesseract-ocr"; exit 1; }; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends tesseract-ocr >/dev/null; }
	test -x $(PEERS)/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python $(PEERS)
	$(BIN)/uv pip install --quiet --python $(PEERS)/bin/python -r simulators/mrz_bench/peers.txt
	$(BIN)/uv pip install --quiet --python $(PEERS)/bin/python --no-deps \
	  --target $(PEERS)/traineddata -r simulators/mrz_bench/peers-traineddata.txt
	mkdir -p $(PEERS)/tessdata
	find $(PEERS)/traineddata -name mrz.traineddata -exec cp {} $(PEERS)/tessdata/ \;
	combine_tessdata -c $(PEERS)/tessdata/mrz.traineddata >/dev/null
	rm -rf $(PEERS)/traineddata

check: $(READY) ## lint, format, types, import contracts, dead code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture

format: $(READY) ## rewrite the code in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(READY) ## resolve the dependencies again (after editing pyproject.toml)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --all-extras pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --constraint requirements.lock pyproject.toml \
	  --output-file requirements-runtime.lock

clean: ## remove what setup and the tools made
	rm -rf .venv .venv-peers build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
