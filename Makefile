# Every target first installs the exact versions of requirements.lock and the package into .venv.
# Another Python:  make run PYTHON=python3.12        Another config:  make run CONFIG=config/my.yaml
# A run that is estimated at more than two hours:  make run YES=1

PYTHON ?= python3
CONFIG ?=

BIN := .venv/bin
READY := .venv/.ready
SNAKEMAKE := $(BIN)/python -m workflow.driver
# A word of the shell, whatever is in it: a path may have spaces and quotes.
quoted = '$(subst ','\'',$1)'
CONFIGURED := $(if $(CONFIG),--configfile $(call quoted,$(CONFIG)))
SNAKEFILES := Snakefile workflow/rules
# As in workflow/rules/common.smk; the benchmarks are measured on one thread.
export OMP_NUM_THREADS ?= 1
# By default glibc returns the memory of every large tensor to the system. Keeping it, in large pages, saves 5 % of the
# language model's time.
export GLIBC_TUNABLES ?= glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=268435456

ifneq ($(CONFIG),)
ifneq ($(shell test -f $(call quoted,$(CONFIG)) && echo file),file)
$(error CONFIG is $(CONFIG), which does not exist: name a YAML file such as config/small.yaml)
endif
WITH_OWN := $(filter small grid ladder which_law online trusted,$(MAKECMDGOALS))
ifneq ($(WITH_OWN),)
$(error $(WITH_OWN) has a config of its own: leave out CONFIG, or say make run CONFIG=$(CONFIG))
endif
endif

.PHONY: run small grid ladder verify report perceptron perceptron_noisy perceptron_paper perceptron_flow perceptron_steered perceptron_redundant perceptron_desired stories stories_controls transfer which_law optima overfitting online trusted \
	test test-oldest lint format reproduce soak bench bench-search bench-gpu picture docs help install

run: $(READY)  ## the default config: every experiment, and results/report.html
	$(SNAKEMAKE) $(CONFIGURED)

small: $(READY)  ## the whole report at toy size, in about a minute: results-small/report.html
	$(SNAKEMAKE) --configfile config/small.yaml

grid: $(READY)  ## stories at three sizes, as in the paper's Table 2: results-grid/report.html
	$(SNAKEMAKE) --configfile config/grid.yaml

ladder: $(READY)  ## real stories at growing size: results-tinystories/report.html; TARGETS=stories_h64 for larger ones
	$(SNAKEMAKE) $(TARGETS) --configfile config/tinystories.yaml

verify: $(READY)  ## the verdict on each of the paper's claims; fails if one is not as the config expects
	$(SNAKEMAKE) verify --quiet $(CONFIGURED)

report perceptron perceptron_noisy perceptron_paper perceptron_flow perceptron_steered perceptron_redundant perceptron_desired stories stories_controls transfer: $(READY)  ## one target of the workflow
	$(SNAKEMAKE) $@ $(CONFIGURED)

optima overfitting: $(READY)  ## what holds of better policies; J on unseen examples along searches: hours on two cores
	$(SNAKEMAKE) compare_$@ $(CONFIGURED)

which_law: $(READY)  ## the study of the two laws: hours on two cores; results-which_law/
	$(SNAKEMAKE) --configfile config/which_law.yaml compare_laws

online: $(READY)  ## weights without a search against tuned baselines: results-online/report.html; TARGETS=perceptron_shares for more
	$(SNAKEMAKE) $(TARGETS) --configfile config/online.yaml

trusted: $(READY)  ## few trusted examples: weights against training on them: results-trusted/online.html
	$(SNAKEMAKE) compare_online --configfile config/trusted.yaml

# Many tests wait for processes that they start, so there are more of them at a time than two cores can run.
test: $(READY)  ## the tests, in three processes
	$(BIN)/pytest --numprocesses 3 --dist loadgroup --no-loadscope-reorder

# The lower bounds of pyproject.toml, with the build of PyTorch for CPUs, which needs no CUDA libraries.
OLDEST := .venv-oldest
test-oldest:  ## the tests with the oldest versions that pyproject.toml allows, in an environment of their own
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/pip install --quiet uv
	$(OLDEST)/bin/uv pip compile pyproject.toml --extra workflow --extra dev --resolution lowest-direct --quiet \
		--no-header --no-annotate --output-file $(OLDEST)/all.txt
	grep -vE "^(nvidia|cuda|triton)" $(OLDEST)/all.txt > $(OLDEST)/versions.txt
	$(OLDEST)/bin/pip install --quiet --no-deps -r $(OLDEST)/versions.txt "setuptools>=77"
	$(OLDEST)/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	$(OLDEST)/bin/pytest --numprocesses 2 --dist loadgroup

lint: $(READY)  ## ruff, snakefmt, snakemake --lint, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --line-length 118 --check $(SNAKEFILES)
	$(SNAKEMAKE) --lint
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m lawpipe.config.document --check

format: $(READY)  ## what lint can mend by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt --line-length 118 $(SNAKEFILES)
	$(BIN)/python -m lawpipe.config.document

reproduce: $(READY)  ## the small config from nothing; fails if a number differs from the recorded one
	$(BIN)/python -m tests.workflow.reproduce

soak: $(READY)  ## the small config killed at twenty random moments: ten minutes
	$(BIN)/python -m tests.workflow.soak $(OPTIONS)

docs: $(READY)  ## the documentation site: site/index.html; needs a run, for the tutorial
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.lock --requirement docs/requirements.lock
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

help:  ## this list
	@awk -F ':.*## ' '/^[a-z_ -]+:.*## / {printf((length($$1) > 16 ? "%s\n%18s%s\n" : "%-18s%s%s\n"), $$1, "", $$2)}' $(MAKEFILE_LIST)

picture: $(READY)  ## README's picture, from the results of make run
	$(BIN)/python -m lawpipe.figures.picture results/perceptron docs/loss-curves.svg

bench: $(READY)  ## speed and memory, beside plain autograd and JAX: a quarter of an hour
	$(BIN)/python benchmarks/engine.py
	$(BIN)/python benchmarks/engine.py --memory
	$(BIN)/python benchmarks/batched.py
	$(BIN)/python benchmarks/language_model.py
	$(BIN)/python benchmarks/accuracy.py
	$(BIN)/python benchmarks/steps.py
	$(BIN)/python -m benchmarks.online_overhead
	$(BIN)/python -m lawpipe.run.launch 2 benchmarks/processes.py
	$(BIN)/python benchmarks/bookkeeping.py

bench-search: $(READY)  ## the search methods against each other; OPTIONS=--reduced takes two minutes
	$(BIN)/python benchmarks/search.py $(OPTIONS)

bench-gpu: $(READY)  ## all measurements on a GPU; call it again until it prints all done
	$(BIN)/python benchmarks/gpu.py $(OPTIONS)

install: $(READY)  ## the environment, .venv

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lawpipe needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": name another, as in make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --requirement requirements.lock
	@# On all cores, where pip would use one. A library's file that does not compile is not for this Python.
	$(BIN)/python -m compileall -q -q -j 0 .venv/lib || true
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@echo "compiling the loops of the engine, once: about half a minute"
	$(BIN)/python -m lawpipe.problems.compile_loops
	@touch $@
