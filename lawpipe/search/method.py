"""Interface between the search loop and an optimisation method."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from lawpipe.engine.trajectory import Trajectory
from lawpipe.run import registry
from lawpipe.search.objective import Iterate, Objective

#: The fields of a method, settings included: enough to resume with the same bits.
State = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """Outcome of one iteration: the training run under the new policy, or None if no step was acceptable."""

    trajectory: Trajectory | None
    objective: float
    step_size: float
    #: Training runs that were tried and rejected.
    rejected: int = 0
    #: Passes over the examples other than training runs and gradients, each about as costly as a backward pass.
    passes: int = 0


class Method(Protocol):
    """An iterative method that minimises J over T probability simplices, one per row of the policy."""

    #: Whether every accepted step lowers J.
    safe: bool

    def start(self, weights: Tensor) -> None:
        """Start at a policy with positive weights."""

    def step(self, current: Iterate, objective: Objective, iteration: int) -> Step:
        """Try policies until one is accepted; `iteration` counts from 1, `current` is not modified."""

    def state(self) -> State:
        """Return the state to save in a checkpoint."""

    def restore(self, state: State) -> None:
        """Continue from a state that `state` returned."""


def load_method(settings: Mapping[str, Any]) -> Method:
    """Return the method that an experiment's `search` block names, ready to start."""
    method: Method = registry.load("search", settings["method"]).make(settings)
    return method
