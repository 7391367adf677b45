"""The numbers that summarise the run of one policy on one reference set (desired or test)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lawpipe.analysis import acceleration, compression
from lawpipe.analysis.curves import finite_or_none

#: B and beta of a scaling law; None for a curve that does not follow one.
Law = tuple[float | None, float | None]


def of_curve(losses: npt.ArrayLike, vocabulary: int) -> dict[str, float | None]:
    """Return the objective (nats) and the compression ratio of a curve L[0..T], nats."""
    objective = compression.objective(losses)
    return {
        "objective": finite_or_none(objective),
        "compression_ratio": finite_or_none(compression.compression_ratio(objective, vocabulary)),
    }


def of_comparison(
    losses: npt.NDArray[np.float64], conventional: npt.NDArray[np.float64], law: Law, conventional_law: Law
) -> dict[str, float | None]:
    """Return the three accelerations of a policy over the conventional one, from the curves L[0..T] and laws."""
    steps = len(conventional) - 1
    return {
        "acceleration": acceleration.acceleration(losses, conventional),
        "acceleration_to_best": acceleration.acceleration_to_best(losses, conventional),
        "acceleration_fit": acceleration.acceleration_from_fits(*conventional_law, *law, steps),
    }


def of_steps(values: Sequence[float | None]) -> tuple[float | None, int]:
    """Return the mean over the steps that have a value, and the number of these steps."""
    present = [value for value in values if value is not None]
    return (float(np.mean(present)) if present else None), len(present)
