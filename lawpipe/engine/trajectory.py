"""The forward half of the engine: one training run under a policy, and what it is worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch import Tensor

from lawpipe.problems.base import Problem


@dataclass(frozen=True)
class Trajectory:
    """The parameters at every step of one training run, [T+1, P], and what led there."""

    problem: Problem
    thetas: Tensor
    weights: Tensor
    learning_rates: Sequence[float]

    @property
    def steps(self) -> int:
        """T, the number of steps."""
        return len(self.learning_rates)

    def curve(self, against: str) -> npt.NDArray[np.float64]:
        """Return the mean loss on a reference set at theta[0..T], [T+1], in nats."""
        return self.problem.reference_losses(against, self.thetas)

    def training_losses(self) -> npt.NDArray[np.float64]:
        """Return the weighted training loss sum_n gamma[t,n] l_n(theta[t]) at t = 0..T-1, [T], in nats."""
        pairs = zip(self.thetas[:-1], self.weights, strict=True)
        return np.array([float(self.problem.losses(theta).dot(weights)) for theta, weights in pairs])

    def objective(self, against: str = "desired") -> float:
        """Return J = (1/T) sum_{t=1..T} L(theta[t]), in nats; not finite if training diverged."""
        return float(self.problem.reference_losses(against, self.thetas[1:]).mean())


def train(problem: Problem, theta0: Tensor, weights: Tensor, learning_rates: Sequence[float]) -> Trajectory:
    """Train from theta0 under the policy `weights` [T, N], one full-batch step for each row."""
    return Trajectory(problem, problem.descend(theta0, weights, learning_rates), weights, learning_rates)


def flatten(theta0: pa.Table, problem: Problem) -> Tensor:
    """Return the flat parameter vector of a theta0 table, on the problem's device."""
    values = np.concatenate([row.values.to_numpy() for row in theta0.column("values")])
    return torch.from_numpy(values).to(problem.device, problem.dtype)
