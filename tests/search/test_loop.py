"""The search loop: its log, its certificate, its stops, its snapshots and resuming."""

import math

import pytest
import torch

from lawpipe.engine import adjoint, trajectory
from lawpipe.search.accelerated_gradient import AcceleratedGradient
from lawpipe.search.checkpoint import Checkpoint
from lawpipe.search.feedback_descent import FeedbackDescent
from lawpipe.search.loop import Search
from lawpipe.search.method import Step
from lawpipe.search.mirror_descent import MirrorDescent
from lawpipe.search.objective import FORWARD_COST, Objective
from lawpipe.search.projected_gradient import ProjectedGradient
from tests.small_problems import perceptron, start

STEPS = 20


def make(method=None, dtype=torch.float64, learning_rate=0.3, **options):
    problem = perceptron(dtype, validation=options.get("validated", False))
    objective = Objective(problem, start(problem), [learning_rate] * STEPS)
    return Search(objective, method or MirrorDescent(), **({"iterations": 8} | options))


def test_rows_describe_the_policy_of_their_iteration():
    taken = {}
    search = make(
        snapshots=(1, 5, 8), on_snapshot=lambda iteration, weights: taken.update({iteration: weights.clone()})
    )
    search.run()
    assert [row.iteration for row in search.rows] == list(range(9))
    for iteration, weights in taken.items():
        row = search.rows[iteration]
        run = trajectory.train(search.objective.problem, search.objective.theta0, weights, [0.3] * STEPS)
        assert row.objective == pytest.approx(run.objective(), rel=1e-14)
        assert row.test_objective == pytest.approx(run.objective("test"), rel=1e-14)
        assert row.gap == pytest.approx(adjoint.gap(weights, adjoint.gradient(run)), rel=1e-10)
        assert row.active_fraction == float((weights > 0).double().mean())
        assert row.effective_examples == pytest.approx(float((1 / weights.square().sum(dim=1)).mean()))
    assert torch.equal(taken[8], search.best)


def test_cost_counts_gradients_and_rejected_runs():
    search = make()
    train, calls = search.objective.train, []

    def first_and_second_diverge(weights):
        calls.append(weights)
        run, value = train(weights)
        return run, math.inf if len(calls) in (1, 2) else value

    object.__setattr__(search.objective, "train", first_and_second_diverge)
    search.run()
    first, second = search.rows[:2]
    assert (first.evaluations, first.forward_evaluations, first.cost) == (0, 0, 0)
    assert (first.step_size, first.accepted, first.validation_objective) == (None, True, None)
    assert second.evaluations == 1
    assert second.forward_evaluations == 2
    assert second.cost == 1 + 2 * FORWARD_COST
    assert [row.evaluations for row in search.rows] == list(range(9))


def test_the_best_policy_is_kept_when_the_method_goes_on_to_a_worse_one():
    search = make(ProjectedGradient(rate=300.0, decay="constant", iterations=8))
    search.run()
    values = [row.objective for row in search.rows]
    assert min(values) < values[-1]
    run = trajectory.train(search.objective.problem, search.objective.theta0, search.best, [0.3] * STEPS)
    assert run.objective() == pytest.approx(min(values), rel=1e-14)


def test_stops_in_the_iteration_that_reaches_its_cost():
    whole, short = make(), make(most_cost=4)
    whole.run()
    short.run()
    # The gradient at the last policy is paid for as well, by nobody's row.
    reached = next(iteration for iteration, row in enumerate(whole.rows) if row.cost + 1 >= 4)
    assert short.rows == whole.rows[: reached + 1]
    assert short.reason == f"it has cost {whole.rows[reached].cost + 1:.3g} gradient evaluations"


def test_stops_at_the_gap_tolerance():
    search = make(gap_tolerance=0.5, iterations=50)
    search.run()
    last = search.rows[-1]
    assert last.gap <= 0.5 * last.objective
    assert all(row.gap > 0.5 * row.objective for row in search.rows[:-1])
    assert "gap is at most 0.5" in search.reason


class Stuck(MirrorDescent):
    """Finds no acceptable step from the third iteration on."""

    def step(self, point, objective, iteration):
        return Step(None, point.objective, 1e-9, 3) if iteration == 3 else super().step(point, objective, iteration)


