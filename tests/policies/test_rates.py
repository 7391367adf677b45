"""The grid of learning rates: it ends inside, at the best on desired, or says that it did not."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from lawpipe.engine import trajectory
from lawpipe.policies import rates
from tests.small_problems import perceptron, start


class Run:
    """A training run whose J is made up; it starts at a loss of 1."""

    first = torch.zeros(1)

    def __init__(self, desired: float, test: float) -> None:
        self.values = {"desired": desired, "test": test}

    @property
    def problem(self) -> "Run":
        return self

    def reference_losses(self, against: str, thetas: torch.Tensor) -> list[float]:
        return [1.0] * len(thetas)

    def objective(self, against: str) -> float:
        return self.values[against]


def tuned(desired: Callable[[float], float], test: Callable[[float], float] = abs) -> rates.Grid:
    """Tune with a J that is a function of log10(rate / own rate)."""

    def train(rate: float) -> Any:
        decades = math.log10(rate / 0.3)
        return Run(desired(decades), test(decades))

    return rates.tune(train, 0.3)


@pytest.mark.parametrize("centre", [-3.3, -1.0, -0.4, 0.0, 0.26, 1.9, 4.1])
def test_the_best_is_inside_wherever_it_lies_and_within_an_eighth_of_a_decade(centre: float) -> None:
    grid = tuned(lambda decades: (decades - centre) ** 2)
    tried = [trial.learning_rate for trial in grid.trials]
    assert tried == sorted(set(tried))
    assert grid.interior
    assert abs(math.log10(grid.best.learning_rate / 0.3) - centre) <= 0.125 + 1e-9
    assert grid.best.objective_desired == min(trial.objective_desired for trial in grid.trials)
    assert grid.run.objective("desired") == grid.best.objective_desired
    index = grid.trials.index(grid.best)
    around = [math.log10(grid.trials[index + side].learning_rate / grid.best.learning_rate) for side in (-1, 1)]
    assert around == pytest.approx([-0.25, 0.25])


def test_one_worse_point_above_ends_the_grid_if_one_is_enough() -> None:
    def bumpy(k: int) -> float:
        return {-2: 3.0, 0: 2.0, 1: 2.5, -1: 2.4, 2: 2.1, 4: 1.0}.get(k, 9.0)

    assert rates.search(bumpy, above=1) == 0
    assert rates.search(bumpy) == 4


def test_one_bump_does_not_end_the_grid() -> None:
    grid = tuned(lambda decades: 9.0 if abs(decades - 0.5) < 0.2 else (decades - 1.5) ** 2)
    assert math.log10(grid.best.learning_rate / 0.3) == pytest.approx(1.5)


def test_the_test_examples_have_no_say() -> None:
    grid = tuned(lambda decades: (decades - 1) ** 2, lambda decades: (decades + 1) ** 2)
    assert math.log10(grid.best.learning_rate / 0.3) == pytest.approx(1)


def test_diverged_runs_are_worse_than_all_others_and_null_in_the_table() -> None:
    grid = tuned(lambda decades: math.nan if decades > 0.4 else -decades)
    assert grid.interior
    assert math.log10(grid.best.learning_rate / 0.3) == pytest.approx(0.25)
    columns = grid.columns("conventional_tuned")
    assert columns["objective_desired"][-1] is None
    assert columns["policy"] == ["conventional_tuned"] * len(grid.trials)


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_grid_that_never_turns_up_ends_and_says_so(sign: int) -> None:
    grid = tuned(lambda decades: sign * decades)
    assert not grid.interior
    assert math.log10(grid.best.learning_rate / 0.3) == pytest.approx(-sign * rates.MOST_DECADES)


def test_a_grid_that_diverges_everywhere_raises() -> None:
    with pytest.raises(FloatingPointError):
        tuned(lambda decades: math.inf)


def test_a_real_grid_holds_the_objectives_of_training_at_its_rates() -> None:
    problem = perceptron()
    theta0, row = start(problem), torch.full((37,), 1 / 37, dtype=torch.float64)

    def train(rate: float) -> trajectory.Trajectory:
        return trajectory.train(problem, theta0, row.expand(20, -1), [rate] * 20)

    grid = rates.tune(train, 0.1)
    for trial in grid.trials:
        run = train(trial.learning_rate)
        assert trial.objective_desired == run.objective()
        assert trial.objective_test == run.objective("test")
