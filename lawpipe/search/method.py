"""What the search loop asks of an optimisation method."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from lawpipe.engine.trajectory import Trajectory
from lawpipe.run import registry
from lawpipe.search.objective import Objective, Point

#: What a method remembers from one iteration to the next: enough to resume with the same bits.
State = dict[str, Tensor | float]


@dataclass(frozen=True)
class Step:
    """The outcome of one iteration: the training run under the new policy, or None if no step was acceptable."""

    trajectory: Trajectory | None
    objective: float
    step_size: float
    #: Training runs that were tried and not kept.
    rejected: int = 0
    #: Passes over the examples beside training runs and gradients, each about the work of a reverse sweep.
    passes: int = 0


class Method(Protocol):
    """An iterative method on T simplices.

    `step` leaves the point that it is given as it is.
    """

    #: Whether every accepted step lowers the objective.
    safe: bool

    def start(self, weights: Tensor) -> None:
        """Begin at a policy with positive weights."""

    def step(self, point: Point, objective: Objective, iteration: int) -> Step:
        """Propose, try and accept or refuse the policy of one iteration, counted from 1."""

    def state(self) -> State:
        """Return what has to be remembered."""

    def restore(self, state: State) -> None:
        """Take up what `state` returned."""


def load_method(settings: Mapping[str, Any]) -> Method:
    """Return the method that an experiment's `search` block names, ready to start."""
    method: Method = registry.load("search", settings["method"]).make(settings)
    return method
