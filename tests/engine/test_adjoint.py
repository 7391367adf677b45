"""The gradient through training, against differences, automatic differentiation and float64."""

import pytest
import torch

from lawpipe.engine import adjoint, trajectory
from lawpipe.problems.base import Problem
from tests.small_problems import objective_by_autograd, perceptron, random_weights, start

# Two sweep blocks and a part of one, with a learning rate that changes.
STEPS = 37
RATES = [0.3 - 0.005 * step for step in range(STEPS)]


def relative_error(value, expected):
    return float((value - expected).norm() / expected.norm())


def test_gradient_agrees_with_central_differences():
    problem = perceptron()
    theta0, weights = start(problem), random_weights(STEPS, problem.examples)
    gradient = adjoint.gradient(trajectory.train(problem, theta0, weights, RATES))
    h = 1e-5
    slopes, expected = [], []
    for step, example in [(0, 0), (0, 5), (1, 7), (15, 3), (16, 36), (31, 9), (32, 1), (36, 20)]:
        values = []
        for sign in (1, -1):
            moved = weights.clone()
            moved[step, example] += sign * h
            values.append(trajectory.train(problem, theta0, moved, RATES).objective())
        expected.append((values[0] - values[1]) / (2 * h))
        slopes.append(float(gradient[step, example]))
    assert relative_error(torch.tensor(slopes), torch.tensor(expected)) < 1e-7


def test_gradient_agrees_with_automatic_differentiation_through_the_loop():
    problem = perceptron()
    theta0, weights = start(problem), random_weights(STEPS, problem.examples)
    run = trajectory.train(problem, theta0, weights, RATES)
    features, desired = problem._train, problem._references["desired"]
    value, expected = objective_by_autograd(features, desired, theta0, weights, RATES)
    assert run.objective() == pytest.approx(value, rel=1e-13)
    assert relative_error(adjoint.gradient(run), expected) < 1e-12


def test_closed_form_sweep_agrees_with_the_general_one():
    problem = perceptron()
    run = trajectory.train(problem, start(problem), random_weights(STEPS, problem.examples), RATES)

    def term_gradients(thetas):
        return problem.reference_gradients("desired", thetas) / STEPS

    arguments = (run.stored[:-1], run.weights, RATES, term_gradients(run.last.unsqueeze(0))[0], term_gradients)
    closed, general = {}, {}
    problem.backward(*arguments, lambda first, block: closed.update({first: block.clone()}))
    Problem.backward(problem, *arguments, lambda first, block: general.update({first: block}))
    assert [*closed] == [21, 5, 0]
    assert relative_error(*(torch.cat([*blocks.values()][::-1]) for blocks in (closed, general))) < 1e-13


def test_float32_agrees_with_float64_over_two_thousand_steps():
    size = {"dimension": 32, "train_examples": 512, "desired_examples": 64, "test_examples": 8}
    gradients = {}
    for dtype in (torch.float32, torch.float64):
        problem = perceptron(dtype, **size)
        theta0 = start(problem, 0).float().to(dtype)
        weights = random_weights(2000, 512).float().to(dtype)
        gradients[dtype] = adjoint.gradient(trajectory.train(problem, theta0, weights, [0.1] * 2000)).double()
    assert relative_error(gradients[torch.float32], gradients[torch.float64]) < 5e-6


def test_one_step_by_hand():
    # J = L(theta1), theta1 = theta0 - eta sum_n gamma_n g_n, so dJ/dgamma_n = -eta <grad L(theta1), g_n>.
    problem = perceptron()
    theta0, weights = start(problem), random_weights(1, problem.examples)
    run = trajectory.train(problem, theta0, weights, [0.2])
    direction = problem.reference_gradients("desired", run.stored[1:])[0]
    expected = -0.2 * problem.contributions(theta0, direction)
    assert relative_error(adjoint.gradient(run)[0], expected) < 1e-14


def test_gap_by_hand():
    weights = torch.tensor([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    slopes = torch.tensor([[1.0, 3.0, 2.0], [-1.0, 0.0, 4.0]])
    assert adjoint.gap(weights, slopes) == pytest.approx((2.0 - 1.0) + 0.0)


def test_gap_is_what_the_best_single_examples_would_gain_to_first_order():
    problem = perceptron()
    run = trajectory.train(problem, start(problem), random_weights(STEPS, problem.examples), RATES)
    gradient = adjoint.gradient(run)
    best = torch.zeros_like(run.weights).scatter_(1, gradient.argmin(dim=1, keepdim=True), 1.0)
    assert adjoint.gap(run.weights, gradient) == pytest.approx(
        float(((run.weights - best) * gradient).sum()), rel=1e-12
    )


def test_sample_gives_the_rows_of_the_full_sweep_and_the_same_gap():
    problem = perceptron()
    run = trajectory.train(problem, start(problem), random_weights(STEPS, problem.examples), RATES)
    steps = [0, 4, 5, 20, 36]
    ((rows, gap, _),) = adjoint.sample([(run, "test")], steps)
    gradient = adjoint.gradient(run, "test")
    rates = torch.tensor(RATES, dtype=torch.float64)[steps].unsqueeze(1)
    assert relative_error(-rates * rows, gradient[steps]) < 1e-14
    assert gap == pytest.approx(adjoint.gap(run.weights, gradient), rel=1e-12)
