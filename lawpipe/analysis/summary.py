"""The numbers that sum up one policy's run on one reference set (desired or test)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lawpipe.analysis import acceleration, compression
from lawpipe.analysis.curves import finite_or_none


def of_curve(losses: npt.ArrayLike, vocabulary: int) -> dict[str, float | None]:
    """Return the objective (nats) and the compression ratio of a curve L[0..T].

    Args:
        losses: L[0..T], nats.
        vocabulary: |V|; 2 for two classes.
    """
    objective = compression.objective(losses)
    return {
        "objective": finite_or_none(objective),
        "compression_ratio": finite_or_none(compression.compression_ratio(objective, vocabulary)),
    }


def of_comparison(
    losses: npt.NDArray[np.float64],
    conventional: npt.NDArray[np.float64],
    law: tuple[float | None, float | None],
    conventional_law: tuple[float | None, float | None],
) -> dict[str, float | None]:
    """Return the three accelerations of a policy over the conventional one.

    Args:
        losses: L[0..T] of the policy, nats.
        conventional: L[0..T] of the conventional policy.
        law: B and beta of the policy's scaling law, None where it has none.
        conventional_law: those of the conventional policy.
    """
    scale, exponent = conventional_law
    policy_scale, policy_exponent = law
    fitted = None
    if scale is not None and exponent is not None and policy_scale is not None and policy_exponent is not None:
        steps = len(conventional) - 1
        fitted = acceleration.acceleration_from_fits(scale, exponent, policy_scale, policy_exponent, steps)
    return {
        "acceleration": acceleration.acceleration(losses, conventional),
        "acceleration_to_best": acceleration.acceleration_to_best(losses, conventional),
        "acceleration_fit": fitted,
    }


def of_steps(values: Sequence[float | None]) -> tuple[float | None, int]:
    """Return the mean over the steps that have a value, and how many there are."""
    present = [value for value in values if value is not None]
    return (float(np.mean(present)) if present else None), len(present)
