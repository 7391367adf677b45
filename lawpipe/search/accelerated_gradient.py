"""Accelerated projected gradient with backtracking and restart; sets its own step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from lawpipe.engine import simplex
from lawpipe.search.method import Method, State, Step
from lawpipe.search.objective import Objective, Point


@dataclass
class AcceleratedGradient:
    """Projected gradient with a heavy ball whose momentum follows Nesterov's sequence.

        gamma[t] <- Proj_simplex(gamma[t] + momentum (gamma[t] - previous[t]) - rate_t G[t]),   G = dJ/dgamma

    with momentum (k - 1) / (k + 2) at the k-th step since the last restart. The gradient is the one at gamma, which
    the loop has in hand anyway; Nesterov's own is at the extrapolated policy and would need a second sweep.

    `rate` is in units that do not depend on T, N, eta or the scale of J: before the projection, a rate of 1 moves the
    example with the lowest gradient of a row by 1/N, rate_t = rate / (N max_n (mean G[t] - G[t,n])) beside the mean.
    Rows whose gradient is tiny, the late ones, so take part. A step is accepted if J falls, and the rate grows, by
    `leap` until the first is refused and by `growth` afterwards. Otherwise (J not finite included) the momentum
    restarts from zero, the rate shrinks and the gradient is tried again, at most `attempts` times. The projection
    gives exact zeros.
    """

    rate: float = 2.0
    leap: float = 3.0
    growth: float = 1.5
    shrinkage: float = 0.4
    attempts: int = 16
    safe: bool = True
    leaping: bool = True
    _count: int = field(default=0, init=False)
    _previous: Tensor = field(init=False, repr=False)

    def start(self, weights: Tensor) -> None:
        """Begin at rest."""
        self._previous = weights.clone()
        self._count = 0

    def step(self, point: Point, objective: Objective, iteration: int) -> Step:
        """Try projected steps of falling length until one lowers J."""
        trial = torch.empty_like(point.weights)
        for attempt in range(self.attempts):
            run, value = objective.train(self._propose(point, trial))
            tried = self.rate
            if value < point.objective:
                self._count += 1
                self.rate *= self.leap if self.leaping else self.growth
                self._previous.copy_(point.weights)
                return Step(run, value, tried, attempt)
            # A restart: the momentum is what most often carries a step too far.
            self._count = 0
            self.rate *= self.shrinkage
            self.leaping = False
        return Step(None, point.objective, tried, self.attempts)

    def _propose(self, point: Point, out: Tensor) -> Tensor:
        """Write the policy of one step to `out`."""
        momentum = max(0, self._count - 1) / (self._count + 2)
        blocks = zip(
            *(torch.split(tensor, simplex.BLOCK) for tensor in (point.weights, self._previous, out)), strict=True
        )
        for weights, previous, target in blocks:
            torch.lerp(previous, weights, 1 + momentum, out=target)
        return project_step_(out, point.gradient, self.rate)

    def state(self) -> State:
        """Return the policy before, the next rate and the steps since the last restart."""
        return {
            "previous": self._previous,
            "rate": self.rate,
            "count": self._count,
            "leaping": float(self.leaping),
        }

    def restore(self, state: State) -> None:
        """Take up what `state` returned."""
        previous = state["previous"]
        assert isinstance(previous, Tensor)
        self._previous, self.rate, self._count = previous, float(state["rate"]), int(state["count"])
        self.leaping = bool(state["leaping"])


def project_step_(weights: Tensor, gradient: Tensor, rate: float) -> Tensor:
    """Move weights [T, N] along -G, in place, each row in its own scale as above, and project them."""
    blocks = zip(torch.split(weights, simplex.BLOCK), torch.split(gradient, simplex.BLOCK), strict=True)
    for rows, slopes in blocks:
        fall = slopes.mean(dim=1, keepdim=True) - slopes.amin(dim=1, keepdim=True)
        fall.clamp_(min=torch.finfo(fall.dtype).tiny)
        # Divided first: a gradient of 1e-30 over a fall of as much is an ordinary number, their product is not.
        rows.sub_(slopes / fall, alpha=rate / rows.shape[1])
        simplex.project_(rows)
    return weights


def make(settings: Mapping[str, Any]) -> Method:
    """Return the method of an experiment's `search` block; it has nothing to tune."""
    return AcceleratedGradient()
