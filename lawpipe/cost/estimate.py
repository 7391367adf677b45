"""What an experiment takes before it runs, from its settings alone: operations, memory, disk and time of each stage.

Work is counted in training steps: those of training runs, of reverse sweeps, and those at which contributions are
measured. What a step takes follows from the sizes in operations; in seconds it is measured on this machine
(lawpipe.cost.calibration) or, for a machine that is not known, taken from what it took on another.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isqrt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lawpipe.compute.limits import MICRO_LOGITS, MICRO_TOKENS, PATH_BYTES
from lawpipe.config import plan
from lawpipe.cost import flops
from lawpipe.cost.flops import Size, Steps
from lawpipe.policies.catalogue import POLICIES
from lawpipe.run import files
from lawpipe.run.tables import COLLECTED

#: Bytes on disk for each raw byte, as measured: random features, dense weights and contributions hardly
#: compress; curves are smooth; the constant weights of a policy that needs no search all but vanish.
DENSE, CURVES, CONSTANT = 0.75, 0.9, 0.01

#: Token ids are small and repeat.
TOKENS = 0.4

#: Tokens of a story, and stories in a file of TinyStories, roughly.
STORY_TOKENS, TINYSTORIES = 300, 530_000

#: A Parquet file's own bytes: schema, statistics, metadata.
OVERHEAD = 4_000

#: Memory of a Python process with PyTorch or a corpus, and of one with pandas and matplotlib, in MB.
TORCH_MB, PANDAS_MB = 400, 250

#: Numbers that a micro-batch holds at once, for each of its logits and for each number that a layer passes on.
PER_LOGIT, PER_PASSED_ON = 6, 3

#: How many arrays of the size of a policy's weights a job of a stage holds at most.
COPIES = {"make_policy": 4, "search": 8, "train": 7, "plot": 7}

#: Seconds of one processor core (2 to 3 GHz, one thread), fitted to `make bench` and to the default run: for each
#: feature of an example in a training step and its reverse; for each floating-point operation of a matrix product;
#: for each number of an intermediate result.
PER_FEATURE, PER_OPERATION, PER_NUMBER = 0.45e-9, 1 / 110e9, 0.7e-9

#: Seconds of a core for what is no training: a job with PyTorch and one without to start, a policy's law to be
#: fitted, an experiment's figures, a story to be written and cut into tokens.
START, LIGHT_START, PER_FIT, PLOT, PER_STORY = 1.3, 0.35, 0.15, 9.0, 0.5e-3

#: The stages with training runs.
TRAINING = ("search", "make_policy", "train")

#: Seconds of one core: a shorter run is not worth measuring the machine for.
LONG = 120


#: The work of an outer iteration in training runs and backward passes, by problem: some steps are refused, and some
#: have feedback; of a language model, the examples whose weight has become zero cost half as much or nothing.
ITERATION = {"perceptron": Steps(1.3, 1.15), "language_model": Steps(1.0, 0.9)}


@dataclass(frozen=True)
class Cost:
    """What the jobs of a stage take together, but for the memory, which is that of one."""

    jobs: int
    operations: float
    memory_mb: int
    files: int
    bytes: float
    seconds: float


@dataclass(frozen=True)
class Estimate:
    """Number of Parquet files and their bytes."""

    files: int
    bytes: int

    def __str__(self) -> str:
        return f"{self.files} files, {_size(self.bytes)}"


def artifacts(settings: Mapping[str, Any]) -> Estimate:
    """Estimate the Parquet files of one experiment, all seeds, from its complete settings.

    Dominated by the policies: steps x examples x itemsize bytes for each whose weights change from step to step,
    and by the contributions: measured steps x 2 (against) x 2 (kinds) x examples x 3 float32 columns for two
    policies. Within a factor of two of what is then written.
    """
    costs = stages(settings).values()
    return Estimate(sum(cost.files for cost in costs), round(sum(cost.bytes for cost in costs)))


def seconds(settings: Mapping[str, Any], each: Steps | None = None) -> float:
    """Estimate the time of one experiment, all seeds, on one core, in seconds: good to a factor of two."""
    return sum(cost.seconds for cost in stages(settings, each).values())


def stages(settings: Mapping[str, Any], each: Steps | None = None) -> dict[str, Cost]:
    """Estimate the stages of an experiment, all seeds, by the names of their cost files.

    `each` is what a step takes on the machine in question, in seconds; by default on another.
    """
    each = each or reference_speed(settings)
    each_operations = operations(settings)
    jobs: dict[tuple[str, str], int] = {}
    for seed in settings["seeds"]:
        for name in plan.jobs(settings, seed):
            jobs[name] = jobs.get(name, 0) + 1
    for stage in ("summarise_seeds", "plot", *(("prepare_corpus",) if settings["problem"] in plan.ON_TEXT else ())):
        jobs[stage, ""] = 1
    result = {}
    for (stage, batch), count in jobs.items():
        work = _work(settings, stage, batch)
        tables, size = _written(settings, stage, batch)
        result[f"{stage}_{batch}" if batch else stage] = Cost(
            jobs=count,
            operations=count * work.times(each_operations),
            memory_mb=memory_mb(settings, stage),
            files=count * tables,
            bytes=count * (size + OVERHEAD * tables),
            seconds=count * (work.times(each) + _beside(settings, stage)),
        )
    return result


def measure_speed(experiments: Mapping[str, Mapping[str, Any]]) -> dict[str, Steps]:
    """Measure what a step of each experiment takes on this machine, in seconds; nothing where all of it is short.

    In a process of its own: this one may have no use for PyTorch.
    """
    if sum(seconds(settings) for settings in experiments.values()) < LONG:
        return {}
    command = [sys.executable, "-m", "lawpipe.cost.calibration"]
    run = subprocess.run(command, input=json.dumps(experiments), capture_output=True, text=True, check=False)
    # An estimate is no reason to stop a run that may well go on; what is wrong shows in its jobs.
    return {name: Steps(*taken) for name, taken in json.loads(run.stdout).items()} if run.returncode == 0 else {}


def reference_speed(settings: Mapping[str, Any]) -> Steps:
    """Return the estimated seconds of one step of each kind on a core of 2 to 3 GHz."""
    examples, width = sizes(settings)
    if settings["problem"] in plan.ON_TEXT:
        forward = _forward_seconds(settings)
        return flops.step(examples, {name: work.linear * forward for name, work in flops.LEAST.items()})
    evaluation = examples["train"] * width * PER_FEATURE
    return Steps(0.35 * evaluation, 0.65 * evaluation, evaluation)


def operations(settings: Mapping[str, Any]) -> Steps:
    """Return the floating-point operations of the matrix products of one step of each kind."""
    examples, width = sizes(settings)
    if settings["problem"] in plan.ON_TEXT:
        return Size.of(settings).step()
    # A product of one example with D parameters is 2 D operations.
    return flops.step(examples, {name: products * 2 * width for name, products in flops.PERCEPTRON.items()})


def _work(settings: Mapping[str, Any], stage: str, batch: str) -> Steps:
    """Count the steps of a job."""
    steps = settings["training"]["steps"]
    if stage == "search" or (stage == "make_policy" and batch in plan.SEARCHED_CONTROLS):
        own = stage == "search"
        iterations = settings["search"]["iterations"] + 1 if own else settings["controls"]["evaluations"]
        each = ITERATION[settings["problem"]]
        return Steps(iterations * steps * each.run, iterations * steps * each.backward)
    if stage == "make_policy":
        runs, backward = POLICIES[batch].work[POLICIES[batch].variant]
        return Steps(steps * runs, steps * backward)
    if stage == "train":
        policies = len(_policies(settings, batch))
        measured = min(settings["analysis"]["measured_steps"], steps)
        # Weighted training losses take a part of a run more; with single contributions there are two sweeps.
        sweeps = 2 if batch in plan.WITH_CONTRIBUTIONS else 1
        return Steps(1.3 * policies * steps, sweeps * policies * steps, policies * measured)
    return Steps(0.0, 0.0)


def _beside(settings: Mapping[str, Any], stage: str) -> float:
    """Estimate the seconds of a core that a job takes beside its steps."""
    if stage == "prepare_corpus":
        return START + PER_STORY * (settings["data"]["corpus"]["stories"] or TINYSTORIES)
    if stage == "fit":
        return LIGHT_START + PER_FIT * len(settings["policies"])
    if stage == "plot":
        return PLOT
    # A language model is drawn with PyTorch.
    heavy = stage == "initialise" and settings["problem"] in plan.ON_TEXT
    return START if heavy or stage in TRAINING else LIGHT_START


def _written(settings: Mapping[str, Any], stage: str, batch: str) -> tuple[int, float]:
    """Estimate the Parquet files that a job writes and their bytes, but for what every file has."""
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
        kept = batch in plan.WITH_CONTRIBUTIONS
        return tables + kept, curves * len(policies) + kept * measured * 2 * 2 * train * 3 * 4 * DENSE
    if stage == "collect":
        return tables, curves * sum(len(_policies(settings, name)) for name in settings["policies"])
    if stage == "prepare_corpus":
        stories = settings["data"]["corpus"]["stories"] or TINYSTORIES
        return 1, stories * STORY_TOKENS * 4 * TOKENS
    return {"initialise": 1, "fit": 2, "summarise": 1, "summarise_seeds": 1}.get(stage, 0), 0.0


def _policies(settings: Mapping[str, Any], batch: str) -> list[str]:
    """Return the policies of a batch."""
    return plan.searched_policies(settings) if batch == plan.SEARCHED else [batch]


def _itemsize(settings: Mapping[str, Any]) -> int:
    """Return the bytes of a number."""
    return 8 if settings["training"]["precision"] == "float64" else 4


def _passed_on(settings: Mapping[str, Any]) -> int:
    """Return about how many numbers the layers of a language model pass on for a token."""
    model = settings["model"]
    return int(model["layers"] * (20 * model["hidden"] + model["heads"] * settings["data"]["length"]))


def _parameters(settings: Mapping[str, Any], width: int) -> int:
    """Return about how many parameters the model has."""
    if settings["problem"] not in plan.ON_TEXT:
        return width
    return Size.of(settings).parameters


def _forward_seconds(settings: Mapping[str, Any]) -> float:
    """Estimate the time of a forward pass of one example of a language model: its products and what they pass on."""
    length, vocabulary = settings["data"]["length"], settings["data"]["tokenizer"]["vocabulary"]
    numbers = vocabulary + _passed_on(settings)
    return float(
        Size.of(settings).operations(flops.PASSES["forward"]) * PER_OPERATION + length * numbers * PER_NUMBER
    )


def _duration(value: float) -> str:
    """Write a time in the unit that suits it, roughly."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if value >= 1.5 * size:
            return f"{value / size:.2g} {unit}"
    return f"{value:.2g} s"


