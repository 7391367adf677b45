"""Table 2 of the paper beside the sizes of a config: how B, beta and the acceleration change with the experiment."""

from collections.abc import Iterator, Mapping
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
    order = sorted(texts, key=lambda name: (texts[name]["training"]["steps"], texts[name]["data"]["train_examples"]))
    return [*_published(), *(row for name in order for row in _measured(name, root, texts[name]))]


def _published() -> Iterator[dict[str, Any]]:
    """Yield the paper's rows, with its relative changes as ratios."""
    for size in TABLE_2:
        values = (1 - size.scale_change, 1 + size.exponent_change, size.acceleration)
        for quantity, value in zip(("scale_ratio", "exponent_ratio", "acceleration"), values, strict=True):
            yield _row(None, size.task, quantity, Interval.stored(value, None, None))


def _measured(name: str, root: Path, settings: Settings) -> Iterator[dict[str, Any]]:
    """Yield the rows of one experiment."""
    seeds = [Seed(root / name / f"seed{seed}", settings) for seed in settings["seeds"]]
    size = dict(leaves(settings))
    for quantity, (measure, logarithmic) in QUANTITIES.items():
        yield _row(name, size, quantity, mean_interval(map(measure, seeds), logarithmic=logarithmic))


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
