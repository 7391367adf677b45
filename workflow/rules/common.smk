"""What the rules share: the resolved config, the folders, and small functions of the wildcards."""

import hashlib
import json
import os
import re
import sys
from pathlib import Path

import yaml

from lawpipe.config import plan
from lawpipe.config.resolve import check_folders, check_writable, resolve
from lawpipe.cost import estimate
from lawpipe.results import catalogue
from lawpipe.run import registry, signals
from lawpipe.run.errors import InputError
from lawpipe.run.provenance import code_digest, file_digest

BASE = Path(workflow.basedir)

# The jobs stop when this Snakemake is gone: it cannot tell them so when it is killed.
os.environ[signals.STARTED_BY] = str(os.getpid())

try:
    SCHEMA = yaml.safe_load((BASE / "workflow/schemas/config.schema.yaml").read_text())
    CONFIG = resolve(config, SCHEMA, stories=os.environ.get("LAWPIPE_STORIES"))
    check_folders(CONFIG)
    check_writable(
        Path(CONFIG.root, name, f"seed{seed}")
        for name, chosen in CONFIG.experiments.items()
        for seed in chosen["seeds"]
    )
except InputError as mistake:
    sys.exit(f"error: {mistake}")

EXPERIMENTS = CONFIG.experiments

# The experiments with a policy from another.
TRANSFERS = [name for name, chosen in EXPERIMENTS.items() if plan.TRANSFERRED in chosen["policies"]]

# The experiments with weights that need no search, at their own best learning rate.
WITHOUT_SEARCH = [name for name, chosen in EXPERIMENTS.items() if "online_tuned" in chosen["policies"]]

# Folders: of all results, of an experiment, of one of its seeds.
ROOT = CONFIG.root
EXPERIMENT = f"{ROOT}/{{experiment}}"
SEED = f"{EXPERIMENT}/seed{{seed}}"

# Runs that were recorded on some machine, one dated folder per record, for the report: the newest searches by every
# method, the newest growth of time and memory, and all runs on a GPU.
RECORDS = BASE / "benchmarks/records"
RECORDED_SEARCHES = max(RECORDS.glob("*/search.parquet"))
RECORDED_GROWTH = max(RECORDS.glob("*/growth.parquet"))
RECORDED_RUNS = sorted(RECORDS.glob("*/gpu-*.json"))

# Paths are parameters that Snakemake does not track: a moved checkout or environment reruns nothing.
PYTHON = Path(sys.executable)


def one_of(names):
    """A wildcard constraint: exactly these names (nothing at all, if there are none)."""
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


def script(stage):
    """The script of a stage (untracked: its meaning is tracked by `code`)."""
    return BASE / "scripts" / f"{stage}.py"


def stage_settings(stage, wildcards):
    """What of the settings determines the result of one job of a stage."""
    name = wildcards.experiment
    seed = int(wildcards.seed) if "seed" in wildcards.keys() else None
    batch = wildcards.get("batch", wildcards.get("policy"))
    return plan.stage_settings(EXPERIMENTS[name], stage, name, seed=seed, batch=batch)


def settings(stage):
    """A function of the wildcards: the stage's settings, as one sorted JSON string."""
    return lambda wildcards: json.dumps(stage_settings(stage, wildcards), sort_keys=True)


def code(stage):
    """A function of the wildcards: the digest of a stage's script and of every lawpipe module that it uses."""
    return lambda wildcards: code_digest(script(stage), registry.chosen(stage_settings(stage, wildcards)))


def side_folder(stage):
    """A function of the wildcards: where a long stage keeps what it needs to resume, never stale state."""

    def of(wildcards):
        meaning = hashlib.sha256(f"{settings(stage)(wildcards)} {code(stage)(wildcards)}".encode()).hexdigest()
        policy = [wildcards.policy] if "policy" in wildcards.keys() else []
        name = f".{'_'.join([stage, *policy])}-{meaning[:16]}"
        return Path(ROOT, wildcards.experiment, f"seed{wildcards.seed}", name)

    return of


def memory(stage):
    """A function of the wildcards: the memory of one job of a stage, in MB."""
    return lambda wildcards: estimate.memory_mb(EXPERIMENTS[wildcards.experiment], stage)


def gpu(wildcards):
    """The GPUs that a job of an experiment asks for."""
    return int(EXPERIMENTS[wildcards.experiment]["device"] == "cuda")


def processes(wildcards):
    """The processes that share the examples of a search, be it the experiment's or a control's: a thread each."""
    searches = wildcards.get("policy", plan.SEARCHED) in (plan.SEARCHED, *plan.SEARCHED_CONTROLS)
    return EXPERIMENTS[wildcards.experiment]["processes"] if searches else 1


def for_each_process(amount):
    """A function of the wildcards: what all processes of a job take, from what one does."""
    return lambda wildcards: amount(wildcards) * processes(wildcards)


