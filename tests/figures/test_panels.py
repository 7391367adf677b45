import numpy as np
import pytest
from matplotlib.figure import Figure

from lawpipe.analysis.intervals import mean_interval
from lawpipe.figures import panels


@pytest.mark.parametrize("logarithmic", [False, True])
def test_a_band_is_the_interval_of_each_column(logarithmic: bool) -> None:
    samples = np.random.default_rng(0).lognormal(size=(5, 4))
    samples[2, 1] = np.nan
    mean, low, high = panels.band(samples, log=logarithmic)
    for column in range(4):
        expected = mean_interval(samples[:, column], logarithmic=logarithmic)
        band = (mean[column], low[column], high[column])
        assert band == pytest.approx((expected.mean, expected.low, expected.high))


def test_two_values_have_a_mean_and_no_band() -> None:
    mean, low, _ = panels.band(np.array([[1.0, 1.0], [3.0, np.nan], [np.nan, np.nan]]))
    assert mean == pytest.approx([2, 1])
    assert np.isnan(low).all()


def test_values_without_a_logarithm_are_missing() -> None:
    assert panels.band(np.array([[4.0], [-1.0], [0.0]]), log=True)[0] == pytest.approx([4])
    assert np.isnan(panels.band(np.array([[-4.0]]), log=True)[0]).all()


@pytest.mark.parametrize("logarithmic", [False, True])
@pytest.mark.parametrize("length", [0, 1, 500, 501, 2001, 123_456])
def test_thinning_keeps_both_ends_and_at_most_500_points(length: int, logarithmic: bool) -> None:
    rows = panels.thinned(length, log=logarithmic)
    assert len(rows) == min(length, 500) or (logarithmic and len(rows) < 500)
    if length:
        assert (rows[0], rows[-1]) == (0, length - 1)
        assert (np.diff(rows) > 0).all()


def test_three_seeds_make_a_band_and_two_make_lines() -> None:
    axes = Figure().subplots()
    panels.draw_over_seeds(axes, np.arange(3), np.ones((3, 3)), "red", "three")
    assert (len(axes.lines), len(axes.collections)) == (1, 1)
    axes = Figure().subplots()
    panels.draw_over_seeds(axes, np.arange(3), np.ones((2, 3)), "red", "two")
    assert (len(axes.lines), len(axes.collections)) == (2, 0)
    assert [line.get_label() for line in axes.lines].count("two") == 1