def _size(value: float) -> str:
    """Write a number of bytes in the unit that suits it, roughly."""
    size, unit = value / 1e6, "MB"
    if size >= 1000:
        size, unit = size / 1000, "GB"
    return f"{size:.{0 if size >= 10 else 1}f} {unit}"


def describe(experiments: Mapping[str, Mapping[str, Any]], each: Mapping[str, Steps]) -> str:
    """Say what the experiments write and take when they are computed from nothing: a line each, and one a stage.

    The stages of those that are run by their own name only are left out. `each` is what `measure_speed` measured.
    """
    lines = []
    for name, settings in experiments.items():
        seeds = len(settings["seeds"])
        costs = stages(settings, each.get(name))
        took = _duration(sum(cost.seconds for cost in costs.values()))
        line = f"  {name}  {seeds} seed{'s' if seeds > 1 else ''}, {artifacts(settings)}, about {took} of one core"
        if not settings["in_all"]:
            lines.append(f"{line}  (by its own name only)")
            continue
        lines.append(line)
        groups: dict[str, list[Cost]] = {}
        for stage, cost in costs.items():
            kind = next((kind for kind in TRAINING if stage.startswith(kind)), "all others")
            groups.setdefault(kind, []).append(cost)
        for kind, members in groups.items():
            lines.append(
                f"    {kind:<12} {sum(cost.jobs for cost in members):>4} jobs"
                f"  {sum(cost.operations for cost in members):8.1e} operations"
                f"  {max(cost.memory_mb for cost in members):>6} MB of memory each"
                f"  {_size(sum(cost.bytes for cost in members)):>7} on disk"
                f"  {_duration(sum(cost.seconds for cost in members)):>8}"
            )
    return "\n".join(lines)