def sources(wildcards):
    """What the workflow makes that the examples of a seed are drawn from: the experiment's corpus."""
    chosen = EXPERIMENTS[wildcards.experiment]
    if chosen["problem"] in plan.ON_TEXT:
        return {"tokens": f"{EXPERIMENT}/tokens.parquet"}
    return {}


def own_content(wildcards):
    """The digest of each of the user's own files: tracked instead of their dates, which a clock or a copy may set back."""
    return [file_digest(file) for file in plan.own_files(EXPERIMENTS[wildcards.experiment])]


def examples(wildcards):
    """The examples of a seed, a named input a split."""
    return {split: f"{SEED}/{split}.parquet" for split in plan.splits(EXPERIMENTS[wildcards.experiment])}


def policies_of_batch(wildcards):
    """The policies that a job trains and measures together."""
    names = plan.batches(EXPERIMENTS[wildcards.experiment], int(wildcards.seed))[wildcards.batch]
    return expand(f"{SEED}/policies/{{policy}}.parquet", policy=names, **wildcards)


def policies_built_on(wildcards):
    """The policies that a policy is made from."""
    names = plan.builds_on(wildcards.policy)
    of_seed = {name: value for name, value in wildcards.items() if name != "policy"}
    if wildcards.policy == plan.TRANSFERRED:
        of_seed["experiment"] = EXPERIMENTS[wildcards.experiment]["transfer_from"]["experiment"]
    return expand(f"{SEED}/policies/{{policy}}.parquet", policy=names, **of_seed)


def parts(table):
    """A function of the wildcards: a table's part of each batch."""
    pattern = f"{SEED}/parts/{table}/{{batch}}.parquet"
    return lambda wildcards: expand(
        pattern, batch=plan.batches(EXPERIMENTS[wildcards.experiment], int(wildcards.seed)), **wildcards
    )


def of_seeds(files):
    """A function of the wildcards: files of each seed; `files` gives them from an experiment's settings and a seed."""

    def of(wildcards):
        chosen = EXPERIMENTS[wildcards.experiment]
        return [
            path
            for seed in chosen["seeds"]
            for path in expand(
                f"{SEED}/{{file}}", file=files(chosen, seed), seed=seed, experiment=wildcards.experiment
            )
        ]

    return of


def title_of(entries, kind):
    """A function of the wildcards: the label of a figure or table in Snakemake's own report."""
    titles = {entry.name: entry.title for entry in entries}
    return lambda wildcards: {kind: titles[wildcards[kind]]}


def shown(wildcards):
    """The experiments that a report shows: its own, or those of `all`."""
    return [wildcards.experiment] if "experiment" in wildcards.keys() else list(CONFIG.in_all)


def finished_beside(wildcards):
    """The default config's experiments that are there already, to show beside those of another config."""
    return [folder for folder in sorted(Path("results").glob("*")) if (folder / "summary.parquet").is_file()]


def report_inputs(wildcards):
    """Everything that a report shows or links."""
    files = (
        []
        if "experiment" in wildcards.keys()
        else [f"{ROOT}/{file}" for file in ("claims.parquet", "sizes.parquet", "methods.svg", "growth.svg")]
    )
    for name in shown(wildcards):
        chosen = EXPERIMENTS[name]
        files += expand([*rules.plot.output, *rules.summarise_seeds.output], experiment=name)
        files += expand(f"{EXPERIMENT}/{{file}}", experiment=name, file=plan.corpus_files(chosen))
        for seed in chosen["seeds"]:
            of_a_seed = plan.tables(chosen, seed) + plan.costs(chosen, seed)
            files += expand(f"{SEED}/{{file}}", file=of_a_seed, seed=seed, experiment=name)
    return files


def claims_inputs(wildcards):
    """What the claims are judged by: tables of every seed of the experiments of `all`."""
    files = [f"{table}.parquet" for table in ("summary", "curves", "similarity", "zero_weights", "fits")]
    return [
        file
        for name in CONFIG.in_all
        for file in expand(f"{SEED}/{{file}}", experiment=name, file=files, seed=EXPERIMENTS[name]["seeds"])
    ]


def claims_settings(wildcards):
    """The settings of the experiments of `all`, as one sorted JSON string."""
    chosen = {name: plan.stage_settings(EXPERIMENTS[name], "claims", name) for name in CONFIG.in_all}
    return json.dumps({"experiments": chosen}, sort_keys=True)


def report_settings(wildcards):
    """The settings of the experiments that a report shows, as one sorted JSON string."""
    chosen = {name: plan.stage_settings(EXPERIMENTS[name], "report", name) for name in shown(wildcards)}
    return json.dumps({"name": CONFIG.name, "experiments": chosen}, sort_keys=True)
