"""Interface between the search loop and an optimisation method."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

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
    #: J of the run with feedback that left the new weights, nats; None if they were chosen before any run.
    feedback: float | None = None


class Method(ABC):
    """An iterative method that minimises J over T probability simplices, one per row of the policy.

    A module holds its method's `make(settings)`, where `settings` is the `search` block.
    """

    #: Whether every accepted step lowers J.
    safe: ClassVar[bool] = True

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Return the method; the `search` block has no settings for most methods."""
        return cls()

    @abstractmethod
    def start(self, weights: Tensor) -> None:
        """Start at a policy with positive weights."""

    @abstractmethod
    def step(self, current: Iterate, objective: Objective, iteration: int) -> Step:
        """Try policies until one is accepted; `iteration` counts from 1, `current` is not modified."""

    def state(self) -> State:
        """Return the state to save in a checkpoint: all fields."""
        return vars(self).copy()

    def restore(self, state: State) -> None:
        """Continue from a state that `state` returned."""
        vars(self).update(state)


def load_method(settings: Mapping[str, Any]) -> Method:
    """Return the method that an experiment's `search` block names, ready to start."""
    method: Method = registry.load("search", settings["method"]).make(settings)
    return method
