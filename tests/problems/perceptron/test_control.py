"""Optimal control of the perceptron, on problems solved by hand or by another solver."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch.nn.functional import softplus

from lawpipe.engine import adjoint, trajectory
from lawpipe.problems.perceptron import control, labelled
from lawpipe.problems.perceptron.control import Control
from lawpipe.problems.perceptron.losses import Perceptron
from lawpipe.run.errors import InputError
from tests.small_problems import language_model, perceptron, start

STEPS = 12


def draw(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def least(features, wrong, metric, slope, offset, rate, first=0):
    """The weights [N] that `_minimise` finds, started with all weight on one example."""
    rows, weights = np.zeros(len(features), np.int64), np.zeros(len(features))
    rows[0], weights[0] = first, 1.0
    memory = control._working_memory(features)
    count, moved = control._minimise(features, wrong, metric, slope, offset, rate, rows, weights, 1, 1e-10, *memory)
    result = np.zeros(len(features))
    result[rows[:count]] = weights[:count]
    np.testing.assert_allclose(moved, (result * wrong) @ features, atol=1e-12)
    return result


@pytest.mark.parametrize("seed", range(8))
def test_the_quadratic_program_agrees_with_an_independent_solver(seed):
    examples, dimension, rate = 14, 3, 0.5
    features, wrong = 2 * draw(seed, examples, dimension), 1 / (1 + np.exp(draw(seed + 100, examples)))
    root = draw(seed + 200, dimension, dimension)
    metric, slope, offset = root @ root.T, 0.1 * draw(seed + 300, dimension), draw(seed + 400, dimension)

    def model(weights):
        x = offset - rate * (weights * wrong) @ features
        return slope @ x + x @ metric @ x / 2

    weights = least(features, wrong, metric, slope, offset, rate)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert np.count_nonzero(weights) <= dimension + 1
    other = minimize(
        model,
        np.full(examples, 1 / examples),
        method="SLSQP",
        bounds=[(0, 1)] * examples,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    assert model(weights) <= other.fun + 1e-9 * abs(other.fun)
    assert model(weights) == pytest.approx(other.fun, rel=1e-6)


def test_a_target_within_reach_is_hit_with_the_weights_solved_by_hand():
    """Two examples a = 1 and a = -1 at theta = 0, q = 1/2: a step of rate 1 goes to -(w - (1 - w)) / 2."""
    features, wrong, one = np.array([[1.0], [-1.0]]), np.full(2, 0.5), np.ones((1, 1))
    weights = least(features, wrong, one, np.zeros(1), np.array([0.0 - 0.2]), 1.0)
    np.testing.assert_allclose(weights, [0.3, 0.7], atol=1e-9)
    beyond = least(features, wrong, one, np.zeros(1), np.array([0.0 + 3.0]), 1.0)
    np.testing.assert_array_equal(beyond, [1, 0])


def costs(problem, theta0, path, rates, damping=None):
    """The adjoints and metrics of `_cost_to_go` along a path, exact ones if there is a damping."""
    return Control(problem, theta0, rates)._derivatives(path, damping)


def random_path(problem, theta0, rates, active, seed=0):
    """A run under weights of `active` random examples a step."""
    random = np.random.default_rng(seed)
    examples, steps = problem.examples, len(rates)
    rows = np.zeros((steps, examples), np.int64)
    weights = np.zeros((steps, examples))
    for t in range(steps):
        rows[t, :active] = random.choice(examples, active, replace=False)
        weights[t, :active] = random.dirichlet(np.ones(active))
    empty = control.Path(np.empty((steps + 1, problem.parameters)), rows, weights, np.full(steps, active))
    run = trajectory.train(problem, theta0, empty.policy(torch.empty(steps, examples, dtype=torch.float64)), rates)
    thetas = torch.cat([theta0.unsqueeze(0), run.stored[1:]]).numpy()
    return control.Path(thetas, rows, weights, empty.counts), run


@pytest.mark.parametrize("active", [1, 3])
def test_the_cost_to_go_is_that_of_its_definition(active):
    problem = perceptron()
    theta0, rates = start(problem), [0.2 + 0.01 * t for t in range(STEPS)]
    path, run = random_path(problem, theta0, rates, active)
    adjoints, metrics = costs(problem, theta0, path, rates)
    # The engine's gradient of the same run: dJ/dw[t,n] = -eta <adjoint[t+1], q_n a_n>, J being a mean.
    contributions = {}

    def keep(first, block):
        contributions.update({first + row: values.clone() for row, values in enumerate(block)})

    adjoint.contributions(run, keep)
    features, desired = problem.signed_features("train").T.numpy(), problem.signed_features("desired").T.numpy()
    for t in range(STEPS):
        wrong = 1 / (1 + np.exp(-features @ path.thetas[t]))
        np.testing.assert_allclose(wrong * (features @ adjoints[t + 1]) / STEPS, contributions[t], rtol=1e-9)
    # The recursion of the docstring, with dense matrices.
    after = np.zeros_like(metrics[0])
    for t in range(STEPS, -1, -1):
        probability = 1 / (1 + np.exp(-desired @ path.thetas[t]))
        nearest = min(STEPS, -(-t // control.STRIDE) * control.STRIDE)
        spread = 1 / (1 + np.exp(-desired @ path.thetas[nearest]))
        hessian = (desired.T * (spread * (1 - spread))) @ desired / len(probability)
        if t < STEPS:
            chosen = path.rows[t, :active]
            wrong = 1 / (1 + np.exp(-features[chosen] @ path.thetas[t]))
            curvature = path.weights[t, :active] * wrong * (1 - wrong)
            step = np.eye(len(theta0)) - rates[t] * (features[chosen].T * curvature) @ features[chosen]
            d = np.diff(wrong[:, None] * features[chosen], axis=0)
            left = after - after @ d.T @ np.linalg.pinv(d @ after @ d.T, rcond=1e-9) @ d @ after
            after = step @ left @ step + (hessian if t > 0 else 0)
        else:
            after = hessian
        np.testing.assert_allclose(metrics[t], after, rtol=1e-6, atol=1e-9 * np.abs(after).max())


@pytest.mark.parametrize("active", [2, 3])
@pytest.mark.parametrize("damping", [0.0, 0.3])
def test_exact_metrics_are_the_second_derivatives_after_the_best_reply_of_the_weights(active, damping):
    """Of one step: the Hessian of the loss after it in theta and the weights, the weights being eliminated."""
    problem, rate = perceptron(), 0.7
    theta0 = start(problem)
    path, _ = random_path(problem, theta0, [rate], active)
    _, metrics = costs(problem, theta0, path, [rate], damping)
    features = problem.signed_features("train").T[path.rows[0, :active]]

    def loss_after(theta, others):
        weights = torch.cat([1 - others.sum().unsqueeze(0), others])
        gradient = (weights * torch.sigmoid(features @ theta)) @ features
        return softplus(problem.signed_features("desired").T @ (theta - rate * gradient)).mean()

    others = torch.from_numpy(path.weights[0, 1:active])
    (both, mixed), (_, left) = torch.autograd.functional.hessian(loss_after, (theta0, others))
    gradients = torch.sigmoid(features @ theta0).unsqueeze(1) * features
    differences = gradients[1:] - gradients[0]
    left = left + damping * rate**2 * differences @ differences.T
    expected = both - mixed @ torch.linalg.solve(left, mixed.T)
    np.testing.assert_allclose(metrics[0], expected, rtol=1e-7, atol=1e-9)


def test_where_the_weights_can_correct_everything_only_the_next_term_counts():
    """Two active examples in one dimension reach every theta nearby: the Riccati solution is Hess L(theta[t])."""
    one = np.array([[1.0], [1.0]], np.float32)
    train = labelled.Examples(one, np.array([0, 1], np.int8), np.zeros(2, bool))
    desired = labelled.Examples(one, np.array([0, 0], np.int8), np.zeros(2, bool))
    problem = Perceptron(train, {"desired": desired}, torch.float64, torch.device("cpu"))
    theta0 = torch.zeros(1, dtype=torch.float64)
    path, _ = random_path(problem, theta0, [0.1] * 5, active=2)
    _, metrics = costs(problem, theta0, path, [0.1] * 5)
    q = 1 / (1 + np.exp(-path.thetas[:, 0]))
    # The Hessian is evaluated at the last step and then every STRIDE steps.
    np.testing.assert_allclose(metrics[1:, 0, 0], q[-1] * (1 - q[-1]), rtol=1e-12)


def test_damped_sweeps_lower_the_objective_near_an_optimum_and_a_path_is_its_own_policy():
    problem = perceptron(train_examples=60, seed=2)
    theta0, rates = start(problem), [0.05] * 40
    own = Control(problem, theta0, rates)
    path = own.steer(own.targets(), 3.0, 4.0)
    values = [own.objective(path)]
    damping = 10.0
    for _ in range(40):
        trial = own.improve(path, damping * own.unit(path))
        if own.objective(trial) < values[-1]:
            path, damping = trial, damping / 3
            values.append(own.objective(path))
        else:
            damping *= 4
    assert values[-1] < 0.98 * values[0]
    run = trajectory.train(
        problem, theta0, path.policy(torch.empty(40, problem.examples, dtype=torch.float64)), rates
    )
    assert run.objective() == pytest.approx(values[-1], rel=1e-10)
    np.testing.assert_allclose(run.stored[-1].numpy(), path.thetas[-1], rtol=1e-9)


def test_other_problems_and_shards_are_refused():
    text = language_model()
    with pytest.raises(InputError, match="needs a perceptron"):
        Control(text, start(text), [0.1])
    problem = perceptron()
    part = problem.shard(0, 2)
    part.sum_over_processes = lambda total: total
    with pytest.raises(InputError, match="processes is above 1"):
        Control(part, start(problem), [0.1])
