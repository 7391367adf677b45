"""Whether unseen examples follow a search, on searches with a known answer."""

import math

import pytest

from lawpipe.analysis.overfitting import further_unseen


def test_the_second_half_of_the_gain_counts():
    # Half of the gain, from 1 to 0.6, is reached at 0.8; then unseen falls by 0.05 while desired falls by 0.2.
    assert further_unseen([1, 0.9, 0.8, 0.6], [2.0, 5.0, 1.0, 0.95]) == pytest.approx(0.25)


def test_a_rise_on_unseen_examples_is_below_zero():
    assert further_unseen([1, 0.7, 0.5, 0.4], [1, 0.8, 0.9, 1.0]) == pytest.approx(-0.2 / 0.3)


def test_policies_after_the_best_do_not_count():
    assert further_unseen([1, 0.8, 0.6, 0.9], [1, 0.9, 0.8, 7.0]) == pytest.approx(0.5)


@pytest.mark.parametrize(("desired", "unseen"), [([1, 0.5], [1, 0.9]), ([1.0], [1.0]), ([1, 1.5], [1, 0.5])])
def test_a_gain_in_one_step_or_none_has_no_second_half(desired, unseen):
    assert math.isnan(further_unseen(desired, unseen))
