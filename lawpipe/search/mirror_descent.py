"""Mirror descent with the entropy as mirror map (exponentiated gradient), with momentum; sets its own step."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from lawpipe.search.method import State, Step
from lawpipe.search.objective import Objective, Point

#: Weights below this share of 1/N count as zero: together less than a thousandth of the mass.
NEGLIGIBLE = 1e-3

#: Rows handled together, so that a block stays in cache.
BLOCK = 16


@dataclass
class MirrorDescent:
    """Gradient descent on the log-weights z, gamma[t] = softmax(z[t]), with heavy-ball momentum.

        velocity <- momentum velocity - (step / rms(G)) G,   z <- z + velocity,   G = dJ/dgamma

    Scaling by the gradient's root mean square makes the step free of the units of J, T, N and eta. A step is
    accepted if J falls; then the step grows. Otherwise (J not finite included) the momentum is dropped, the
    step shrinks and the gradient is tried again, at most `attempts` times.

    The exponential never reaches zero, so weights below NEGLIGIBLE / N are set to exact zeros in every policy
    that is tried; their log-weights live on and may bring them back.
    """

    step_size: float = 0.3
    momentum: float = 0.7
    growth: float = 1.3
    shrinkage: float = 0.4
    attempts: int = 12
    safe: bool = True
    _log_weights: Tensor = field(init=False, repr=False)
    _velocity: Tensor = field(init=False, repr=False)

    def start(self, weights: Tensor) -> None:
        """Begin at rest; zero weights are given the smallest log-weight that still rounds to zero."""
        self._log_weights = weights.clamp(min=NEGLIGIBLE / (2 * weights.shape[1])).log_()
        self._velocity = torch.zeros_like(self._log_weights)

    def step(self, point: Point, objective: Objective, iteration: int) -> Step:
        """Try steps of falling length until one lowers J."""
        scale = _root_mean_square(point.gradient)
        trial = torch.empty_like(self._log_weights)
        for attempt in range(self.attempts):
            self._velocity.mul_(self.momentum if attempt == 0 else 0.0)
            self._velocity.add_(point.gradient, alpha=-self.step_size / max(scale, 1e-300))
            self._log_weights.add_(self._velocity)
            run, value = objective.train(_policy(self._log_weights, trial))
            tried = self.step_size
            if value < point.objective:
                self.step_size *= self.growth
                return Step(run, value, tried, attempt)
            self._log_weights.sub_(self._velocity)
            self.step_size *= self.shrinkage
        return Step(None, point.objective, tried, self.attempts)

    def state(self) -> State:
        """Return log-weights, velocity and the next step size."""
        return {"log_weights": self._log_weights, "velocity": self._velocity, "step_size": self.step_size}

    def restore(self, state: State) -> None:
        """Take up what `state` returned."""
        log_weights, velocity, step_size = state["log_weights"], state["velocity"], state["step_size"]
        assert isinstance(log_weights, Tensor)
        assert isinstance(velocity, Tensor)
        self._log_weights, self._velocity, self.step_size = log_weights, velocity, float(step_size)


def make(settings: Mapping[str, Any]) -> MirrorDescent:
    """Make the method of a `search` block, which has nothing to set."""
    return MirrorDescent()


def _root_mean_square(gradient: Tensor) -> float:
    """Return the root mean square of all entries, block by block: the whole in float64 would be two copies."""
    squares = sum(float(rows.square().sum(dtype=torch.float64)) for rows in torch.split(gradient, BLOCK))
    return math.sqrt(squares / gradient.numel())


def _policy(log_weights: Tensor, out: Tensor) -> Tensor:
    """Write the policy of some log-weights to `out`: softmax, negligible weights set to zero, sums of 1."""
    threshold = NEGLIGIBLE / log_weights.shape[1]
    for rows, target in zip(torch.split(log_weights, BLOCK), torch.split(out, BLOCK), strict=True):
        # Shifting the log-weights themselves changes nothing and keeps them from drifting out of range.
        rows.sub_(rows.amax(dim=1, keepdim=True))
        torch.softmax(rows, dim=1, out=target)
        target.mul_(target >= threshold)
        target.div_(target.sum(dim=1, keepdim=True))
    return out
