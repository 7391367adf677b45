"""The global speed of learning: how fast the loss falls (arXiv 2402.17759, theorem 3.1)."""

import numpy as np
import numpy.typing as npt


def global_speed(losses: npt.ArrayLike, learning_rates: npt.ArrayLike) -> npt.NDArray[np.float64]:
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
