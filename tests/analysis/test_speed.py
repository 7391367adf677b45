import math

import numpy as np
import pytest

from lawpipe.analysis.speed import global_speed


def test_the_fall_is_divided_by_the_learning_rate():
    np.testing.assert_allclose(global_speed([1.0, 0.8, 0.9], [0.1, 0.5]), [2.0, -0.2])


def test_without_a_step_there_is_no_speed():
    found = global_speed([1.0, 1.0, 0.5], [0.0, 1.0])
    assert math.isnan(found[0])
    assert found[1] == 0.5


def test_it_is_the_weighted_mean_contribution_to_first_order():
    # Two examples with losses (theta - a)^2 / 2, and a desired loss theta^2 / 2.
    theta, targets, weights, rate = 2.0, np.array([0.5, -1.0]), np.array([0.75, 0.25]), 1e-6
    mean_contribution = weights @ (theta - targets) * theta
    after = theta - rate * weights @ (theta - targets)
    found = global_speed([theta**2 / 2, after**2 / 2], [rate])
    assert found[0] == pytest.approx(mean_contribution, rel=1e-5)


def test_lengths_must_fit():
    with pytest.raises(ValueError, match="2 learning rates need 3 losses"):
        global_speed([1.0, 0.5], [0.1, 0.1])
