"""How large an experiment's artifacts will be and how long it takes, before it runs: from its settings alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lawpipe import plan

#: Bytes on disk for each raw byte, as measured: random features, dense weights and contributions hardly
#: compress; curves are smooth; the constant weights of a policy that needs no search all but vanish.
DENSE, CURVES, CONSTANT = 0.75, 0.9, 0.01

#: Token ids are small and repeat.
TOKENS = 0.4

#: Tokens of a story, and stories in a file of TinyStories, roughly.
STORY_TOKENS, TINYSTORIES = 300, 530_000

#: A Parquet file's own bytes: schema, statistics, metadata.
OVERHEAD = 4_000

#: The policies whose weights are the same at every step.
SAME_AT_EVERY_STEP = ("conventional", "tuned", "clean_only", "clean_only_tuned", "clean_only_matched", "static")

#: Memory of a Python process with PyTorch, and of one with pandas and matplotlib, in MB.
TORCH_MB, PANDAS_MB = 400, 250

#: How many arrays of the size of a policy's weights a job of a stage holds at most.
COPIES = {"make_policy": 2, "search": 8, "train": 7, "plot": 7}


#: Seconds of one processor core (2 to 3 GHz, one thread), fitted to `make bench` and to the default run: for each
#: feature of an example in a gradient evaluation's step; for each floating-point operation of a matrix product; for
#: each number of an intermediate result; for a job to start.
PER_FEATURE, PER_OPERATION, PER_NUMBER, PER_JOB = 0.45e-9, 1 / 110e9, 0.7e-9, 2.0

#: The work of a language model's passes, in forward passes of an example: forward, with the gradient, and with the
#: Hessian-vector product and the contributions as well.
FORWARD, GRADIENT, SECOND, CONTRIBUTION = 1, 3, 8, 5


#: What it takes to make a control without a search, in gradient evaluations, as measured.
MAKING = {
    **dict.fromkeys(("tuned", "clean_only_tuned"), 4.0),
    **dict.fromkeys(("loss_proportional", "inverse_loss", "greedy", "online", "near_optimal_matched"), 1.0),
    **dict.fromkeys(("clean_only_matched", "inverse_loss_matched", "greedy_matched", "online_matched"), 1.5),
    **dict.fromkeys(("inverse_loss_tuned", "greedy_tuned", "online_tuned"), 8.0),
}


@dataclass(frozen=True)
class Estimate:
    """Number of Parquet files and their bytes."""

    files: int
    bytes: int

    def __str__(self) -> str:
        size, unit = self.bytes / 1e6, "MB"
        if size >= 1000:
            size, unit = size / 1000, "GB"
        return f"{self.files} files, {size:.{0 if size >= 10 else 1}f} {unit}"


def artifacts(settings: Mapping[str, Any]) -> Estimate:
    """Estimate the Parquet files of one experiment, all seeds, from its complete settings.

    Dominated by the policies: steps x examples x itemsize bytes for each whose weights change from step to step,
    and by the contributions: measured steps x 2 (against) x 2 (kinds) x examples x 3 float32 columns for two
    policies. Within a factor of two of what is then written.
    """
    examples, width = _sizes(settings)
    train = examples["train"]
    steps = settings["training"]["steps"]
    measured = min(settings["analysis"]["measured_steps"], steps)
    weights = steps * train * (8 if settings["training"]["precision"] == "float64" else 4)
    data = sum(examples.values()) * width * 4 * (TOKENS if settings["problem"] in plan.ON_TEXT else DENSE)
    contributions = len(plan.WITH_CONTRIBUTIONS) * measured * 2 * 2 * train * 3 * 4 * DENSE
    a_policy = 2 * ((steps + 1) * 3 * 8 + train * 20 + measured * 4 * 50) * CURVES
    files = len([file for file in plan.corpus_files(settings) if file.endswith(".parquet")])
    total = _corpus(settings)
    for seed in settings["seeds"]:
        policies = [policy for batch in plan.batches(settings, seed).values() for policy in batch]
        kept = sum(weights * (CONSTANT if policy in SAME_AT_EVERY_STEP else DENSE) + a_policy for policy in policies)
        of_seed = len(plan.tables(settings, seed)) + len(plan.parts(settings, seed))
        total += data + kept + contributions + OVERHEAD * of_seed
        files += of_seed
    summary = 1
    return Estimate(files=files + summary, bytes=round(total))


def seconds(settings: Mapping[str, Any]) -> float:
    """Estimate the time of one experiment, all seeds, on one core of the CPU, in seconds: good to a factor of two.

    The gradient evaluations of the search and of the controls, and for each policy a training run, two reverse sweeps
    and the measured steps.
    """
    examples, width = _sizes(settings)
    steps, iterations = settings["training"]["steps"], settings["search"]["iterations"]
    train, desired, test = examples["train"], examples["desired"], examples["test"]
    measured = min(settings["analysis"]["measured_steps"], steps)
    if settings["problem"] in plan.ON_TEXT:
        sweep = steps * (SECOND * train + GRADIENT * desired)
        run = steps * (GRADIENT * train + FORWARD * test)
        single = measured * 2 * (CONTRIBUTION * train + GRADIENT * desired)
        unit = _forward_seconds(settings)
        evaluation, policy = unit * (run + sweep), unit * (run + 2 * sweep + single)
    else:
        evaluation = steps * train * width * PER_FEATURE
        policy = 2.5 * evaluation
    total = 0.0
    for seed in settings["seeds"]:
        groups = plan.batches(settings, seed)
        policies = sum(len(group) for group in groups.values())
        searches = sum(settings["controls"]["iterations"] for name in groups if name in plan.SEARCHED_CONTROLS)
        evaluations = iterations + searches + sum(MAKING.get(name, 0.0) for name in groups)
        total += evaluations * evaluation + policies * policy + (6 + 2 * len(groups)) * PER_JOB
    return total


def _forward_seconds(settings: Mapping[str, Any]) -> float:
    """Estimate the time of a forward pass of one example of a language model: its products and what they pass on."""
    model, length = settings["model"], settings["data"]["length"]
    vocabulary = settings["data"]["tokenizer"]["vocabulary"]
    hidden, layers = model["hidden"], model["layers"]
    products = 2 * (12 * hidden**2 * layers + hidden * vocabulary) + 4 * length * hidden * layers
    numbers = vocabulary + layers * (20 * hidden + model["heads"] * length)
    return float(length * (products * PER_OPERATION + numbers * PER_NUMBER))


def _duration(value: float) -> str:
    """Write a time in the unit that suits it, roughly."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if value >= 1.5 * size:
            return f"{value / size:.2g} {unit}"
    return f"{value:.2g} s"


