import math

import numpy as np
import pytest

from lawpipe.analysis import power_curve
from lawpipe.analysis.power_curve import Law, Points


def points(steps, losses, centre=10.0):
    return Points(np.log(steps / centre), losses, math.log(centre))


def test_derivatives_agree_with_differences():
    sample = points(np.arange(1.0, 6.0), np.zeros(5))
    law, step = Law(0.3, 0.7), 1e-6
    derivatives = sample.derivatives(law)
    np.testing.assert_array_equal(derivatives[:, 0], 1.0)
    by_height = (sample.power(Law(0.3 + step, 0.7)) - sample.power(Law(0.3 - step, 0.7))) / (2 * step)
    by_exponent = (sample.power(Law(0.3, 0.7 + step)) - sample.power(Law(0.3, 0.7 - step))) / (2 * step)
    np.testing.assert_allclose(derivatives[:, 1:], np.column_stack([by_height, by_exponent]), rtol=1e-8, atol=1e-9)


def test_the_scale_is_where_the_power_is_one():
    sample = points(np.arange(1.0, 6.0), np.zeros(5))
    law = Law(height=0.5 * math.log(3.0), exponent=0.5)
    assert math.exp(sample.log_scale(law)) == pytest.approx(30.0)
    np.testing.assert_allclose(sample.power(law), (30.0 / np.arange(1.0, 6.0)) ** 0.5)


def test_gradients_of_exponent_and_scale_agree_with_differences():
    sample, step = points(np.arange(1.0, 6.0), np.zeros(5)), 1e-6
    gradients = Law(0.3, 0.7).gradients()
    np.testing.assert_array_equal(gradients[0], [0.0, 1.0])
    by_height = (sample.log_scale(Law(0.3 + step, 0.7)) - sample.log_scale(Law(0.3 - step, 0.7))) / (2 * step)
    by_exponent = (sample.log_scale(Law(0.3, 0.7 + step)) - sample.log_scale(Law(0.3, 0.7 - step))) / (2 * step)
    np.testing.assert_allclose(gradients[1], [by_height, by_exponent], rtol=1e-8)


def test_the_sweep_finds_the_law_at_the_true_floor_and_a_worse_one_elsewhere():
    steps = np.arange(1.0, 301.0)
    sample = points(steps, 0.3 + (30.0 / steps) ** 0.55)
    sweep = power_curve.fit_given_floor(sample, np.array([0.2, 0.3, 0.4]))
    law = sweep.law(sample, 1)
    assert law.exponent == pytest.approx(0.55, rel=1e-8)
    assert math.exp(sample.log_scale(law)) == pytest.approx(30.0, rel=1e-8)
    assert sweep.squares[1] == pytest.approx(0.0, abs=1e-15)
    assert min(sweep.squares[0], sweep.squares[2]) > 1e-3
    # Variances given L0 are those of the inverse of J' J, carried over to ln B.
    columns = sample.derivatives(law)[:, 1:]
    inverse = np.linalg.inv(columns.T @ columns)
    expected = [gradient @ inverse @ gradient for gradient in law.gradients()]
    np.testing.assert_allclose(sweep.variances[:, 1], expected, rtol=1e-6)


def test_joint_derivatives_put_each_curve_in_its_columns():
    sample = points(np.arange(1.0, 4.0), np.zeros(3))
    laws = [Law(0.1, 0.5), Law(0.2, 0.6)]
    first, second = power_curve.joint_derivatives([(sample, law) for law in laws])
    np.testing.assert_array_equal(first[:, :3], sample.derivatives(laws[0]))
    np.testing.assert_array_equal(first[:, 3:], 0.0)
    np.testing.assert_array_equal(second[:, [0, 3, 4]], sample.derivatives(laws[1]))
    np.testing.assert_array_equal(second[:, 1:3], 0.0)


def test_variable_projection_is_exact_on_its_grid():
    steps = np.arange(1.0, 301.0)
    exponent = float(np.geomspace(*power_curve.EXPONENTS, 120)[60])
    sample = points(steps, 0.3 + (5 / steps) ** exponent)
    height, best_exponent, squares = power_curve.project(sample, np.array([0.3, 10.0]))
    assert best_exponent[0] == exponent
    assert height[0] == pytest.approx(exponent * math.log(0.5), rel=1e-9)
    assert squares[0] == pytest.approx(0.0, abs=1e-12)
    # Above the curve there is no falling law.
    assert squares[1] == math.inf
