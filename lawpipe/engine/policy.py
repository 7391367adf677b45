"""A learning policy: the weights and learning rates of a training run, as the stages read and write it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lawpipe.run.errors import InputError
from lawpipe.run.tables.policies import POLICY

#: How far the sum of a row may be from 1: above the rounding of float32 sums, below any error of a policy.
SUM_TOLERANCE = 1e-4

#: The column of the artifact table `policy` that only policies have which train on the desired examples as well.
DESIRED_WEIGHT = "desired_weight"


@dataclass(frozen=True)
class Policy:
    """Weights of every example and the learning rate at every step of a training run."""

    #: gamma[t, n] >= 0, [T, N]; every row sums to 1, with its `desired_weight` if there is one.
    weights: npt.NDArray[np.floating[Any]]
    #: [T].
    learning_rates: npt.NDArray[np.float64]
    #: The share of the weight that the desired examples have together, evenly, [T]; None if they are not trained on.
    desired_weight: npt.NDArray[np.float64] | None = None
    #: The columns of the artifact table `learning_rates`, for a policy whose learning rate was tuned.
    tried_rates: Mapping[str, Any] | None = None
    #: How it was made, for the cost file.
    notes: Mapping[str, Any] = field(default_factory=dict)

    def columns(self, source: str) -> dict[str, npt.NDArray[Any]]:
        """Return the columns of the artifact table `policy`; raises as `check` does, with the name of the source."""
        check(self.weights, source, "mend what makes it", desired_weight=self.desired_weight)
        steps = np.arange(len(self.weights), dtype=np.int32)
        columns = {"step": steps, "weights": self.weights, "learning_rate": self.learning_rates}
        return columns if self.desired_weight is None else columns | {DESIRED_WEIGHT: self.desired_weight}


def check(
    weights: npt.NDArray[Any],
    source: str,
    remedy: str,
    first_row: int = 0,
    desired_weight: npt.NDArray[np.float64] | None = None,
) -> None:
    """Raise InputError unless all weights are finite and at least 0, and every row sums to 1.

    `source` is where the weights are from; `first_row` is the step of their first row. The weight that the desired
    examples have together counts in the sum.
    """
    desired = np.zeros(len(weights)) if desired_weight is None else desired_weight
    totals = weights.sum(axis=1, dtype=np.float64) + desired
    # Comparisons with NaN are false.
    good = (weights.min(axis=1) >= 0) & (desired >= 0) & (np.abs(totals - 1) <= SUM_TOLERANCE)
    if good.all():
        return
    row = int(np.argmin(good))
    wrong = ~(np.isfinite(weights[row]) & (weights[row] >= 0))
    example = int(np.argmax(wrong))
    if wrong.any():
        mistake = f"gives example {example} the weight {weights[row, example]:.6g}"
    elif not desired[row] >= 0:
        mistake = f"has the desired_weight {desired[row]:.6g}"
    else:
        mistake = f"sums to {totals[row]:.6g}" + (" with its desired_weight" if desired_weight is not None else "")
    raise InputError(
        f"{source}: row {first_row + row} {mistake}, expected weights that are finite, at least 0, and sum to 1 in "
        f"every row; {remedy} and run again."
    )


def load(path: Path) -> Policy:
    """Read a policy that a stage wrote, one row group at a time: at once it would take three times its memory.

    Raises InputError if it is missing or damaged, or if the weights are not those of a policy (see `check`).
    """
    # The config reads the policies' records, and needs no Arrow for that.
    import pyarrow as pa

    from lawpipe.run import artifacts

    by_step = artifacts.read(path, POLICY, ["learning_rate", DESIRED_WEIGHT])
    rates = by_step.column("learning_rate").to_numpy()
    desired = by_step.column(DESIRED_WEIGHT).to_numpy() if DESIRED_WEIGHT in by_step.column_names else None
    weights: npt.NDArray[Any] | None = None
    start = 0
    for rows in artifacts.row_groups(path, POLICY, "weights"):
        if weights is None:
            weights = np.empty((len(rates), rows.shape[1]), dtype=rows.dtype)
        part = slice(start, start + len(rows))
        check(rows, str(path), "delete the file", start, None if desired is None else desired[part])
        weights[part] = rows
        start += len(rows)
    assert weights is not None
    # Arrow would keep its read buffers.
    pa.default_memory_pool().release_unused()
    return Policy(weights, rates, desired)
