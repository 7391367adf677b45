import math

import numpy as np
import pytest

from lawpipe.analysis import summary


def test_of_curve():
    found = summary.of_curve([1.0, 0.3, 0.1], 2)
    assert found == {"objective": pytest.approx(0.2), "compression_ratio": pytest.approx(math.log(2) / 0.2)}
    assert summary.of_curve([1.0, math.inf, 0.1], 2) == {"objective": None, "compression_ratio": None}


def test_of_comparison():
    conventional = np.array([1.0, 0.6, 0.4, 0.3, 0.2])
    policy = np.array([1.0, 0.2, 0.1, 0.1, 0.1])
    found = summary.of_comparison(policy, conventional, (10.0, 0.5), (30.0, 0.5))
    assert found == {"acceleration": 4.0, "acceleration_to_best": 4.0, "acceleration_fit": pytest.approx(3.0)}


@pytest.mark.parametrize("laws", [((None, None), (30.0, 0.5)), ((10.0, 0.5), (None, None))])
def test_no_acceleration_from_a_missing_fit(laws):
    curve = np.array([1.0, 0.5])
    assert summary.of_comparison(curve, curve, *laws)["acceleration_fit"] is None


def test_of_steps():
    assert summary.of_steps([1.0, None, 3.0]) == (2.0, 2)
    assert summary.of_steps([None]) == (None, 0)
    assert summary.of_steps([]) == (None, 0)
