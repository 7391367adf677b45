"""Estimates of operations, memory, disk and time of each stage of an experiment, from its settings alone.

The work of a job is a number of steps: of training runs, of backward passes, and steps at which contributions are
measured. The operations of a step follow from the sizes (lawpipe.cost.flops). Its seconds are measured on this
machine (lawpipe.cost.calibration) or, for an unknown machine, estimated from constants that were fitted on another.
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, astuple, dataclass
from math import ceil, isqrt
from pathlib import Path
from typing import Any

from lawpipe.compute.limits import MICRO_LOGITS, MICRO_TOKENS, PATH_BYTES
from lawpipe.config import plan
from lawpipe.cost import flops
from lawpipe.cost.flops import Size, Steps
from lawpipe.policies.catalogue import POLICIES
from lawpipe.run import files
from lawpipe.run.tables.measurements import COLLECTED

#: Measured bytes on disk per raw byte: of random features, dense weights and contributions, which hardly compress; of
#: loss curves; and of weights that are the same at every step.
DENSE, CURVES, CONSTANT = 0.75, 0.9, 0.01

#: The same for token ids, which are small and repeat.
TOKENS = 0.4

#: Approximate number of tokens of a story, and of stories in a file of TinyStories.
STORY_TOKENS, TINYSTORIES = 300, 530_000

#: Bytes of a Parquet file without its columns: schema, statistics, metadata.
OVERHEAD = 4_000

#: Memory of a Python process with PyTorch or a corpus, and of one with pandas and matplotlib, in MB.
TORCH_MB, PANDAS_MB = 520, 250

#: Numbers that a micro-batch holds at once, for each of its logits and for each number that a layer passes on.
PER_LOGIT, PER_PASSED_ON = 6, 3

#: Maximal number of arrays of the size of a policy's weights in a job of each stage.
COPIES = {"make_policy": 4, "search": 8, "train": 9, "describe": 7}

#: Seconds of one processor core (2 to 3 GHz, one thread), fitted to `make bench` and to the default run: per feature
#: of an example in a training step and its backward step; per floating-point operation of a matrix product; per
#: number of an intermediate result.
PER_FEATURE, PER_OPERATION, PER_NUMBER = 0.45e-9, 1 / 110e9, 0.7e-9

#: Products with the Hessian of a measured step of the stability, as measured; and the time of a training run in
#: float64 in runs of the experiment's precision, on a core: loops are compiled for float32 alone.
PER_SHARPNESS, IN_FLOAT64 = 4, {"perceptron": 1.8, "language_model": 4.5}

#: Seconds of a core without training: warm start of a job with PyTorch and without it, fit of a policy's scaling law,
#: figures of an experiment, writing and tokenising of a story.
START, LIGHT_START, PER_FIT, PLOT, PER_STORY = 0.25, 0.1, 0.1, 7.0, 0.5e-3

#: The stages with training runs.
TRAINING = ("search", "make_policy", "train")

#: How many times its estimate a job may take before a scheduler stops it.
ALLOWED = 3

#: Seconds of one core. For a shorter run the machine is not measured.
LONG = 120

#: Training runs and backward passes of an outer iteration, by problem. For the perceptron, some steps are refused and
#: some have feedback; for a language model, examples with weight zero cost half as much or nothing.
ITERATION = {"perceptron": Steps(1.3, 1.15), "language_model": Steps(1.0, 0.9)}
#: The same of the methods that solve a quadratic program per step: a sweep of those takes as long as four runs.
ITERATION_OF_METHOD = {"dynamic_programming": Steps(50.0, 1.15), "steered_descent": Steps(6.0, 1.15)}


@dataclass(frozen=True)
class Cost:
    """Estimated cost of a stage: of all its jobs together, except for the memory, which is that of one job."""

    jobs: int
    operations: float
    memory_mb: int
    #: Number of Parquet files and their bytes on disk.
    files: int
    bytes: float
    seconds: float


def total(costs: Iterable[Cost]) -> Cost:
    """Return the cost of several stages together.

    Bytes and seconds of a whole experiment are within a factor of two. Most bytes are policies (steps x examples x
    itemsize for each whose weights change from step to step) and contributions (measured steps x 2 reference sets x
    2 kinds x examples x 3 float32 columns for two policies).
    """
    jobs, operations, memory, files, size, seconds = zip(*map(astuple, costs), strict=True)
    return Cost(sum(jobs), sum(operations), max(memory), sum(files), sum(size), sum(seconds))


def stages(settings: Mapping[str, Any], speed: Steps | None = None) -> dict[str, Cost]:
    """Return the estimated cost of each stage of an experiment, all seeds, by the names of the cost files.

    `speed` is the seconds of one step of each kind; `reference_speed` by default.
    """
    speed = speed or reference_speed(settings)
    step_operations = operations(settings)
    jobs = Counter(job for seed in settings["seeds"] for job in plan.jobs(settings, seed))
    jobs.update([("describe", "")] + [("prepare_corpus", "")] * (settings["problem"] in plan.ON_TEXT))
    result = {}
    for (stage, batch), count in jobs.items():
        work = _work(settings, stage, batch)
        tables, size = _written(settings, stage, batch)
        result[f"{stage}_{batch}" if batch else stage] = Cost(
            jobs=count,
            operations=count * work.times(step_operations),
            memory_mb=memory_mb(settings, stage) * (settings.get("processes", 1) if _searches(stage, batch) else 1),
            files=count * tables,
            bytes=count * (size + OVERHEAD * tables),
            seconds=count * _seconds(settings, stage, batch, speed),
        )
    return result


def minutes(settings: Mapping[str, Any], stage: str, batch: str) -> int:
    """Return the time limit of a job for schedulers: `ALLOWED` times the estimate for a core of 2 to 3 GHz."""
    return ceil(ALLOWED * _seconds(settings, stage, batch, reference_speed(settings)) / 60)


def measure_speed(experiments: Mapping[str, Mapping[str, Any]]) -> dict[str, Steps]:
    """Return the measured seconds of one step of each experiment on this machine; nothing if all are short together.

    The measurement runs in another process, so that PyTorch is not imported here.
    """
    if sum(total(stages(settings).values()).seconds for settings in experiments.values()) < LONG:
        return {}
    command = [sys.executable, "-m", "lawpipe.cost.calibration"]
    run = subprocess.run(command, input=json.dumps(experiments), capture_output=True, text=True, check=False)
    # A failed measurement does not stop the run: the jobs report what is wrong.
    return {name: Steps(*taken) for name, taken in json.loads(run.stdout).items()} if run.returncode == 0 else {}


def reference_speed(settings: Mapping[str, Any]) -> Steps:
    """Return the estimated seconds of one step of each kind on a core of 2 to 3 GHz."""
    examples, width = sizes(settings)
    if settings["problem"] in plan.ON_TEXT:
        length, vocabulary = width - 1, settings["data"]["tokenizer"]["vocabulary"]
        numbers = length * (vocabulary + _passed_on(settings))
        forward = Size.of(settings).operations(flops.PASSES["forward"]) * PER_OPERATION + numbers * PER_NUMBER
        return flops.step(examples, {name: work.linear * forward for name, work in flops.LEAST.items()})
    evaluation = examples["train"] * width * PER_FEATURE
    return Steps(0.35 * evaluation, 0.65 * evaluation, evaluation)


def operations(settings: Mapping[str, Any]) -> Steps:
    """Return the floating-point operations of the matrix products of one step of each kind."""
    examples, width = sizes(settings)
    if settings["problem"] in plan.ON_TEXT:
        return Size.of(settings).step(flops.PASSES if settings["device"] == "cuda" else flops.LOOPS)
    # A product of one example with D parameters is 2 D operations.
    return flops.step(examples, {name: products * 2 * width for name, products in flops.PERCEPTRON.items()})


def _seconds(settings: Mapping[str, Any], stage: str, batch: str, speed: Steps) -> float:
    """Return the seconds of one core that a job takes, where `speed` is those of one step of each kind."""
    return _work(settings, stage, batch).times(speed) + _other_seconds(settings, stage)


def _work(settings: Mapping[str, Any], stage: str, batch: str) -> Steps:
    """Return the number of steps of each kind in a job."""
    steps = settings["training"]["steps"]
    if stage in ("make_policy", "train") and POLICIES[batch].trains_on_desired:
        # Each step goes over the desired examples too.
        examples, _ = sizes(settings)
        steps *= 1 + examples["desired"] / examples["train"]
    if _searches(stage, batch):
        own = stage == "search"
        iterations = settings["search"]["iterations"] + 1 if own else settings["controls"]["evaluations"]
        iteration = ITERATION_OF_METHOD.get(settings["search"].get("method"), ITERATION[settings["problem"]])
        return Steps(iterations * steps * iteration.run, iterations * steps * iteration.backward)
    if stage == "make_policy":
        runs, backward = POLICIES[batch].work[POLICIES[batch].variant]
        return Steps(steps * runs, steps * backward)
    if stage == "train":
        policies = len(_policies(settings, batch))
        measured = min(settings["analysis"]["measured_steps"], steps)
        # Weighted training losses take a part of a run more; with single contributions there are two sweeps.
        sweeps = 2 if batch in plan.REQUIRED_POLICIES else 1
        # A replay of each policy but the snapshots, and in float64 those of the searched ones.
        searched = [policy for policy in (plan.SEARCHED, plan.VALIDATED) if policy in _policies(settings, batch)]
        exact = IN_FLOAT64[settings["problem"]] * (settings["training"]["precision"] != "float64")
        replays = (len(searched) * (1 + exact)) if searched else 1
        sharpness = PER_SHARPNESS * 2 * settings["training"]["steps"].bit_length()
        return Steps(
            (1.3 * policies + replays) * steps,
            policies * (sweeps * steps + sharpness),
            policies * measured,
        )
    return Steps(0.0, 0.0)


def _searches(stage: str, batch: str) -> bool:
    """Return whether a job searches, which it does in the experiment's number of processes."""
    return stage == "search" or (stage == "make_policy" and batch in plan.SEARCHED_CONTROLS)


