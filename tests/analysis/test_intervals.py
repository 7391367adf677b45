import math

import pytest

from lawpipe.analysis.intervals import Interval, mean_interval


def test_the_interval_is_students():
    interval = mean_interval([1.0, 2.0, 3.0])
    # std 1, n 3, t(0.975, 2) = 4.302653.
    half = 4.302652729911275 / math.sqrt(3)
    assert interval.mean == pytest.approx(2.0)
    assert interval.low == pytest.approx(2 - half)
    assert interval.high == pytest.approx(2 + half)
    assert (interval.n, interval.n_reached) == (3, 3)


def test_on_a_log_scale_it_is_the_geometric_mean():
    interval = mean_interval([2.0, 4.0, 8.0], logarithmic=True)
    # The logarithms ln 4 and ln 4 -+ ln 2 have std ln 2, divided by sqrt(3); t(0.975, 2) = 4.302653.
    assert interval.mean == pytest.approx(4.0)
    assert interval.low == pytest.approx(4 / 2 ** (4.302652729911275 / math.sqrt(3)))
    assert interval.high == pytest.approx(4 * 2 ** (4.302652729911275 / math.sqrt(3)))


def test_missing_values_are_counted_and_left_out():
    interval = mean_interval([1.0, None, 3.0, math.nan, math.inf])
    assert interval.mean == 2.0
    assert (interval.n, interval.n_reached) == (5, 2)


def test_fewer_than_three_values_have_no_bounds():
    assert mean_interval([None, 5.0]) == Interval(5.0, None, None, 2, 1)
    assert mean_interval([4.0, 5.0]) == Interval(4.5, None, None, 2, 2)
    assert mean_interval([4.0, 9.0], logarithmic=True).mean == pytest.approx(6.0)


def test_without_values_there_is_no_interval():
    assert mean_interval([None, None]) == Interval(None, None, None, 2, 0)
    assert mean_interval([]) == Interval(None, None, None, 0, 0)


def test_equal_values_have_no_width():
    interval = mean_interval([0.5, 0.5, 0.5])
    assert (interval.low, interval.mean, interval.high) == (0.5, 0.5, 0.5)


def test_a_log_scale_needs_values_above_zero():
    with pytest.raises(ValueError, match="above 0, found -1"):
        mean_interval([1.0, -1.0], logarithmic=True)


def test_an_interval_is_scaled_and_its_ends_are_clipped() -> None:
    interval = Interval(0.5, -0.1, 1.2, 3, 3)
    assert interval.scaled(-1, offset=1) == Interval(0.5, 1 - 1.2, 1.1, 3, 3)
    assert interval.clipped(0, 1) == Interval(0.5, 0, 1, 3, 3)
    assert Interval.stored(0.5, math.nan, None) == Interval(0.5, None, None, 1, 1)
    assert math.isnan(Interval(None, None, None, 2, 0).scaled(2).mean_or_nan)


def test_the_end_of_a_geometric_interval_that_no_number_reaches_is_infinite() -> None:
    interval = mean_interval([1e-300, 1.0, 1e300], logarithmic=True)
    assert (interval.low, interval.mean, interval.high) == (0, pytest.approx(1), math.inf)
