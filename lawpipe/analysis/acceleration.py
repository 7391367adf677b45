"""How many times fewer steps a policy needs than the conventional one: on the curves, and from the fits."""

import math

import numpy as np
import numpy.typing as npt


def acceleration(curve: npt.ArrayLike, conventional: npt.ArrayLike) -> float | None:
    """Return AR = T / min{t >= 1 : L[t] <= L_conventional[T]} (arXiv 2402.17759).

    Args:
        curve: L[0..T] of the policy, nats.
        conventional: L[0..T] of the conventional policy on the same examples.

    Returns:
        AR; None if the policy never gets there or the conventional run does not end with a finite loss.
    """
    reference = np.asarray(conventional, dtype=np.float64)
    return _steps_saved(curve, reference[-1], len(reference) - 1)


def acceleration_to_best(curve: npt.ArrayLike, conventional: npt.ArrayLike) -> float | None:
    """Return the same against the conventional curve's minimum: T / min{t >= 1 : L[t] <= min_s L_conv[s]}.

    The final loss is a fragile mark where the conventional curve turns up again; its minimum is not.

    Args:
        curve: L[0..T] of the policy, nats.
        conventional: L[0..T] of the conventional policy on the same examples.

    Returns:
        The ratio; None if the policy never gets there or the conventional curve has no finite value.
    """
    reference = np.asarray(conventional, dtype=np.float64)
    finite = reference[np.isfinite(reference)]
    return _steps_saved(curve, finite.min() if finite.size else math.nan, len(reference) - 1)


def _steps_saved(curve: npt.ArrayLike, mark: float, steps: int) -> float | None:
    """Return steps / first t >= 1 with curve[t] <= mark; None if there is none or the mark is not finite."""
    if not math.isfinite(mark):
        return None
    reached = np.flatnonzero(np.asarray(curve, dtype=np.float64)[1:] <= mark)
    return steps / (int(reached[0]) + 1) if reached.size else None


def acceleration_from_fits(
    scale: float, exponent: float, policy_scale: float, policy_exponent: float, steps: int
) -> float | None:
    """Return the acceleration that two scaling laws with one floor imply (arXiv 2402.17759, equation 9).

    ``AR = B1^(beta1/beta2) / B2 * T^(1 - beta1/beta2)``: T over the t at which the policy's law
    (B2/t)^beta2 takes the value that the conventional one has at T, (B1/T)^beta1.

    Args:
        scale: B1 of the conventional policy, in steps.
        exponent: beta1 of the conventional policy.
        policy_scale: B2 of the policy.
        policy_exponent: beta2 of the policy.
        steps: T.

    Returns:
        AR; None if it is not a finite number.
    """
    if not (scale > 0 and exponent > 0 and policy_scale > 0 and policy_exponent > 0):
        return None
    ratio = exponent / policy_exponent
    # In logarithms: B reaches 1e9 and more, and its powers overflow.
    logarithm = ratio * math.log(scale) - math.log(policy_scale) + (1 - ratio) * math.log(steps)
    return math.exp(logarithm) if abs(logarithm) < 700 else None
