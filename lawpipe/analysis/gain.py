"""Which share of the near-optimal policy's gain another policy has, paired by seed, with intervals over the seeds."""

import pandas as pd

from lawpipe.analysis.intervals import Interval, mean_interval

#: J of each seed (the index) and policy (the columns), nats; NaN where a seed lacks the policy, or J is not finite.
Objectives = pd.DataFrame


def difference(objectives: Objectives, policy: str, other: str) -> Interval:
    """Return J(policy) - J(other) in nats, over the seeds that have both."""
    pairs = _paired(objectives, policy, other)
    return mean_interval(pairs[policy] - pairs[other])


def ratios(objectives: Objectives, policy: str, other: str) -> "pd.Series[float]":
    """Return J(policy) / J(other) of every seed that has both."""
    pairs = _paired(objectives, policy, other)
    return pairs[policy] / pairs[other]


def _paired(objectives: Objectives, *policies: str) -> Objectives:
    """Return J of some policies in the seeds that have all of them."""
    return objectives.reindex(columns=list(dict.fromkeys(policies))).dropna()


def is_positive(interval: Interval) -> bool:
    """Return whether the whole interval lies above 0; of seeds too few for one, whether their mean does."""
    low = interval.low if interval.low is not None else interval.mean
    return low is not None and low > 0


def of_gain(base: "pd.Series[float]", policy: "pd.Series[float]", best: "pd.Series[float]") -> "pd.Series[float]":
    """Return (base - policy) / (base - best) of J of some seeds; NaN where one is missing or best >= base."""
    return ((base - policy) / (base - best)).where(best < base)


def share(objectives: Objectives, policy: str, base: str = "conventional", best: str = "near_optimal") -> Interval:
    """Return (J(base) - J(policy)) / (J(base) - J(best)) over the seeds that have all three.

    1 means that the policy has the whole gain of the best one, above 1 more than that, below 0 that it is worse than
    the base. If the gain itself is not significantly above 0 a share of it means nothing, and the result has no value
    (n = 0). A seed whose own gain is not above 0 has no share.
    """
    if not is_positive(difference(objectives, base, best)):
        return mean_interval([])
    of_seeds = _paired(objectives, base, policy, best)
    return mean_interval(of_gain(of_seeds[base], of_seeds[policy], of_seeds[best]))
