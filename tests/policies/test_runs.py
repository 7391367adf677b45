import math

import pytest
import torch

from lawpipe.engine import trajectory
from lawpipe.engine.descent import CHECK_INTERVAL
from lawpipe.engine.trajectory import Trajectory
from lawpipe.policies import runs
from lawpipe.policies.base import Rule
from lawpipe.run.errors import InputError
from tests.small_problems import perceptron, random_weights, start

RATES = [0.3, 0.2, 0.4]


def train(rule: Rule, learning_rates: list[float]) -> Trajectory:
    """Train the small perceptron under weights that follow a rule."""
    problem = perceptron()
    weights = torch.empty(len(learning_rates), problem.examples, dtype=problem.dtype)
    write_row = runs.follow(rule, problem, "ruled")
    return trajectory.train(problem, start(problem), weights, learning_rates, write_row=write_row)


def test_weights_are_the_normalised_scores_at_each_steps_parameters() -> None:
    problem = perceptron()
    seen = []

    def scores(theta: torch.Tensor) -> torch.Tensor:
        seen.append(theta.clone())
        return problem.losses(theta)

    followed = train(scores, RATES)
    run = trajectory.train(problem, start(problem), followed.weights, RATES)
    assert torch.equal(torch.stack(seen), run.stored[:-1])
    assert torch.equal(followed.stored, run.stored)
    losses = problem.losses(start(problem))
    torch.testing.assert_close(followed.weights[0], losses / losses.sum())


UNIFORM = torch.full((3, 37), 1 / 37, dtype=torch.float64)


def test_scores_of_zero_give_a_uniform_step() -> None:
    torch.testing.assert_close(train(lambda theta: torch.zeros(37), RATES).weights, UNIFORM)


@pytest.mark.parametrize("value", [-0.017, math.nan, math.inf])
def test_other_scores_without_shares_name_policy_example_and_value(value: float) -> None:
    def scores(theta: torch.Tensor) -> torch.Tensor:
        return torch.ones(37).index_fill(0, torch.tensor([5]), value)

    with pytest.raises(InputError, match=f"the policy ruled: its rule gives example 5 the score {value}, expected"):
        train(scores, RATES)


def test_scores_of_a_run_that_diverges_give_a_uniform_step() -> None:
    problem = perceptron()

    def scores(theta: torch.Tensor) -> torch.Tensor:
        return torch.full((37,), math.inf) if problem.losses(theta).mean() > 1e6 else torch.ones(37)

    torch.testing.assert_close(train(scores, [1e9, 0.1, 0.1]).weights, UNIFORM)


def test_a_run_that_has_diverged_asks_for_no_more_scores() -> None:
    seen = []

    def scores(theta: torch.Tensor) -> torch.Tensor:
        seen.append(theta)
        return torch.ones(37)

    run = train(scores, [0.1] * 20 + [math.inf] * 40)
    assert len(seen) == 2 * CHECK_INTERVAL
    torch.testing.assert_close(run.weights, torch.full((60, 37), 1 / 37, dtype=torch.float64))
    assert math.isnan(run.objective())


@pytest.mark.parametrize("follows", [False, True])
def test_matched_steps_are_as_long_as_those_under_uniform_weights(follows: bool) -> None:
    problem = perceptron()
    theta0, weights = start(problem), random_weights(7, 37)
    write_row = runs.follow(problem.losses, problem, "loss_proportional") if follows else None
    rates = runs.matching_rates(problem, theta0, weights, 0.3, write_row)
    uniform = torch.full((7, 37), 1 / 37, dtype=torch.float64)
    matched, conventional = (
        torch.linalg.vector_norm(run.stored.diff(dim=0), dim=1).tolist()
        for run in (
            trajectory.train(problem, theta0, weights, rates),
            trajectory.train(problem, theta0, uniform, [0.3] * 7),
        )
    )
    assert matched == pytest.approx(conventional, rel=1e-10)


def test_a_step_without_a_gradient_keeps_the_given_rate() -> None:
    problem = perceptron()
    weights = torch.zeros(2, 37, dtype=torch.float64)
    assert runs.matching_rates(problem, start(problem), weights, 0.3) == [0.3, 0.3]


def test_rates_after_the_conventional_run_has_diverged_are_the_given_one() -> None:
    problem = perceptron()
    rates = runs.matching_rates(problem, start(problem), random_weights(60, 37), math.inf)
    assert rates[CHECK_INTERVAL:] == [math.inf] * (60 - CHECK_INTERVAL)
