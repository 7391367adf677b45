"""How smooth J is along the steps of a search: the change of J against the one that its gradient promised.

A cheap form of the metasmoothness of Engstrom et al. (arXiv 2503.13751, section 3), which compares the gradient at
both ends of a step. A search has J at both ends and the gradient at the first.
"""

import numpy as np
import numpy.typing as npt

from lawpipe.analysis import Floats


def kept_promises(objectives: npt.ArrayLike, predicted: npt.ArrayLike) -> Floats:
    """Return (J[i] - J[i-1]) / predicted[i] of the iterations i that took a step.

    `objectives` are J after the iterations 0..n of a search, nats; `predicted` are sum G (new - old weights) with G
    the gradient dJ/dgamma at the iteration before, NaN or None without a step. 1 is a step along which J is linear;
    near 0, or below it, the gradient holds for much shorter changes of the weights than the step.
    """
    values, promised = (np.asarray(column, dtype=np.float64) for column in (objectives, predicted))
    steps = np.flatnonzero(np.isfinite(promised[1:]) & (promised[1:] != 0)) + 1
    return np.asarray((values[steps] - values[steps - 1]) / promised[steps])
