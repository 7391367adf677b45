"""Tuning a policy's learning rate on a grid that is extended until its best point lies inside.

The rate is chosen as the searched policy is: by J on the desired examples, never by J on test.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lawpipe.analysis.curves import nulls
from lawpipe.engine import trajectory
from lawpipe.engine.trajectory import Trajectory
from lawpipe.run.splits import REFERENCES

#: Grid points per decade, and the distance of two points in the first, coarse pass.
PER_DECADE, COARSE = 4, 2

#: Coarse points above the best that must be worse: a single one could be a bump.
ABOVE = 2

#: The grid's end on either side, in decades from the experiment's rate.
MOST_DECADES = 5


@dataclass(frozen=True)
class Trial:
    """One learning rate and J of its training run on both reference sets, in nats; infinite if it diverged."""

    learning_rate: float
    objective_desired: float
    objective_test: float


@dataclass(frozen=True)
class Grid:
    """The trials in rising order of the rate, the one with the lowest J on desired, and its training run."""

    trials: tuple[Trial, ...]
    best: Trial
    run: Trajectory

    @property
    def interior(self) -> bool:
        """Whether rates on both sides of the best were tried and found worse."""
        return self.trials[0].learning_rate < self.best.learning_rate < self.trials[-1].learning_rate

    def columns(self, policy: str) -> dict[str, list[Any]]:
        """Return the columns of the artifact table `learning_rates`; a J that is not finite is null."""
        return {
            "policy": [policy] * len(self.trials),
            "learning_rate": [trial.learning_rate for trial in self.trials],
            "objective_desired": nulls(trial.objective_desired for trial in self.trials),
            "objective_test": nulls(trial.objective_test for trial in self.trials),
        }


def rate(own_rate: float, k: int) -> float:
    """Return point k of the grid around `own_rate`, which is point 0."""
    return own_rate * 10 ** (k / PER_DECADE)


def objectives(run: Trajectory) -> list[float]:
    """Return J of a run on each of REFERENCES; infinite if it diverged."""
    values = [run.objective(against) for against in REFERENCES]
    return [value if math.isfinite(value) else math.inf for value in values]


def search(objective: Callable[[int], float], start: int = 0, above: int = ABOVE) -> int:
    """Return the point k of the grid with the lowest objective of those that are tried; each is tried once.

    A coarse pass tries every second point, from one below `start` upwards, until the best has a worse one below it
    and `above` worse ones above it. Then the two neighbours of the best are tried. The grid ends five decades from
    point 0.
    """
    tried: dict[int, float] = {}

    def attempt(k: int) -> None:
        tried[k] = objective(k)

    def lowest() -> int:
        return min(tried, key=lambda k: (tried[k], k))

    limit = MOST_DECADES * PER_DECADE
    attempt(start - COARSE)
    attempt(start)
    while True:
        low, high = min(tried), max(tried)
        if lowest() == low and low > -limit:
            attempt(low - COARSE)
        elif lowest() > high - above * COARSE and high < limit:
            attempt(high + COARSE)
        else:
            break
    middle = lowest()
    for k in (middle - 1, middle + 1):
        if -limit <= k <= limit:
            attempt(k)
    return lowest()


def tune(train: Callable[[float], Trajectory], own_rate: float) -> Grid:
    """Find the constant learning rate at which a policy has the lowest J on desired.

    The rates are own_rate * 10^(k/4), and are tried in the order of `search`. If the grid ends before the best one
    lies inside, `Grid.interior` is False.

    `own_rate` is the experiment's learning rate. Raises FloatingPointError if every run diverges.
    """
    trials: dict[int, Trial] = {}
    run: Trajectory

    def attempt(k: int) -> float:
        nonlocal run
        trained = train(rate(own_rate, k))
        trials[k] = Trial(rate(own_rate, k), *objectives(trained))
        if lowest(trials) == k:
            run = trained
        return trials[k].objective_desired

    def lowest(tried: Mapping[int, Trial]) -> int:
        return min(tried, key=lambda k: (tried[k].objective_desired, k))

    k = search(attempt)
    best, initial = trials[k], run.problem.reference_losses("desired", run.first.unsqueeze(0))[0]
    trajectory.check_converges(best.objective_desired, float(initial))
    return Grid(tuple(trials[k] for k in sorted(trials)), best, run)
