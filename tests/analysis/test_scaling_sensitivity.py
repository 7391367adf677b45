from types import SimpleNamespace

import numpy as np
import pytest

from lawpipe.analysis.scaling_law import fit_with_floor
from lawpipe.analysis.scaling_sensitivity import FAR, sensitivity
from tests.analysis.toy_curves import PAPER, SHARING, TOY, curve, curves

VARIANTS = ["fitted", "loss_floor 0", "loss_floor 0.9", "first_step 0.05", "first_step 0.1", "first_step 0.25"]


def by_variant(losses):
    rows = [SimpleNamespace(**row) for row in sensitivity(losses, SHARING)]
    return {(row.variant, row.policy): row for row in rows}


def test_of_a_law_that_holds_the_first_step_makes_no_difference_and_the_floor_does():
    rows = by_variant(curves(2000, 0.3, TOY))
    assert list(rows) == [(variant, policy) for variant in VARIANTS for policy in SHARING]
    for variant in ("fitted", *VARIANTS[3:]):
        row = rows[variant, "near_optimal"]
        assert (row.loss_floor, row.scale, row.exponent) == pytest.approx((0.3, 8.0, 0.6), rel=1e-5)
        # The policy's law (8 / t)^0.6 is at (30 / T)^0.5 when t = 8 (T / 30)^(0.5 / 0.6).
        assert row.acceleration == pytest.approx(30 ** (0.5 / 0.6) / 8 * 2000 ** (1 - 0.5 / 0.6), rel=1e-4)
        assert row.acceleration_far == pytest.approx(30 ** (0.5 / 0.6) / 8 * FAR ** (1 - 0.5 / 0.6), rel=1e-4)
    assert [rows[variant, "conventional"].first_step for variant in VARIANTS[3:]] == [100, 200, 500]
    # Without a floor the curve seems to fall more slowly; with one just too high (0.303), a little faster.
    assert rows["loss_floor 0", "conventional"].exponent < 0.45
    assert rows["loss_floor 0", "conventional"].loss_floor == 0
    assert rows["loss_floor 0.9", "conventional"].exponent > 0.502
    assert rows["fitted", "conventional"].acceleration is None


def test_of_the_papers_law_a_floor_of_zero_moves_the_scale_by_a_quarter():
    rows = by_variant(curves(4000, 0.051, PAPER))
    fitted, none = (rows[variant, "conventional"] for variant in ("fitted", "loss_floor 0"))
    assert fitted.scale == pytest.approx(3.16e8, rel=1e-5)
    assert none.scale > 1.2 * fitted.scale


def test_a_law_with_its_own_floor_is_recovered_given_that_floor():
    fit = fit_with_floor({"conventional": curve(1000, 0.3, 30.0, 0.5)}, 0.3, 10)["conventional"]
    assert (fit.scale, fit.exponent, fit.first_step) == pytest.approx((30.0, 0.5, 10), rel=1e-9)
    assert fit.scale_low is fit.exponent_high is fit.loss_floor_low is None


def test_curves_without_a_power_law_have_empty_rows():
    flat = np.ones(201)
    rows = by_variant({"conventional": flat, "near_optimal": flat})
    assert [row.scale for row in rows.values()] == [None, None]
    assert sensitivity({}, SHARING) == []
    rows = by_variant({"conventional": curve(200, 0.3, 30.0, 0.5), "near_optimal": flat})
    assert rows["loss_floor 0", "near_optimal"].scale is None
    assert rows["loss_floor 0", "near_optimal"].acceleration is None
    assert rows["loss_floor 0", "conventional"].scale is not None
