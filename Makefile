.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LOCK := locks/development.txt
UPGRADE ?= --upgrade
UV := build/uv/bin/uv
PYTHONS ?= 3.10 3.11 3.12 3.13
DEMO := build/demo
SERVED := $(DEMO)/served
FEATURE_LOG := $(DEMO)/warehouse/feature_log
DAYS := --start 2013-07-01 --end 2013-07-15
WAREHOUSE := --set WAREHOUSE=$(DEMO)/warehouse
SUBMIT = $(BIN)/spark-submit --properties-file conf/spark/local.conf

COMPILE := pyproject.toml --universal --python-version 3.10 --no-python-downloads --no-annotate --custom-compile-command 'make lock'

export PYSPARK_PYTHON := $(CURDIR)/$(BIN)/python

.PHONY: help install lock audit java lint test test-fast test-serving-versions test-faults test-cluster demo bench wheel clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-21s %s\n", $$1, $$2}'

install: $(STAMP) ## Create .venv with the package and all that its development needs, as locked

# Without build isolation the package is built by the locked hatchling, not by whichever is newest.
$(STAMP): pyproject.toml $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit("skewless needs Python 3.10 or newer; set PYTHON=/path/to/python3" if sys.version_info < (3, 10) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# One lock for each Python from 3.10: markers choose among its pins. The cluster's constraints are pins of the same lock.
lock: $(UV) ## Renew the locked versions and hashes; UPGRADE= keeps those that still fit pyproject.toml
	$(UV) pip compile --quiet $(COMPILE) --extra dev --generate-hashes $(UPGRADE) --output-file $(LOCK)
	$(UV) pip compile --quiet $(COMPILE) --extra cluster --constraints $(LOCK) --output-file locks/cluster.txt

$(UV):
	$(PYTHON) -m venv build/uv
	build/uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.13,<1'

audit: ## Look the locked versions up among known vulnerabilities, where PyPI's database of them is reached
	$(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip install --quiet --disable-pip-version-check 'pip-audit>=2.9,<3'
	build/audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement $(LOCK)

java:
	@home="$${JAVA_HOME:+$$JAVA_HOME/bin/}"; found=$$("$${home}java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1); \
	case "$$found" in 17|21) ;; *) echo "skewless needs Java 17 or 21, found $${found:-none}; install one, for instance with apt-get install openjdk-17-jre-headless, and put it first on PATH or in JAVA_HOME" >&2; exit 1;; esac

lint: install ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test-fast: install ## Run what needs no Spark
	$(BIN)/python -m pytest -q --numprocesses 2 --dist worksteal -m "not spark and not slow"

test: install java ## Run every test, and a share of the faults
	$(BIN)/python -m pytest -q --numprocesses 2 --dist loadfile -m "not fault"

# No Spark here, and none of the jobs' libraries but those whose values serving is given or whose servers it reads.
# A Python that is not on PATH is one that uv brings.
test-serving-versions: $(UV) ## Run the tests of serving on each Python that serving may have; PYTHONS=3.12 for one
	for version in $(PYTHONS); do \
	  $(UV) venv --quiet --clear --python $$version build/serving/$$version && \
	  $(UV) pip install --quiet --python build/serving/$$version --constraints $(LOCK) \
	    pytest pytest-xdist hypothesis tzdata numpy pandas pyarrow pyyaml redis 'psycopg[binary]' && \
	  build/serving/$$version/bin/python -m pytest -q tests/serving features skewless/serving \
	    --confcutdir tests/serving --hypothesis-profile ci || exit 1; \
	done

test-faults: install java ## Kill, stop, tear and fill up what runs need, and look at what is left
	$(BIN)/python -m pytest -q tests/faults

test-cluster: install java ## A master and two workers on this machine, code by zip
	$(BIN)/python -m pytest -q tests/packaging/test_cluster.py

demo: install java ## Real flights to a training set, two served weeks, their faults by name, and what they cost
	$(SUBMIT) jobs/load_flights.py --warehouse $(DEMO)/warehouse
	$(SUBMIT) jobs/build_training_set.py flight_delay $(WAREHOUSE)
	@rm -rf $(SERVED) $(FEATURE_LOG) $(FEATURE_LOG)_rejected
	$(BIN)/skewless export flight_delay $(WAREHOUSE) --to $(SERVED)/serving.json
	$(SUBMIT) jobs/serve_days.py flight_delay $(WAREHOUSE) $(DAYS) --to $(SERVED) \
	  --careless-from 2013-07-08 --night-off 2013-07-11
	$(SUBMIT) jobs/ingest_feature_log.py $(SERVED)/log --to $(FEATURE_LOG)
	$(SUBMIT) jobs/reconcile_feature_log.py flight_delay $(WAREHOUSE) --log $(FEATURE_LOG) $(DAYS) \
	  --report $(DEMO)/skew.html; code=$$?; [ $$code -eq 4 ] || { echo "reconcile: expected exit code 4 for the three planted faults, found $$code" >&2; exit 1; }
	$(SUBMIT) jobs/join_outcomes.py flight_delay $(WAREHOUSE) --log $(FEATURE_LOG)
	$(SUBMIT) jobs/monitor_features.py flight_delay $(WAREHOUSE) --log $(FEATURE_LOG) $(DAYS) \
	  --report $(DEMO)/drift.html; code=$$?; [ $$code -eq 4 ] || { echo "monitor: expected exit code 4, two weeks of July are not the year, found $$code" >&2; exit 1; }
	DEMO_MODEL=$(SERVED)/model.pickle $(SUBMIT) jobs/investigate_gap.py flight_delay $(WAREHOUSE) --arm release \
	  --offline $(DEMO)/warehouse/offline_predictions --online $(DEMO)/warehouse/online_predictions \
	  --model jobs.demo.model:score --report $(DEMO)/gap.html
	$(SUBMIT) jobs/report_leakage.py flight_delay $(WAREHOUSE) --report $(CURDIR)/$(DEMO)/flight_delay.html

bench: install java ## Side by side with what a user would pick instead; ASOF='--scale 0.1' and BENCH='--events 2000000' for fewer rows
	$(BIN)/python -m bench.asof $(ASOF)
	$(BIN)/python -m bench.planning
	$(BIN)/python -m bench.audit_share
	$(BIN)/python -m bench.windows $(BENCH)
	$(BIN)/python -m bench.window_costs
	$(BIN)/python -m bench.ondemand
	$(BIN)/python -m bench.serving
	$(BIN)/python -m bench.online_store
	$(BIN)/python -m bench.feast_online
	$(BIN)/python -m bench.reconcile
	$(BIN)/python -m bench.skew_causes
	$(BIN)/python -m bench.gap_causes
	$(BIN)/python -m bench.drift_calibration
	$(BIN)/python -m bench.profile_cost

wheel: install ## Build the wheel for pip, the zip for spark-submit --py-files, and a wheel of features/ for serving
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist . ./features
	@for wheel in dist/skewless-*.whl; do cp "$$wheel" "$${wheel%.whl}.zip"; done; ls dist

clean: ## Remove what was built, but not .venv
	rm -rf build dist
