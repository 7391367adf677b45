import pytest
import torch

from lawpipe.engine import trajectory
from lawpipe.policies import step_length
from tests.small_problems import perceptron, random_weights, start


def test_lengths_are_the_distances_between_steps() -> None:
    problem = perceptron()
    theta0, weights = start(problem), random_weights(7, 37)
    run = trajectory.train(problem, theta0, weights, [0.3] * 7)
    expected = torch.linalg.vector_norm(run.thetas.diff(dim=0), dim=1)
    assert step_length.lengths(problem, theta0, weights, 0.3) == pytest.approx(expected.tolist(), rel=1e-10)


def test_the_conventional_lengths_are_those_of_uniform_weights() -> None:
    problem = perceptron()
    theta0 = start(problem)
    uniform = torch.full((6, 37), 1 / 37, dtype=torch.float64)
    expected = step_length.lengths(problem, theta0, uniform, 0.2)
    assert step_length.conventional(problem, theta0, 6, 0.2) == expected


def test_rates_give_the_lengths_that_were_asked_for() -> None:
    problem = perceptron()
    theta0, weights, wanted = start(problem), random_weights(4, 37), [0.5, 0.1, 0.02, 0.3]
    rates = step_length.matching_rates(problem, theta0, weights, wanted, 0.3)
    run = trajectory.train(problem, theta0, weights, rates)
    assert torch.linalg.vector_norm(run.thetas.diff(dim=0), dim=1).tolist() == pytest.approx(wanted, rel=1e-10)


def test_a_step_without_a_gradient_keeps_the_given_rate() -> None:
    problem = perceptron()
    rates = step_length.matching_rates(problem, start(problem), torch.zeros(2, 37, dtype=torch.float64), [1, 1], 0.3)
    assert rates == [0.3, 0.3]
