"""What every safe method keeps: J never rises, a run that diverges is refused, zeros are exact, it converges."""

import math
import weakref
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from lawpipe.search import feedback_descent, projected_step
from lawpipe.search.feedback_descent import FeedbackDescent, Phase
from lawpipe.search.loop import Search
from lawpipe.search.method import load_method
from lawpipe.search.objective import FORWARD_COST, Objective
from tests.small_problems import perceptron, start

SAFE = ("mirror_descent", "accelerated_gradient", "feedback_descent")
STEPS = 30


def make(name):
    return load_method({"method": name, "rate": None, "decay": "constant", "iterations": 20})


def objective(learning_rate=0.3, steps=STEPS, dtype=torch.float64, **data):
    problem = perceptron(dtype, **({"train_examples": 60} | data))
    return Objective(problem, start(problem), [learning_rate] * steps)


def searched(name, target, iterations=25):
    search = Search(target, make(name), iterations=iterations)
    search.run()
    return search


@pytest.mark.parametrize("name", SAFE)
@pytest.mark.parametrize("learning_rate", [0.01, 0.3, 3.0])
def test_no_accepted_step_raises_the_objective(name, learning_rate):
    search = searched(name, objective(learning_rate))
    values = [row.objective for row in search.rows if row.accepted]
    assert len(values) > 5
    assert all(after < before for before, after in pairwise(values))
    assert values[-1] < 0.95 * values[0]
    _, value = search.objective.train(search.best)
    assert value == pytest.approx(min(values), rel=1e-14)


@pytest.mark.parametrize("name", [*SAFE, "newton"])
def test_a_rejected_run_is_freed_before_the_next_one_is_trained(name, monkeypatch):
    train, runs, alive = Objective.run, [], []

    def counted(self, weights, write_row=None):
        alive.append(sum(run() is not None for run in runs))
        run = train(self, weights, write_row)
        runs.append(weakref.ref(run))
        return run

    monkeypatch.setattr(Objective, "run", counted)
    search = searched(name, objective(3.0), iterations=12)
    assert sum(row.forward_evaluations for row in search.rows) > 0
    # The current one, and none that was rejected.
    assert max(alive) == 1


@pytest.mark.parametrize("name", SAFE)
def test_a_trial_that_is_not_finite_is_refused_and_counted(name, monkeypatch):
    train, calls = Objective.run, []

    def diverging(self, weights, write_row=None):
        calls.append(weights)
        run = train(self, weights, write_row)
        if len(calls) in (2, 3):
            run.curves["desired"] = np.full(STEPS + 1, (math.nan, math.inf)[len(calls) % 2])
        return run

    monkeypatch.setattr(Objective, "run", diverging)
    first, second = searched(name, objective(), iterations=1).rows
    assert second.forward_evaluations >= 2
    assert second.objective < first.objective
    passes = 1 if name == "feedback_descent" else 0
    assert second.cost == pytest.approx(1 + FORWARD_COST * second.forward_evaluations + passes)


@pytest.mark.parametrize("name", SAFE)
def test_a_method_gives_up_where_nothing_is_better(name, monkeypatch):
    target = objective()
    train, calls = Objective.run, []

    def flat(self, weights, write_row=None):
        calls.append(weights)
        run = train(self, weights, write_row)
        run.curves["desired"] = np.ones(STEPS + 1)
        return run

    monkeypatch.setattr(Objective, "run", flat)
    search = searched(name, target)
    assert "no acceptable step" in search.reason
    assert [row.accepted for row in search.rows] == [True, False]
    assert search.rows[1].forward_evaluations == len(calls) - 1


@pytest.mark.parametrize("name", SAFE)
def test_one_step_of_training_is_solved(name):
    """With T = 1 J is convex on one simplex: the gap bounds the distance to the least J, here over a grid."""
    target = objective(learning_rate=0.5, steps=1, train_examples=3)
    search = searched(name, target, iterations=200)
    shares = torch.linspace(0, 1, 101, dtype=torch.float64)
    grid = torch.cartesian_prod(shares, shares)
    grid = grid[grid.sum(dim=1) <= 1]
    problem = target.problem
    gradients = torch.stack(
        [problem.weighted_gradient(target.theta0, row) for row in torch.eye(3, dtype=torch.float64)]
    )
    weights = torch.cat([grid, 1 - grid.sum(dim=1, keepdim=True)], dim=1)
    thetas = target.theta0 - 0.5 * weights @ gradients
    least = softplus(thetas @ problem._references["desired"]).mean(dim=1).min()
    assert search.rows[-1].objective <= float(least) + 1e-5
    assert search.rows[-1].gap < 1e-4 * search.rows[-1].objective


