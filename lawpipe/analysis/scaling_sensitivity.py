"""How much of a fitted scaling law hangs on L0 and t0, the two coefficients that are found by search.

B and beta are nearly collinear and both move with L0; what the laws say beyond the last step moves with them. So the
fits are repeated with L0 and with t0 fixed elsewhere, and each time B, beta and the acceleration that the two laws
imply at T and at the 10M steps of arXiv 2402.17759 are kept.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lawpipe.analysis import scaling_law
from lawpipe.analysis.acceleration import acceleration_from_fits

Floats = npt.NDArray[np.float64]
Curves = Mapping[str, Floats]

#: The steps to which the paper extrapolates.
FAR = 10_000_000
#: L0 as a share of the lowest loss of the sharing curves, and t0 as a share of T.
FLOORS, FIRST_STEPS = (0.0, 0.9), (0.05, 0.1, 0.25)


@dataclass(frozen=True)
class Row:
    """The law of one policy in one variant of the fit; None where its curve does not follow one."""

    policy: str
    #: `fitted`, `loss_floor 0`, `loss_floor 0.9`, `first_step 0.05` and so on.
    variant: str
    loss_floor: float | None
    first_step: int | None
    scale: float | None
    exponent: float | None
    #: Acceleration over the conventional policy from the laws, at T and at `FAR` steps; None for that policy itself.
    acceleration: float | None
    acceleration_far: float | None


def sensitivity(curves: Curves, sharing: Sequence[str]) -> list[Row]:
    """Return the laws of the sharing policies in every variant.

    Args:
        curves: policy to L[0..T], nats.
        sharing: the policies that L0 and t0 are found on, the one to compare with first.

    Returns:
        A row a variant and policy, those without a curve left out.
    """
    chosen = {policy: curves[policy] for policy in sharing if policy in curves}
    if not chosen:
        return []
    steps = min(len(curve) for curve in chosen.values()) - 1
    fitted = scaling_law.fit_curves(chosen, sharing)
    first_step = next((fit.first_step for fit in fitted.values() if fit.first_step is not None), None)
    lowest = min(float(np.min(curve)) for curve in chosen.values())
    variants: dict[str, Callable[[], Mapping[str, scaling_law.Fit]]] = {"fitted": lambda: fitted}
    if first_step is not None:
        for share in FLOORS:
            variants[f"loss_floor {share:g}"] = _with_floor(chosen, share * lowest, first_step)
        for share in FIRST_STEPS:
            variants[f"first_step {share:g}"] = _from_step(chosen, sharing, max(1, round(share * steps)))
    return [
        row
        for name, fits in variants.items()
        for row in _rows(name, fits(), reference=next(iter(chosen)), steps=steps)
    ]


def _with_floor(curves: Curves, loss_floor: float, first_step: int) -> Callable[[], Mapping[str, scaling_law.Fit]]:
    """Return a fit with L0 fixed."""
    return lambda: scaling_law.fit_with_floor(curves, loss_floor, first_step)


def _from_step(
    curves: Curves, sharing: Sequence[str], first_step: int
) -> Callable[[], Mapping[str, scaling_law.Fit]]:
    """Return a fit with t0 fixed."""
    return lambda: scaling_law.fit_curves(curves, sharing, first_step)


def _rows(variant: str, fits: Mapping[str, scaling_law.Fit], reference: str, steps: int) -> list[Row]:
    """Return the rows of one variant."""
    return [
        Row(
            policy,
            variant,
            fit.loss_floor,
            fit.first_step,
            fit.scale,
            fit.exponent,
            None if policy == reference else _acceleration(fits[reference], fit, steps),
            None if policy == reference else _acceleration(fits[reference], fit, FAR),
        )
        for policy, fit in fits.items()
    ]


def _acceleration(reference: scaling_law.Fit, fit: scaling_law.Fit, steps: int) -> float | None:
    """Return what two laws imply; None if one is missing."""
    if reference.scale is None or reference.exponent is None or fit.scale is None or fit.exponent is None:
        return None
    return acceleration_from_fits(reference.scale, reference.exponent, fit.scale, fit.exponent, steps)
