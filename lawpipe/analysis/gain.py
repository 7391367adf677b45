"""Which part of the near-optimal policy's gain another policy has: paired by seed, with intervals over the seeds."""

from collections.abc import Mapping

from lawpipe.analysis.intervals import Interval, mean_interval

#: J of each policy and seed, nats; a seed that lacks a policy, or whose J is not finite, has None.
Objectives = Mapping[str, Mapping[int, float | None]]


def difference(objectives: Objectives, policy: str, other: str) -> Interval:
    """Return J(policy) - J(other) over the seeds that have both, nats."""
    return mean_interval([value - against for value, against in _pairs(objectives, policy, other).values()])


def ratios(objectives: Objectives, policy: str, other: str) -> dict[int, float]:
    """Return J(policy) / J(other) of every seed that has both."""
    return {seed: value / against for seed, (value, against) in _pairs(objectives, policy, other).items()}


def _pairs(objectives: Objectives, policy: str, other: str) -> dict[int, tuple[float, float]]:
    """Return J of two policies for every seed that has both."""
    found = {}
    for seed, value in objectives.get(policy, {}).items():
        against = objectives.get(other, {}).get(seed)
        if value is not None and against is not None:
            found[seed] = (value, against)
    return found


def is_positive(found: Interval) -> bool:
    """Tell whether a mean is above 0 beyond its interval; with a single value, whether that is."""
    edge = found.low if found.low is not None else found.mean
    return edge is not None and edge > 0


def of_gain(base: float | None, policy: float | None, best: float | None) -> float | None:
    """Return (base - policy) / (base - best) of three J; None without one of them, or if the best gains nothing."""
    if base is None or policy is None or best is None or base <= best:
        return None
    return (base - policy) / (base - best)


def share(objectives: Objectives, policy: str, base: str = "conventional", best: str = "near_optimal") -> Interval:
    """Return (J(base) - J(policy)) / (J(base) - J(best)) over the seeds that have all three.

    1: the policy has all of the gain; above 1: more; below 0: it is worse than the base. No value (n = 0) where the
    gain itself is not above 0 beyond its interval, for nothing is a share of that. A seed whose gain is not above 0
    although their mean is has no share.
    """
    if not is_positive(difference(objectives, base, best)):
        return mean_interval([])
    found: list[float | None] = []
    for seed, value in objectives.get(policy, {}).items():
        start, end = (objectives[name].get(seed) for name in (base, best))
        if value is not None and start is not None and end is not None:
            found.append(of_gain(start, value, end))
    return mean_interval(found)
