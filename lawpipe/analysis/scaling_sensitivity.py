"""How much a fitted scaling law depends on L0 and t0, the two coefficients that are found by search.

B and beta are nearly collinear and both move with L0, and so does every extrapolation beyond the last step. The fits
are therefore repeated with L0 and with t0 fixed at other values. Each time B, beta and the acceleration that the laws
imply are recorded, at T and at the 10M steps to which arXiv 2402.17759 extrapolates.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lawpipe.analysis import Floats, scaling_law
from lawpipe.analysis.acceleration import acceleration_from_fits

#: The number of steps to which the paper extrapolates.
FAR = 10_000_000
#: The fixed values: L0 as a share of the lowest loss of the sharing curves, and t0 as a share of T.
FLOORS, FIRST_STEPS = (0.0, 0.9), (0.05, 0.1, 0.25)


def sensitivity(curves: Mapping[str, Floats], sharing: Sequence[str]) -> list[dict[str, Any]]:
    """Return the laws of the sharing policies in every variant of the fit: one row per variant and policy.

    The columns are those of the table `sensitivity` without `against`. The variants are `fitted`, `loss_floor 0`,
    `first_step 0.05`, ...; numbers are None where a curve does not follow a scaling law. The accelerations at T and
    at `FAR` steps are those that the laws imply over the first of `sharing` that has a curve L[0..T], nats; its own
    are None.
    """
    chosen = {policy: curves[policy] for policy in sharing if policy in curves}
    if not chosen:
        return []
    steps = min(len(curve) for curve in chosen.values()) - 1
    variants = {"fitted": scaling_law.fit_curves(chosen, sharing)}
    first_step = next((fit.first_step for fit in variants["fitted"].values() if fit.first_step is not None), None)
    if first_step is not None:
        lowest = min(float(np.min(curve)) for curve in chosen.values())
        for share in FLOORS:
            variants[f"loss_floor {share:g}"] = scaling_law.fit_with_floor(chosen, share * lowest, first_step)
        for share in FIRST_STEPS:
            fits = scaling_law.fit_curves(chosen, sharing, first_step=max(1, round(share * steps)))
            variants[f"first_step {share:g}"] = fits
    return [row for variant, fits in variants.items() for row in _rows(variant, fits, steps)]


def _rows(variant: str, fits: Mapping[str, scaling_law.Fit], steps: int) -> list[dict[str, Any]]:
    """Return the rows of one variant; its first policy is the reference of the accelerations."""
    reference, *_ = fits.values()
    rows = []
    for policy, fit in fits.items():
        laws = (reference.scale, reference.exponent, fit.scale, fit.exponent)
        near, far = (None if fit is reference else acceleration_from_fits(*laws, count) for count in (steps, FAR))
        law = {name: getattr(fit, name) for name in ("loss_floor", "first_step", "scale", "exponent")}
        rows.append({"policy": policy, "variant": variant, **law, "acceleration": near, "acceleration_far": far})
    return rows
