"""The objective of a search: J, the area under the desired-loss curve, as a function of the policy."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lawpipe.engine import adjoint, trajectory
from lawpipe.engine.descent import WriteRow
from lawpipe.engine.trajectory import Trajectory
from lawpipe.problems.base import Problem

#: Cost of a training run without its backward pass, in gradient evaluations (one run and one backward pass each). A
#: constant, not a measurement, so that costs compare across machines.
FORWARD_COST = 0.35


@dataclass
class Iterate:
    """A policy gamma [T, N] that a search has reached: its training run, J in nats, and dJ/dgamma [T, N]."""

    weights: Tensor
    trajectory: Trajectory
    objective: float
    gradient: Tensor

    @property
    def gap(self) -> float:
        """Frank-Wolfe gap at this policy, in nats."""
        return adjoint.gap(self.weights, self.gradient)

    def predicted(self, weights: Tensor) -> float:
        """Return the change of J to another policy to first order, sum_t <dJ/dgamma[t], weights[t] - gamma[t]>.

        Of a policy whose every step has the same row, `weights` may hold more rows than this one.
        """
        policies = (self.gradient, weights[: len(self.weights)], self.weights)
        blocks = zip(*(torch.split(rows, 64) for rows in policies), strict=True)
        return sum(float((slopes * (new - old)).sum(dtype=torch.float64)) for slopes, new, old in blocks)


@dataclass(frozen=True)
class Objective:
    """J(gamma) = (1/T) sum_{t=1..T} L(theta[t]) of training a problem from theta0 at fixed learning rates."""

    problem: Problem
    theta0: Tensor
    learning_rates: Sequence[float]

    def run(self, weights: Tensor, write_row: WriteRow | None = None) -> Trajectory:
        """Train under a policy [T, N].

        `write_row` may decide each row of the policy, in place, while the run goes on.
        """
        return trajectory.train(self.problem, self.theta0, weights, self.learning_rates, write_row=write_row)

    def train(self, weights: Tensor, write_row: WriteRow | None = None) -> tuple[Trajectory, float]:
        """Train under a policy as `run` does; return the run and its J, not finite if training diverged."""
        run = self.run(weights, write_row)
        return run, run.objective()

    def differentiate(self, run: Trajectory, objective: float | None = None, buffer: Tensor | None = None) -> Iterate:
        """Return the iterate of a training run with its gradient, one backward pass; written to `buffer` if given.

        `objective` is the run's J if it is known; otherwise the losses are those that come with the gradient, where a
        problem has them.
        """
        gradient = adjoint.gradient(run, out=buffer)
        return Iterate(run.weights, run, run.objective() if objective is None else objective, gradient)
