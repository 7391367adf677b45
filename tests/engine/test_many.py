"""Many runs at once against the same runs one by one."""

import numpy as np
import pytest
import torch

from lawpipe.engine import adjoint, descent, trajectory
from lawpipe.engine.checkpoints import Budget
from lawpipe.engine.measurement import measure
from lawpipe.problems.base import Problem
from lawpipe.problems.perceptron.losses import FEW, ROWS
from tests.small_problems import initial, language_model, measure_one, perceptron, random_weights, start

RUNS = FEW + 2
#: Several blocks, the last of them shorter.
STEPS = 2 * (ROWS // RUNS) + 5


def runs_of(problem, theta0s, count, steps=STEPS):
    """Initialisations, policies and learning rates all differ; the last policy is uniform, stored as one number."""
    weights = [random_weights(steps, problem.examples, problem.dtype, seed) for seed in range(count - 1)]
    weights.append(torch.full((1, 1), 1 / problem.examples, dtype=problem.dtype).expand(steps, problem.examples))
    rates = [[0.3 / (1 + run + 0.01 * step) for step in range(steps)] for run in range(count)]
    return problem, theta0s, weights, rates


@pytest.fixture(params=["perceptron", "few", "language model"])
def together(request):
    """A problem and what its runs start from."""
    if request.param == "language model":
        problem = language_model()
        return runs_of(problem, [initial(problem, seed) for seed in range(2)], 2, steps=6)
    problem, count = perceptron(), RUNS if request.param == "perceptron" else FEW - 1
    return runs_of(problem, [start(problem, seed) for seed in range(count)], count)


def one_by_one(problem, theta0s, weights, rates, budget=None):
    return [trajectory.train(problem, *run, budget) for run in zip(theta0s, weights, rates, strict=True)]


def test_the_same_runs(together):
    for run, expected in zip(trajectory.train_many(*together), one_by_one(*together), strict=True):
        torch.testing.assert_close(run.stored, expected.stored, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(run.curve("test"), expected.curve("test"), rtol=1e-12)
        np.testing.assert_allclose(run.training_losses(), expected.training_losses(), rtol=1e-12)
        assert run.objective() == pytest.approx(expected.objective(), rel=1e-12)


def test_the_same_contributions_against_different_references(together):
    against = [("desired", "test")[index % 2] for index in range(len(together[1]))]
    runs = one_by_one(*together)
    expected = [
        -adjoint.gradient(run, name) / torch.tensor(run.learning_rates, dtype=torch.float64)[:, None]
        for run, name in zip(runs, against, strict=True)
    ]
    contributions = torch.empty_like(torch.stack(expected))
    firsts: dict[int, list[int]] = {}

    def keep(run, first, block):
        firsts.setdefault(run, []).append(first)
        contributions[run, first : first + len(block)] = block

    adjoint.contributions_many(list(zip(runs, against, strict=True)), keep)
    for run, other in enumerate(expected):
        assert firsts[run] == sorted(firsts[run], reverse=True)
        assert firsts[run][-1] == 0
        torch.testing.assert_close(contributions[run], other, rtol=1e-11, atol=1e-15)


def test_one_run_against_two_references_is_not_copied(monkeypatch):
    problem, given = language_model(), []
    run = trajectory.train(problem, initial(problem), random_weights(6, problem.examples, problem.dtype), [0.3] * 6)

    def noted(self, thetas, *others):
        given.extend(thetas)
        return Problem.backward_many(self, thetas, *others)

    monkeypatch.setattr(type(problem), "backward_many", noted)
    measure_one(run, [0, 5])
    assert len(given) > 1
    assert {path.untyped_storage().data_ptr() for path in given} == {run.stored.untyped_storage().data_ptr()}


def test_the_perceptrons_batched_passes_equal_those_of_the_base_class():
    problem, theta0s, weights, rates = runs_of(
        perceptron(), [start(perceptron(), seed) for seed in range(RUNS)], RUNS
    )
    expected = torch.stack([descent.descend(problem, *run) for run in zip(theta0s, weights, rates, strict=True)])
    thetas = descent.descend_many(problem, torch.stack(theta0s), weights, rates)
    torch.testing.assert_close(thetas, expected, rtol=1e-12, atol=1e-14)
    terms = [lambda thetas, run=run: thetas * run for run in range(RUNS)]
    arguments = (thetas[:, :-1], weights, rates, thetas[:, -1], terms, lambda run, step, block: None)
    ends = problem.backward_many(*arguments)
    torch.testing.assert_close(ends, Problem.backward_many(problem, *arguments), rtol=1e-12, atol=1e-14)


def test_the_same_measurements(together):
    runs = one_by_one(*together)
    steps = sorted({0, min(ROWS // RUNS, runs[0].steps - 2), runs[0].steps - 1})
    for measured, run in zip(measure(runs, steps, norms=[True] * len(runs)), runs, strict=True):
        expected = measure_one(run, steps)
        assert measured.contributions.keys() == expected.contributions.keys()
        for key, contributions in expected.contributions.items():
            np.testing.assert_allclose(measured.contributions[key], contributions, rtol=1e-11, atol=1e-15)
        np.testing.assert_array_equal(measured.losses, expected.losses)
        assert measured.gap == pytest.approx(expected.gap, rel=1e-11)
        assert measured.gap == pytest.approx(adjoint.gap(run.weights, adjoint.gradient(run)), rel=1e-11)


def test_runs_too_large_to_be_kept_are_trained_one_by_one(together):
    small = one_by_one(*together, budget=Budget(0))
    for trained, expected in zip(trajectory.train_many(*together, budget=Budget(0)), small, strict=True):
        assert not trained.whole
        assert torch.equal(trained.stored, expected.stored)
    for measured, run in zip(measure(small, [0, 5], norms=[False] * len(small)), small, strict=True):
        assert measured.gap == measure_one(run, [0, 5]).gap


def test_runs_of_different_lengths_are_refused():
    problem = perceptron()
    weights = [random_weights(steps, problem.examples) for steps in (3, 4)]
    with pytest.raises(ValueError, match="lengths"):
        trajectory.train_many(problem, [start(problem)] * 2, weights, [[0.1] * 3, [0.1] * 4])