@pytest.mark.parametrize("name", SAFE)
def test_zero_weights_are_exact_and_rows_sum_to_one(name):
    weights = searched(name, objective(dtype=torch.float32)).best
    assert bool((weights == 0).any())
    assert float(weights.min()) == 0
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(STEPS), rtol=0, atol=2e-6)


def test_a_projected_step_zeroes_rows_of_any_gradient_scale():
    gradient = torch.tensor([1.0, 2.0, 3.0, 6.0]) * torch.tensor([[1.0], [1e-30], [0.0]])
    weights = projected_step.step_(torch.full((3, 4), 0.25), gradient, 1.0)
    torch.testing.assert_close(weights[0], weights[1])
    assert weights[0, 3] == 0
    assert weights[0, 0] > 0.4
    torch.testing.assert_close(weights[2], torch.full((4,), 0.25))


def test_feedback_alone_weighs_examples_by_their_contribution():
    target = objective()
    method = FeedbackDescent(gain=3.0)
    weights = torch.full((STEPS, 60), 1 / 60, dtype=torch.float64)
    method.start(weights)
    step = method.step(target.differentiate(*target.train(weights)), target, 1)
    run, scale = step.trajectory, None
    assert run is not None
    for theta, row in zip(run.stored, run.weights, strict=False):
        slope = target.problem.reference_gradients("desired", theta.unsqueeze(0))[0]
        contributions = target.problem.contributions(theta, slope)
        scale = scale or contributions.std()
        expected = torch.softmax(3.0 * contributions / scale, dim=0)
        torch.testing.assert_close(row, expected, rtol=0, atol=2e-3 / 60)
    again, value = target.train(run.weights)
    assert torch.equal(again.stored, run.stored)
    assert value == step.objective


def test_a_run_with_feedback_and_its_replay_have_a_value_each():
    target, policies = objective(dtype=torch.float32), {}
    search = Search(
        target,
        make("feedback_descent"),
        iterations=12,
        snapshots=tuple(range(1, 13)),
        on_snapshot=lambda iteration, weights: policies.update({iteration: weights.clone()}),
    )
    search.run()
    left = [row for row in search.rows if row.feedback_objective is not None]
    assert 0 < len(left) < 12
    assert search.last_with_feedback == left[-1]
    for row in left:
        assert row.feedback_objective == row.objective
        assert row.replay_objective == target.train(policies[row.iteration])[1]
        assert row.replay_objective == pytest.approx(row.objective, rel=1e-5)
    assert all(row.replay_objective is None for row in search.rows if row not in left)
    # The replays cost nothing.
    last = search.rows[-1]
    passes = last.cost - last.evaluations - FORWARD_COST * last.forward_evaluations
    assert passes == pytest.approx(len(left), abs=1)
    assert searched("mirror_descent", target, iterations=3).last_with_feedback is None


def test_feedback_goes_over_to_mirror_descent_where_it_fails():
    target = objective(learning_rate=3.0)
    method = FeedbackDescent(gain=1e6)
    weights = torch.full((STEPS, 60), 1 / 60, dtype=torch.float64)
    method.start(weights)
    point = target.differentiate(*target.train(weights))
    phases = []
    for iteration in range(1, 12):
        step = method.step(point, target, iteration)
        phases.append(method._phase)
        if step.trajectory is None:
            break
        assert step.objective < point.objective
        point = target.differentiate(step.trajectory, step.objective)
    assert phases[-1] is Phase.MIRROR_DESCENT
    assert [*phases] == sorted(phases)


def test_every_method_is_made_from_the_settings_by_its_name():
    assert isinstance(make("feedback_descent"), feedback_descent.FeedbackDescent)
    assert all(make(name).safe for name in SAFE)