def test_a_search_that_cannot_go_on_says_why_and_keeps_its_policy():
    taken = {}
    search = make(
        Stuck(),
        snapshots=(2, 3, 6),
        on_snapshot=lambda iteration, weights: taken.update({iteration: weights.clone()}),
    )
    search.run()
    assert "no acceptable step after 3 trials" in search.reason
    kept, refused = search.rows[-2:]
    assert (refused.iteration, refused.accepted) == (3, False)
    assert (refused.objective, refused.gap) == (kept.objective, kept.gap)
    assert "float64" not in search.reason
    in_float32 = make(Stuck(), torch.float32)
    in_float32.run()
    assert "it may be rounding, which training.precision float64 shows" in in_float32.reason
    assert refused.evaluations == 3
    assert refused.forward_evaluations == kept.forward_evaluations + 3
    assert sorted(taken) == [2, 3, 6]
    assert torch.equal(taken[2], taken[6])


def test_a_published_method_that_diverges_ends_the_search():
    method = ProjectedGradient(rate=1.0, decay="constant", iterations=8)
    search = make(method)
    train = search.objective.train

    def diverges(weights):
        run, value = train(weights)
        return run, value if len(search.rows) < 3 else math.nan

    object.__setattr__(search.objective, "train", diverges)
    search.run()
    assert len(search.rows) == 3
    assert "not finite" in search.reason


def test_a_search_raises_where_the_conventional_run_diverges():
    search = make()
    objective = search.objective

    def diverges(weights):
        return trajectory.train(objective.problem, objective.theta0, weights, [1e300] * STEPS)

    object.__setattr__(objective, "run", diverges)
    with pytest.raises(FloatingPointError, match="nats, at its start"):
        search.run()


class Killed(Exception):
    pass


METHODS = {
    "mirror": MirrorDescent,
    "accelerated": AcceleratedGradient,
    "feedback": FeedbackDescent,
    "paper": lambda: ProjectedGradient(rate=300.0, decay="linear", iterations=8),
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
@pytest.mark.parametrize("moment", [1, 2, 4, 7])
def test_a_killed_search_resumes_with_the_same_bits(tmp_path, method, moment):
    options = {"validated": True, "learning_rate": 1.0}
    whole = make(method(), torch.float32, **options)
    whole.run()

    def kill(row):
        if row.iteration == moment + 1:
            raise Killed

    with pytest.raises(Killed):
        make(method(), torch.float32, checkpoint=Checkpoint(tmp_path, interval=0), on_row=kill, **options).run()
    seen = []
    checkpoint = Checkpoint(tmp_path, interval=0)
    resumed = make(method(), torch.float32, checkpoint=checkpoint, on_row=seen.append, **options)
    resumed.run()
    assert [row.iteration for row in seen] == list(range(moment + 1, 9))
    assert resumed.rows == whole.rows
    assert torch.equal(resumed.best, whole.best)
    assert torch.equal(resumed.best_validated, whole.best_validated)


def test_the_policy_that_is_best_on_validation_is_kept():
    taken = {}
    search = make(
        ProjectedGradient(rate=300.0, decay="constant", iterations=8),
        validated=True,
        snapshots=tuple(range(9)),
        on_snapshot=lambda iteration, weights: taken.update({iteration: weights.clone()}),
    )
    search.run()
    best = min(search.rows, key=lambda row: row.validation_objective)
    assert best.iteration != min(search.rows, key=lambda row: row.objective).iteration
    assert torch.equal(search.best_validated, taken[best.iteration])
    run, _ = search.objective.train(search.best_validated)
    assert run.objective("validation") == pytest.approx(best.validation_objective, rel=1e-14)
    assert not torch.equal(search.best, search.best_validated)


def test_no_policy_is_kept_for_validation_where_there_is_none():
    search = make()
    search.run()
    assert search.best_validated is None


def test_what_decides_nothing_can_be_left_out_and_changes_no_policy():
    reported, quiet = make(FeedbackDescent()), make(FeedbackDescent())
    quiet.tested = False
    for search in (reported, quiet):
        search.run()
    assert torch.equal(quiet.best, reported.best)
    assert [row.objective for row in quiet.rows] == [row.objective for row in reported.rows]
    assert any(row.replay_objective is not None for row in reported.rows)
    assert all(row.test_objective is row.replay_objective is None for row in quiet.rows)
