"""A loss that falls faster again at its end is told from a power law with noise."""

import numpy as np
import pytest

from lawpipe.analysis.convexity import falls_faster_again
from tests.analysis.toy_curves import PAPER, TOY, curve, noise


def annealed(steps: int, drop: float) -> np.ndarray:
    """What an annealed learning rate takes off the loss, over the last fifth of the steps."""
    return drop * np.clip((np.arange(steps + 1) / steps - 0.8) / 0.2, 0, 1)


@pytest.mark.parametrize("deviation", [0.0, 1e-4, 1e-3])
@pytest.mark.parametrize("drop", [0.02, 0.1])
def test_an_annealed_curve_falls_faster_again(drop: float, deviation: float) -> None:
    rng = np.random.default_rng(0)
    law = curve(2000, 2.0, 50.0, 0.5) + noise(rng, 2000, 0.9, deviation)
    assert falls_faster_again(law - annealed(2000, drop), 1)


@pytest.mark.parametrize("law", [*PAPER.values(), *TOY.values()])
@pytest.mark.parametrize("deviation", [0.0, 1e-4, 1e-2])
@pytest.mark.parametrize("first_step", [1, 50])
def test_a_noisy_power_law_is_not_flagged(law: tuple[float, float], deviation: float, first_step: int) -> None:
    flagged = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        flagged += falls_faster_again(curve(2000, 0.05, *law) + noise(rng, 2000, 0.9, deviation), first_step)
    assert flagged <= 1


def test_a_short_window_and_a_constant_are_not_judged() -> None:
    assert not falls_faster_again(np.linspace(2, 1, 20) ** 0.5, 1)
    assert not falls_faster_again(np.ones(500), 1)
