"""Which share of the near-optimal policy's gain another policy has, paired by seed, with intervals over the seeds."""

from collections.abc import Mapping

from lawpipe.analysis.intervals import Interval, mean_interval

#: J of each policy and seed, nats; None for a seed that lacks the policy, or whose J is not finite.
Objectives = Mapping[str, Mapping[int, float | None]]


def difference(objectives: Objectives, policy: str, other: str) -> Interval:
    """Return J(policy) - J(other) in nats, over the seeds that have both."""
    return mean_interval([value - base for value, base in _pairs(objectives, policy, other).values()])


def ratios(objectives: Objectives, policy: str, other: str) -> dict[int, float]:
    """Return J(policy) / J(other) of every seed that has both."""
    return {seed: value / base for seed, (value, base) in _pairs(objectives, policy, other).items()}


def _pairs(objectives: Objectives, policy: str, other: str) -> dict[int, tuple[float, float]]:
    """Return J of two policies for every seed that has both."""
    pairs = {}
    for seed, value in objectives.get(policy, {}).items():
        base = objectives.get(other, {}).get(seed)
        if value is not None and base is not None:
            pairs[seed] = (value, base)
    return pairs


def is_positive(interval: Interval) -> bool:
    """Return whether the whole interval lies above 0; of a single seed, whether its value does."""
    low = interval.low if interval.low is not None else interval.mean
    return low is not None and low > 0


def of_gain(base: float | None, policy: float | None, best: float | None) -> float | None:
    """Return (base - policy) / (base - best) of three J; None if one is missing or best >= base."""
    if base is None or policy is None or best is None or base <= best:
        return None
    return (base - policy) / (base - best)


def share(objectives: Objectives, policy: str, base: str = "conventional", best: str = "near_optimal") -> Interval:
    """Return (J(base) - J(policy)) / (J(base) - J(best)) over the seeds that have all three.

    1 means that the policy has the whole gain of the best one, above 1 more than that, below 0 that it is worse than
    the base. If the gain itself is not significantly above 0 a share of it means nothing, and the result has no value
    (n = 0). A seed whose own gain is not above 0 has no share.
    """
    if not is_positive(difference(objectives, base, best)):
        return mean_interval([])
    trios = [
        (objectives[base].get(seed), value, objectives[best].get(seed))
        for seed, value in objectives.get(policy, {}).items()
    ]
    return mean_interval(of_gain(*trio) for trio in trios if None not in trio)
