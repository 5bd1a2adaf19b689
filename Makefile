# Two commands do everything: `make demo` and `make test`. They install what they need into .venv first.
PYTHON ?= python3
BIN := .venv/bin
STATIC := src/tidebook/server/static/index.html
WEB := $(shell find web/src web/public web/index.html web/vite.config.ts web/package-lock.json -type f 2>/dev/null)

.PHONY: help install demo serve test lint check bench web clean

help:
	@echo "make demo   install, train on generated data, print the URL and serve"
	@echo "make test   install and run all tests"
	@echo "make check  lint, types, import order, web types and web unit tests"
	@echo "make lint   format and mend what can be mended"
	@echo "make bench  run the benchmarks and print their figures"

install: .venv/installed $(STATIC)

.venv/installed: pyproject.toml constraints.txt web/build.py web/package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tidebook needs Python 3.11 or newer; set PYTHON=…")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(STATIC)

$(STATIC): $(WEB) | .venv/installed
	$(BIN)/python web/build.py
	@touch $@

web: $(STATIC)

demo: install
	$(BIN)/tidebook demo

serve: install
	$(BIN)/tidebook serve

test: install
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: install
	$(BIN)/ruff format src tests benchmarks examples web/build.py
	$(BIN)/ruff check --fix src tests benchmarks examples web/build.py

check: install
	$(BIN)/ruff format --check src tests benchmarks examples web/build.py
	$(BIN)/ruff check src tests benchmarks examples web/build.py
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python web/build.py check

bench: install
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv web/node_modules src/tidebook/server/static
