"""The similarity of the contributions of the examples that a policy gives weight to (SIM, arXiv 2402.17759)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Similarity:
    """The similarity of the contributions at each of S steps; arrays of shape [S]."""

    #: sum_n weights[n] contributions[n]: the speed at which the weighted examples together lower the loss.
    mean: Floats
    #: Unweighted standard deviation around `mean` of the active examples; NaN with fewer than two.
    std: Floats
    #: mean / std; NaN with fewer than two active examples or a deviation of 0.
    similarity: Floats
    #: Number of examples with a weight above 0.
    active: npt.NDArray[np.int32]


def similarity(weights: npt.ArrayLike, contributions: npt.ArrayLike) -> Similarity:
    """Return the similarity of the active examples' contributions at each step.

    The law of arXiv 2402.17759 (theorem 3.1) says that under an optimal policy all active examples contribute the
    same, so that the similarity is infinite. At each step, with sums over the k examples whose weight is above 0
    exactly::

        mean = sum_n weights[n] c[n]
        std = sqrt(sum_n (c[n] - mean)^2 / (k - 1))
        similarity = mean / std

    By the paper's definition the mean is weighted and the deviation around it is not. Sums are in float64. Weights
    are used as stored and not normalised again, so float32 weights limit the similarity to about 1e7.

    `weights` and `contributions` (instantaneous or adjoint) are those of S steps, [S, N]; the contributions of
    inactive examples are not used. The results have length S and are NaN where they are not defined.
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
