import math
from dataclasses import astuple
from itertools import combinations_with_replacement

import numpy as np
import pytest

from lawpipe.analysis.scaling_law import Fit, fit_curves
from tests.analysis.toy_curves import PAPER, SHARING, TOY, curve, curves, noise, power_law


def assert_law(fit, loss_floor, scale, exponent):
    assert fit.loss_floor == pytest.approx(loss_floor, rel=1e-6)
    assert fit.scale == pytest.approx(scale, rel=1e-6)
    assert fit.exponent == pytest.approx(exponent, rel=1e-6)


def test_the_law_by_hand():
    np.testing.assert_allclose(power_law([1, 4, 16], 0.5, 4.0, 0.5), [2.5, 1.5, 1.0])
    # (3.16e8 / 4000)^0.12 with logarithms: e^(0.12 x 11.2771).
    assert power_law(4000, 0.051, 3.16e8, 0.12) == pytest.approx(0.051 + math.exp(0.12 * math.log(79000)))


@pytest.mark.parametrize(
    ("steps", "loss_floor", "scale", "exponent"),
    [
        (4000, 0.051, 3.16e8, 0.12),
        (2000, 0.05, 2.0, 0.5),
        (2000, 1e-3, 1e3, 1.0),
        (1000, 2.0, 100.0, 2.5),
        (60, 1.5, 1e4, 0.2),
        (12, 0.3, 2.0, 0.7),
    ],
)
def test_noise_free_coefficients_of_one_curve_are_recovered(steps, loss_floor, scale, exponent):
    fit = fit_curves({"conventional": curve(steps, loss_floor, scale, exponent)}, SHARING)["conventional"]
    assert_law(fit, loss_floor, scale, exponent)
    assert fit.r_squared == pytest.approx(1.0, abs=1e-9)
    # Without noise, the intervals are points.
    for name in ("loss_floor", "scale", "exponent"):
        assert getattr(fit, f"{name}_low") == pytest.approx(getattr(fit, name), rel=1e-6)
        assert getattr(fit, f"{name}_high") == pytest.approx(getattr(fit, name), rel=1e-6)


@pytest.mark.parametrize(("steps", "loss_floor", "laws"), [(4000, 0.051, PAPER), (500, 0.3, TOY)])
def test_noise_free_coefficients_with_a_shared_floor_are_recovered(steps, loss_floor, laws):
    fits = fit_curves(curves(steps, loss_floor, laws), SHARING)
    assert list(fits) == list(laws)
    for policy, law in laws.items():
        assert_law(fits[policy], loss_floor, *law)
    assert (
        len({(fit.loss_floor, fit.loss_floor_low, fit.loss_floor_high, fit.first_step) for fit in fits.values()}) == 1
    )


def test_a_floor_of_zero_is_fitted():
    fit = fit_curves({"conventional": curve(2000, 0.0, 10.0, 0.7)}, SHARING)["conventional"]
    assert fit.loss_floor == pytest.approx(0.0, abs=1e-8)
    assert fit.scale == pytest.approx(10.0, rel=1e-6)


def test_the_floor_is_never_below_zero():
    # A straight line in ln t falls faster than any power law with a floor above 0.
    losses = 10 - np.log(np.arange(2001) + 1.0)
    fit = fit_curves({"conventional": losses}, SHARING)["conventional"]
    assert fit.loss_floor == 0.0
    assert fit.loss_floor_low == 0.0


def test_the_first_step_leaves_out_what_does_not_follow():
    losses = curve(2000, 0.3, 30.0, 0.5)
    losses[:100] = losses[100] + 0.01 * np.arange(100, 0, -1)
    fit = fit_curves({"conventional": losses}, SHARING)["conventional"]
    assert 100 <= fit.first_step <= 150
    assert_law(fit, 0.3, 30.0, 0.5)


def test_the_first_step_leaves_a_factor_of_four():
    rounded = np.exp(-(np.linspace(0, 3, 401) ** 1.5))
    assert fit_curves({"conventional": rounded}, SHARING)["conventional"].first_step <= 100


def test_a_known_first_step_is_used():
    fit = fit_curves({"conventional": curve(1000, 0.3, 30.0, 0.5)}, SHARING, first_step=400)["conventional"]
    assert fit.first_step == 400
    assert_law(fit, 0.3, 30.0, 0.5)


def test_r_squared_is_the_squared_correlation_of_the_logarithms():
    losses = curve(300, 0.3, 30.0, 0.5) + noise(np.random.default_rng(0), 300, 0.0, 0.003)
    fit = fit_curves({"conventional": losses}, SHARING, first_step=20)["conventional"]
    steps = np.arange(20, 301)
    expected = np.corrcoef(np.log(losses[20:] - fit.loss_floor), np.log(steps))[0, 1] ** 2
    assert fit.r_squared == pytest.approx(expected, rel=1e-9)
    assert 0.99 < fit.r_squared < 1


