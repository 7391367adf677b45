"""The paper's search: projected gradient descent with a given step size (arXiv 2402.17759, section 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from lawpipe.engine import simplex
from lawpipe.search.method import Method, Step
from lawpipe.search.objective import Iterate, Objective


@dataclass
class ProjectedGradient(Method):
    """Projected gradient descent without a line search.

        gamma[t] <- Proj_simplex(gamma[t] - rate_i dJ/dgamma[t])

    Every step is accepted, even if it raises J, as published. `rate` refers to the mean J = (1/T) sum_t L. With
    `decay` "constant", rate_i = rate; with "linear", rate_i = rate (1 - (i - 1) / iterations) as in the authors'
    script.
    """

    safe = False
    rate: float
    decay: str
    iterations: int

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Return the method with the rate, decay and number of iterations of the `search` block."""
        return cls(settings["rate"], settings["decay"], settings["iterations"])

    def start(self, weights: Tensor) -> None:
        """Do nothing: the method has no state."""

    def step(self, current: Iterate, objective: Objective, iteration: int) -> Step:
        """Take one projected step."""
        rate = self.rate
        if self.decay == "linear":
            rate *= 1 - (iteration - 1) / self.iterations
        trial = simplex.project_(torch.add(current.weights, current.gradient, alpha=-rate))
        run, value = objective.train(trial)
        return Step(run, value, rate)


make = ProjectedGradient.of