def _other_seconds(settings: Mapping[str, Any], stage: str) -> float:
    """Return the seconds of a core that a job takes in addition to its steps."""
    if stage == "prepare_corpus":
        return START + PER_STORY * (settings["data"]["corpus"]["stories"] or TINYSTORIES)
    if stage == "summarise":
        return LIGHT_START + PER_FIT * len(settings["policies"])
    if stage == "describe":
        return PLOT
    # A language model is drawn with PyTorch.
    heavy = stage == "initialise" and settings["problem"] in plan.ON_TEXT
    return START if heavy or stage in TRAINING else LIGHT_START


def _written(settings: Mapping[str, Any], stage: str, batch: str) -> tuple[int, float]:
    """Return the number of Parquet files that a job writes, and their bytes without `OVERHEAD`."""
    examples, width = sizes(settings)
    train, steps = examples["train"], settings["training"]["steps"]
    measured = min(settings["analysis"]["measured_steps"], steps)
    weights = steps * train * _itemsize(settings)
    policies = _policies(settings, batch)
    curves = ((steps + 1) * 3 * 8 + train * 20 + measured * 4 * 50) * CURVES
    tables = len(COLLECTED)
    if stage == "generate_data":
        density = TOKENS if settings["problem"] in plan.ON_TEXT else DENSE
        return len(examples), sum(examples.values()) * width * 4 * density
    if stage == "search":
        searched = len(plan.searched_policies(settings))
        return 1 + searched, searched * weights * DENSE
    if stage == "make_policy":
        return 1 + (batch in plan.TUNED), weights * (CONSTANT if POLICIES[batch].constant else DENSE)
    if stage == "train":
        kept = batch in plan.REQUIRED_POLICIES
        return tables + kept, curves * len(policies) + kept * measured * 2 * 2 * train * 3 * 4 * DENSE
    if stage == "summarise":
        # The joined tables, two of fits, and the summary.
        return tables + 3, curves * sum(len(_policies(settings, name)) for name in settings["policies"])
    if stage == "prepare_corpus":
        stories = settings["data"]["corpus"]["stories"] or TINYSTORIES
        return 1, stories * STORY_TOKENS * 4 * TOKENS
    return 1, 0.0


