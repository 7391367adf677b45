import numpy as np
import pytest
from matplotlib.figure import Figure

from lawpipe.analysis.intervals import mean_interval
from lawpipe.figures import layout, panels
from lawpipe.figures.style import Look, look
from lawpipe.policies.catalogue import POLICIES


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
    panels.draw_over_seeds(axes, np.arange(3), np.ones((3, 3)), Look("red"), "three")
    assert (len(axes.lines), len(axes.collections)) == (1, 1)
    axes = Figure().subplots()
    panels.draw_over_seeds(axes, np.arange(3), np.ones((2, 3)), Look("red"), "two")
    assert (len(axes.lines), len(axes.collections)) == (2, 0)
    assert [line.get_label() for line in axes.lines].count("two") == 1


def test_a_band_ends_where_the_possible_values_do() -> None:
    axes = Figure().subplots()
    panels.draw_over_seeds(
        axes, np.arange(2), np.array([[99.0, 2], [90, 1], [100, 0]]), Look("red"), None, possible=(0, 100)
    )
    ends = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (ends.min(), ends.max()) == (0, 100)


def test_the_bulk_leaves_out_what_is_far_out_and_nothing_else() -> None:
    values = [1.0, 2.0, 3.0, 4.0, np.nan, np.inf]
    low, high = panels.bulk(values) or (np.nan, np.nan)
    assert low < 1 < 4 < high < 5
    assert panels.bulk([*values, 1e9]) == pytest.approx((low, high))
    low, high = panels.bulk([0.0, -1.0, 1e-109, 1.0, 2.0, 3.0, 4.0, 1e89], log=True) or (np.nan, np.nan)
    assert 0.5 < low < 1 < 4 < high < 6
    assert panels.bulk([np.nan, -1.0], log=True) is None


def test_a_mean_beyond_the_axis_is_an_arrow_with_its_number() -> None:
    axes = Figure().subplots()
    panels.draw_mean(axes, mean_interval([668.0]), 0, Look("red"), ends=(-60, 200))
    assert (axes.lines[0].get_marker(), [text.get_text() for text in axes.texts]) == (">", ["668"])
    assert -60 < axes.lines[0].get_xdata()[0] < 200


def test_spans_have_the_means_of_their_pairs() -> None:
    x, y = panels.binned(np.array([0.0, 1, 9, 10, np.nan]), np.array([1.0, 3, 5, np.nan, 7]), 2)
    assert (x.tolist(), y.tolist()) == ([0.5, 9], [2, 5])


def test_a_policy_looks_the_same_everywhere_and_like_no_other_variant() -> None:
    assert look("greedy_tuned").colour == look("greedy").colour
    assert look("greedy_tuned") != look("greedy")
    assert look("near_optimal_matched").colour == look("near_optimal").colour
    assert look("conventional_tuned").colour != look("conventional").colour
    assert look("a_policy_of_ones_own_tuned").colour == look("a_policy_of_ones_own").colour
    assert len({look(policy)[:2] for policy in POLICIES}) == len(POLICIES)


def test_lines_are_as_long_as_fits() -> None:
    text = "a sentence of some words that does not fit into two inches"
    lines = layout.wrapped(text, 2)
    assert len(lines) > 1
    assert " ".join(lines) == text
    assert layout.wrapped("short", 2) == ["short"]


def test_labels_of_shared_axes_stand_once_and_not_at_an_empty_panel() -> None:
    (first, second), (third, fourth) = grid = Figure().subplots(2, 2, sharex="col", sharey="row")
    for axes in grid.flat:
        axes.set_ylabel("height")
    for axes in (third, fourth):
        axes.set_xlabel("length")
    panels.say_empty(third, "nothing here")
    layout.label_once(grid)
    assert [axes.get_ylabel() for axes in (first, second, fourth)] == ["height", "", "height"]
    assert [axes.get_xlabel() for axes in (first, second, fourth)] == ["length", "", "length"]
