"""The tables of scaling laws: how the fit depends on L0 and t0, and the paper's Table 2 with our sizes."""

from pathlib import Path
from typing import Any

from lawpipe.analysis.intervals import NO_SEEDS, Interval, mean_interval
from lawpipe.report.table import Table
from lawpipe.results import catalogue
from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import interval
from lawpipe.run import artifacts
from lawpipe.run.tables import claims as artifact

SIZES = Entry(
    "sizes",
    "The paper's Table 2 and our sizes",
    "Table 2",
    "B and beta of the near-optimal policy over those of the conventional one, and the acceleration ratio AR on the "
    "curves, on unseen examples, from the fits at T, and extrapolated to 10M steps, for each size of experiment. "
    "Ours have 95 % intervals over the seeds; the paper has one run of each size.",
)

#: The quantities of `sizes` and their columns.
QUANTITIES = {
    "scale_ratio": "B ratio",
    "exponent_ratio": "beta ratio",
    "acceleration": "AR",
    "acceleration_unseen": "AR, test",
    "acceleration_fit": "AR, fits",
    "acceleration_at_10m_steps": "AR, 10M steps",
}

#: The variants of the fit and their labels.
VARIANTS = {
    "fitted": "as fitted",
    "loss_floor 0": "L0 = 0",
    "loss_floor 0.9": "L0 = 0.9 of the lowest loss",
    "first_step 0.05": "t0 = 0.05 T",
    "first_step 0.1": "t0 = 0.1 T",
    "first_step 0.25": "t0 = 0.25 T",
}

#: The columns of `sensitivity`: the header, the quantity, its policy, and whether its mean is geometric.
COLUMNS = (
    ("B conventional", "scale", "conventional", True),
    ("B near-optimal", "scale", "near_optimal", True),
    ("beta conventional", "exponent", "conventional", False),
    ("beta near-optimal", "exponent", "near_optimal", False),
    ("AR at T", "acceleration", "near_optimal", True),
    ("AR at 10M steps", "acceleration_far", "near_optimal", True),
)


def sensitivity(results: Results) -> Table:
    """Return the coefficients of every variant of the fit on the desired loss: means over the seeds."""
    rows = results.sensitivity[results.sensitivity["against"] == "desired"]
    records = []
    for variant, label in VARIANTS.items():
        record = {"fit": label}
        for header, name, policy, geometric in COLUMNS:
            values = rows[name][(rows["variant"] == variant) & (rows["policy"] == policy)]
            record[header] = interval(mean_interval(values, logarithmic=geometric), count_seeds=False)
        records.append(record)
    return Table.from_records(catalogue.table("sensitivity"), records)


def sizes(root: Path) -> Table:
    """Return the paper's Table 2 together with the language models under `root`.

    Raises InputError if the artifact is missing or damaged.
    """
    means: dict[tuple[Any, ...], dict[str, Interval]] = {}
    for record in artifacts.read(root / "sizes.parquet", artifact.SIZES).to_pylist():
        key = tuple(record[name] for name in ("experiment", "steps", "examples", "vocabulary"))
        mean = Interval.stored(*(record[name] for name in ("mean", "low", "high", "n", "n")))
        means.setdefault(key, {})[record["quantity"]] = mean
    records = [
        {
            "experiment": experiment or "the paper",
            **{header: f"{value:,}" for header, value in zip(("T", "N", "|V|"), size, strict=True)},
            **{label: interval(quantities.get(name, NO_SEEDS)) for name, label in QUANTITIES.items()},
        }
        for (experiment, *size), quantities in means.items()
    ]
    return Table.from_records(SIZES, records, ("" if experiment else "paper" for experiment, *_ in means))
