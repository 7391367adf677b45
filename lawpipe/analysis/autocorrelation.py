"""Noise whose neighbouring values resemble each other: a first-order autoregressive (AR(1)) process."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import linalg, optimize

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Noise:
    """An AR(1) process: correlation[i, j] = memory^|i - j|, and how well residuals determine it."""

    #: The correlation of neighbours, in [0, 1).
    memory: float
    #: The variance of one value.
    variance: float
    #: Degrees of freedom: the effective number of independent values less the coefficients fitted to them.
    freedom: float

    def covariance(self, columns: Floats) -> Floats:
        """Return ``columns' Omega columns`` [k, k] for columns [n, k], Omega the noise's covariance."""
        # Omega times a column in two recursions, x[i] = column[i] + memory x[i - 1] and its mirror image;
        # Omega itself would be n x n. (scipy.signal has the recursion too, and takes a second to import.)
        recursion = np.vstack([np.ones(len(columns)), np.full(len(columns), -self.memory)])
        forwards = linalg.solve_banded((1, 0), recursion, columns)
        backwards = linalg.solve_banded((1, 0), recursion, columns[::-1])[::-1]
        return np.asarray(self.variance * (columns.T @ (forwards + backwards - columns)))


def estimate(residuals: Floats, columns: Floats) -> Noise:
    """Estimate the noise behind the residuals of a least-squares fit by restricted maximum likelihood.

    Residuals look less correlated than the noise, because the fit has removed its slow part; the restricted
    likelihood, of what is orthogonal to the columns after whitening, corrects for that. The effective
    number of independent values is ``n (1 - memory) / (1 + memory)``; the memory's reach, ``-1 / ln memory``,
    is taken to be at most a third of the residuals, which can show no longer one.

    Args:
        residuals: [n].
        columns: [n, k], the derivatives of the fitted model by its coefficients.

    Returns:
        The noise; a variance of 0 for residuals that are 0 to rounding.
    """
    n, k = columns.shape
    squares = float(residuals @ residuals)
    if squares == 0.0:
        return Noise(0.0, 0.0, max(1.0, n - k))
    # Orthonormal columns: the likelihood depends on their span alone.
    basis, _ = np.linalg.qr(columns)
    z = np.column_stack([residuals / math.sqrt(squares), basis])
    whole, lagged, inner = z.T @ z, z[1:].T @ z[:-1], z[1:-1].T @ z[1:-1]
    lagged = lagged + lagged.T

    def whitened(memory: float) -> tuple[float, float]:
        """Return the residual sum of squares after whitening and the log-determinant of the columns."""
        products = whole - memory * lagged + memory**2 * inner
        _, determinant = np.linalg.slogdet(products[1:, 1:])
        fitted = np.linalg.solve(products[1:, 1:], products[1:, 0])
        return max(float(products[0, 0] - products[0, 1:] @ fitted), 1e-300), float(determinant)

    def cost(reach: float) -> float:
        """Return minus twice the restricted log-likelihood as a function of -ln(1 - memory)."""
        memory = -math.expm1(-reach)
        rest, determinant = whitened(memory)
        return float((n - k) * math.log(rest) + determinant - math.log1p(-(memory**2)))

    furthest = -math.log(-math.expm1(-3 / n))
    grid = np.linspace(0.0, furthest, 33)
    best = int(np.argmin([cost(reach) for reach in grid]))
    found = optimize.minimize_scalar(cost, bounds=(grid[max(best - 1, 0)], grid[min(best + 1, 32)]), method="bounded")
    reach = min((float(found.x), float(grid[best])), key=cost)
    memory = -math.expm1(-reach)
    variance = squares * whitened(memory)[0] / (n - k) / (1 - memory**2)
    effective = n * (1 - memory) / (1 + memory)
    return Noise(memory, variance, max(1.0, effective - k))
