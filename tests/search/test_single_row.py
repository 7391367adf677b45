"""The objective of one row for all steps: against the whole gradient, by differences, and under search methods."""

import pytest
import torch

from lawpipe.search.accelerated_gradient import AcceleratedGradient
from lawpipe.search.checkpoint import Checkpoint
from lawpipe.search.loop import Search
from lawpipe.search.mirror_descent import MirrorDescent
from lawpipe.search.objective import Objective
from lawpipe.search.projected_gradient import ProjectedGradient
from lawpipe.search.single_row import SingleRow
from tests.small_problems import initial, language_model, perceptron, random_weights, start

STEPS = 6


PERCEPTRON, TEXT = perceptron(), language_model()
PROBLEMS = [(PERCEPTRON, start(PERCEPTRON)), (TEXT, initial(TEXT))]


@pytest.mark.parametrize(("problem", "theta0"), PROBLEMS, ids=["perceptron", "language_model"])
def test_the_gradient_is_that_of_all_steps_added_up(problem, theta0):
    row = random_weights(1, problem.examples)
    single, full = SingleRow(problem, theta0, [0.3], STEPS), Objective(problem, theta0, [0.3] * STEPS)
    point = single.differentiate(*single.train(row))
    expected = full.differentiate(*full.train(row.repeat(STEPS, 1)))
    assert point.objective == expected.objective
    assert point.gradient.shape == (1, problem.examples)
    torch.testing.assert_close(point.gradient, expected.gradient.sum(dim=0, keepdim=True), rtol=1e-10, atol=1e-14)
    assert torch.equal(point.weights, row)


@pytest.mark.parametrize(("problem", "theta0"), PROBLEMS, ids=["perceptron", "language_model"])
def test_the_gradient_predicts_what_a_small_change_does(problem, theta0):
    single = SingleRow(problem, theta0, [0.3], STEPS)
    row, other = (random_weights(1, problem.examples, seed=seed) for seed in (1, 2))
    point = single.differentiate(*single.train(row))
    direction = other - row
    above, below = (single.train(row + sign * 1e-5 * direction)[1] for sign in (1, -1))
    slope = float((point.gradient * direction).sum())
    assert slope == pytest.approx((above - below) / 2e-5, rel=1e-5)
    assert point.predicted(other.expand(STEPS, -1)) == pytest.approx(slope, rel=1e-12)


@pytest.mark.parametrize("method", [MirrorDescent(), AcceleratedGradient(), ProjectedGradient(0.5, "constant", 10)])
def test_the_search_methods_lower_the_objective_and_the_gap_of_a_single_row(method):
    problem = perceptron()
    search = Search(SingleRow(problem, start(problem), [0.3], STEPS), method, iterations=10)
    search.run()
    assert search.best.shape == (1, problem.examples)
    assert search.rows[-1].objective < search.rows[0].objective
    assert 0 <= search.rows[-1].gap < search.rows[0].gap


def test_one_row_cannot_follow_the_run():
    problem = perceptron()
    objective = SingleRow(problem, start(problem), [0.3], STEPS)
    with pytest.raises(ValueError, match="follow the run"):
        objective.train(random_weights(1, problem.examples), write_row=lambda theta, row: None)


def test_a_killed_search_resumes_to_the_same_bits(tmp_path):
    problem = perceptron()

    def search(iterations, checkpoint):
        objective = SingleRow(problem, start(problem), [0.3], STEPS)
        return Search(objective, MirrorDescent(), iterations=iterations, checkpoint=checkpoint)

    whole = search(8, None)
    whole.run()
    search(3, Checkpoint(tmp_path, interval=0)).run()
    resumed = search(8, Checkpoint(tmp_path, interval=0))
    resumed.run()
    assert len(resumed.rows) == len(whole.rows)
    assert torch.equal(resumed.best, whole.best)
