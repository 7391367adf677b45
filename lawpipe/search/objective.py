"""What a search minimises: the area under the desired-loss curve as a function of the policy."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from lawpipe.engine import adjoint, trajectory
from lawpipe.engine.descent import WriteRow
from lawpipe.engine.trajectory import Trajectory
from lawpipe.problems.base import Problem

#: The work of a training run without its reverse sweep, as a share of a gradient evaluation (one run and one
#: sweep). A fixed factor, so that costs compare across machines.
FORWARD_COST = 0.35


@dataclass
class Point:
    """A policy in the search: its weights [T, N], its training run, J in nats and dJ/dgamma [T, N]."""

    weights: Tensor
    trajectory: Trajectory
    objective: float
    gradient: Tensor

    @property
    def gap(self) -> float:
        """The Frank-Wolfe gap at this policy, in nats."""
        return adjoint.gap(self.weights, self.gradient)


@dataclass(frozen=True)
class Objective:
    """J(gamma) of training a problem from theta0 at fixed learning rates."""

    problem: Problem
    theta0: Tensor
    learning_rates: Sequence[float]

    def train(self, weights: Tensor, write_row: WriteRow | None = None) -> tuple[Trajectory, float]:
        """Train under a policy; return the run and its J (not finite if training diverged).

        `write_row` may decide each row of the policy, in place, while the run goes on.
        """
        run = trajectory.train(self.problem, self.theta0, weights, self.learning_rates, write_row=write_row)
        return run, run.objective()

    def point(self, run: Trajectory, objective: float, buffer: Tensor | None = None) -> Point:
        """Complete a training run by its gradient, one reverse sweep; `buffer` is reused for it if given."""
        return Point(run.weights, run, objective, adjoint.gradient(run, out=buffer))