def record(path: Path, experiments: Mapping[str, Mapping[str, Any]], each: Mapping[str, Steps]) -> None:
    """Write the estimate of every stage as JSON, for the report to set what it then took beside it."""
    costs = {name: stages(settings, each.get(name)) for name, settings in experiments.items()}
    table = {name: {stage: asdict(cost) for stage, cost in found.items()} for name, found in costs.items()}
    with files.whole(path) as temporary:
        temporary.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def memory_mb(settings: Mapping[str, Any], stage: str) -> int:
    """Estimate the peak memory of one job of a stage, in MB, for schedulers."""
    examples, width = sizes(settings)
    steps = settings["training"]["steps"]
    weights_mb: float = steps * examples["train"] * _itemsize(settings) / 1e6
    trains = stage in TRAINING
    on_text = settings["problem"] in plan.ON_TEXT and stage in ("prepare_corpus", "generate_data", "initialise")
    base = TORCH_MB if trains or on_text else PANDAS_MB
    theta_mb = _parameters(settings, width) * _itemsize(settings) / 1e6
    path_mb = steps * theta_mb if steps * theta_mb <= PATH_BYTES / 1e6 else 2.2 * isqrt(steps) * theta_mb
    # A run that is tried is held beside the one in hand.
    training_mb = 2 * path_mb + _micro_batch_mb(settings) if trains else 0.0
    return round(base + COPIES.get(stage, 0) * weights_mb + training_mb)


