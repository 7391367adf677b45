"""The paper's search: projected gradient descent at a given rate (arXiv 2402.17759, section 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lawpipe.engine import simplex
from lawpipe.search.method import Method, State, Step
from lawpipe.search.objective import Objective, Point


@dataclass
class ProjectedGradient:
    """gamma[t] <- Proj_simplex(gamma[t] - rate_i dJ/dgamma[t]), taken whatever it does to J, as published.

    `rate` belongs to the mean J. With `decay` "linear" it falls to 0 over the iterations, as in the authors'
    public script: rate_i = rate (1 - (i - 1) / iterations); with "constant" it stays.
    """

    rate: float
    decay: str
    iterations: int
    safe: bool = False

    def start(self, weights: Tensor) -> None:
        """Nothing to prepare."""

    def step(self, point: Point, objective: Objective, iteration: int) -> Step:
        """Take one projected step."""
        rate = self.rate
        if self.decay == "linear":
            rate *= 1 - (iteration - 1) / self.iterations
        trial = simplex.project_(torch.add(point.weights, point.gradient, alpha=-rate))
        run, value = objective.train(trial)
        return Step(run, value, rate)

    def state(self) -> State:
        """Return nothing: the rate follows from the iteration."""
        return {}

    def restore(self, state: State) -> None:
        """Nothing to take up."""


def make(settings: Mapping[str, Any]) -> Method:
    """Return the method of an experiment's `search` block."""
    return ProjectedGradient(settings["rate"], settings["decay"], settings["iterations"])
