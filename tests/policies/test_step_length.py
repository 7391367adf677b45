import math

import pytest
import torch

from lawpipe.engine import trajectory
from lawpipe.engine.descent import CHECK_INTERVAL
from lawpipe.policies import step_length
from tests.small_problems import perceptron, random_weights, start


def test_the_conventional_lengths_are_the_distances_between_steps_under_uniform_weights() -> None:
    problem = perceptron()
    theta0, uniform = start(problem), torch.full((7, 37), 1 / 37, dtype=torch.float64)
    run = trajectory.train(problem, theta0, uniform, [0.3] * 7)
    expected = torch.linalg.vector_norm(run.stored.diff(dim=0), dim=1)
    assert step_length.conventional(problem, theta0, 7, 0.3) == pytest.approx(expected.tolist(), rel=1e-10)


def test_after_a_run_has_diverged_its_steps_have_no_length_and_others_the_given_rate() -> None:
    problem = perceptron()
    lengths = step_length.conventional(problem, start(problem), 60, math.inf)
    assert len(lengths) == CHECK_INTERVAL
    weights = random_weights(4, 37)
    rates = step_length.matching_rates(problem, start(problem), weights, [0.5, 0.1], 0.3)
    assert rates[2:] == [0.3, 0.3]


def test_rates_give_the_lengths_that_were_asked_for() -> None:
    problem = perceptron()
    theta0, weights, wanted = start(problem), random_weights(4, 37), [0.5, 0.1, 0.02, 0.3]
    rates = step_length.matching_rates(problem, theta0, weights, wanted, 0.3)
    run = trajectory.train(problem, theta0, weights, rates)
    assert torch.linalg.vector_norm(run.stored.diff(dim=0), dim=1).tolist() == pytest.approx(wanted, rel=1e-10)


def test_a_step_without_a_gradient_keeps_the_given_rate() -> None:
    problem = perceptron()
    rates = step_length.matching_rates(problem, start(problem), torch.zeros(2, 37, dtype=torch.float64), [1, 1], 0.3)
    assert rates == [0.3, 0.3]
