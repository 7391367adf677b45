"""Runs that are kept as checkpoints, against the same runs kept whole."""

import math

import numpy as np
import pytest
import torch

from lawpipe.engine import adjoint, checkpoints, trajectory
from lawpipe.engine.checkpoints import Budget
from lawpipe.search.loop import Search
from lawpipe.search.mirror_descent import MirrorDescent
from lawpipe.search.objective import Objective
from tests.small_problems import initial, language_model, measure_one, perceptron, random_weights, start

STEPS = 21  # segments of 5, the last of 1
RATES = [0.3 - 0.01 * step for step in range(STEPS)]


RECOMPUTED, ON_HOST = Budget(0), Budget(0, 2**30)


@pytest.fixture(params=["perceptron", "language model", "language model, on the host"])
def runs(request):
    """A run kept whole, and the same as checkpoints or with its parameters in the host's memory."""
    problem = perceptron() if request.param == "perceptron" else language_model()
    theta0 = start(problem) if request.param == "perceptron" else initial(problem)
    weights = random_weights(STEPS, problem.examples)
    parts = ON_HOST if "host" in request.param else RECOMPUTED
    return tuple(trajectory.train(problem, theta0, weights, RATES, budget) for budget in (Budget(2**30), parts))


def test_the_same_parameters_curves_and_gradient(runs):
    whole, parts = runs
    assert (whole.whole, len(whole.stored), parts.whole, parts.segment) == (True, 22, False, 5)
    assert len(parts.stored) == (22 if parts.on_host else 6)
    assert torch.equal(parts.last, whole.last)
    thetas = torch.cat([*(thetas for _, thetas in parts.segments()), parts.last.unsqueeze(0)])
    assert torch.equal(thetas, whole.stored)
    for against in ("desired", "test"):
        np.testing.assert_allclose(parts.curve(against), whole.curve(against), rtol=1e-14)
        assert parts.objective(against) == pytest.approx(whole.objective(against), rel=1e-14)
        by_parts, expected = (adjoint.gradient(run, against) for run in runs)
        torch.testing.assert_close(by_parts, expected, rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(parts.training_losses(), whole.training_losses(), rtol=1e-14)


def test_the_same_measurements(runs):
    by_parts, expected = (measure_one(run, [0, 4, 5, 20]) for run in reversed(runs))
    for key, contributions in expected.contributions.items():
        np.testing.assert_allclose(by_parts.contributions[key], contributions, rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(by_parts.losses, expected.losses, rtol=1e-13)
    np.testing.assert_allclose(by_parts.gradient_norms, expected.gradient_norms, rtol=1e-13)
    assert by_parts.gap == pytest.approx(expected.gap, rel=1e-10)


@pytest.mark.parametrize(("budget", "again"), [(RECOMPUTED, STEPS - math.ceil(STEPS / 5)), (ON_HOST, 0)])
def test_each_segment_is_computed_once_more_unless_the_host_has_it(monkeypatch, budget, again):
    problem, counted = perceptron(), []
    gradient = type(problem).weighted_gradient

    def counting(self, theta, weights):
        counted.append(1)
        return gradient(self, theta, weights)

    monkeypatch.setattr(type(problem), "weighted_gradient", counting)
    run = trajectory.train(problem, start(problem), random_weights(STEPS, problem.examples), RATES, budget)
    assert len(counted) == STEPS
    adjoint.gradient(run)
    assert len(counted) == STEPS + again


def test_the_budget_decides():
    assert checkpoints.plan(100, 8, Budget(808)) == checkpoints.Plan(100, False)
    assert checkpoints.plan(100, 8, Budget(808, 808)) == checkpoints.Plan(100, False)
    assert checkpoints.plan(100, 8, Budget(807, 808)) == checkpoints.Plan(10, True)
    assert checkpoints.plan(100, 8, Budget(807, 807)) == checkpoints.Plan(10, False)
    assert checkpoints.plan(1, 8, Budget(0)) == checkpoints.Plan(1, False)
    # A CPU's memory is the host's.
    assert checkpoints.budget(torch.device("cpu")).host == 0


@pytest.mark.parametrize("steps", [225, 226, 240, 241, 1000, 2000, 4000, 8191])
def test_copies_of_theta(steps):
    length = checkpoints.plan(steps, 8, Budget(0)).segment
    assert math.ceil(steps / length) + 1 + length + 1 <= 2.2 * math.sqrt(steps)


def test_a_search_on_checkpoints_equals_one_on_kept_parameters(monkeypatch):
    def search():
        problem = perceptron()
        searched = Search(Objective(problem, start(problem), RATES), MirrorDescent(), iterations=4)
        searched.run()
        return [(row.objective, row.test_objective, row.gap) for row in searched.rows]

    whole = search()
    monkeypatch.setattr(checkpoints, "PATH_BYTES", 0)
    np.testing.assert_allclose(search(), whole, rtol=1e-10)
