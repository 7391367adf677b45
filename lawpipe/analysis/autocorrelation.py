"""Autocorrelated noise: a first-order autoregressive process, AR(1).

Each value is `memory` times the value before it plus independent noise, so that values i and j have the correlation
memory^|i - j|. The residuals of a fit to a loss curve look like that: neighbouring steps deviate alike.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize

from lawpipe.analysis import Floats


@dataclass(frozen=True)
class Noise:
    """An AR(1) process, and how well residuals determine its variance."""

    #: The correlation of neighbouring values, in [0, 1).
    memory: float
    #: The variance of one value.
    variance: float
    #: Degrees of freedom: the effective number of independent values less the coefficients fitted to them.
    freedom: float

    def covariance(self, columns: Floats) -> Floats:
        """Return ``columns^T Omega columns`` [k, k] for columns [n, k], with Omega [n, n] the noise's covariance."""
        # Omega is never formed. Omega times a column takes two recursions: x[i] = column[i] + memory x[i - 1] and its
        # mirror image. (scipy.signal has the recursion, too, but takes a second to import.)
        recursion = np.vstack([np.ones(len(columns)), np.full(len(columns), -self.memory)])
        forwards = linalg.solve_banded((1, 0), recursion, columns)
        backwards = linalg.solve_banded((1, 0), recursion, columns[::-1])[::-1]
        return np.asarray(self.variance * (columns.T @ (forwards + backwards - columns)))


def estimate(residuals: Floats, columns: Floats) -> Noise:
    """Estimate the noise behind the residuals of a least-squares fit by restricted maximum likelihood (REML).

    Residuals look less correlated than the noise, because the fit has removed the noise's slow part. The restricted
    likelihood corrects for that: it is the likelihood of the part of the whitened residuals that is orthogonal to the
    whitened columns. The effective number of independent values is ``n (1 - memory) / (1 + memory)``. The correlation
    length ``-1 / ln memory`` is bounded by n / 3, because n residuals cannot show a longer one.

    `columns` [n, k] are the derivatives of the fitted model with respect to its coefficients, at the n residuals. The
    variance of the noise is 0 if all residuals are 0.
    """
    n, k = columns.shape
    total = float(residuals @ residuals)
    if total == 0.0:
        return Noise(0.0, 0.0, max(1.0, n - k))
    # The likelihood depends only on the span of the columns, so an orthonormal basis serves as well.
    basis, _ = np.linalg.qr(columns)
    z = np.column_stack([residuals / math.sqrt(total), basis])
    gram, lagged, inner = z.T @ z, z[1:].T @ z[:-1], z[1:-1].T @ z[1:-1]
    lagged = lagged + lagged.T

    def whitened(memory: float) -> tuple[float, float]:
        """Return the residual sum of squares after whitening and the log-determinant of the columns."""
        products = gram - memory * lagged + memory**2 * inner
        _, determinant = np.linalg.slogdet(products[1:, 1:])
        fitted = np.linalg.solve(products[1:, 1:], products[1:, 0])
        return max(float(products[0, 0] - products[0, 1:] @ fitted), 1e-300), float(determinant)

    def cost(point: float) -> float:
        """Return minus twice the restricted log-likelihood as a function of point = -ln(1 - memory)."""
        memory = -math.expm1(-point)
        squares, determinant = whitened(memory)
        return float((n - k) * math.log(squares) + determinant - math.log1p(-(memory**2)))

    # -ln(1 - memory) at the longest correlation length.
    longest = -math.log(-math.expm1(-3 / n))
    grid = np.linspace(0.0, longest, 33)
    best = int(np.argmin([cost(point) for point in grid]))
    bounds = (grid[max(best - 1, 0)], grid[min(best + 1, 32)])
    minimum = optimize.minimize_scalar(cost, bounds=bounds, method="bounded")
    memory = -math.expm1(-min((float(minimum.x), float(grid[best])), key=cost))
    variance = total * whitened(memory)[0] / (n - k) / (1 - memory**2)
    effective = n * (1 - memory) / (1 + memory)
    return Noise(memory, variance, max(1.0, effective - k))
