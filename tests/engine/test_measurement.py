"""What is measured of a policy."""

import numpy as np
import pytest

from lawpipe.engine import adjoint, trajectory
from lawpipe.engine.measurement import measure, measured_steps
from tests.small_problems import measure_one, perceptron, random_weights, start


@pytest.mark.parametrize(
    ("steps", "count", "expected"),
    [(5, 100, [0, 1, 2, 3, 4]), (1, 100, [0]), (101, 3, [0, 50, 100]), (2000, 1, [0])],
)
def test_measured_steps_are_evenly_spaced(steps, count, expected):
    assert measured_steps(steps, count).tolist() == expected


def test_never_more_steps_than_asked_for():
    assert len(measured_steps(2000, 100)) == 100
    assert measured_steps(2000, 100)[-1] == 1999


def test_contributions_equal_their_definitions():
    problem = perceptron()
    run = trajectory.train(problem, start(problem), random_weights(20, problem.examples), [0.2] * 20)
    measured = measure_one(run, [0, 7, 19])
    gradient = adjoint.gradient(run, "test")
    np.testing.assert_allclose(measured.contributions["test", "adjoint"], gradient[[0, 7, 19]] / -0.2, rtol=1e-10)
    direction = problem.reference_gradients("desired", run.stored[[7]])[0]
    np.testing.assert_allclose(
        measured.contributions["desired", "instantaneous"][1],
        problem.contributions(run.stored[7], direction),
        rtol=1e-12,
    )
    assert measured.gap == pytest.approx(adjoint.gap(run.weights, adjoint.gradient(run)), rel=1e-10)
    np.testing.assert_allclose(measured.losses[2], problem.losses(run.stored[19]), rtol=1e-14)


def test_the_weighted_mean_contribution_is_the_speed_of_the_loss():
    # Local speed = global speed holds to first order in the learning rate.
    problem = perceptron()
    weights = random_weights(10, problem.examples)
    run = trajectory.train(problem, start(problem), weights, [1e-6] * 10)
    measured = measure_one(run, [4])
    local = float((weights[4].numpy() * measured.contributions["desired", "instantaneous"][0]).sum())
    curve = measured.curves["desired"]
    assert (curve[4] - curve[5]) / 1e-6 == pytest.approx(local, rel=1e-4)


def test_a_backward_pass_that_is_not_asked_for_is_left_out():
    problem = perceptron()
    runs = [
        trajectory.train(problem, start(problem), random_weights(10, problem.examples, seed=seed), [0.2] * 10)
        for seed in (0, 1)
    ]
    for run, measured in zip(runs, measure(runs, [0, 9], norms=[False] * 2, adjoints_of=["desired"]), strict=True):
        everything = measure_one(run, [0, 9], norms=False)
        assert everything.contributions.keys() - measured.contributions.keys() == {("test", "adjoint")}
        assert measured.gap == pytest.approx(everything.gap, rel=1e-10)
        for key, values in measured.contributions.items():
            np.testing.assert_allclose(values, everything.contributions[key], rtol=1e-10)
