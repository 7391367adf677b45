import numpy as np
import pytest
from scipy import signal

from lawpipe.analysis import autocorrelation
from lawpipe.analysis.autocorrelation import Noise


def draw(rng, n, memory):
    """AR(1) noise of variance 1, started well before."""
    return signal.lfilter([1.0], [1.0, -memory], rng.normal(size=n + 1000) * np.sqrt(1 - memory**2))[1000:]


def test_the_covariance_is_that_of_the_full_matrix():
    columns = np.random.default_rng(0).normal(size=(7, 2))
    distance = np.abs(np.subtract.outer(np.arange(7), np.arange(7)))
    covariance = Noise(memory=0.6, variance=2.5, freedom=4.0).covariance(columns)
    np.testing.assert_allclose(covariance, columns.T @ (2.5 * 0.6**distance) @ columns, rtol=1e-12)


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9, 0.98])
def test_memory_and_variance_are_recovered_behind_a_fit(memory):
    rng = np.random.default_rng(1)
    n = 2000
    columns = np.column_stack([np.ones(n), np.linspace(-1, 1, n)])
    estimates = []
    for _ in range(30):
        noise = draw(rng, n, memory)
        residuals = noise - columns @ np.linalg.lstsq(columns, noise)[0]
        estimates.append(autocorrelation.estimate(residuals, columns))
    assert np.mean([noise.memory for noise in estimates]) == pytest.approx(memory, abs=0.012)
    assert np.mean([noise.variance for noise in estimates]) == pytest.approx(1.0, rel=0.12)
    expected = n * (1 - memory) / (1 + memory) - 2
    assert np.median([noise.freedom for noise in estimates]) == pytest.approx(expected, rel=0.15)


def test_a_smooth_misfit_counts_as_little_evidence():
    x = np.linspace(0, 1, 500)
    estimate = autocorrelation.estimate(np.sin(7 * x), np.ones((500, 1)))
    assert estimate.memory > 0.98
    assert estimate.freedom < 10


def test_no_residuals_no_noise():
    assert autocorrelation.estimate(np.zeros(20), np.ones((20, 1))) == Noise(0.0, 0.0, 19.0)
