"""Means over seeds with their uncertainty."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

CONFIDENCE = 0.95
#: The fewest values that an interval is made from. Of two, Student's t makes one of 12.7 times their distance.
FEWEST = 3


@dataclass(frozen=True)
class Interval:
    """A mean over seeds with its 95 % interval."""

    #: The mean over the seeds that have a value; None if no seed has one.
    mean: float | None
    #: The ends of the interval; None with fewer than `FEWEST` values.
    low: float | None
    high: float | None
    #: The number of seeds, and of those that have a value. An acceleration has none if the loss was never reached.
    n: int
    n_reached: int

    @classmethod
    def stored(
        cls, mean: float | None, low: float | None, high: float | None, n: int = 1, n_reached: int = 1
    ) -> "Interval":
        """Return the interval of numbers from a table, in which None and NaN both mean that there is no value."""
        mean, low, high = (None if end is None or math.isnan(end) else float(end) for end in (mean, low, high))
        return cls(mean, low, high, int(n), int(n_reached))

    @property
    def mean_or_nan(self) -> float:
        """The mean, or NaN if no seed has a value: for arithmetic and for plots."""
        return math.nan if self.mean is None else self.mean

    def scaled(self, factor: float, offset: float = 0.0) -> "Interval":
        """Return the interval of ``factor * value + offset``."""
        ends = (self.mean, self.low, self.high)
        mean, low, high = (None if end is None else factor * end + offset for end in ends)
        return replace(self, mean=mean, low=low if factor >= 0 else high, high=high if factor >= 0 else low)

    def clipped(self, lowest: float, highest: float) -> "Interval":
        """Return the interval with its ends limited to the values that are possible."""
        low = None if self.low is None else max(lowest, self.low)
        return replace(self, low=low, high=None if self.high is None else min(highest, self.high))


#: The interval of no seeds.
NO_SEEDS = Interval(None, None, None, 0, 0)


def mean_interval(values: Iterable[float | None], *, logarithmic: bool = False) -> Interval:
    """Return the mean over the seeds that have a value, with Student's 95 % interval.

    The interval is ``mean -+ t(0.975, n-1) std / sqrt(n)``, where ``std`` is the standard deviation with n-1 degrees
    of freedom. With fewer than `FEWEST` values there is none.

    None or a number that is not finite counts as missing. With `logarithmic`, for quantities that vary by factors
    (accelerations and B), the logarithms are averaged: the mean is then the geometric mean, and the interval is not
    symmetric and stays above 0; its upper end is infinite where float64 has no such number.

    Raises ValueError if `logarithmic` and a value is not above 0.
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
    back = _exponential if logarithmic else float
    mean = float(present.mean())
    if reached < FEWEST:
        return Interval(back(mean), None, None, n, reached)
    half = float(special.stdtrit(reached - 1, (1 + CONFIDENCE) / 2) * present.std(ddof=1) / math.sqrt(reached))
    return Interval(back(mean), back(mean - half), back(mean + half), n, reached)


def _exponential(value: float) -> float:
    """Return e to a power, infinite where float64 has no such number."""
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
