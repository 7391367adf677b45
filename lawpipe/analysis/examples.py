"""How many examples a policy uses at each step."""

import numpy as np
import numpy.typing as npt


def effective_examples(weights: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the effective number of examples at each step, ``1 / sum_n weights[t, n]^2``, between 1 and N."""
    squares = np.einsum("tn,tn->t", weights, weights, dtype=np.float64)
    return np.asarray(1.0 / squares, dtype=np.float64)


def active_fraction(weights: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the fraction of the examples whose weight is above 0 exactly, at each step of weights [T, N]."""
    return np.asarray((weights > 0).mean(axis=1, dtype=np.float64))
