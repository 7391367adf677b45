"""Means over seeds with their uncertainty."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import special

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean over seeds and its 95 % interval."""

    #: None if no seed has a value.
    mean: float | None
    #: None with fewer than two values.
    low: float | None
    high: float | None
    #: How many seeds there are.
    n: int
    #: How many of them have a value: a missing acceleration, say, means that the mark was never reached.
    n_reached: int


def mean_interval(values: Iterable[float | None], *, logarithmic: bool = False) -> Interval:
    """Return the mean over the seeds that have a value, with Student's 95 % interval.

    ``mean -+ t(0.975, n-1) std / sqrt(n)`` with the n-1 standard deviation; of the logarithms if
    `logarithmic` (the mean is then the geometric one, the interval is not symmetric and stays above 0).

    Args:
        values: one a seed; None or a number that is not finite counts as missing.
        logarithmic: for ratios and scales, which vary by factors: accelerations and B.

    Raises:
        ValueError: if `logarithmic` and a value is not above 0.
    """
    all_values = list(values)
    present = np.array([value for value in all_values if value is not None and math.isfinite(value)])
    n, reached = len(all_values), len(present)
    if not reached:
        return Interval(None, None, None, n, 0)
    if logarithmic:
        if (present <= 0).any():
            raise ValueError(f"a logarithmic mean needs values above 0, found {present.min()}")
        present = np.log(present)
    back = math.exp if logarithmic else float
    mean = float(present.mean())
    if reached == 1:
        return Interval(back(mean), None, None, n, 1)
    half = float(special.stdtrit(reached - 1, (1 + CONFIDENCE) / 2) * present.std(ddof=1) / math.sqrt(reached))
    return Interval(back(mean), back(mean - half), back(mean + half), n, reached)
