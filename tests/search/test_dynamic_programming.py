"""Dynamic programming: J falls, a stopped search goes on to the same bits, minima are not passed."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from lawpipe.search.dynamic_programming import DynamicProgramming, make
from lawpipe.search.loop import Search
from lawpipe.search.mirror_descent import MirrorDescent
from lawpipe.search.objective import Objective
from tests.search.resuming import check_resumes_bit_for_bit
from tests.small_problems import perceptron, start

STEPS = 60


def objective(dtype=torch.float64, learning_rate=0.05, **data):
    problem = perceptron(dtype, **({"train_examples": 80, "desired_examples": 40} | data))
    return Objective(problem, start(problem), [learning_rate] * STEPS)


def searched(target, method, iterations=6, **options):
    search = Search(target, method, iterations=iterations, **options)
    search.run()
    return search


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_it_goes_lower_than_mirror_descent_with_few_active_examples(dtype):
    search, other = searched(objective(dtype), make({})), searched(objective(dtype), MirrorDescent(), iterations=40)
    values = [row.objective for row in search.rows if row.accepted]
    assert all(after < before for before, after in pairwise(values))
    assert values[-1] < min(row.objective for row in other.rows)
    assert search.rows[-1].gap < 0.1 * search.rows[0].gap
    assert (search.best > 0).sum(dim=1).double().mean() < 6
    assert search.objective.train(search.best)[1] == pytest.approx(values[-1], rel=1e-12)


@pytest.mark.parametrize("near", [0.0, 0.05])
def test_it_is_stationary_in_the_end_and_takes_all_second_derivatives_into_account_once_it_is_near(near):
    method = DynamicProgramming(near=near)
    search = searched(objective(), method, iterations=30, gap_tolerance=1e-6)
    assert search.reason == "the gap is at most 1e-06 of J"
    assert (method.unit > 0) == (near > 0)


def test_the_objective_is_that_of_the_weights_and_not_that_of_the_run_that_chose_them():
    method, target = make({}), objective(torch.float32)
    row = searched(target, method, iterations=2).rows[2]
    assert row.objective == row.replay_objective
    assert row.feedback_objective == method._control.objective(method._path())
    assert row.feedback_objective != row.replay_objective
    assert row.feedback_objective == pytest.approx(row.replay_objective, rel=1e-5)


def test_a_stopped_search_goes_on_to_the_same_bits(tmp_path):
    check_resumes_bit_for_bit(objective(), DynamicProgramming, tmp_path)


def test_where_the_desired_loss_has_a_minimum_the_search_steers_to_it_and_not_beyond():
    """Many desired examples in few dimensions cannot all be right."""
    data = {"dimension": 2, "desired_examples": 200, "desired_mean": 0.0}
    target = objective(**data)
    signs = torch.from_numpy(np.random.default_rng(0).choice([-1.0, 1.0], 200))
    target.problem._references["desired"] *= signs
    search, other = searched(target, make({})), searched(target, MirrorDescent(), iterations=40)
    assert min(row.objective for row in search.rows) < 1.01 * min(row.objective for row in other.rows)
