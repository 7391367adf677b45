"""The figure of the search methods."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lawpipe.studies import methods


def log(method, seed, costs, objectives):
    columns = {"iteration": range(len(costs)), "cost": costs, "objective": objectives}
    return pd.DataFrame(columns).assign(method=method, seed=seed)


@pytest.fixture
def axes():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def test_a_line_is_the_median_over_seeds_of_the_best_so_far(axes):
    rows = pd.concat(
        [
            log("mirror_descent", 0, [0, 1, 2.35], [2.0, 1.0, 1.2]),
            log("mirror_descent", 1, [0, 1.35, 3], [4.0, 3.0, 1.0]),
            log("mirror_descent", 2, [0, 2, 4], [1.0, 0.6, 0.1]),
            log("other", 0, [0, 1, 2], [2.0, 2.0, 2.0]),
            log("other", 1, [0, 1, 2], [2.0, 2.0, 2.0]),
            log("other", 2, [0, 1, 2], [2.0, 2.0, 2.0]),
        ]
    )
    methods.draw_problem(axes, rows)
    line, flat = axes.get_lines()
    assert line.get_label() == "mirror descent"
    assert line.get_xdata()[-1] == 2.35  # as far as every seed has got
    shares = dict(zip(line.get_xdata(), line.get_ydata(), strict=True))
    assert (shares[0], shares[1], shares[1.35], shares[2.35]) == (1, 1, 0.75, 0.6)
    assert np.all(flat.get_ydata() == 1)
    band = axes.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == 0.5
    assert "n = 3" in axes.get_ylabel()
    assert "cost" in axes.get_xlabel()


def test_methods_with_different_numbers_of_seeds_say_so(axes):
    rows = pd.concat(
        [log("a", 0, [0, 1], [1.0, 0.5]), log("a", 1, [0, 1], [1.0, 0.6]), log("b", 0, [0, 1], [1.0, 0.7])]
    )
    methods.draw_problem(axes, rows)
    assert [line.get_label() for line in axes.get_lines()] == ["a (n = 2)", "b (n = 1)"]