def test_other_policies_do_not_move_the_floor():
    both = curves(500, 0.3, {policy: TOY[policy] for policy in SHARING})
    alone = fit_curves(both, SHARING)
    with_another = fit_curves(both | {"odd": curve(500, 0.1, 30.0, 0.5)}, SHARING)
    assert with_another["conventional"] == alone["conventional"]
    assert with_another["odd"].loss_floor == alone["conventional"].loss_floor


def test_least_squares_in_the_loss_is_at_its_minimum():
    rng = np.random.default_rng(3)
    noisy = {policy: losses + noise(rng, 400, 0.5, 0.01) for policy, losses in curves(400, 0.3, TOY).items()}
    fits = fit_curves(noisy, SHARING, first_step=5)
    steps = np.arange(5, 401)

    def squares(floor_factor=1.0, scale_factor=1.0, exponent_factor=1.0):
        laws = [
            power_law(steps, fit.loss_floor * floor_factor, fit.scale * scale_factor, fit.exponent * exponent_factor)
            for fit in (fits[policy] for policy in SHARING)
        ]
        return sum(np.sum((noisy[policy][5:] - law) ** 2) for policy, law in zip(SHARING, laws, strict=True))

    for name in ("floor_factor", "scale_factor", "exponent_factor"):
        for factor in (1 - 1e-4, 1 + 1e-4):
            assert squares(**{name: factor}) > squares()


def test_a_curve_that_turns_up_has_no_fit_and_no_say():
    steps = np.arange(501)
    turning = 1 / (steps + 1) + 1e-3 * np.maximum(steps - 100, 0)
    good = curve(500, 0.3, 30.0, 0.5)
    fits = fit_curves({"conventional": good, "near_optimal": turning}, SHARING)
    assert fits["near_optimal"] == Fit()
    assert fits["conventional"] == fit_curves({"conventional": good}, SHARING)["conventional"]


@pytest.mark.parametrize(
    "losses",
    [
        np.ones(201),
        np.linspace(0.1, 1, 201),
        np.where(np.arange(201) == 150, math.nan, curve(200, 0.3, 30.0, 0.5)),
        np.where(np.arange(201) == 200, math.inf, curve(200, 0.3, 30.0, 0.5)),
        np.abs(np.linspace(-1, 1, 201)) + 0.1,
        np.zeros(201),
        1 - np.arange(201) / 100.0,
        np.where(np.arange(201) == 0, 1.0, 0.5),
        np.exp(-np.arange(201.0)),
        1e200 * np.exp(-np.arange(201) / 50),
        curve(9, 0.3, 30.0, 0.5),
        np.array([1.0, 0.5]),
        np.array([1.0]),
        np.array([]),
    ],
)
@pytest.mark.filterwarnings("error")
def test_a_curve_without_a_power_law_has_an_empty_fit(losses):
    assert fit_curves({"conventional": losses}, SHARING) == {"conventional": Fit()}
    # Nor does it disturb the fit of another.
    good = curve(200, 0.3, 30.0, 0.5)
    for names in (SHARING, SHARING[::-1]):
        fits = fit_curves(dict(zip(names, (losses, good), strict=True)), SHARING)
        assert fits[names[0]] == Fit()
        assert_law(fits[names[1]], 0.3, 30.0, 0.5)


@pytest.mark.filterwarnings("error")
def test_odd_curves_give_rows_with_their_values_inside_their_intervals():
    t = np.arange(301)
    rng = np.random.default_rng(0)
    odd = {
        "line": 1 - t / 400,
        "exponential": np.exp(-t / 10),
        "step": np.where(t < 100, 1.0, 0.5),
        "early step": np.where(t < 5, 1.0, 0.5),
        "noise": rng.normal(1, 0.1, 301),
        "huge": 1e10 / (t + 1),
        "tiny": 1e-12 / (t + 1),
        "spike": np.where(t < 3, 1e6, 1.0) + 1 / (t + 1),
        "bent": 1 - (t / 301) ** 4,
        "float32": curve(300, 0.3, 2.0, 0.5).astype(np.float32),
    }
    fitted = 0
    for first, second in combinations_with_replacement(odd.values(), 2):
        for fit in fit_curves({"conventional": first, "near_optimal": second}, SHARING).values():
            assert np.isfinite([value for value in astuple(fit) if value is not None]).all()
            fitted += fit.scale is not None
            for name in ("loss_floor", "scale", "exponent"):
                value, low, high = (getattr(fit, name + end) for end in ("", "_low", "_high"))
                assert low is None or low <= value
                assert high is None or value <= high
    assert fitted > 50


def test_without_the_shared_curves_there_is_no_fit():
    assert fit_curves({}, SHARING) == {}
    assert fit_curves({"search_0004": curve(200, 0.3, 30.0, 0.5)}, SHARING) == {"search_0004": Fit()}
