"""Differential dynamic programming on the perceptron: a search over paths of the parameters, not over weights."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from lawpipe.run.errors import InputError
from lawpipe.search.method import Method, State, Step
from lawpipe.search.objective import Iterate, Objective

if TYPE_CHECKING:
    from lawpipe.problems.perceptron.control import Control, Path

#: The targets that steered runs are tried with: the norm is the larger of a multiple of |theta| and a least norm.
TARGETS = ((0.0, 23.0), (1.5, 6.0), (3.0, 8.0), (6.0, 12.0), (12.0, 20.0), (16.0, 20.0), (24.0, 40.0))


@dataclass
class DynamicProgramming(Method):
    """Improves a whole training run at a time, in sweeps backward and forward (see `problems.perceptron.control`).

    The first iteration steers to points of the regularisation path of the desired loss, and keeps the best of a few
    runs. Every later one takes `sweeps` trial sweeps forward. A trial is kept if its J falls; then the damping falls,
    otherwise it rises. Once the gap is at most `near` of J, sweeps take all second derivatives into account: before,
    Gauss-Newton Hessians lower J faster, but with them alone the gap does not keep falling. An iteration is accepted
    if J of its stored weights, as training measures it, falls: beyond the edge of stability the weights of a run need
    not give the run again.

    A trial sweep counts as one pass, and so does a sweep backward, although both cost less than a gradient at many
    examples. A trial with Gauss-Newton Hessians needs no sweep backward after a rejected one.
    """

    sweeps: int = 10
    #: The share of J that the gap has to reach for all second derivatives to count.
    near: float = 0.05
    #: Weight of |x|^2 in the model, in units of the mean curvature of the cost to go, and its factors.
    damping: float = 100.0
    growth: float = 3.0
    shrinkage: float = 0.4
    #: The mean curvature in which the damping counts once all second derivatives do; 0 before.
    unit: float = field(default=0.0, init=False)
    #: The path so far: the fields of `control.Path`, empty before the first iteration.
    thetas: Tensor = field(default_factory=lambda: torch.empty(0), init=False, repr=False)
    rows: Tensor = field(default_factory=lambda: torch.empty(0), init=False, repr=False)
    weights: Tensor = field(default_factory=lambda: torch.empty(0), init=False, repr=False)
    counts: Tensor = field(default_factory=lambda: torch.empty(0), init=False, repr=False)
    _control: "Control | None" = field(default=None, init=False, repr=False)

    def start(self, weights: Tensor) -> None:
        """Do nothing: the first iteration does not depend on the policy."""

    def step(self, current: Iterate, objective: Objective, iteration: int) -> Step:
        """Improve the path, and train under its weights."""
        control = self._control = self._control or control_of(objective)
        exact = self.unit > 0 or current.gap <= self.near * current.objective
        path, passes = self._steered(control) if len(self.counts) == 0 else self._improved(control, exact=exact)
        if path is None:
            return Step(None, current.objective, self.damping, passes=passes)
        run, value = objective.train(path.policy(current.weights))
        if not value < current.objective:
            return Step(None, current.objective, self.damping, rejected=1, passes=passes)
        for name, array in vars(path).items():
            setattr(self, name, torch.from_numpy(array))
        return Step(run, value, self.damping, passes=passes, feedback=control.objective(path))

    def _steered(self, control: "Control") -> tuple["Path", int]:
        """Return the best of the steered runs, and the number of runs."""
        targets = control.targets()
        runs = [control.steer(targets, factor, least) for factor, least in TARGETS]
        values = np.array([control.objective(run) for run in runs])
        return runs[int(np.argmin(np.where(np.isfinite(values), values, np.inf)))], len(TARGETS)

    def _improved(self, control: "Control", *, exact: bool) -> tuple["Path | None", int]:
        """Return the path after the trial sweeps of an iteration, None if no trial was kept, and the passes."""
        path, passes, kept, rejected = self._path(), 0, False, False
        value = control.objective(path)
        if exact and self.unit == 0:
            self.unit = control.unit(path)
        for _ in range(self.sweeps):
            passes += 1 if rejected and not exact else 2
            unit = self.unit if exact else control.unit(path)
            trial = control.improve(path, self.damping * unit, exact=exact)
            reached = control.objective(trial)
            if reached < value:
                self.damping *= 1.0 if rejected else self.shrinkage
                path, value, kept, rejected = trial, reached, True, False
            else:
                self.damping *= self.growth
                rejected = True
        return path if kept else None, passes

    def _path(self) -> "Path":
        """Return the path so far."""
        from lawpipe.problems.perceptron.control import Path

        return Path(*(tensor.numpy() for tensor in (self.thetas, self.rows, self.weights, self.counts)))

    def state(self) -> State:
        """Return all fields but the problem."""
        return {name: value for name, value in vars(self).items() if name != "_control"}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a state that `state` returned."""
        super().restore(state)
        # The compiled sweeps read host memory.
        for name in ("thetas", "rows", "weights", "counts"):
            setattr(self, name, getattr(self, name).cpu())


def control_of(objective: Objective) -> "Control":
    """Return a search's objective as a problem of optimal control.

    Raises InputError if it is no perceptron's, or if a package is missing.
    """
    try:
        from lawpipe.problems.perceptron.control import Control
    except ImportError as error:
        raise InputError(
            f"search.method needs the package {error.name} here: install lawpipe[workflow], or choose another method."
        ) from error
    return Control(objective.problem, objective.theta0, objective.learning_rates)


make = DynamicProgramming.of
