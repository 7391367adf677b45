"""Comparisons of one experiment with the values that the paper gives."""

from dataclasses import replace

import pandas as pd

from lawpipe.analysis.intervals import mean_interval
from lawpipe.paper import values as paper
from lawpipe.paper.values import ASYMPTOTE, COEFFICIENTS, MIXED_UNITS, Published
from lawpipe.results import problem
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import interval

#: Properties of zero weights that the paper has, and those among them that depend on the reference loss.
PROPERTIES = {
    "noncontributive_excluded": "contribution <= 0: weight is 0",
    "redundant_dropped": "contribution > 0: weight is 0",
    "learned_ignored": "loss < 1e-6: weight below 0.2 of the step's largest",
}
OF_A_LOSS = ("noncontributive_excluded", "redundant_dropped")


def comparisons(results: Results, source: str | None) -> list[tuple[Published, str, str]]:
    """Return each value of a figure or table of the paper (`Fig 4`) with ours on desired and on test, as text.

    The text is empty for what does not depend on the set; without a source there are no values.
    """
    values = paper.values(problem.name(results.settings), source or "")
    return [(value, ours(results, value, "desired"), ours(results, value, "test")) for value in values]


def ours(results: Results, published: Published, against: str) -> str:
    """Write our value of a quantity of the paper: mean and 95 % interval over the seeds."""
    measure, policy = published.measure, published.policy or "near_optimal"
    if measure is None or measure in ASYMPTOTE:
        return "see the figure"
    if measure == "learned_ignored" and against == "test":
        return ""
    if measure in PROPERTIES:
        return share(results, pairs(results, policy, measure, against))
    if measure in COEFFICIENTS:
        fits = results.fits[(results.fits["policy"] == policy) & (results.fits["against"] == against)]
        return interval(mean_interval(fits[measure], logarithmic=measure == "scale"))
    name = f"{measure}_{against}"
    if published.mixed_units:
        value = results.quantity(policy, name)
        return f"{interval(value.scaled(MIXED_UNITS))}; in one unit {interval(value)}"
    return mean(results, policy, name)


def mean(results: Results, policy: str, name: str) -> str:
    """Write a quantity of the summary over the seeds."""
    return interval(results.quantity(policy, name), missing=missing(name))


def missing(measure: str) -> str:
    """Return what is written if no seed has a value: for an acceleration on the curves, that it was never reached."""
    return "never" if measure.startswith("acceleration") and not measure.startswith("acceleration_fit") else "-"


def pairs(results: Results, policy: str, name: str, against: str, kind: str = "instantaneous") -> pd.DataFrame:
    """Return the rows of a property of zero weights, one per seed."""
    rows = results.zero_weights
    rows = rows[(rows["policy"] == policy) & (rows["property"] == name)]
    return rows[(rows["against"] == against) & (rows["kind"] == kind)] if name in OF_A_LOSS else rows


def share(results: Results, rows: pd.DataFrame) -> str:
    """Write a property of zero weights: the mean share over the seeds with its 95 % interval."""
    shares = mean_interval(rows["value"]).clipped(0, 1)
    return interval(replace(shares, n=len(results.seeds)), share=True, missing="no such pair")
