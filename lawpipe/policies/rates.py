"""The learning rate that suits a policy best, from a grid that is extended until its best is inside.

The rate is chosen as the searched policy is: by J on the desired examples, never on test.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import torch

from lawpipe.engine import policy, setup, trajectory
from lawpipe.engine.policy import Policy
from lawpipe.engine.trajectory import Trajectory
from lawpipe.policies.base import Context
from lawpipe.run.errors import InputError
from lawpipe.run.splits import REFERENCES

#: Points of the grid in a decade, and between two of the first, coarse pass.
A_DECADE, COARSE = 4, 2

#: Coarse points above the best that must be worse: one could be a bump.
ABOVE = 2

#: The grid's end on either side, in decades from the experiment's own rate.
MOST_DECADES = 5


@dataclass(frozen=True)
class Trial:
    """A training run at one learning rate: J on both sets, nats; infinite if it diverged."""

    learning_rate: float
    objective_desired: float
    objective_test: float


@dataclass(frozen=True)
class Grid:
    """The rates that were tried, rising, the one with the lowest J on the desired examples, and its training run."""

    trials: tuple[Trial, ...]
    best: Trial
    run: Trajectory

    @property
    def interior(self) -> bool:
        """Whether rates on both sides of the best were tried and found worse."""
        return self.trials[0].learning_rate < self.best.learning_rate < self.trials[-1].learning_rate

    def columns(self, policy: str) -> dict[str, list[Any]]:
        """Return the columns of the table `learning_rates`; a J that is not finite is null."""
        return {
            "policy": [policy] * len(self.trials),
            "learning_rate": [trial.learning_rate for trial in self.trials],
            "objective_desired": _finite(trial.objective_desired for trial in self.trials),
            "objective_test": _finite(trial.objective_test for trial in self.trials),
        }


def at_its_best_rate(context: Context, row: npt.NDArray[Any]) -> Policy:
    """Return the policy of the same weights `row` [N] at every step at its tuned rate, with the rates tried.

    Raises InputError if training diverges at every rate.
    """
    problem, theta0 = setup.start(context.settings, context.files)
    weights = torch.tensor(row, dtype=problem.dtype, device=problem.device).expand(context.steps, -1)
    grid = best(context, lambda rate: trajectory.train(problem, theta0, weights, [rate] * context.steps))
    return policy.constant(row, context.steps, grid.best.learning_rate, **kept(context, grid))


def best(context: Context, train: Callable[[float], Trajectory]) -> Grid:
    """Return the grid of a stage's policy, which `train` trains at a learning rate.

    Raises InputError if training diverges at every rate.
    """
    try:
        return tune(train, context.learning_rate)
    except FloatingPointError as error:
        raise InputError(
            f"training.learning_rate: training diverges at {context.learning_rate} and at every rate near it "
            f"({error}), expected a rate at which it learns; lower it."
        ) from error


def kept(context: Context, grid: Grid) -> dict[str, Any]:
    """Return what a policy keeps of its grid: the fields `tried_rates` and `notes`."""
    notes = {
        "tuned_rate": grid.best.learning_rate,
        "rates_tried": len(grid.trials),
        "best_is_interior": grid.interior,
    }
    return {"tried_rates": grid.columns(context.settings["policy"]), "notes": notes}


def tune(train: Callable[[float], Trajectory], own_rate: float) -> Grid:
    """Find the constant learning rate at which a policy, which `train` trains at a rate, has the lowest J.

    Rates are own_rate * 10^(k/4). First every second of them, from one below the experiment's own upwards, until
    the best has a worse one below it and two above; then the two beside the best. The grid ends five decades
    from the experiment's own rate at the latest (`interior` then says so), and a run that diverges has an infinite J.

    Raises FloatingPointError if every run diverges.
    """
    trials: dict[int, Trial] = {}
    run: Trajectory

    def attempt(place: int) -> None:
        nonlocal run
        rate = own_rate * 10 ** (place / A_DECADE)
        tried = train(rate)
        found = {against: tried.objective(against) for against in REFERENCES}
        values = {against: value if math.isfinite(value) else math.inf for against, value in found.items()}
        trials[place] = Trial(rate, values["desired"], values["test"])
        if lowest() == place:
            run = tried

    def lowest() -> int:
        return min(trials, key=lambda place: (trials[place].objective_desired, place))

    limit = MOST_DECADES * A_DECADE
    attempt(-COARSE)
    attempt(0)
    while True:
        low, high = min(trials), max(trials)
        if lowest() == low and low > -limit:
            attempt(low - COARSE)
        elif lowest() > high - ABOVE * COARSE and high < limit:
            attempt(high + COARSE)
        else:
            break
    middle = lowest()
    for place in (middle - 1, middle + 1):
        if -limit <= place <= limit:
            attempt(place)
    best, at_start = trials[lowest()], run.problem.reference_losses("desired", run.first.unsqueeze(0))[0]
    trajectory.check_converges(best.objective_desired, float(at_start))
    return Grid(tuple(trials[place] for place in sorted(trials)), best, run)


def _finite(values: Iterable[float]) -> list[float | None]:
    """Return numbers as a table holds them."""
    return [value if math.isfinite(value) else None for value in values]
