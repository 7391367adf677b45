"""How alike the contributions of the examples are that a policy gives weight to."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Similarity:
    """The similarity of the contributions at each of S steps; arrays of shape [S]."""

    #: sum_n weights[n] contribution[n]: the speed at which the weighted examples together lower the loss.
    mean: Floats
    #: Unweighted deviation around `mean` over the active examples; NaN with fewer than two.
    std: Floats
    #: mean / std; NaN with fewer than two active examples or a deviation of 0.
    similarity: Floats
    #: How many examples have a weight above 0.
    active: npt.NDArray[np.int32]


def similarity(weights: npt.ArrayLike, contributions: npt.ArrayLike) -> Similarity:
    """Compare the contributions of the active examples, step by step (SIM in arXiv 2402.17759).

    At each step, with the sums over examples whose weight is above 0 exactly, k of them::

        mean = sum_n weights[n] c[n]
        std = sqrt(sum_n (c[n] - mean)^2 / (k - 1))
        similarity = mean / std

    The mean is weighted and the deviation around it is not: that is the paper's definition. Everything is
    summed in float64. Weights are taken as they are stored, without making them sum to 1 again, so float32
    weights bound the similarity at about 1e7.

    Args:
        weights: [S, N], weights of S steps.
        contributions: [S, N], contribution of each example at those steps, instantaneous or adjoint.
            Those of inactive examples are not looked at.

    Returns:
        Arrays of length S; NaN where a value is not defined.
    """
    weight = np.asarray(weights, dtype=np.float64)
    active = weight > 0
    contribution = np.where(active, np.asarray(contributions, dtype=np.float64), 0.0)
    count = active.sum(axis=1)
    mean = np.einsum("sn,sn->s", weight, contribution)
    with np.errstate(invalid="ignore", over="ignore"):
        deviation = np.where(active, contribution - mean[:, None], 0.0)
        squares = np.einsum("sn,sn->s", deviation, deviation)
    std = np.full(len(mean), np.nan)
    np.divide(squares, count - 1, out=std, where=count > 1)
    std = np.sqrt(std)
    ratio = np.full(len(mean), np.nan)
    np.divide(mean, std, out=ratio, where=std > 0)
    return Similarity(mean=mean, std=std, similarity=ratio, active=count.astype(np.int32))
