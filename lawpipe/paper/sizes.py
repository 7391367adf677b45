"""Table 2 of the paper beside the sizes of a config: how B, beta and the acceleration change with the experiment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lawpipe.analysis.intervals import Interval, mean_interval
from lawpipe.analysis.scaling_sensitivity import FAR
from lawpipe.paper.measures import NEAR, Measure, acceleration_at, of, ratio
from lawpipe.paper.table_2 import SIZE, TABLE_2
from lawpipe.paper.values import leaves
from lawpipe.results.experiment import Seed
from lawpipe.results.problem import LANGUAGE_MODEL, Settings

#: Each quantity with our number in one seed and whether its mean over the seeds is the geometric one: B and beta of
#: the near-optimal policy over those of the conventional one; the acceleration on the curves, from the fits at T, and
#: from the fits at 10M steps.
QUANTITIES: dict[str, tuple[Measure, bool]] = {
    "scale_ratio": (ratio("scale"), True),
    "exponent_ratio": (ratio("exponent"), False),
    "acceleration": (of(NEAR, "acceleration_desired"), True),
    "acceleration_unseen": (of(NEAR, "acceleration_test"), True),
    "acceleration_fit": (of(NEAR, "acceleration_fit_desired"), True),
    "acceleration_at_10m_steps": (acceleration_at(FAR), True),
}


def rows(root: Path, experiments: Mapping[str, Settings]) -> list[dict[str, Any]]:
    """Return the rows of the table `sizes`: the paper's (`experiment` None), then each language model's, by its size.

    Intervals are 95 % t intervals over the seeds; the paper has one run per size and no interval.
    """
    records = []
    for size in TABLE_2:
        ratios = {"scale_ratio": 1 - size.scale_change, "exponent_ratio": 1 + size.exponent_change}
        for quantity, value in (ratios | {"acceleration": size.acceleration}).items():
            records.append(_row(None, size.task, quantity, Interval.stored(value, None, None)))
    texts = [(name, own, dict(leaves(own))) for name, own in experiments.items() if own["problem"] == LANGUAGE_MODEL]
    for name, settings, here in sorted(texts, key=lambda text: [text[2][key] for key in SIZE[:2]]):
        seeds = [Seed(root / name / f"seed{seed}", settings) for seed in settings["seeds"]]
        for quantity, (measure, logarithmic) in QUANTITIES.items():
            records.append(_row(name, here, quantity, mean_interval(map(measure, seeds), logarithmic=logarithmic)))
    return records


def _row(experiment: str | None, size: Settings, quantity: str, ours: Interval) -> dict[str, Any]:
    """Return one row of the table; `size` has the settings by dotted keys."""
    return {
        "experiment": experiment,
        **dict(zip(("steps", "examples", "vocabulary"), map(size.get, SIZE), strict=True)),
        "quantity": quantity,
        "mean": ours.mean,
        "low": ours.low,
        "high": ours.high,
        "n": ours.n_reached,
    }
