"""The paper's values beside ours, one by one."""

import math
from dataclasses import dataclass, replace

import numpy as np

from lawpipe.analysis.intervals import Interval, mean_interval
from lawpipe.paper import values as paper
from lawpipe.paper.values import Published
from lawpipe.results import problem
from lawpipe.results.experiment import OverSeeds, Results
from lawpipe.results.numbers import UNBROKEN, over_seeds, percent
from lawpipe.run.splits import REFERENCES

#: Properties of zero weights that depend on the loss they are measured against, and all that the paper has.
OF_A_LOSS = ("noncontributive_excluded", "redundant_dropped")
PROPERTIES = (*OF_A_LOSS, "learned_ignored")
#: Coefficients of the scaling law, of which B varies by factors.
COEFFICIENTS = ("loss_floor", "scale", "exponent", "first_step", "r_squared")


@dataclass(frozen=True)
class Comparison:
    """A value of the paper and ours on the desired and on the test examples, as text.

    A property that depends on neither stands under `desired` alone.
    """

    published: Published
    desired: str
    test: str


def comparisons(results: Results, source: str | None) -> list[Comparison]:
    """Return the paper's values of a figure or table (`Fig 4`) beside this experiment's; none without a source."""
    if source is None:
        return []
    name = problem.name(results.settings)
    found: dict[str, Published] = {}
    for part in source.split(", "):
        found |= {value.quantity: value for value in paper.values(name, part)}
    return [Comparison(value, *(ours(results, value, against) for against in REFERENCES)) for value in found.values()]


def ours(results: Results, published: Published, against: str) -> str:
    """Write our value of the same meaning: mean and 95 % interval over the seeds."""
    measure, policy = published.measure, published.policy
    if measure is None:
        return "see the figure"
    if measure == "learned_ignored" and against == "test":
        return ""
    if measure in PROPERTIES:
        return share(results, policy or "near_optimal", measure, against)
    if measure in COEFFICIENTS:
        return over_seeds(coefficient(results, policy or "near_optimal", measure, against))
    found = results.quantity(policy or "near_optimal", f"{measure}_{against}")
    if published.mixed_units:
        return f"{over_seeds(in_mixed_units(found))}; in one unit {over_seeds(found)}"
    return over_seeds(found, missing(measure))


def in_mixed_units(ratio: OverSeeds) -> OverSeeds:
    """Return a compression ratio ln|V| / J as the paper has it for language models: log2|V| / J, J in nats."""
    mean, low, high = (value / math.log(2) for value in (ratio.mean, ratio.low, ratio.high))
    return replace(ratio, mean=mean, low=low, high=high)


def missing(measure: str) -> str:
    """Say what it means that no seed has a value: of an acceleration on the curves, that it was never reached."""
    return "never" if measure.startswith("acceleration") and not measure.startswith("acceleration_fit") else "-"


def share(results: Results, policy: str, name: str, against: str, kind: str = "instantaneous") -> str:
    """Write a property of zero weights: mean share over the seeds with its 95 % interval."""
    rows = results.zero_weights
    rows = rows[(rows["policy"] == policy) & (rows["property"] == name)]
    if name in OF_A_LOSS:
        rows = rows[(rows["against"] == against) & (rows["kind"] == kind)]
    found = mean_interval(rows["value"])
    if found.mean is None:
        return "no such pair"
    bounds = (
        ""
        if found.low is None
        else f" [{percent(max(0.0, found.low))},{UNBROKEN}{percent(min(1.0, found.high or 0.0))}]"
    )
    reached = "" if found.n_reached == len(results.seeds) else f" ({found.n_reached} of {len(results.seeds)} seeds)"
    return f"{percent(found.mean)}{bounds}{reached}"


def coefficient(results: Results, policy: str, name: str, against: str) -> OverSeeds:
    """Return a coefficient of the scaling law over the seeds."""
    rows = results.fits[(results.fits["policy"] == policy) & (results.fits["against"] == against)]
    found = mean_interval(rows[name], logarithmic=name == "scale")
    return as_over_seeds(found)


def as_over_seeds(found: Interval) -> OverSeeds:
    """Turn an interval into what the summary over seeds holds."""
    mean, low, high = (np.nan if value is None else value for value in (found.mean, found.low, found.high))
    return OverSeeds(mean, low, high, found.n, found.n_reached)
