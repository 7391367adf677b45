"""Sharpness against dense Hessians, the adjoint's norms against automatic differentiation, and replays."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from lawpipe.engine import stability, trajectory
from lawpipe.engine.checkpoints import Budget
from lawpipe.engine.measurement import measure
from lawpipe.engine.stability import Replays
from lawpipe.problems.language_model.models.transformer import Transformer
from lawpipe.problems.perceptron.losses import FEW
from tests.small_problems import initial, language_model, perceptron, random_weights, start

STEPS = 40
RATES = [0.3 - 0.002 * step for step in range(STEPS)]


def dense_hessian(problem, theta, weights):
    columns = [problem.adjoint_product(theta, weights, unit)[1] for unit in torch.eye(len(theta), dtype=theta.dtype)]
    return torch.stack(columns)


@pytest.fixture(params=["perceptron", "language model"])
def run(request):
    tiny = Transformer(vocabulary=23, length=6, hidden_size=2, layers=1, heads=1)
    problem = perceptron() if request.param == "perceptron" else language_model(model=tiny)
    theta0 = start(problem) if request.param == "perceptron" else initial(problem)
    return trajectory.train(problem, theta0, random_weights(STEPS, problem.examples), RATES)


def test_the_sharpness_is_that_of_the_dense_hessian(run):
    steps = [0, 3, STEPS - 1]
    expected = []
    for step in steps:
        hessian = dense_hessian(run.problem, run.stored[step], run.weights[step])
        torch.testing.assert_close(hessian, hessian.T, rtol=1e-9, atol=1e-12)
        expected.append(RATES[step] * float(torch.linalg.eigvalsh(hessian)[-1]))
    np.testing.assert_allclose(stability.sharpness(run, steps), expected, rtol=0.02)


def test_the_hessian_of_the_perceptron_is_that_of_its_losses():
    problem = perceptron()
    theta, weights = start(problem), random_weights(1, problem.examples)[0]
    features = problem._train
    expected = torch.autograd.functional.hessian(lambda vector: weights @ softplus(features.T @ vector), theta)
    torch.testing.assert_close(dense_hessian(problem, theta, weights), expected, rtol=1e-9, atol=1e-12)


def test_lanczos_to_a_small_tolerance_and_with_negative_eigenvalues():
    generator = torch.Generator().manual_seed(0)
    basis, _ = torch.linalg.qr(torch.randn(30, 30, generator=generator, dtype=torch.float64))
    values = torch.linspace(-5, 2, 30, dtype=torch.float64)
    matrix = basis @ torch.diag(values) @ basis.T
    largest, vector = stability.largest_eigenvalue(
        lambda v: matrix @ v, torch.ones(30, dtype=torch.float64), 1e-10, 60
    )
    assert largest == pytest.approx(2.0, rel=1e-9)
    assert float((matrix @ vector - largest * vector).norm()) < 1e-8


def test_a_matrix_of_low_rank_and_one_of_zeros():
    row = torch.arange(1.0, 6.0, dtype=torch.float64)
    largest, _ = stability.largest_eigenvalue(lambda v: row * (row @ v), torch.ones(5, dtype=torch.float64))
    assert largest == pytest.approx(float(row @ row), rel=1e-12)
    assert stability.largest_eigenvalue(torch.zeros_like, torch.ones(5, dtype=torch.float64))[0] == 0.0


def test_the_first_and_the_last_step_are_measured():
    assert stability.measured_steps(1) == [0]
    assert stability.measured_steps(2) == [0, 1]
    assert stability.measured_steps(20) == [0, 1, 2, 3, 4, 6, 8, 12, 16, 19]
    assert len(stability.measured_steps(2000)) == 23


def growth_of(runs, at, adjoints_of=("desired",)):
    measured = measure(runs, [0, STEPS - 1], norms=[False] * len(runs), adjoints_of=adjoints_of, growth_at=at)
    return [measurement.growth for measurement in measured]


def test_the_growth_is_that_of_the_recursion_with_dense_hessians(run):
    at = [33, 35, 36, STEPS]
    problem = run.problem
    (growth,) = growth_of([run], at)
    norms = [float(problem.reference_gradients("desired", theta[None]).norm()) / STEPS for theta in run.stored]
    jacobians = {
        step: torch.eye(problem.parameters, dtype=torch.float64)
        - RATES[step] * dense_hessian(problem, run.stored[step], run.weights[step])
        for step in range(at[0], STEPS)
    }
    for t, norm, value in zip(at, growth.norms, growth.values, strict=True):
        adjoint = torch.zeros(problem.parameters, dtype=torch.float64)
        for s in range(STEPS, t - 1, -1):
            adjoint = problem.reference_gradients("desired", run.stored[s][None])[0] / STEPS + (
                jacobians[s] @ adjoint if s < STEPS else adjoint
            )
        assert norm == pytest.approx(float(adjoint.norm()), rel=1e-9)
        assert value == pytest.approx(float(adjoint.norm()) / sum(norms[t:]), rel=1e-9)
    assert growth.values[-1] == pytest.approx(1.0, rel=1e-12)


def test_the_adjoint_is_the_gradient_of_the_rest_of_the_run():
    problem = perceptron()
    run = trajectory.train(problem, start(problem), random_weights(STEPS, problem.examples), RATES)
    at = [1, 17, STEPS]
    (growth,) = growth_of([run], at)
    for t, norm in zip(at, growth.norms, strict=True):
        first = run.stored[t].clone().requires_grad_()
        theta, total = first, softplus(problem._references["desired"].T @ first).mean()
        for step in range(t, STEPS):
            margins = problem._train.T @ theta
            theta = theta - RATES[step] * (problem._train @ (run.weights[step] * torch.sigmoid(margins)))
            total = total + softplus(problem._references["desired"].T @ theta).mean()
        (slope,) = torch.autograd.grad(total / STEPS, first)
        assert norm == pytest.approx(float(slope.norm()), rel=1e-10)


@pytest.mark.parametrize("count", [2, FEW + 2])
@pytest.mark.parametrize("budget", [None, Budget(0)])
def test_several_runs_together_and_in_segments_grow_alike(count, budget):
    problem = perceptron()
    at = [1, 4, 20, STEPS]
    runs = [
        trajectory.train(problem, start(problem), random_weights(STEPS, problem.examples, seed=seed), RATES, budget)
        for seed in range(count)
    ]
    for run, together in zip(runs, growth_of(runs, at, ("desired", "test")), strict=True):
        whole = trajectory.train(problem, run.first, run.weights, RATES)
        (expected,) = growth_of([whole], at)
        np.testing.assert_allclose(together.norms, expected.norms, rtol=1e-10)
        np.testing.assert_allclose(together.values, expected.values, rtol=1e-10)


def test_the_contributions_are_the_same_with_and_without_growth():
    problem = perceptron()
    run = trajectory.train(problem, start(problem), random_weights(STEPS, problem.examples), RATES)
    plain, noted = (next(measure([run], [0, 7, 39], norms=[False], growth_at=at)) for at in ((), (1, 2, 8, 40)))
    assert noted.gap == pytest.approx(plain.gap, rel=1e-12)
    for key, values in plain.contributions.items():
        np.testing.assert_allclose(noted.contributions[key], values, rtol=1e-10, atol=1e-15)


def test_the_growth_is_at_most_one_where_no_step_is_unstable():
    problem = perceptron()
    run = trajectory.train(problem, start(problem), random_weights(STEPS, problem.examples), [0.05] * STEPS)
    steps = stability.measured_steps(STEPS)
    assert stability.sharpness(run, range(STEPS)).max() < 2
    (growth,) = growth_of([run], [step + 1 for step in steps])
    assert growth.values.max() <= 1 + 1e-12


def test_moved_weights_are_a_policy_that_is_hardly_another():
    weights = random_weights(6, 50, torch.float32)
    changed = stability.moved(weights, 3)
    assert torch.equal(changed == 0, weights == 0)
    torch.testing.assert_close(changed.sum(dim=1), torch.ones(6), rtol=0, atol=2e-6)
    change = (changed / weights - 1)[weights > 0].abs()
    assert 1e-7 < float(change.max()) < 3e-6
    assert torch.equal(changed, stability.moved(weights, 3))
    assert not torch.equal(changed, stability.moved(weights, 4))


def replayed(rate, steps, seed=5):
    """Replay a policy of two random examples a step, in float32; return the run and the changes of its J."""
    pair = {dtype: perceptron(dtype) for dtype in (torch.float32, torch.float64)}
    problem, theta0 = pair[torch.float32], start(pair[torch.float64]).float()
    chosen = torch.rand(steps, problem.examples, generator=torch.Generator().manual_seed(seed)).topk(2, dim=1).indices
    weights = torch.zeros(steps, problem.examples).scatter_(1, chosen, 0.5)
    run = trajectory.train(problem, theta0, weights, [rate] * steps)
    replays = Replays(theta0, 0, lambda: (pair[torch.float64], theta0.double()))
    return run, replays.changes(run)


def test_a_stable_policy_is_more_than_its_rounding():
    run, changes = replayed(0.05, 60)
    assert stability.sharpness(run, range(60)).max() < 2
    assert max(map(abs, changes.values())) < 1e-6


def test_the_j_of_a_chaotic_policy_belongs_to_its_rounding():
    # Of several policies, because J is a mean over the steps, which may agree by chance.
    runs, changes = zip(*(replayed(5.0, 800, seed) for seed in range(4)), strict=True)
    assert stability.sharpness(runs[0], range(0, 800, 20)).max() > 2
    for name in ("replay_float64", "replay_moved"):
        assert max(abs(change[name]) for change in changes) > 0.01
        assert min(abs(change[name]) for change in changes) > 1e-5


def test_a_run_that_diverges_has_no_sharpness_and_infinite_changes():
    problem = perceptron()
    problem._train *= 1e10
    theta0 = start(problem)
    run = trajectory.train(problem, theta0, random_weights(20, problem.examples), [1e300] * 20)
    assert not math.isfinite(run.objective())
    assert np.isnan(stability.sharpness(run, [19])).all()
    assert Replays(theta0, 0).changes(run) == {"replay_float64": None, "replay_moved": math.inf}


def test_in_float64_and_without_exact_there_is_no_replay_in_float64():
    problem = perceptron()
    run = trajectory.train(problem, start(problem), random_weights(9, problem.examples), [0.1] * 9)
    assert Replays(run.first, 0).changes(run)["replay_float64"] is None
    with_exact = Replays(run.first, 0, lambda: (problem, run.first))
    assert with_exact.changes(run)["replay_float64"] == 0.0
    assert with_exact.changes(run, exact=False)["replay_float64"] is None
