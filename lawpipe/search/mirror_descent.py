"""Mirror descent with the entropy as mirror map (exponentiated gradient), with momentum; sets its own step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from lawpipe.search import log_weights
from lawpipe.search.log_weights import BLOCK
from lawpipe.search.method import Method, State, Step
from lawpipe.search.objective import Objective, Point


@dataclass
class MirrorDescent:
    """Gradient descent on the log-weights z, gamma[t] = softmax(z[t]), with heavy-ball momentum.

        velocity <- momentum velocity - (step / rms(G)) G,   z <- z + velocity,   G = dJ/dgamma

    Scaling by the gradient's root mean square makes the step free of the units of J, T, N and eta. A step is
    accepted if J falls; then the step grows, by `leap` until the first is refused and by `growth` afterwards: how
    long it may be differs by two orders of magnitude between problems. Otherwise (J not finite included) the momentum
    is dropped, the step shrinks and the gradient is tried again, at most `attempts` times.

    Negligible weights are exact zeros in every policy that is tried; their log-weights live on and may bring them
    back.
    """

    step_size: float = 0.3
    momentum: float = 0.7
    leap: float = 3.0
    growth: float = 1.3
    shrinkage: float = 0.4
    attempts: int = 16
    safe: bool = True
    leaping: bool = True
    log_weights: Tensor = field(init=False, repr=False)
    velocity: Tensor = field(init=False, repr=False)

    def start(self, weights: Tensor) -> None:
        """Begin at rest."""
        self.log_weights = log_weights.take_(torch.empty_like(weights), weights)
        self.velocity = torch.zeros_like(weights)

    def step(self, point: Point, objective: Objective, iteration: int) -> Step:
        """Try steps of falling length until one lowers J."""
        scale = log_weights.root_mean_square(point.gradient)
        trial = torch.empty_like(self.log_weights)
        for attempt in range(self.attempts):
            tried = self.step_size
            self.propose(point, scale, trial, self.momentum if attempt == 0 else 0.0)
            run, value = objective.train(log_weights.policy_(trial))
            if value < point.objective:
                self.step_size *= self.leap if self.leaping else self.growth
                return Step(run, value, tried, attempt)
            self.log_weights.sub_(self.velocity)
            self.step_size *= self.shrinkage
            self.leaping = False
        return Step(None, point.objective, tried, self.attempts)

    def propose(self, point: Point, scale: float, trial: Tensor, momentum: float) -> None:
        """Move on by one step from the log-weights, and copy where that leads to `trial`."""
        self.velocity.mul_(momentum).add_(point.gradient, alpha=-self.step_size / max(scale, 1e-300))
        self.log_weights.add_(self.velocity)
        for rows in torch.split(self.log_weights, BLOCK):
            # Shifting the log-weights themselves changes nothing and keeps them from drifting out of range.
            rows.sub_(rows.amax(dim=1, keepdim=True))
        trial.copy_(self.log_weights)

    def state(self) -> State:
        """Return log-weights, velocity, the next step size and how it grows."""
        return {
            "log_weights": self.log_weights,
            "velocity": self.velocity,
            "step_size": self.step_size,
            "leaping": float(self.leaping),
        }

    def restore(self, state: State) -> None:
        """Take up what `state` returned."""
        weights, velocity = state["log_weights"], state["velocity"]
        assert isinstance(weights, Tensor)
        assert isinstance(velocity, Tensor)
        self.log_weights, self.velocity = weights, velocity
        self.step_size, self.leaping = float(state["step_size"]), bool(state["leaping"])


def make(settings: Mapping[str, Any]) -> Method:
    """Return the method of an experiment's `search` block; it has nothing to tune."""
    return MirrorDescent()
