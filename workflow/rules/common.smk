"""What all rules share: the resolved config, the folders, and functions of them."""

import gc
import hashlib
import json
import os
import re
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path


from lawpipe.config import plan, source, stale
from lawpipe.config.resolve import check_folders, check_writable, resolve
from lawpipe.cost import estimate
from lawpipe.policies.catalogue import POLICIES
from lawpipe.results import catalogue
from lawpipe.run import registry, signals
from lawpipe.run.errors import InputError, Mistakes
from lawpipe.run.provenance import code_digest, file_digest
from lawpipe.run.splits import REQUIRED, SPLITS
from lawpipe.run.tables.measurements import COLLECTED
from workflow import console, warm

# What was imported stays: the garbage collector would search it again and again, a tenth of the time of a dry run.
gc.freeze()

BASE = Path(workflow.basedir)

# A stage ends when the process of this number does: a Snakemake that is killed cannot stop its jobs itself.
os.environ[signals.STARTED_BY] = str(os.getpid())

# The speed of a core is measured on one thread. (For jobs, Snakemake itself sets the number: that of the rule.)
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The stages draw into files. A notebook's backend, which its commands inherit, is none of this environment.
os.environ.update(MPLBACKEND="agg")

try:
    for file in workflow.configfiles:
        source.read(Path(file))
    CONFIG = resolve(config, stories=os.environ.get("LAWPIPE_STORIES"))
    mistakes = Mistakes()
    with mistakes:
        check_folders(CONFIG)
    with mistakes:
        check_writable(
            Path(CONFIG.root, name, f"seed{seed}")
            for name, settings in CONFIG.experiments.items()
            for seed in settings["seeds"]
        )
    mistakes.raise_all()
except InputError as mistake:
    sys.exit(mistake.lines())

EXPERIMENTS = CONFIG.experiments

# Folders: of all results, of an experiment, of one of its seeds.
ROOT = CONFIG.root
EXPERIMENT = f"{ROOT}/{{experiment}}"
SEED = f"{EXPERIMENT}/seed{{seed}}"

# Runs that were recorded on some machine, one dated folder per record, for the report.
RECORDS = BASE / "benchmarks/records"


def one_of(names):
    """A wildcard constraint: exactly these names, or none at all if there are none."""
    return "|".join(re.escape(str(name)) for name in names) or "(?!)"


ALL_BATCHES = sorted(
    {
        batch
        for settings in EXPERIMENTS.values()
        for seed in settings["seeds"]
        for batch in plan.batches(settings, seed)
    }
)


wildcard_constraints:
    experiment=one_of(EXPERIMENTS),
    seed=r"\d+",
    batch=one_of(ALL_BATCHES),
    policy=one_of(batch for batch in ALL_BATCHES if batch != plan.SEARCHED),


def experiments_where(condition):
    """The names of the experiments whose settings fulfil a condition."""
    return [name for name, settings in EXPERIMENTS.items() if condition(settings)]


def settings_of(wildcards):
    """The complete settings of a job's experiment."""
    return EXPERIMENTS[wildcards.experiment]


def tables(*names):
    """Tables of a seed by their names."""
    return {name: f"{SEED}/{name}.parquet" for name in names}


def seed_folder(wildcards):
    """The folder of a seed, as a path, which Snakemake does not track."""
    return Path(ROOT, wildcards.experiment, f"seed{wildcards.seed}")


def resolved(value, wildcards):
    """A value that may be given as a function of the wildcards."""
    return value(wildcards) if callable(value) else value
