"""Loss curves, one array per policy indexed by the step, and numbers as tables hold them."""

import math
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

#: L[0..T] of each policy, nats, by reference set (desired, test).
Losses = Mapping[str, Mapping[str, npt.NDArray[np.float64]]]


def split(policies: npt.ArrayLike, steps: npt.ArrayLike, losses: npt.ArrayLike) -> dict[str, npt.NDArray[np.float64]]:
    """Split the rows of a curves table into one curve L[0..T] per policy, in order of appearance.

    The rows of one policy may come in any order. Losses are in nats, NaN where they are missing.
    """
    names = np.asarray(policies, dtype=np.str_)
    times = np.asarray(steps)
    values = np.asarray(losses, dtype=np.float64)
    curves = {}
    for name in dict.fromkeys(names.tolist()):
        rows = np.flatnonzero(names == name)
        curves[name] = values[rows[np.argsort(times[rows], kind="stable")]]
    return curves


def finite_or_none(value: float) -> float | None:
    """Return a number as a table holds it: None (null) if it is NaN or infinite."""
    return float(value) if math.isfinite(value) else None


def nulls(values: Iterable[float]) -> list[float | None]:
    """Return numbers as a table holds them: None (null) where they are NaN or infinite."""
    return [finite_or_none(value) for value in values]
