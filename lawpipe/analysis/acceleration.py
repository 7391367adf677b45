"""Acceleration: how many times fewer steps a policy needs than the conventional one to reach the same loss."""

import math

import numpy as np
import numpy.typing as npt


def acceleration(curve: npt.ArrayLike, conventional: npt.ArrayLike, *, to_best: bool = False) -> float | None:
    """Return the acceleration ratio ``AR = T / min{t >= 1 : L[t] <= L_conventional[T]}`` (arXiv 2402.17759).

    With `to_best`, the loss to reach is the least of the conventional curve. Where that curve rises again towards its
    end, its final loss is an easy target; its minimum is not.

    The curves hold L[0..T] of the two policies on the same examples, nats. AR is None if the policy never reaches
    that loss, or if it is not finite.
    """
    reference = np.asarray(conventional, dtype=np.float64)
    target = np.min(reference, where=np.isfinite(reference), initial=math.inf) if to_best else reference[-1]
    if not math.isfinite(target):
        return None
    reached = np.flatnonzero(np.asarray(curve, dtype=np.float64)[1:] <= target)
    return (len(reference) - 1) / (int(reached[0]) + 1) if reached.size else None


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