def _policies(settings: Mapping[str, Any], batch: str) -> list[str]:
    """Return the policies of a batch."""
    return plan.searched_policies(settings) if batch == plan.SEARCHED else [batch]


def _itemsize(settings: Mapping[str, Any]) -> int:
    """Return the bytes of one number in the experiment's precision."""
    return 8 if settings["training"]["precision"] == "float64" else 4


def _passed_on(settings: Mapping[str, Any]) -> int:
    """Return the approximate number of intermediate results of a language model's layers per token."""
    model = settings["model"]
    return int(model["layers"] * (20 * model["hidden"] + model["heads"] * settings["data"]["length"]))


def duration(value: float) -> str:
    """Format a time with two digits."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if value >= 1.5 * size:
            return f"{value / size:.2g} {unit}"
    return f"{value:.2g} s"


def _size(value: float) -> str:
    """Format a number of bytes as MB or GB."""
    size, unit = (value / 1e9, "GB") if value >= 1e9 else (value / 1e6, "MB")
    return f"{size:.{0 if size >= 10 else 1}f} {unit}"


def describe(experiments: Mapping[str, Mapping[str, Any]], speeds: Mapping[str, Steps]) -> str:
    """Describe the files and the cost of experiments computed from nothing: one line per experiment and stage.

    Experiments with `in_all: false` have one line without stages. `speeds` is the result of `measure_speed`.
    """
    lines = []
    for name, settings in experiments.items():
        seeds = len(settings["seeds"])
        costs = stages(settings, speeds.get(name))
        whole = total(costs.values())
        takes = f"{whole.files} files, {_size(whole.bytes)}, about {duration(whole.seconds)} of one core"
        line = f"  {name}  {seeds} seed{'s' if seeds > 1 else ''}, {takes}"
        if not settings["in_all"]:
            lines.append(f"{line}  (by its own name only)")
            continue
        lines.append(line)
        groups: dict[str, list[Cost]] = {}
        for stage, cost in costs.items():
            kind = next((kind for kind in TRAINING if stage.startswith(kind)), "all others")
            groups.setdefault(kind, []).append(cost)
        for kind, cost in ((kind, total(members)) for kind, members in groups.items()):
            lines.append(
                f"    {kind:<12} {cost.jobs:>4} jobs  {cost.operations:8.1e} operations  {cost.memory_mb:>6} MB of "
                f"memory each  {_size(cost.bytes):>7} on disk  {duration(cost.seconds):>8}"
            )
    return "\n".join(lines)


def record(path: Path, experiments: Mapping[str, Mapping[str, Any]], speeds: Mapping[str, Steps]) -> None:
    """Write the estimate of every stage as JSON; the report shows it beside the measured cost."""
    costs = {name: stages(settings, speeds.get(name)).items() for name, settings in experiments.items()}
    table = {name: {stage: asdict(cost) for stage, cost in by_stage} for name, by_stage in costs.items()}
    files.write_text(path, json.dumps(table, indent=1) + "\n")


def memory_mb(settings: Mapping[str, Any], stage: str) -> int:
    """Return the estimated peak memory of one job of a stage, in MB, for schedulers."""
    examples, width = sizes(settings)
    steps = settings["training"]["steps"]
    weights_mb: float = steps * examples["train"] * _itemsize(settings) / 1e6
    trains, on_text = stage in TRAINING, settings["problem"] in plan.ON_TEXT
    heavy = trains or (on_text and stage in ("prepare_corpus", "generate_data", "initialise"))
    memory = (TORCH_MB if heavy else PANDAS_MB) + COPIES.get(stage, 0) * weights_mb
    if trains:
        theta_mb = (Size.of(settings).parameters if on_text else width) * _itemsize(settings) / 1e6
        path_mb = steps * theta_mb if steps * theta_mb <= PATH_BYTES / 1e6 else 2.2 * isqrt(steps) * theta_mb
        memory += 2 * path_mb  # a search holds a tried run in addition to the current one
    if stage in ("search", "make_policy") and settings["search"].get("method") == "dynamic_programming":
        # A Hessian of the cost to go at every step, in float64.
        memory += steps * width**2 * 8 / 1e6
    if trains and on_text:
        # A micro-batch of the double backward pass.
        vocabulary = settings["data"]["tokenizer"]["vocabulary"]
        numbers = PER_LOGIT * vocabulary + PER_PASSED_ON * _passed_on(settings)
        # The searched policy is trained once more in float64.
        item = 8 if stage == "train" else _itemsize(settings)
        memory += min(MICRO_TOKENS, MICRO_LOGITS // vocabulary) * numbers * item / 1e6
    return round(memory)


def sizes(settings: Mapping[str, Any]) -> tuple[dict[str, int], int]:
    """Return the number of examples of each split and the numbers per example."""
    data = settings["data"]
    examples = {split: data[f"{split}_examples"] for split in plan.splits(settings)}
    return examples, data["length"] + 1 if settings["problem"] in plan.ON_TEXT else data["dimension"]
