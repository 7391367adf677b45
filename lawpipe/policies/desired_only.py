"""Training on the desired examples alone, stopped early: what whoever has them can do without any weights.

The parameters stay where the loss on a held-out quarter of them is lowest.
"""

import numpy as np
import numpy.typing as npt

from lawpipe.policies.base import Record

RECORD = Record(
    label="desired only",
    phrase="training on the desired examples alone",
    position=53,
    work={"own": (2.0, 0.0), "tuned": (9.0, 0.0)},
    formula="desired alone",
    constant=True,
    trains_on_desired=True,
)


def desired_weights(steps: int) -> dict[float, npt.NDArray[np.float64]]:
    """Return d[t] = 1, the only candidate."""
    return {1.0: np.ones(steps)}
