"""Steered descent: J falls, the policies that it takes hold, a stopped search goes on to the same bits."""

import math
from itertools import pairwise

import torch

from lawpipe.analysis import replay
from lawpipe.engine import stability
from lawpipe.search.loop import Search
from lawpipe.search.objective import Objective
from lawpipe.search.steered_descent import SETTLED, Holding, SteeredDescent, make
from tests.search.resuming import check_resumes_bit_for_bit
from tests.small_problems import perceptron, random_weights, start

STEPS = 60


def objective(learning_rate=0.3):
    problem = perceptron(torch.float32, train_examples=80, desired_examples=40)
    return Objective(problem, start(problem), [learning_rate] * STEPS)


def test_it_lowers_the_objective_with_policies_that_hold():
    target = objective()
    search = Search(target, make({}), iterations=12)
    search.run()
    values = [row.objective for row in search.rows if row.accepted]
    assert len(values) > 4
    assert all(after < before for before, after in pairwise(values))
    assert values[-1] < 0.9 * values[0]
    run, value = target.train(search.best)
    uniform, _ = target.train(torch.full_like(search.best, 1 / search.best.shape[1]))
    assert bool((run.curve("desired") <= uniform.curve("desired"))[SETTLED:].all())
    assert replay.agrees(target.train(stability.moved(search.best, 5))[1] / value - 1)


def test_a_stopped_search_goes_on_to_the_same_bits(tmp_path):
    check_resumes_bit_for_bit(objective(), SteeredDescent, tmp_path)


def test_a_policy_whose_curve_is_above_the_limit_is_refused_and_one_that_need_not_be_looked_at_is_not():
    target = objective()
    weights = random_weights(STEPS, target.problem.examples, torch.float32)
    run, value = target.train(weights)
    whole = (target.problem, target.theta0, target.learning_rates)
    losses = torch.from_numpy(run.curve("desired"))
    above, below = losses - 1e-3, losses + 1e-3
    assert Holding(*whole, ceiling=math.inf, limit=below).train(weights)[1] == value
    assert Holding(*whole, ceiling=math.inf, limit=above).train(weights)[1] == math.inf
    assert Holding(*whole, ceiling=value / 2, limit=above).train(weights)[1] == value


def test_a_policy_that_does_not_give_its_run_again_is_refused(monkeypatch):
    target = objective()
    weights = random_weights(STEPS, target.problem.examples, torch.float32)
    other = torch.nn.functional.one_hot(torch.zeros(STEPS, dtype=torch.int64), target.problem.examples).float()
    monkeypatch.setattr(stability, "moved", lambda policy, seed: other)
    limit = torch.full((STEPS + 1,), math.inf, dtype=torch.float64)
    holding = Holding(target.problem, target.theta0, target.learning_rates, math.inf, limit)
    assert not replay.agrees(target.train(other)[1] / target.train(weights)[1] - 1)
    assert holding.train(weights)[1] == math.inf


def test_where_no_steered_run_holds_the_search_descends_all_the_same():
    target = objective(learning_rate=40.0)
    search = Search(target, make({}), iterations=3)
    search.run()
    assert search.rows[-1].accepted
    assert search.rows[-1].objective < search.rows[0].objective
