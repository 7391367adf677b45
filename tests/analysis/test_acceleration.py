import math

import pytest

from lawpipe.analysis.acceleration import acceleration, acceleration_from_fits
from tests.analysis.toy_curves import power_law

CONVENTIONAL = [1.0, 0.8, 0.6, 0.5, 0.4]


def test_steps_are_counted_to_the_first_at_or_below_the_end():
    assert acceleration([1.0, 0.7, 0.4, 0.3, 0.2], CONVENTIONAL) == 4 / 2
    assert acceleration(CONVENTIONAL, CONVENTIONAL) == 1.0
    assert acceleration([1.0, 0.9, 0.9, 0.9, 0.41], CONVENTIONAL) is None


def test_the_start_does_not_count():
    assert acceleration([0.1, 0.9, 0.3, 0.2, 0.2], CONVENTIONAL) == 4 / 2


def test_against_the_minimum_of_a_conventional_curve_that_turns_up():
    conventional = [1.0, 0.5, 0.3, 0.4, 0.9]
    policy = [1.0, 0.9, 0.31, 0.3, 0.2]
    assert acceleration(policy, conventional) == 4 / 1
    assert acceleration(policy, conventional, to_best=True) == 4 / 3
    assert acceleration(conventional, conventional) == 4 / 1
    assert acceleration(conventional, conventional, to_best=True) == 4 / 2


def test_curves_that_break_off():
    assert acceleration([1.0, 0.5, math.nan, math.nan, math.nan], CONVENTIONAL) is None
    assert acceleration([1.0, math.inf, 0.4, math.nan, math.nan], CONVENTIONAL) == 4 / 2
    for end in (math.nan, math.inf):
        broken = [1.0, 0.8, 0.6, 0.5, end]
        assert acceleration(CONVENTIONAL, broken) is None
        assert acceleration(CONVENTIONAL, broken, to_best=True) == 4 / 3
    assert acceleration(CONVENTIONAL, [math.nan] * 5, to_best=True) is None


def test_the_acceleration_implied_by_the_published_fits():
    # From the published relative changes at T = 4000 (93.7 % in B, 18.7 % in beta): 2.69.
    scale, exponent = 3.16e8, 0.12
    ratio = acceleration_from_fits(scale, exponent, scale * (1 - 0.937), exponent * 1.187, 4000)
    assert ratio == pytest.approx(2.69, abs=0.01)
    # The policy's law takes the conventional one's final value at step T / ratio.
    ours = power_law([4000 / ratio], 0.0, scale * (1 - 0.937), exponent * 1.187)[0]
    assert ours == pytest.approx(power_law([4000], 0.0, scale, exponent)[0])


def test_equal_exponents_leave_the_ratio_of_scales():
    assert acceleration_from_fits(30.0, 0.5, 10.0, 0.5, 2000) == pytest.approx(3.0)


@pytest.mark.parametrize("law", [(0.0, 0.5), (10.0, 0.0), (math.nan, 0.5), (10.0, 1e-6), (None, None)])
def test_degenerate_fits_imply_no_acceleration(law):
    assert acceleration_from_fits(1e9, 0.5, *law, 2000) is None


def test_no_acceleration_without_the_conventional_fit():
    assert acceleration_from_fits(None, None, 10.0, 0.5, 2000) is None
