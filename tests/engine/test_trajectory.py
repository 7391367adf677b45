"""Training runs."""

import math

import numpy as np
import pyarrow as pa
import pytest
import torch

from lawpipe.engine import trajectory
from lawpipe.engine.descent import CHECK_INTERVAL, descend
from tests.small_problems import perceptron, random_weights, start

RATES = [0.3, 0.2, 0.1]


def test_steps_follow_weighted_gradient_descent():
    problem = perceptron()
    theta0, weights = start(problem), random_weights(3, problem.examples)
    run = trajectory.train(problem, theta0, weights, RATES)
    theta = theta0.clone()
    for step, rate in enumerate(RATES):
        theta = theta - rate * problem.weighted_gradient(theta, weights[step])
        torch.testing.assert_close(run.stored[step + 1], theta, rtol=1e-15, atol=0)
    torch.testing.assert_close(descend(problem, theta0, weights, RATES), run.stored, rtol=0, atol=0)


def test_objective_is_the_mean_over_steps_one_to_the_last():
    problem = perceptron()
    run = trajectory.train(problem, start(problem), random_weights(3, problem.examples), RATES)
    curve = run.curve("desired")
    assert curve.shape == (4,)
    assert run.objective() == pytest.approx(curve[1:].mean(), rel=1e-15)
    assert run.objective("test") == pytest.approx(run.curve("test")[1:].mean(), rel=1e-15)


def test_training_losses_are_weighted():
    problem = perceptron()
    weights = random_weights(3, problem.examples)
    run = trajectory.train(problem, start(problem), weights, RATES)
    expected = [float((weights[step] * problem.losses(run.stored[step])).sum()) for step in range(3)]
    np.testing.assert_allclose(run.training_losses(), expected, rtol=1e-14)


def test_flatten_follows_the_order_of_the_table():
    table = pa.table({"name": ["a", "b"], "shape": [[2, 1], [1]], "values": [[1.0, 2.0], [3.0]]})
    problem = perceptron(torch.float32)
    torch.testing.assert_close(trajectory.flatten(table, problem), torch.tensor([1.0, 2.0, 3.0]))


def test_a_run_that_has_diverged_computes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, steps = perceptron(), 100
    asked: list[int] = []

    def exploding(theta: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        asked.append(len(asked))
        return theta * (torch.inf if len(asked) > 20 else 0)

    monkeypatch.setattr(problem, "weighted_gradient", exploding)
    run = trajectory.train(problem, start(problem), random_weights(steps, problem.examples), [1.0] * steps)
    assert len(asked) == 2 * CHECK_INTERVAL
    assert torch.isfinite(run.stored[:21]).all()
    assert torch.isnan(run.stored[2 * CHECK_INTERVAL + 1 :]).all()
    monkeypatch.setattr(problem, "reference_losses", pytest.fail)
    assert math.isnan(run.objective())
