"""The tables on scaling laws across fits and sizes: sensitivity to L0 and t0, and the paper's Table 2 beside ours."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lawpipe.analysis.intervals import Interval, mean_interval
from lawpipe.report.table import Row, Table
from lawpipe.results import catalogue
from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import interval
from lawpipe.run import artifacts

SIZES = Entry(
    "sizes",
    "The paper's Table 2 beside ours",
    "Table 2",
    "B and beta of the near-optimal policy over those of the conventional one, and the acceleration on the curves, "
    "on unseen examples, from the fits at T and extrapolated to 10M steps, by the size of the experiment. "
    "Ours have 95 % intervals over the seeds; the paper has one run of each size.",
    module="paper.sizes",
    data=("sizes.parquet",),
)

#: The columns of the table of sizes.
QUANTITIES = {
    "scale_ratio": "B ratio",
    "exponent_ratio": "beta ratio",
    "acceleration": "AR",
    "acceleration_unseen": "AR, test",
    "acceleration_fit": "AR, fits",
    "acceleration_at_10m_steps": "AR, 10M steps",
}

#: How the variants of the fit are called.
VARIANTS = {
    "fitted": "as fitted",
    "loss_floor 0": "L0 = 0",
    "loss_floor 0.9": "L0 = 0.9 of the lowest loss",
    "first_step 0.05": "t0 = 0.05 T",
    "first_step 0.1": "t0 = 0.1 T",
    "first_step 0.25": "t0 = 0.25 T",
}


def sensitivity(results: Results) -> Table:
    """Return the coefficients of every variant of the fit, on the desired loss."""
    tables = [artifacts.read(results.path(seed, "sensitivity"), "sensitivity").to_pylist() for seed in results.seeds]
    found = [row for table in tables for row in table if row["against"] == "desired"]
    rows = []
    for variant, words in VARIANTS.items():
        cells = [
            _mean(found, variant, policy, name, logarithmic=name == "scale")
            for name in ("scale", "exponent")
            for policy in ("conventional", "near_optimal")
        ]
        cells += [
            _mean(found, variant, "near_optimal", name, logarithmic=True)
            for name in ("acceleration", "acceleration_far")
        ]
        rows.append(Row((words, *cells)))
    names = [f"{symbol} {policy}" for symbol in ("B", "beta") for policy in ("conventional", "near-optimal")]
    return Table(catalogue.table("sensitivity"), ("fit", *names, "AR at T", "AR at 10M steps"), tuple(rows))


def _mean(rows: list[dict[str, Any]], variant: str, policy: str, name: str, *, logarithmic: bool) -> str:
    """Write the mean of a column over the seeds, with its interval."""
    values = [row[name] for row in rows if (row["variant"], row["policy"]) == (variant, policy)]
    return interval(mean_interval(values, logarithmic=logarithmic), count_seeds=False)


def sizes(root: Path) -> Table:
    """Return Table 2 beside the language models under `root`.

    Raises InputError if the artifact is missing or damaged.
    """
    found = artifacts.read(root / "sizes.parquet", "sizes").to_pylist()
    groups: dict[tuple[Any, ...], dict[str, Mapping[str, Any]]] = {}
    for row in found:
        key = (row["experiment"], row["steps"], row["examples"], row["vocabulary"])
        groups.setdefault(key, {})[row["quantity"]] = row
    rows = []
    for (experiment, *size), quantities in groups.items():
        cells = (
            interval(Interval.stored(*(quantities[name][end] for end in ("mean", "low", "high"))))
            if name in quantities
            else "-"
            for name in QUANTITIES
        )
        rows.append(
            Row((experiment or "the paper", *(f"{value:,}" for value in size), *cells), "" if experiment else "paper")
        )
    header = ("experiment", "T", "N", "|V|", *QUANTITIES.values())
    return Table(SIZES, header, tuple(rows))
