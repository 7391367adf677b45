"""Accelerated projected gradient descent with backtracking and restart."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from lawpipe.engine import simplex
from lawpipe.search import projected_step
from lawpipe.search.method import Method, Step
from lawpipe.search.objective import Iterate, Objective


@dataclass
class AcceleratedGradient(Method):
    """Projected gradient descent with heavy-ball momentum that follows Nesterov's sequence.

        gamma[t] <- Proj_simplex(gamma[t] + m_k (gamma[t] - previous[t]) - rate_t G[t]),   m_k = (k - 1) / (k + 2)

    at the k-th step since the last restart, with G = dJ/dgamma and rate_t as in `projected_step`. G is the gradient
    at gamma, which the loop has computed; Nesterov's, at the extrapolated policy, would cost a second backward pass.

    A step is accepted if J falls. Then the rate grows, by the factor `leap` until the first rejection and by `growth`
    afterwards. If J rises or is not finite, the momentum restarts from zero (O'Donoghue and Candes, arXiv 1204.3982),
    the rate shrinks by `shrinkage`, and the step is tried again, at most `attempts` times. The projection gives exact
    zeros.
    """

    rate: float = 2.0
    leap: float = 3.0
    growth: float = 1.5
    shrinkage: float = 0.4
    attempts: int = 16
    #: Whether no step has been rejected yet.
    leaping: bool = True
    #: Accepted steps since the last restart.
    _count: int = field(default=0, init=False)
    _previous: Tensor = field(init=False, repr=False)

    def start(self, weights: Tensor) -> None:
        """Start without momentum."""
        self._previous = weights.clone()
        self._count = 0

    def step(self, current: Iterate, objective: Objective, iteration: int) -> Step:
        """Try projected steps of decreasing length until one lowers J."""
        trial = torch.empty_like(current.weights)
        for attempt in range(self.attempts):
            run, value = objective.train(self._propose(current, trial))
            tried = self.rate
            if value < current.objective:
                self._count += 1
                self.rate *= self.leap if self.leaping else self.growth
                self._previous.copy_(current.weights)
                return Step(run, value, tried, attempt)
            del run  # before the next one is trained
            # Momentum is the most frequent cause of a step that is too long.
            self._count = 0
            self.rate *= self.shrinkage
            self.leaping = False
        return Step(None, current.objective, tried, self.attempts)

    def _propose(self, current: Iterate, out: Tensor) -> Tensor:
        """Write the policy of the next step to `out`, and return it."""
        momentum = max(0, self._count - 1) / (self._count + 2)
        blocks = zip(
            *(torch.split(tensor, simplex.BLOCK) for tensor in (current.weights, self._previous, out)), strict=True
        )
        for weights, previous, target in blocks:
            torch.lerp(previous, weights, 1 + momentum, out=target)
        return projected_step.step_(out, current.gradient, self.rate)


make = AcceleratedGradient.of
