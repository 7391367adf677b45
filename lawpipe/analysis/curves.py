"""Curves as the analyses take them: one array of losses a policy, indexed by the step."""

import math

import numpy as np
import numpy.typing as npt


def split(policies: npt.ArrayLike, steps: npt.ArrayLike, losses: npt.ArrayLike) -> dict[str, npt.NDArray[np.float64]]:
    """Split the rows of a curves table into one curve L[0..T] a policy, in order of appearance.

    Args:
        policies: name of the policy of each row.
        steps: step t of each row; the rows of one policy may come in any order.
        losses: loss of each row, nats; NaN where it is missing.

    Returns:
        Policy name to losses in order of the steps.
    """
    names = np.asarray(policies, dtype=np.str_)
    times = np.asarray(steps)
    values = np.asarray(losses, dtype=np.float64)
    result = {}
    for name in dict.fromkeys(names.tolist()):
        rows = np.flatnonzero(names == name)
        result[name] = values[rows[np.argsort(times[rows], kind="stable")]]
    return result


def finite_or_none(value: float) -> float | None:
    """Return a number as a table holds it: null (None) where it is NaN or infinite."""
    return float(value) if math.isfinite(value) else None
