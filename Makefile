# make demo   try it: installs into .venv, then sandbox + relay + terminal
# make test   installs what the tests need and runs them
# make check  what CI runs: style, types, import rules, then the tests
# make bench  prints a line a figure
# make messages  brings the translation catalogues along with the source

# A version manager may leave a python3.13 on the PATH that does not run: take the first that does.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	if "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo "$$p"; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
# Two cores are what a small CI machine has; `make test WORKERS=8` on a bigger one.
WORKERS ?= 2

.PHONY: demo test check lint bench messages docs man clean
.DEFAULT_GOAL := demo

demo: $(RUN_STAMP)
	@$(BIN)/wptui demo

test: $(DEV_STAMP)
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup

check: lint
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup

lint: $(DEV_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict wptui
	$(BIN)/lint-imports

bench: $(DEV_STAMP)
	$(BIN)/python -m bench

messages: $(DEV_STAMP)
	$(BIN)/python -m tools.messages

docs: $(DEV_STAMP)
	$(BIN)/python -m tools.event_catalogue
	$(BIN)/python -m tools.key_table
	$(BIN)/python -m tools.permission_table

man: $(DEV_STAMP)
	$(BIN)/python -m wptui.cli.manpage > docs/wptui.1

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find wptui tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} +

# With uv: the versions of uv.lock. Without it, or where its index cannot be reached: what pip finds.
define install
	@test -n "$(PYTHON)" || { echo "wptui needs Python 3.11 or newer; set PYTHON=/path/to/python" >&2; exit 1; }
	@if command -v uv >/dev/null 2>&1 && uv sync --quiet --frozen $(1) --python "$(PYTHON)"; then :; else \
		test -x $(BIN)/pip || "$(PYTHON)" -m venv --clear $(VENV) && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable $(2); fi
	@touch $@
endef

$(RUN_STAMP): pyproject.toml uv.lock
	$(call install,--no-dev,.)

$(DEV_STAMP): pyproject.toml uv.lock
	$(call install,,'.[dev]')
	@touch $(RUN_STAMP)
