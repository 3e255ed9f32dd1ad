PYTHON ?= python3
PORT ?= 5000
GRIDT_BIND ?= 127.0.0.1:$(PORT)
ARGS ?=
# Other images to build on and to test beside (docs/image.md). For bench-against, BASE is the commit
# to compare with.
BASE ?=
DATABASE_IMAGE ?=

# The commit that `make check` compares the tree with; by default, where the branch left main.
SINCE ?=
# The number of processes that run tests at the same time. Many tests wait for a server or a browser,
# so it is one more than there are processors.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')

STORMS := tests/test_storms.py tests/test_crashes.py tests/test_database_copy.py \
  tests/test_lost_connections.py tests/test_network_structure.py

PY := .venv/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check

# Tests start gridt hundreds of times, so Python keeps its compiled modules.
unexport PYTHONDONTWRITEBYTECODE

PYTEST := pytest --numprocesses $(WORKERS) --maxprocesses 8 --dist worksteal --times=build/times

.DEFAULT_GOAL := help
.PHONY: help run demo check test docs storm fuzz mutants image-test screenshots lint format bench \
  bench-quick bench-against attack requirements vendor app-check icons clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/runtime ## start gridt on http://127.0.0.1:5000 (another port: make run PORT=5001)
	@GRIDT_BIND=$(GRIDT_BIND) $(PY) -m gunicorn

demo: .venv/runtime ## start gridt with invented people in a database of its own, and print a login
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && trap exit INT TERM && \
	  export GRIDT_DATABASE_URL="sqlite:///$$folder/gridt.sqlite" GRIDT_MAIL_FOLDER="$$folder/mail" \
	    GRIDT_BIND=$(GRIDT_BIND) GRIDT_GROUPS=true && \
	  $(PY) -m flask db upgrade 2>/dev/null && \
	  password=$$($(PY) -m flask gridt demo-data | sed -n 's/^with the password //p') && \
	  printf '\nOpen http://%s/app\nand log in as demo1 with the password %s\n' \
	    "$(GRIDT_BIND)" "$$password" && \
	  printf 'demo2 is the admin of an organisation, and demo3 coaches a team there.\n\n' && \
	  $(PY) -m gunicorn

check: .venv/dev lint ## lint, types, and the tests of changed files on SQLite
	@rm -rf build/times
	@tests=$$($(PY) scripts/changed_tests.py $(SINCE)) && \
	  { [ -z "$$tests" ] || $(PY) -m $(PYTEST) --database=sqlite $(ARGS) $$tests; }

test: .venv/dev ## lint, types, pages, and the whole suite on SQLite and on PostgreSQL
	@$(MAKE) --no-print-directory --jobs=2 lint docs
	@rm -rf build/times
	@$(PY) -m coverage erase
	$(PY) -m coverage run -m $(PYTEST) --database=sqlite $(ARGS)
	$(PY) -m coverage run -m $(PYTEST) --database=postgresql $(ARGS)
	@$(PY) -m coverage combine --quiet
	$(PY) -m coverage report

storm: .venv/dev ## the tests' storms and crashes at full size, on both databases (some ten minutes)
	$(PY) -m pytest -s --storm full --database sqlite $(STORMS)
	$(PY) -m pytest -s --storm full --database postgresql $(STORMS)

fuzz: .venv/dev ## many random calls and lives, and a long life of a movement (some half an hour)
	$(PY) -m pytest --hypothesis-profile fuzz --database sqlite tests/test_fuzz.py tests/test_recompute.py \
	  tests/test_long_life.py
	$(PY) -m pytest --hypothesis-profile fuzz --database postgresql tests/test_fuzz.py tests/test_recompute.py

mutants: .venv/dev ## plant 400 faults, and list those that no test notices (some hours)
	$(PY) scripts/mutants.py $(ARGS)

image-test: .venv/dev ## build the image, and run it and compose.yaml with Docker
	@docker info >/dev/null 2>&1 || \
	  { echo 'No Docker answers here (see `docker info`): nothing was built, nothing tested.' >&2; exit 1; }
	docker build $(if $(BASE),--build-arg BASE=$(BASE)) \
	  --build-arg REVISION=$$(git rev-parse HEAD) --tag gridt:test .
	$(PY) -m pytest -s tests/image --image gridt:test \
	  $(if $(DATABASE_IMAGE),--database-image $(DATABASE_IMAGE)) $(ARGS)

screenshots: .venv/dev ## take the pictures in docs/images again, in Chromium
	$(PY) -m pytest --screenshots docs/images tests/clients/test_docs_page.py tests/test_network_page.py \
	  tests/web/test_pictures.py

lint: .venv/lint ## check style, types and the Dockerfile
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	.venv/bin/hadolint Dockerfile

docs: .venv/docs ## make a site of docs/ and of the docstrings, in build/site
	@rm -rf build/site
	$(PY) -m sphinx -q -W -E -c docs -d build/doctrees . build/site

format: .venv/lint ## format the code
	$(PY) -m ruff check --fix-only
	$(PY) -m ruff format

attack: .venv/dev ## attack servers by slow readers, and measure how long other calls wait
	@$(PY) -m bench.attack $(ARGS)

bench: .venv/dev ## measure, with up to a million members (20 minutes, 5 GiB); one part: ARGS='--only limit'
	$(PY) -m bench $(ARGS)

bench-quick: .venv/dev ## measure the same with fewer members and rounds, in a few minutes
	$(PY) -m bench --quick $(ARGS)

bench-against: .venv/dev ## compare the cost of operations with that in a commit: BASE=<commit>
	$(PY) -m bench.against $(if $(BASE),--base $(BASE)) $(if $(LIMIT),--limit $(LIMIT)) $(ARGS)

requirements: .venv/runtime ## pin the newest releases of the packages in requirements*.in
	@$(PIP) uv
	for name in requirements requirements-pictures requirements-lint requirements-docs requirements-dev; do \
	  $(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	    --custom-compile-command 'make requirements' $$name.in --output-file $$name.txt || exit 1; \
	done

vendor: ## bundle the libraries of the network page and of the app again, by their pins (needs npm)
	scripts/vendor.sh

app-check: .venv/dev ## print the sizes, requests and times of the app, measured in Chromium
	@$(PY) -m scripts.app_check

icons: .venv/dev ## draw the icons of the app again, from its SVG, in Chromium
	$(PY) -m scripts.icons

clean: ## remove the environment and the files of tools; databases stay
	rm -rf .venv build .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are written last, so an environment that was interrupted half-way is made again.
.venv/runtime: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo 'gridt needs Python 3.11 or later: try `make PYTHON=python3.13 $(MAKECMDGOALS)`' >&2; exit 1; }
	@echo 'Making the environment in .venv …'
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) -r requirements.txt
	@touch $@

.venv/lint: .venv/runtime requirements-lint.txt
	@echo 'Adding the tools for style and types …'
	@$(PIP) -r requirements.txt -r requirements-lint.txt
	@touch $@

.venv/docs: .venv/runtime requirements-docs.txt
	@echo 'Adding the tools for the pages …'
	@$(PIP) -r requirements.txt -r requirements-docs.txt
	@touch $@

# This environment includes the two above.
.venv/dev: .venv/runtime requirements-pictures.txt requirements-dev.txt
	@echo 'Adding the test tools …'
	@$(PIP) -r requirements.txt -r requirements-pictures.txt -r requirements-dev.txt
	@touch .venv/lint .venv/docs $@
