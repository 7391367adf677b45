"""Training on all examples, with a share of the weight for the desired ones, the same at every step."""

import numpy as np
import numpy.typing as npt

from lawpipe.policies.base import Record

RECORD = Record(
    label="desired mixed in",
    phrase="uniform weights with the desired examples mixed in",
    position=54,
    work={"own": (5.0, 0.0), "tuned": (30.0, 0.0)},
    formula="mixing",
    constant=True,
    trains_on_desired=True,
)

#: The shares that are tried. With 0, all weight is on the training examples.
SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97)


def desired_weights(steps: int) -> dict[float, npt.NDArray[np.float64]]:
    """Return d[t] = s for each share s of SHARES."""
    return {share: np.full(steps, share) for share in SHARES}
