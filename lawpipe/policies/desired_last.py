"""Training with uniform weights first, and at the end on the desired examples alone, stopped early."""

import numpy as np
import numpy.typing as npt

from lawpipe.policies.base import Record
from lawpipe.policies.desired_mixed import SHARES

RECORD = Record(
    label="desired last",
    phrase="uniform weights, then fine-tuning on the desired examples",
    position=55,
    work={"own": (5.0, 0.0), "tuned": (30.0, 0.0)},
    formula="fine-tuning",
    trains_on_desired=True,
)


def desired_weights(steps: int) -> dict[float, npt.NDArray[np.float64]]:
    """Return d[t] = 0 before the last s T steps and 1 from then on, for each share s of SHARES."""
    return {share: (np.arange(steps) >= steps - round(share * steps)).astype(np.float64) for share in SHARES}
