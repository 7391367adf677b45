"""The Newton search: to first-order stationarity, without ever raising J."""

import math
from itertools import pairwise

import pytest
import torch

from lawpipe.engine import adjoint, trajectory
from lawpipe.run.errors import InputError
from lawpipe.search.checkpoint import Checkpoint
from lawpipe.search.loop import Search
from lawpipe.search.newton import Face, Newton, hessian_product, make
from lawpipe.search.objective import FORWARD_COST, Objective
from tests.small_problems import objective_by_autograd, perceptron, random_weights, start

STEPS = 20


def objective(learning_rate=0.3, **data):
    problem = perceptron(**data)
    return Objective(problem, start(problem), [learning_rate] * STEPS)


def point_at(target, weights):
    return target.differentiate(*target.train(weights))


@pytest.mark.parametrize("data", [{"seed": 0}, {"seed": 1, "dimension": 8, "flip_fraction": 0.2}], ids=str)
def test_reaches_a_stationary_point(data):
    search = Search(objective(**data), make({"method": "newton"}), iterations=500, gap_tolerance=1e-9)
    search.run()
    last = search.rows[-1]
    assert last.gap <= 1e-9 * last.objective
    assert all(after.objective < before.objective for before, after in pairwise(search.rows))
    # The certificate again, from the definition: with the objective's own gradient by automatic differentiation.
    problem = search.objective.problem
    value, gradient = objective_by_autograd(
        problem._train, problem._references["desired"], search.objective.theta0, search.best, [0.3] * STEPS
    )
    assert value == pytest.approx(last.objective, rel=1e-13)
    gap = (search.best * (gradient - gradient.amin(dim=1, keepdim=True))).sum()
    assert float(gap) <= 2e-9 * value
    # Some steps weigh two examples or more, and weights that are not used are exact zeros.
    active = (search.best > 0).sum(dim=1)
    assert int((active >= 2).sum()) > 0
    assert int(active.max()) <= problem.parameters + 1
    torch.testing.assert_close(search.best.sum(dim=1), torch.ones(STEPS, dtype=torch.float64), rtol=0, atol=1e-14)


def test_hessian_product_is_that_of_the_objective():
    target = objective()
    point = point_at(target, random_weights(STEPS, target.problem.examples))
    direction = torch.randn(point.weights.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    product = hessian_product(point, target, direction)
    width = 1e-4 / float(direction.abs().max())
    ends = [
        adjoint.gradient(
            trajectory.train(
                target.problem, target.theta0, point.weights + sign * width * direction, target.learning_rates
            )
        )
        for sign in (1, -1)
    ]
    expected = (ends[0] - ends[1]) / (2 * width)
    assert float((product - expected).norm() / expected.norm()) < 1e-5


def test_a_face_holds_zeros_that_would_fall_and_keeps_sums():
    target = objective()
    weights = random_weights(STEPS, target.problem.examples)
    point = point_at(target, weights)
    face = Face.of(point)
    mean = (weights * point.gradient).sum(dim=1, keepdim=True)
    assert torch.equal(~face.free, (weights <= 1e-3) & (point.gradient > mean))
    moved = face.along(point.gradient)
    assert bool((moved[~face.free] == 0).all())
    torch.testing.assert_close(moved.sum(dim=1), torch.zeros(STEPS, dtype=torch.float64), rtol=0, atol=1e-15)
    torch.testing.assert_close(face.along(moved), moved, rtol=0, atol=1e-15)
    held = face.project(weights + 0.1)[~face.free]
    assert bool((held == 0).all())


def test_a_row_whose_slopes_are_all_equal_does_no_harm():
    target = objective()
    point = point_at(target, random_weights(STEPS, target.problem.examples))
    point.gradient[-1] = 0.0
    direction, _ = Newton().direction(point, target, Face.of(point))
    assert bool(direction.isfinite().all())


def test_the_direction_leads_down_and_stays_within_the_radius():
    target = objective()
    point = point_at(target, random_weights(STEPS, target.problem.examples))
    face = Face.of(point)
    method = Newton()
    method.restore({"_radius": 1e-6})
    direction, products = method.direction(point, target, face)
    assert products == 1
    assert math.sqrt(face.inner(direction, direction)) == pytest.approx(1e-6, rel=1e-9)
    assert float((direction * point.gradient).sum()) < 0


def test_a_run_that_diverges_is_rejected_and_products_are_counted(monkeypatch):
    search = Search(objective(), Newton(), iterations=2)
    step = Newton.step
    results = []

    def diverging_at_first(self, point, target, iteration):
        train, tries = Objective.train, []

        def diverges(self, weights):
            run, value = train(self, weights)
            # Products move a policy by a millionth: trials move it more.
            trial = float((weights - point.weights).abs().max()) > 1e-5
            tries.extend([0] * trial)
            return run, math.nan if trial and len(tries) <= 2 else value

        with monkeypatch.context() as patch:
            patch.setattr(Objective, "train", diverges)
            results.append(step(self, point, target, iteration))
        return results[-1]

    monkeypatch.setattr(Newton, "step", diverging_at_first)
    search.run()
    assert [result.rejected >= 2 for result in results] == [True, True]
    assert all(result.passes >= 1 for result in results)
    spent = sum(result.passes + FORWARD_COST * result.rejected for result in results)
    assert search.rows[-1].cost == pytest.approx(search.rows[-1].evaluations + spent)
    assert search.rows[-1].evaluations == 2


def test_gives_up_where_nothing_is_better(monkeypatch):
    target = objective()
    point = point_at(target, random_weights(STEPS, target.problem.examples))
    monkeypatch.setattr(Objective, "train", lambda self, weights: (point.trajectory, point.objective))
    step = Newton(attempts=3).step(point, target, 1)
    assert (step.trajectory, step.rejected, step.objective) == (None, 6, point.objective)


def test_needs_float64():
    with pytest.raises(InputError, match="float64"):
        Newton().start(torch.full((2, 3), 1 / 3))


class Killed(Exception):
    pass


@pytest.mark.parametrize("moment", [1, 9])
def test_a_killed_search_resumes_with_the_same_bits(tmp_path, moment):
    whole = Search(objective(), Newton(), iterations=15)
    whole.run()

    def kill(row):
        if row.iteration == moment + 1:
            raise Killed

    with pytest.raises(Killed):
        Search(objective(), Newton(), iterations=15, checkpoint=Checkpoint(tmp_path, interval=0), on_row=kill).run()
    resumed = Search(objective(), Newton(), iterations=15, checkpoint=Checkpoint(tmp_path, interval=0))
    resumed.run()
    assert resumed.rows == whole.rows
    assert torch.equal(resumed.best, whole.best)
