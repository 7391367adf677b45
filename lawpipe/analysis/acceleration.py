"""Acceleration: how many times fewer steps a policy needs than the conventional one to reach the same loss."""

import math

import numpy as np
import numpy.typing as npt


def acceleration(curve: npt.ArrayLike, conventional: npt.ArrayLike) -> float | None:
    """Return the acceleration ratio ``AR = T / min{t >= 1 : L[t] <= L_conventional[T]}`` (arXiv 2402.17759).

    The curves hold L[0..T] of the two policies on the same examples, nats. AR is None if the policy never reaches
    that loss, or if the conventional run's final loss is not finite.
    """
    reference = np.asarray(conventional, dtype=np.float64)
    return _steps_saved(curve, reference[-1], len(reference) - 1)


def acceleration_to_best(curve: npt.ArrayLike, conventional: npt.ArrayLike) -> float | None:
    """Return the acceleration to the conventional curve's minimum: ``T / min{t >= 1 : L[t] <= min_s L_conv[s]}``.

    Where the conventional curve rises again towards its end, its final loss is an easy target; its minimum is not.

    Arguments and result are as in `acceleration`; None also if the conventional curve has no finite value.
    """
    reference = np.asarray(conventional, dtype=np.float64)
    finite = reference[np.isfinite(reference)]
    return _steps_saved(curve, finite.min() if finite.size else math.nan, len(reference) - 1)


def _steps_saved(curve: npt.ArrayLike, target: float, steps: int) -> float | None:
    """Return steps / (first t >= 1 with curve[t] <= target); None if there is none or the target is not finite."""
    if not math.isfinite(target):
        return None
    reached = np.flatnonzero(np.asarray(curve, dtype=np.float64)[1:] <= target)
    return steps / (int(reached[0]) + 1) if reached.size else None


def acceleration_from_fits(
    scale: float | None,
    exponent: float | None,
    policy_scale: float | None,
    policy_exponent: float | None,
    steps: int,
) -> float | None:
    """Return the acceleration that two scaling laws with the same L0 imply (arXiv 2402.17759, equation 9).

    ``AR = B1^(beta1/beta2) / B2 * T^(1 - beta1/beta2)``: T divided by the step t at which the policy's law
    (B2/t)^beta2 takes the value that the conventional law has at T, (B1/T)^beta1.

    `scale` and `exponent` are B1 (in steps) and beta1 of the conventional policy, `steps` is T. AR is None without
    one of the coefficients (a curve that does not follow a scaling law), or if it is not a finite number.
    """
    if scale is None or exponent is None or policy_scale is None or policy_exponent is None:
        return None
    if not min(scale, exponent, policy_scale, policy_exponent) > 0:
        return None
    ratio = exponent / policy_exponent
    # Computed from logarithms, because B reaches 1e9 and more, and its powers overflow.
    logarithm = ratio * math.log(scale) - math.log(policy_scale) + (1 - ratio) * math.log(steps)
    return math.exp(logarithm) if abs(logarithm) < 700 else None
