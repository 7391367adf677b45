import math

import pytest

from lawpipe.analysis.compression import compression_ratio, objective


def test_the_objective_is_the_mean_over_the_steps_after_the_start():
    assert objective([9.0, 0.5, 0.3, 0.1]) == pytest.approx(0.3)


@pytest.mark.parametrize("losses", [[1.0], [], [1.0, math.nan, 0.5], [1.0, math.inf]])
def test_no_objective_without_finite_steps(losses):
    assert math.isnan(objective(losses))


def test_the_objective_leaves_out_the_loss_before_training():
    assert objective([math.nan, 2.0, 4.0]) == 3.0


def test_the_ratio_counts_both_in_nats():
    assert compression_ratio(math.log(2), 2) == pytest.approx(1.0)
    assert compression_ratio(0.1, 2) == pytest.approx(6.931471805599453)
    assert compression_ratio(4.2, 5000) == pytest.approx(8.517193191416238 / 4.2)


@pytest.mark.parametrize("value", [0.0, math.nan])
def test_no_ratio_without_an_objective(value):
    assert math.isnan(compression_ratio(value, 2))
