"""The contributions of the examples with weight: their similarity (SIM), and the speed that they add up to."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lawpipe.analysis import Floats


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


def global_speed(losses: npt.ArrayLike, learning_rates: npt.ArrayLike) -> Floats:
    """Return the fall of the loss per unit of training time, ``(L[t] - L[t+1]) / learning_rate[t]``.

    To first order in the learning rate it equals the weighted mean of the instantaneous contributions,
    ``sum_n weights[t, n] <grad L(theta[t]), grad l_n(theta[t])>``. The law says that under an optimal policy every
    active example has a local speed, its own contribution, equal to this global speed.

    The result has length T and is NaN where the learning rate is 0. Raises ValueError unless there are T + 1 losses
    for T learning rates.
    """
    loss = np.asarray(losses, dtype=np.float64)
    rate = np.asarray(learning_rates, dtype=np.float64)
    if loss.shape != (rate.size + 1,):
        raise ValueError(f"{rate.size} learning rates need {rate.size + 1} losses, found {loss.shape}")
    speed = np.full(rate.shape, np.nan)
    with np.errstate(invalid="ignore", over="ignore"):
        np.divide(loss[:-1] - loss[1:], rate, out=speed, where=rate != 0)
    return speed
