"""The search methods: safe ones never raise J, the paper's is taken as published."""

from itertools import pairwise

import pytest
import torch

from lawpipe.engine import simplex
from lawpipe.search.log_weights import NEGLIGIBLE
from lawpipe.search.method import load_method
from lawpipe.search.mirror_descent import MirrorDescent
from lawpipe.search.objective import Objective
from tests.small_problems import perceptron, start

STEPS = 30


def objective(learning_rate=0.3):
    problem = perceptron(train_examples=60)
    return Objective(problem, start(problem), [learning_rate] * STEPS)


def uniform(target):
    return torch.full((STEPS, target.problem.examples), 1 / target.problem.examples, dtype=target.problem.dtype)


def iterate(method, target, iterations):
    """The points that a method visits."""
    weights = uniform(target)
    method.start(weights)
    points = [target.differentiate(*target.train(weights))]
    for iteration in range(1, iterations + 1):
        step = method.step(points[-1], target, iteration)
        if step.trajectory is None:
            break
        points.append(target.differentiate(step.trajectory, step.objective))
    return points


def settings(method, **changes):
    return {"method": method, "rate": 1.0, "decay": "constant", "iterations": 20} | changes


@pytest.mark.parametrize("name", ["mirror_descent", "projected_gradient"])
def test_every_policy_lies_on_the_simplices(name):
    target = objective()
    for point in iterate(load_method(settings(name)), target, 15):
        assert float(point.weights.min()) >= 0
        torch.testing.assert_close(point.weights.sum(dim=1), torch.ones(STEPS, dtype=torch.float64))


@pytest.mark.parametrize("learning_rate", [0.01, 0.3, 3.0])
def test_mirror_descent_never_raises_the_objective(learning_rate):
    points = iterate(MirrorDescent(), objective(learning_rate), 25)
    values = [point.objective for point in points]
    assert len(values) > 10
    assert all(after < before for before, after in pairwise(values))
    assert values[-1] < 0.95 * values[0]


def test_mirror_descent_shrinks_a_step_that_is_far_too_long():
    points = iterate(MirrorDescent(step_size=1e6), objective(), 3)
    assert points[1].objective < points[0].objective


def test_mirror_descent_refuses_a_run_that_diverges(monkeypatch):
    target = objective()
    train, calls = Objective.train, []

    def diverging_twice(self, weights):
        calls.append(weights)
        run, value = train(self, weights)
        return run, float("nan") if len(calls) in (2, 3) else value

    monkeypatch.setattr(Objective, "train", diverging_twice)
    method = MirrorDescent()
    weights = uniform(target)
    method.start(weights)
    step = method.step(target.differentiate(*target.train(weights)), target, 1)
    assert step.rejected == 2
    assert step.trajectory is not None


def test_mirror_descent_gives_up_where_nothing_is_better(monkeypatch):
    target = objective()
    weights = uniform(target)
    point = target.differentiate(*target.train(weights))
    monkeypatch.setattr(Objective, "train", lambda self, weights: (point.trajectory, point.objective))
    method = MirrorDescent(attempts=4)
    method.start(weights)
    step = method.step(point, target, 1)
    assert (step.trajectory, step.rejected, step.objective) == (None, 4, point.objective)


def test_mirror_descent_has_exact_zeros_and_no_negligible_weights():
    # A noisy label makes an example worth dropping.
    point = iterate(MirrorDescent(), objective(), 25)[-1]
    assert bool((point.weights == 0).any())
    assert float(point.weights[point.weights > 0].min()) >= NEGLIGIBLE / point.weights.shape[1]


def test_projected_gradient_is_the_published_step():
    target = objective()
    first, second = iterate(load_method(settings("projected_gradient", rate=0.7)), target, 1)
    expected = simplex.project_(first.weights - 0.7 * first.gradient)
    torch.testing.assert_close(second.weights, expected, rtol=0, atol=1e-15)


def test_the_linear_decay_ends_at_zero():
    method = load_method(settings("projected_gradient", rate=0.8, decay="linear", iterations=4))
    target = objective()
    point = target.differentiate(*target.train(uniform(target)))
    sizes = [method.step(point, target, iteration).step_size for iteration in (1, 2, 3, 4)]
    assert sizes == pytest.approx([0.8, 0.6, 0.4, 0.2])
