"""Mirror descent with the entropy as mirror map (exponentiated gradient), with momentum and backtracking."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from lawpipe.engine.simplex import BLOCK
from lawpipe.search import log_weights
from lawpipe.search.method import Method, Step
from lawpipe.search.objective import Iterate, Objective


@dataclass
class MirrorDescent(Method):
    """Mirror descent on the log-weights z with heavy-ball momentum; the policy is gamma[t] = softmax(z[t]).

        velocity <- momentum velocity - (step_size / rms(G)) G,   z <- z + velocity,   G = dJ/dgamma

    rms(G) is the root mean square of all T N entries, which makes the step size independent of the units of J, T, N
    and eta. Without momentum this is exponentiated gradient (Kivinen and Warmuth, Inf. Comput. 132, 1997; Beck and
    Teboulle, Oper. Res. Lett. 31, 2003).

    A step is accepted if J falls. Then the step size grows, by the factor `leap` until the first rejection and by
    `growth` afterwards: acceptable step sizes differ by two orders of magnitude between problems. If J rises or is
    not finite, the velocity is reset, the step size shrinks by `shrinkage`, and the step is tried again, at most
    `attempts` times.

    Weights below a threshold are set to exact zeros in every policy that is tried (see `log_weights.policy_`). Their
    log-weights remain, so that they can become active again.
    """

    step_size: float = 0.3
    momentum: float = 0.7
    leap: float = 3.0
    growth: float = 1.3
    shrinkage: float = 0.4
    attempts: int = 16
    #: Whether no step has been rejected yet.
    leaping: bool = True
    log_weights: Tensor = field(init=False, repr=False)
    velocity: Tensor = field(init=False, repr=False)

    def start(self, weights: Tensor) -> None:
        """Start with zero velocity."""
        self.log_weights = log_weights.take_(torch.empty_like(weights), weights)
        self.velocity = torch.zeros_like(weights)

    def step(self, current: Iterate, objective: Objective, iteration: int) -> Step:
        """Try steps of decreasing length until one lowers J."""
        scale = log_weights.root_mean_square(current.gradient)
        trial = torch.empty_like(self.log_weights)
        for attempt in range(self.attempts):
            tried = self.step_size
            self.propose(current, scale, trial, self.momentum if attempt == 0 else 0.0)
            run, value = objective.train(log_weights.policy_(trial))
            if value < current.objective:
                self.step_size *= self.leap if self.leaping else self.growth
                return Step(run, value, tried, attempt)
            del run  # before the next one is trained
            self.log_weights.sub_(self.velocity)
            self.step_size *= self.shrinkage
            self.leaping = False
        return Step(None, current.objective, tried, self.attempts)

    def propose(self, current: Iterate, scale: float, trial: Tensor, momentum: float) -> None:
        """Update velocity and log-weights by one step, with scale = rms(G), and copy the log-weights to `trial`."""
        self.velocity.mul_(momentum).add_(current.gradient, alpha=-self.step_size / max(scale, 1e-300))
        self.log_weights.add_(self.velocity)
        for rows in torch.split(self.log_weights, BLOCK):
            # The softmax is invariant to this shift, which keeps the log-weights from drifting out of range.
            rows.sub_(rows.amax(dim=1, keepdim=True))
        trial.copy_(self.log_weights)


make = MirrorDescent.of