def _corpus(settings: Mapping[str, Any]) -> float:
    """Estimate the bytes of an experiment's tokenised corpus; where its length is not known, that of TinyStories."""
    if settings["problem"] not in plan.ON_TEXT:
        return 0
    return (settings["data"]["corpus"]["stories"] or TINYSTORIES) * STORY_TOKENS * 4 * TOKENS


def describe(experiments: Mapping[str, Mapping[str, Any]]) -> str:
    """Say, in a line an experiment, what it writes and takes when it is computed from nothing."""
    width = max(len(name) for name in experiments)
    lines = []
    for name, settings in experiments.items():
        seeds = len(settings["seeds"])
        cost = f"{artifacts(settings)}, about {_duration(seconds(settings))} of one core"
        line = f"  {name:<{width}}  {seeds} seed{'s' if seeds > 1 else ''}, {cost}"
        lines.append(line if settings["in_all"] else f"{line}  (by its own name only)")
    return "\n".join(lines)


def memory_mb(settings: Mapping[str, Any], stage: str) -> int:
    """Estimate the peak memory of one job of a stage, in MB, for schedulers."""
    examples, _ = _sizes(settings)
    itemsize = 8 if settings["training"]["precision"] == "float64" else 4
    weights_mb: float = settings["training"]["steps"] * examples["train"] * itemsize / 1e6
    base = TORCH_MB if stage in ("initialise", "search", "train") else PANDAS_MB
    return round(base + COPIES.get(stage, 0) * weights_mb)


def _sizes(settings: Mapping[str, Any]) -> tuple[dict[str, int], int]:
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
