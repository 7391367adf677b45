"""The objective J as a function of one row of weights that holds at all steps: an objective on a single simplex."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lawpipe.engine import adjoint, trajectory
from lawpipe.engine.descent import WriteRow
from lawpipe.engine.trajectory import Trajectory
from lawpipe.search.objective import Iterate, Objective


@dataclass(frozen=True)
class SingleRow(Objective):
    """J as a function of weights [1, N] that hold at all T steps: dJ/dw[n] = sum_t dJ/dgamma[t,n].

    The search methods see a policy of one row, so `learning_rates` has length 1; training takes `steps` steps at that
    learning rate.
    """

    steps: int

    def run(self, weights: Tensor, write_row: WriteRow | None = None) -> Trajectory:
        """Train under one row of weights.

        Raises ValueError if `write_row` is given: the row holds at all steps, so no step can decide it.
        """
        if write_row is not None:
            raise ValueError("one row of weights for all steps cannot follow the run")
        rates = [*self.learning_rates] * self.steps
        return trajectory.train(self.problem, self.theta0, weights.expand(self.steps, -1), rates)

    def differentiate(self, run: Trajectory, objective: float | None = None, buffer: Tensor | None = None) -> Iterate:
        """Return the iterate with the gradient of its row, [1, N]: one backward pass, without [T, N] memory."""
        gradient = torch.zeros_like(run.weights[:1])

        def add(step: int, block: Tensor) -> None:
            rates = run.learning_rates[step : step + len(block)]
            gradient.addmm_(gradient.new_tensor(rates).unsqueeze(0), block, alpha=-1)

        adjoint.contributions(run, add)
        return Iterate(run.weights[:1], run, run.objective() if objective is None else objective, gradient)
