"""A learning policy: the weights and learning rates of a training run, as the stages read and write it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lawpipe.run.tables.policies import POLICY


@dataclass(frozen=True)
class Policy:
    """Weights of every example and the learning rate at every step of a training run."""

    #: gamma[t, n] >= 0, [T, N]; every row sums to 1.
    weights: npt.NDArray[np.floating[Any]]
    #: [T].
    learning_rates: npt.NDArray[np.float64]
    #: The columns of the artifact table `learning_rates`, for a policy whose learning rate was tuned.
    tried_rates: Mapping[str, Any] | None = None
    #: How it was made, for the cost file.
    notes: Mapping[str, Any] = field(default_factory=dict)

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Return the columns of the artifact table `policy`."""
        steps = np.arange(len(self.weights), dtype=np.int32)
        return {"step": steps, "weights": self.weights, "learning_rate": self.learning_rates}


def load(path: Path) -> Policy:
    """Read a policy that a stage wrote, one row group at a time: at once it would take three times its memory."""
    # The config reads the policies' records, and needs no Arrow for that.
    import pyarrow as pa

    from lawpipe.run import artifacts

    rates = artifacts.read(path, POLICY, ["learning_rate"]).column("learning_rate").to_numpy()
    weights: npt.NDArray[Any] | None = None
    start = 0
    for rows in artifacts.row_groups(path, POLICY, "weights"):
        if weights is None:
            weights = np.empty((len(rates), rows.shape[1]), dtype=rows.dtype)
        weights[start : start + len(rows)] = rows
        start += len(rows)
    assert weights is not None
    # Arrow would keep its read buffers.
    pa.default_memory_pool().release_unused()
    return Policy(weights, rates)
