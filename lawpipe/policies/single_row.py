"""One row of weights for all steps, as search methods and loop see it: an objective on a single simplex."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lawpipe.engine import adjoint, trajectory
from lawpipe.engine.trajectory import Descend, Trajectory
from lawpipe.search.objective import Iterate, Objective


@dataclass(frozen=True)
class SingleRow(Objective):
    """J as a function of weights [1, N] that hold at all T steps: dJ/dw[n] = sum_t dJ/dgamma[t,n].

    The one row is what methods and loop know of the policy, so `learning_rates` has the length 1; training goes
    through `steps` steps at that rate.
    """

    steps: int

    @property
    def _rates(self) -> Sequence[float]:
        """The learning rates of all steps."""
        return [*self.learning_rates] * self.steps

    def train(self, weights: Tensor, descend: Descend | None = None) -> tuple[Trajectory, float]:
        """Train under one row of weights; return the run and its J (not finite if training diverged).

        The row holds at all steps, so it cannot be decided on the way: raises ValueError if `descend` is given.
        """
        if descend is not None:
            raise ValueError("one row of weights for all steps cannot follow the run")
        run = trajectory.train(self.problem, self.theta0, weights.expand(self.steps, -1), self._rates)
        return run, run.objective()

    def differentiate(self, run: Trajectory, objective: float, buffer: Tensor | None = None) -> Iterate:
        """Complete a training run by the gradient of its row, [1, N], one reverse sweep; no room for all steps."""
        gradient = torch.zeros_like(run.weights[:1])

        def add(step: int, block: Tensor) -> None:
            rates = run.learning_rates[step : step + len(block)]
            gradient.addmm_(gradient.new_tensor(rates).unsqueeze(0), block, alpha=-1)

        adjoint.contributions(run, add)
        return Iterate(run.weights[:1], run, objective, gradient)