def _micro_batch_mb(settings: Mapping[str, Any]) -> float:
    """Estimate what a language model's double backward pass holds; the perceptron's is nothing to speak of."""
    if settings["problem"] not in plan.ON_TEXT:
        return 0.0
    vocabulary = settings["data"]["tokenizer"]["vocabulary"]
    tokens = min(MICRO_TOKENS, MICRO_LOGITS // vocabulary)
    numbers = PER_LOGIT * vocabulary + PER_PASSED_ON * _passed_on(settings)
    return float(tokens * numbers * _itemsize(settings) / 1e6)


def sizes(settings: Mapping[str, Any]) -> tuple[dict[str, int], int]:
    """Return the number of examples of each split and the numbers in one, from the user's files where they exist."""
    data = settings["data"]
    examples = {split: data[f"{split}_examples"] for split in plan.splits(settings)}
    if settings["problem"] in plan.ON_TEXT:
        return examples, data["length"] + 1
    dimension = data["dimension"]
    if data["folder"] is None:
        return examples, dimension
    for split in examples:
        # What cannot be read here is reported by the stage that imports the files.
        try:
            file = pq.ParquetFile(Path(data["folder"]) / f"{split}.parquet")
        except (OSError, pa.ArrowException):
            continue
        examples[split] = file.metadata.num_rows
        dimension = _width(file)
    return examples, dimension


def _width(file: pq.ParquetFile) -> int:
    """Return the length of the vectors in a file's `features` column; 0 if there is none."""
    for column in range(file.metadata.num_columns):
        if file.metadata.schema.column(column).path.startswith("features."):
            values = sum(
                file.metadata.row_group(i).column(column).num_values for i in range(file.metadata.num_row_groups)
            )
            return int(values // max(1, file.metadata.num_rows))
    return 0
