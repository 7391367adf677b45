"""A learning policy as the stages pass it on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Policy:
    """The weights [T, N] and the learning rates [T] of a training run; each row of weights sums to 1."""

    weights: npt.NDArray[np.floating[Any]]
    learning_rates: npt.NDArray[np.float64]
    #: The columns of the table `learning_rates`, if its own learning rate was tuned.
    tried_rates: Mapping[str, Any] | None = None
    #: What there is to say of how it was made.
    notes: Mapping[str, Any] = field(default_factory=dict)

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Return the columns of the artifact table `policy`."""
        steps = np.arange(len(self.weights), dtype=np.int32)
        return {"step": steps, "weights": self.weights, "learning_rate": self.learning_rates}


def number_type(precision: str) -> str:
    """Return the type of weights under a precision setting; products of rounded operands leave them in float32."""
    return "float64" if precision == "float64" else "float32"


def constant(row: npt.NDArray[Any], steps: int, learning_rate: float, **kept: Any) -> Policy:
    """Return the policy with the same weights [N] and the same learning rate at every step."""
    return Policy(np.tile(row, (steps, 1)), np.full(steps, learning_rate, dtype=np.float64), **kept)


def load(path: Path) -> Policy:
    """Read a policy that a stage wrote, a row group at a time: reading it whole takes its memory three times."""
    # The config reads the policies' records, and needs no Arrow for that.
    import pyarrow as pa

    from lawpipe.run import artifacts

    rates = artifacts.read(path, "policy", ["learning_rate"]).column("learning_rate").to_numpy()
    weights: npt.NDArray[Any] | None = None
    start = 0
    for rows in artifacts.row_groups(path, "policy", "weights"):
        if weights is None:
            weights = np.empty((len(rates), rows.shape[1]), dtype=rows.dtype)
        weights[start : start + len(rows)] = rows
        start += len(rows)
    assert weights is not None
    # Arrow would keep what it read with.
    pa.default_memory_pool().release_unused()
    return Policy(weights, rates)
