"""What all rules share: the resolved config, the folders, and what every stage's rule needs."""

import hashlib
import json
import os
import re
import sys
from pathlib import Path


from lawpipe.config import plan, stale
from lawpipe.config.resolve import check_folders, check_writable, resolve
from lawpipe.cost import estimate
from lawpipe.policies.catalogue import POLICIES
from lawpipe.results import catalogue
from lawpipe.run import registry, signals
from lawpipe.run.errors import InputError
from lawpipe.run.provenance import code_digest, file_digest
from lawpipe.run.tables.measurements import COLLECTED

BASE = Path(workflow.basedir)

# A stage ends when the process of this number does: a Snakemake that is killed cannot stop its jobs itself.
os.environ[signals.STARTED_BY] = str(os.getpid())

try:
    CONFIG = resolve(config, stories=os.environ.get("LAWPIPE_STORIES"))
    check_folders(CONFIG)
    check_writable(
        Path(CONFIG.root, name, f"seed{seed}")
        for name, settings in CONFIG.experiments.items()
        for seed in settings["seeds"]
    )
except InputError as mistake:
    sys.exit(f"error: {mistake}")

EXPERIMENTS = CONFIG.experiments

# Folders: of all results, of an experiment, of one of its seeds.
ROOT = CONFIG.root
EXPERIMENT = f"{ROOT}/{{experiment}}"
SEED = f"{EXPERIMENT}/seed{{seed}}"

# What a training run starts from.
TRAINING_INPUTS = {name: f"{SEED}/{name}.parquet" for name in ("train", "desired", "test", "theta0")}

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


def stage_params(stage, settings=None):
    """The params of a stage: interpreter, script, settings as sorted JSON, and digest of the code.

    A changed string among them reruns the job. Paths do not: a moved checkout or environment reruns nothing. `settings`
    is a function of the wildcards; without it, they are the experiment's settings that the stage depends on.
    """
    script = BASE / "scripts" / f"{stage}.py"

    def of_experiment(wildcards):
        seed = int(wildcards.seed) if "seed" in wildcards.keys() else None
        batch = wildcards.get("batch", wildcards.get("policy"))
        return plan.stage_settings(settings_of(wildcards), stage, wildcards.experiment, seed=seed, batch=batch)

    settings = settings or of_experiment
    return {
        "python": Path(sys.executable),
        "script": script,
        "settings": lambda wildcards: json.dumps(settings(wildcards), sort_keys=True),
        "code": lambda wildcards: code_digest(script, registry.chosen(settings(wildcards))),
    }


def side_folder(stage):
    """A function of the wildcards: the folder of a long stage's checkpoints, named by settings and code."""
    params = stage_params(stage)

    def of(wildcards):
        meaning = f"{params['settings'](wildcards)} {params['code'](wildcards)}"
        policy = [wildcards.policy] if "policy" in wildcards.keys() else []
        name = f".{'_'.join([stage, *policy])}-{hashlib.sha256(meaning.encode()).hexdigest()[:16]}"
        return Path(ROOT, wildcards.experiment, f"seed{wildcards.seed}", name)

    return of


def memory(stage):
    """A function of the wildcards: the memory of one job of a stage, in MB."""
    return lambda wildcards: estimate.memory_mb(settings_of(wildcards), stage)


def gpu(wildcards):
    """The number of GPUs that one process of an experiment's training asks for."""
    return int(settings_of(wildcards)["device"] == "cuda")


def processes(wildcards):
    """The number of processes of a job, one thread each: those of the experiment if the job searches, else one."""
    searches = wildcards.get("policy", plan.SEARCHED) in (plan.SEARCHED, *plan.SEARCHED_CONTROLS)
    return settings_of(wildcards)["processes"] if searches else 1


def for_all_processes(amount):
    """A function of the wildcards: `amount`, which is that of one process, times the number of processes."""
    return lambda wildcards: amount(wildcards) * processes(wildcards)
