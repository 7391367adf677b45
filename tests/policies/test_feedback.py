import math

import pytest
import torch

from lawpipe.engine import trajectory
from lawpipe.policies import feedback
from lawpipe.problems.base import LOOK
from tests.small_problems import perceptron, start

RATES = [0.3, 0.2, 0.4]


def test_scores_become_shares_of_the_parameters_they_were_taken_at() -> None:
    problem = perceptron()
    theta0 = start(problem)
    seen = []

    def scores(theta: torch.Tensor) -> torch.Tensor:
        seen.append(theta.clone())
        return problem.losses(theta)

    followed = feedback.train(problem, theta0, RATES, scores)
    weights = followed.weights
    run = trajectory.train(problem, theta0, weights, RATES)
    assert torch.equal(torch.stack(seen), run.thetas[:-1])
    assert torch.equal(followed.thetas, run.thetas)
    losses = problem.losses(theta0)
    torch.testing.assert_close(weights[0], losses / losses.sum())


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf")])
def test_scores_without_a_sum_give_a_uniform_step(value: float) -> None:
    problem = perceptron()
    weights = feedback.weights(problem, start(problem), RATES, lambda theta: torch.full((37,), value))
    torch.testing.assert_close(weights, torch.full((3, 37), 1 / 37, dtype=torch.float64))


def test_a_run_that_has_diverged_asks_for_no_more_scores() -> None:
    problem = perceptron()
    seen = []

    def scores(theta: torch.Tensor) -> torch.Tensor:
        seen.append(theta)
        return torch.ones(37)

    run = feedback.train(problem, start(problem), [0.1] * 20 + [math.inf] * 40, scores)
    assert len(seen) == 2 * LOOK
    torch.testing.assert_close(run.weights, torch.full((60, 37), 1 / 37, dtype=torch.float64))
    assert math.isnan(run.objective())
