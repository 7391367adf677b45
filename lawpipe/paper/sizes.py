"""Table 2 of the paper beside the sizes of a config: how B, beta and the acceleration change with the experiment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lawpipe.analysis.intervals import Interval, mean_interval
from lawpipe.analysis.scaling_sensitivity import FAR
from lawpipe.paper.measures import NEAR, Measure, acceleration_at, fit, of, ratio, summary
from lawpipe.paper.values import TABLE_2, leaves
from lawpipe.results.experiment import Seed
from lawpipe.results.problem import LANGUAGE_MODEL, Settings

#: Each quantity with our number in one seed and whether its mean over the seeds is the geometric one: B and beta of
#: the near-optimal policy over those of the conventional one; the acceleration on the curves, from the fits at T, and
#: from the fits at 10M steps.
QUANTITIES: dict[str, tuple[Measure, bool]] = {
    "scale_ratio": (ratio(fit("scale")), True),
    "exponent_ratio": (ratio(fit("exponent")), False),
    "acceleration": (of(NEAR, summary("acceleration_desired")), True),
    "acceleration_unseen": (of(NEAR, summary("acceleration_test")), True),
    "acceleration_fit": (of(NEAR, summary("acceleration_fit_desired")), True),
    "acceleration_at_10m_steps": (acceleration_at(FAR), True),
}


def rows(root: Path, experiments: Mapping[str, Settings]) -> list[dict[str, Any]]:
    """Return the rows of the table `sizes`: the paper's (`experiment` None), then each language model's, by its size.

    Intervals are 95 % t intervals over the seeds; the paper has one run per size and no interval.
    """
    texts = {name: settings for name, settings in experiments.items() if settings["problem"] == LANGUAGE_MODEL}
    records = []
    for size in TABLE_2:
        ratios = {"scale_ratio": 1 - size.scale_change, "exponent_ratio": 1 + size.exponent_change}
        for quantity, value in (ratios | {"acceleration": size.acceleration}).items():
            records.append(_row(None, size.task, quantity, Interval.stored(value, None, None)))
    for name in sorted(
        texts, key=lambda name: (texts[name]["training"]["steps"], texts[name]["data"]["train_examples"])
    ):
        seeds = [Seed(root / name / f"seed{seed}", texts[name]) for seed in texts[name]["seeds"]]
        for quantity, (measure, logarithmic) in QUANTITIES.items():
            mean = mean_interval(map(measure, seeds), logarithmic=logarithmic)
            records.append(_row(name, dict(leaves(texts[name])), quantity, mean))
    return records


def _row(experiment: str | None, size: Settings, quantity: str, found: Interval) -> dict[str, Any]:
    """Return one row of the table; `size` has the settings by dotted keys."""
    return {
        "experiment": experiment,
        "steps": size["training.steps"],
        "examples": size["data.train_examples"],
        "vocabulary": size["data.tokenizer.vocabulary"],
        "quantity": quantity,
        "mean": found.mean,
        "low": found.low,
        "high": found.high,
        "n": found.n_reached,
    }
