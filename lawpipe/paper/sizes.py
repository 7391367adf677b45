"""Table 2 of the paper beside the sizes of a config: how B, beta and the acceleration change with the experiment."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lawpipe.analysis.intervals import mean_interval
from lawpipe.analysis.scaling_sensitivity import FAR
from lawpipe.paper import measures as ours
from lawpipe.paper import values as paper
from lawpipe.paper.measures import CONVENTIONAL, NEAR, Measure
from lawpipe.results.experiment import Seed

#: The quantities, with how ours is computed in one seed and whether it is averaged as a logarithm: B and beta of the
#: near-optimal policy over those of the conventional one, AR on the curves, from the fits at T, from them far off.
QUANTITIES: dict[str, tuple[Measure, bool]] = {
    "scale_ratio": (ours.quotient(ours.of_fit(NEAR, "scale"), ours.of_fit(CONVENTIONAL, "scale")), True),
    "exponent_ratio": (ours.quotient(ours.of_fit(NEAR, "exponent"), ours.of_fit(CONVENTIONAL, "exponent")), False),
    "acceleration": (ours.of_summary(NEAR, "acceleration_desired"), True),
    "acceleration_unseen": (ours.of_summary(NEAR, "acceleration_test"), True),
    "acceleration_fit": (ours.of_summary(NEAR, "acceleration_fit_desired"), True),
    "acceleration_at_10m_steps": (ours.acceleration_at(FAR), True),
}


def rows(root: Path, experiments: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of the table `sizes`: the paper's (`experiment` None), then each language model's, by its size.

    Intervals are 95 % t intervals over the seeds; the paper has one run and no interval.
    """
    texts = {name: settings for name, settings in experiments.items() if settings["problem"] == "language_model"}
    order = sorted(texts, key=lambda name: (texts[name]["training"]["steps"], texts[name]["data"]["train_examples"]))
    return [*_published(), *(row for name in order for row in _of(name, root, texts[name]))]


def _published() -> Iterator[dict[str, Any]]:
    """Yield the paper's rows, its relative changes as ratios."""
    for size in paper.TABLE_2:
        values = (1 - size.scale_change, 1 + size.exponent_change, size.acceleration)
        for quantity, value in zip(("scale_ratio", "exponent_ratio", "acceleration"), values, strict=True):
            yield {
                "experiment": None,
                "steps": size.steps,
                "examples": size.examples,
                "vocabulary": size.vocabulary,
                "quantity": quantity,
                "mean": value,
                "low": None,
                "high": None,
                "n": 1,
            }


def _of(name: str, root: Path, settings: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows of one experiment."""
    seeds = [Seed(root / name / f"seed{seed}", settings) for seed in settings["seeds"]]
    for quantity, (measure, logarithmic) in QUANTITIES.items():
        found = mean_interval([measure(seed) for seed in seeds], logarithmic=logarithmic)
        yield {
            "experiment": name,
            "steps": settings["training"]["steps"],
            "examples": settings["data"]["train_examples"],
            "vocabulary": settings["data"]["tokenizer"]["vocabulary"],
            "quantity": quantity,
            "mean": found.mean,
            "low": found.low,
            "high": found.high,
            "n": found.n_reached,
        }
