"""Runs that are kept as checkpoints, against the same runs kept whole."""

import math

import numpy as np
import pytest
import torch

from lawpipe.engine import adjoint, checkpoints, trajectory
from lawpipe.engine.measurement import measure
from lawpipe.search.loop import Search
from lawpipe.search.mirror_descent import MirrorDescent
from lawpipe.search.objective import Objective
from tests.small_problems import initial, language_model, perceptron, random_weights, start

STEPS = 21  # segments of 5, the last of 1
RATES = [0.3 - 0.01 * step for step in range(STEPS)]


@pytest.fixture(params=["perceptron", "language model"])
def runs(request):
    """A run kept whole, and the same as checkpoints."""
    problem = perceptron() if request.param == "perceptron" else language_model()
    theta0 = start(problem) if request.param == "perceptron" else initial(problem)
    weights = random_weights(STEPS, problem.examples)
    return tuple(trajectory.train(problem, theta0, weights, RATES, budget) for budget in (2**30, 0))


def test_the_same_parameters_curves_and_gradient(runs):
    whole, parts = runs
    assert (whole.whole, len(whole.kept), parts.whole, len(parts.kept), parts.segment) == (True, 22, False, 6, 5)
    assert torch.equal(parts.thetas, whole.thetas)
    for against in ("desired", "test"):
        np.testing.assert_allclose(parts.curve(against), whole.curve(against), rtol=1e-14)
        assert parts.objective(against) == pytest.approx(whole.objective(against), rel=1e-14)
        found, expected = (adjoint.gradient(run, against) for run in runs)
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(parts.training_losses(), whole.training_losses(), rtol=1e-14)


def test_the_same_measurements(runs):
    found, expected = (measure(run, [0, 4, 5, 20]) for run in reversed(runs))
    for key, contributions in expected.contributions.items():
        np.testing.assert_allclose(found.contributions[key], contributions, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-13)
    np.testing.assert_allclose(found.gradient_norms, expected.gradient_norms, rtol=1e-13)
    assert found.gap == pytest.approx(expected.gap, rel=1e-10)


def test_each_segment_is_computed_once_more(monkeypatch):
    problem, counted = perceptron(), []
    gradient = type(problem).weighted_gradient

    def counting(self, theta, weights):
        counted.append(1)
        return gradient(self, theta, weights)

    monkeypatch.setattr(type(problem), "weighted_gradient", counting)
    run = trajectory.train(problem, start(problem), random_weights(STEPS, problem.examples), RATES, 0)
    assert len(counted) == STEPS
    adjoint.gradient(run)
    assert len(counted) == 2 * STEPS - math.ceil(STEPS / 5)


def test_the_budget_decides():
    assert checkpoints.segment_length(100, 8, 808) == 100
    assert checkpoints.segment_length(100, 8, 807) == 10
    assert checkpoints.segment_length(1, 8, 0) == 1


@pytest.mark.parametrize("steps", [225, 226, 240, 241, 1000, 2000, 4000, 8191])
def test_copies_of_theta(steps):
    length = checkpoints.segment_length(steps, 8, 0)
    assert math.ceil(steps / length) + 1 + length + 1 <= 2.2 * math.sqrt(steps)


def test_a_search_on_checkpoints_goes_the_same_way(monkeypatch):
    def search():
        problem = perceptron()
        found = Search(Objective(problem, start(problem), RATES), MirrorDescent(), iterations=4)
        found.run()
        return [(row.objective, row.test_objective, row.gap) for row in found.rows]

    whole = search()
    monkeypatch.setitem(checkpoints.BUDGET, "cpu", 0)
    np.testing.assert_allclose(search(), whole, rtol=1e-10)
