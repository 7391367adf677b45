import numpy as np
import pytest

from lawpipe.analysis import asymptote


@pytest.mark.parametrize("true", [asymptote.Asymptote(1.203, 3.268, 0.140), asymptote.Asymptote(0.4, 9.0, 2.5)])
def test_noise_free_coefficients_come_back(true: asymptote.Asymptote) -> None:
    ratios = np.linspace(true.b - 2.2, true.b - 0.05, 9)
    fitted = asymptote.fit(ratios, true(ratios))
    assert fitted is not None
    assert (fitted.a, fitted.b, fitted.c) == pytest.approx((true.a, true.b, true.c), rel=1e-5)


def test_missing_points_are_left_out() -> None:
    true = asymptote.Asymptote(1.2, 3.3, 0.2)
    ratios = np.linspace(2, 3.2, 8)
    values = true(ratios)
    values[[1, 4]] = np.nan
    fitted = asymptote.fit(ratios, values)
    assert fitted is not None
    assert fitted.b == pytest.approx(3.3, rel=1e-5)


@pytest.mark.parametrize(
    ("ratios", "values"),
    [
        ([1, 2, 3], [0.1, 0.2, 0.4]),  # too few
        ([1, 1, 1, 1], [0.1, 0.2, 0.3, 0.4]),  # no range
        ([1, 2, 3, 4, 5], [5, 3, 2, 1.5, 1.4]),  # falls
        ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),  # a straight line has no asymptote
        ([1, 2, 3, 4], [np.nan] * 4),
    ],
)
def test_points_that_tell_no_asymptote_give_none(ratios: list[float], values: list[float]) -> None:
    assert asymptote.fit(ratios, values) is None
