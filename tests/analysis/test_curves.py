import math

import numpy as np

from lawpipe.analysis import curves


def test_rows_become_one_curve_per_policy_in_order_of_steps():
    by_policy = curves.split(["b", "b", "a", "a", "b"], [1, 0, 0, 1, 2], [0.5, 0.7, 3.0, math.nan, 0.4])
    assert list(by_policy) == ["b", "a"]
    np.testing.assert_array_equal(by_policy["b"], [0.7, 0.5, 0.4])
    np.testing.assert_array_equal(by_policy["a"], [3.0, math.nan])


def test_names_that_begin_alike_stay_apart():
    by_policy = curves.split(["search_1", "search_10"], [0, 0], [1.0, 2.0])
    assert by_policy["search_1"].tolist() == [1.0]
    assert by_policy["search_10"].tolist() == [2.0]


def test_only_finite_numbers_are_kept():
    assert curves.finite_or_none(np.float64(1.5)) == 1.5
    assert type(curves.finite_or_none(np.float64(1.5))) is float
    assert [curves.finite_or_none(value) for value in (math.nan, math.inf, -math.inf)] == [None] * 3
