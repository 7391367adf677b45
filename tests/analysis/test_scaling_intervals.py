import math

import numpy as np
import pytest

from lawpipe.analysis.scaling_law import fit_curves
from tests.analysis.toy_curves import SHARING, TOY, curve, curves, noise, power_law


@pytest.mark.parametrize(("memory", "first_step", "repeats"), [(0.0, 10, 60), (0.9, 10, 60), (0.9, None, 40)])
def test_intervals_cover_the_truth(memory, first_step, repeats):
    rng = np.random.default_rng(5)
    covered = 0
    loss_floor = 0.3
    for _ in range(repeats):
        noisy = {
            policy: losses + noise(rng, 800, memory, 0.005) for policy, losses in curves(800, loss_floor, TOY).items()
        }
        fits = fit_curves(noisy, SHARING, first_step)
        for policy, (scale, exponent) in TOY.items():
            fit = fits[policy]
            covered += fit.scale_low <= scale <= fit.scale_high
            covered += fit.exponent_low <= exponent <= fit.exponent_high
        covered += fit.loss_floor_low <= loss_floor <= fit.loss_floor_high
    # The seven of one repeat are correlated: a standard error is about 2 %.
    assert 0.90 <= covered / (7 * repeats) <= 0.99


def test_memory_in_the_noise_widens_the_intervals_as_it_should():
    rng = np.random.default_rng(6)
    widths = {}
    for memory in (0.0, 0.9):
        fits = [
            fit_curves(
                {"conventional": curve(2000, 0.3, 30.0, 0.5) + noise(rng, 2000, memory, 0.005)},
                SHARING,
                first_step=10,
            )["conventional"]
            for _ in range(10)
        ]
        widths[memory] = np.median([fit.loss_floor_high - fit.loss_floor_low for fit in fits])
    # Slow coefficients see sqrt((1 + r) / (1 - r)) = 4.4 times the deviation.
    assert widths[0.9] / widths[0.0] == pytest.approx(4.4, rel=0.25)


def test_a_linear_interval_when_the_noise_is_small():
    rng = np.random.default_rng(7)
    losses = curve(400, 0.3, 30.0, 0.5) + noise(rng, 400, 0.0, 1e-5)
    fit = fit_curves({"conventional": losses}, SHARING, first_step=10)["conventional"]
    steps = np.arange(10, 401)
    x = np.log(steps)
    power = (fit.scale / steps) ** fit.exponent
    columns = np.column_stack([np.ones(len(x)), power * fit.exponent / fit.scale, power * (math.log(fit.scale) - x)])
    residuals = losses[10:] - power_law(steps, fit.loss_floor, fit.scale, fit.exponent)
    deviations = np.sqrt(np.diag(np.linalg.inv(columns.T @ columns)) * (residuals @ residuals) / (len(x) - 3))
    for name, deviation in zip(("loss_floor", "scale", "exponent"), deviations, strict=True):
        # Up to the estimated memory, which is not exactly 0.
        width = getattr(fit, f"{name}_high") - getattr(fit, f"{name}_low")
        assert width == pytest.approx(2 * 1.966 * deviation, rel=0.15)
