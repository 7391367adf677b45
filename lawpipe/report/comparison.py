"""Comparisons of one experiment with the values that the paper gives."""

from dataclasses import replace

from lawpipe.analysis.intervals import mean_interval
from lawpipe.paper import values as paper
from lawpipe.paper.values import ASYMPTOTE, COEFFICIENTS, MIXED_UNITS, Published
from lawpipe.results import problem
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import interval

#: Properties of zero weights that depend on the reference loss, and all properties that the paper has.
OF_A_LOSS = ("noncontributive_excluded", "redundant_dropped")
PROPERTIES = (*OF_A_LOSS, "learned_ignored")


def comparisons(results: Results, source: str | None) -> list[tuple[Published, str, str]]:
    """Return each value of a figure or table of the paper (`Fig 4`) with ours on desired and on test, as text.

    The text is empty for what does not depend on the set; without a source there are no values.
    """
    sources = source.split(", ") if source is not None else []
    values = [value for part in sources for value in paper.values(problem.name(results.settings), part)]
    by_quantity = {value.quantity: value for value in values}
    return [(value, ours(results, value, "desired"), ours(results, value, "test")) for value in by_quantity.values()]


def ours(results: Results, published: Published, against: str) -> str:
    """Write our value of a quantity of the paper: mean and 95 % interval over the seeds."""
    measure, policy = published.measure, published.policy or "near_optimal"
    if measure is None or measure in ASYMPTOTE:
        return "see the figure"
    if measure == "learned_ignored" and against == "test":
        return ""
    if measure in PROPERTIES:
        return share(results, policy, measure, against)
    if measure in COEFFICIENTS:
        fits = results.fits[(results.fits["policy"] == policy) & (results.fits["against"] == against)]
        return interval(mean_interval(fits[measure], logarithmic=measure == "scale"))
    value = results.quantity(policy, f"{measure}_{against}")
    if published.mixed_units:
        return f"{interval(value.scaled(MIXED_UNITS))}; in one unit {interval(value)}"
    return interval(value, missing=missing(measure))


def missing(measure: str) -> str:
    """Return what is written if no seed has a value: for an acceleration on the curves, that it was never reached."""
    return "never" if measure.startswith("acceleration") and not measure.startswith("acceleration_fit") else "-"


def share(results: Results, policy: str, name: str, against: str, kind: str = "instantaneous") -> str:
    """Write a property of zero weights: the mean share over the seeds with its 95 % interval."""
    rows = results.zero_weights
    rows = rows[(rows["policy"] == policy) & (rows["property"] == name)]
    if name in OF_A_LOSS:
        rows = rows[(rows["against"] == against) & (rows["kind"] == kind)]
    mean = mean_interval(rows["value"]).clipped(0, 1)
    return interval(replace(mean, n=len(results.seeds)), share=True, missing="no such pair")
