"""How a policy uses each example over the run, and how many examples it uses at each step."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Use:
    """How a policy uses each of N examples; arrays of shape [N]."""

    #: Mean weight over the steps.
    total_weight: npt.NDArray[np.float64]
    #: First and last step with a weight above 0; masked for an example whose weight is always 0.
    first_active: "np.ma.MaskedArray[tuple[int], np.dtype[np.int32]]"
    last_active: "np.ma.MaskedArray[tuple[int], np.dtype[np.int32]]"


def use(weights: npt.NDArray[np.floating]) -> Use:
    """Return mean weight and first and last active step of every example; active means a weight above 0 exactly.

    `weights` are those of all steps, [T, N]. The results have shape [N]; masked entries become nulls in Arrow.
    """
    active = weights > 0
    never = ~active.any(axis=0)
    first = active.argmax(axis=0).astype(np.int32)
    last = (len(active) - 1 - active[::-1].argmax(axis=0)).astype(np.int32)
    return Use(
        total_weight=weights.mean(axis=0, dtype=np.float64),
        first_active=np.ma.masked_array(first, never),
        last_active=np.ma.masked_array(last, never),
    )


def effective_examples(weights: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the effective number of examples at each step, ``1 / sum_n weights[t, n]^2``, between 1 and N."""
    squares = np.einsum("tn,tn->t", weights, weights, dtype=np.float64)
    return np.asarray(1.0 / squares, dtype=np.float64)


def active_fraction(weights: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the fraction of the examples whose weight is above 0 exactly, at each step of weights [T, N]."""
    return np.asarray((weights > 0).mean(axis=1, dtype=np.float64))
