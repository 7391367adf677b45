import math

import numpy as np
import pytest

from lawpipe.analysis.similarity import global_speed, similarity


def test_the_mean_is_weighted_and_the_deviation_is_not():
    result = similarity([[0.75, 0.25, 0.0]], [[1.0, 5.0, 1000.0]])
    # The mean is 0.75 + 1.25 = 2; the deviations are -1 and 3, so the std is sqrt((1 + 9) / 1).
    assert result.mean[0] == pytest.approx(2.0)
    assert result.std[0] == pytest.approx(math.sqrt(10))
    assert result.similarity[0] == pytest.approx(2 / math.sqrt(10))
    assert result.active[0] == 2


def test_the_similarity_is_of_each_step_alone():
    weights = np.array([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.25, 0.25, 0.5], [0.5, 0.5, 0.0]])
    contributions = np.array([[1.0, 3.0, 9.0], [1.0, 3.0, 9.0], [4.0, 4.0, 4.0], [-1.0, -3.0, 9.0]])
    result = similarity(weights, contributions)
    np.testing.assert_allclose(result.mean, [2.0, 3.0, 4.0, -2.0])
    # One active example has no deviation; equal contributions have a deviation of 0 and no similarity.
    np.testing.assert_allclose(result.std, [math.sqrt(2), math.nan, 0.0, math.sqrt(2)])
    np.testing.assert_allclose(result.similarity, [math.sqrt(2), math.nan, math.nan, -math.sqrt(2)])
    assert result.active.tolist() == [2, 1, 3, 2]
    assert result.active.dtype == np.int32


def test_tiny_weights_are_active():
    result = similarity([[1.0, 1e-30]], [[1.0, 2.0]])
    assert result.active[0] == 2
    assert result.std[0] == pytest.approx(1.0)


def test_inactive_contributions_are_not_looked_at():
    result = similarity([[0.5, 0.5, 0.0]], [[1.0, 2.0, math.nan]])
    assert result.mean[0] == 1.5


def test_a_contribution_that_is_not_finite_leaves_no_value():
    result = similarity([[0.5, 0.5], [0.5, 0.5]], [[1.0, math.inf], [1.0, 2.0]])
    assert not np.isfinite(result.similarity[0])
    assert result.similarity[1] == pytest.approx(1.5 / math.sqrt(0.5))


def test_float32_is_summed_in_float64():
    count = 4096
    weights = np.full((1, count), 1 / count, dtype=np.float32)
    contributions = np.full((1, count), 1e4, dtype=np.float32)
    contributions[0, ::2] += 0.0625
    result = similarity(weights, contributions)
    assert result.mean[0] == pytest.approx(1e4 + 0.03125, rel=1e-14)
    assert result.std[0] == pytest.approx(0.03125 * math.sqrt(count / (count - 1)), rel=1e-9)


def test_the_fall_is_divided_by_the_learning_rate():
    np.testing.assert_allclose(global_speed([1.0, 0.8, 0.9], [0.1, 0.5]), [2.0, -0.2])


def test_without_a_step_there_is_no_speed():
    speed = global_speed([1.0, 1.0, 0.5], [0.0, 1.0])
    assert math.isnan(speed[0])
    assert speed[1] == 0.5


def test_the_speed_is_the_weighted_mean_contribution_to_first_order():
    # Two examples with losses (theta - a)^2 / 2, and a desired loss theta^2 / 2.
    theta, targets, weights, rate = 2.0, np.array([0.5, -1.0]), np.array([0.75, 0.25]), 1e-6
    mean_contribution = weights @ (theta - targets) * theta
    after = theta - rate * weights @ (theta - targets)
    speed = global_speed([theta**2 / 2, after**2 / 2], [rate])
    assert speed[0] == pytest.approx(mean_contribution, rel=1e-5)


def test_lengths_of_losses_and_rates_must_fit():
    with pytest.raises(ValueError, match="2 learning rates need 3 losses"):
        global_speed([1.0, 0.5], [0.1, 0.1])
