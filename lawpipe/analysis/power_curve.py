"""The scaling law of one curve given L0, in coefficients that are nearly uncorrelated.

The law L(t) = L0 + (B / t)^beta is written ``L(t) = L0 + exp(height - beta x)`` with ``x = ln(t / t_centre)``, where
t_centre is the geometric mean of the first and the last step. Height is the logarithm of the falling part at
t_centre. Estimates of B and beta are almost collinear; those of height and beta are not. ``ln B = ln t_centre +
height / beta``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lawpipe.analysis import Floats

#: The range of beta. Outside of it a curve does not look like a power law over the steps of one run.
EXPONENTS = (0.003, 20.0)
_EXPONENT_GRID = np.geomspace(*EXPONENTS, 120)


@dataclass(frozen=True)
class Law:
    """The coefficients of one curve."""

    height: float
    exponent: float

    def gradients(self) -> Floats:
        """Return the derivatives of (beta, ln B), the rows, with respect to (height, beta), the columns."""
        return np.array([[0.0, 1.0], [1 / self.exponent, -self.height / self.exponent**2]])


@dataclass(frozen=True)
class Points:
    """The steps of one curve to which the law is fitted."""

    #: ln(t / t_centre).
    x: Floats
    #: L(t), nats.
    losses: Floats
    #: ln t_centre.
    log_centre: float

    def power(self, law: Law) -> Floats:
        """Return the falling part of the law, exp(height - beta x), nats."""
        return _exponential(law.height - law.exponent * self.x)

    def residuals(self, law: Law, loss_floor: float) -> Floats:
        """Return the losses minus the law, nats."""
        return self.losses - loss_floor - self.power(law)

    def derivatives(self, law: Law) -> Floats:
        """Return the derivatives [n, 3] of the law with respect to L0, height and beta."""
        power = self.power(law)
        return np.column_stack([np.ones_like(power), power, -self.x * power])

    def log_scale(self, law: Law) -> float:
        """Return ln B."""
        return self.log_centre + law.height / law.exponent


def joint_derivatives(curves: Sequence[tuple[Points, Law]]) -> list[Floats]:
    """Return for each curve the derivatives of its law with respect to the coefficients of all laws, which share L0.

    The columns, [n, 1 + 2 x curves], are L0, then height and beta of the first curve, of the second, ...
    """
    blocks = []
    for i, (points, law) in enumerate(curves):
        block = np.zeros((len(points.x), 1 + 2 * len(curves)))
        block[:, [0, 1 + 2 * i, 2 + 2 * i]] = points.derivatives(law)
        blocks.append(block)
    return blocks


@dataclass(frozen=True)
class Sweep:
    """The best law of one curve for each of G values of L0."""

    #: [G], residual sum of squares, nats^2; infinite where L0 is too high for a falling law.
    squares: Floats
    #: [2, G], beta and ln B.
    coefficients: Floats
    #: [2, G], their variances given L0, for independent noise of variance 1 (linearised).
    variances: Floats

    def law(self, points: Points, index: int) -> Law:
        """Return the law at the value of L0 with this index."""
        exponent, log_scale = self.coefficients[:, index].tolist()
        return Law(height=(log_scale - points.log_centre) * exponent, exponent=exponent)


def project(points: Points, loss_floors: Floats) -> tuple[Floats, Floats, Floats]:
    """Fit height and beta by variable projection over a grid of beta, for each of G values of L0.

    Given L0 and beta the law is linear in its amplitude a = e^height, whose least-squares estimate is
    ``a = <e, L - L0> / <e, e>`` with ``e = exp(-beta x)``. The residual sum of squares follows from inner products.

    Returns height, beta and residual sum of squares, each [G]; the sum is infinite where no amplitude is above 0.
    """
    waves = np.exp(-np.outer(_EXPONENT_GRID, points.x))
    norms = np.einsum("bn,bn->b", waves, waves)
    # The losses are centred, because sums of squares of the losses themselves would cancel.
    mean = points.losses.mean()
    centred = points.losses - mean
    offsets = (loss_floors - mean)[:, None]
    overlaps = waves @ centred - offsets * waves.sum(axis=1)
    squares = centred @ centred + len(centred) * offsets**2 - overlaps**2 / norms
    squares = np.where(overlaps > 0, squares, np.inf)
    best = squares.argmin(axis=1)[:, None]
    amplitude = np.take_along_axis(overlaps / norms, best, axis=1)[:, 0]
    least = np.take_along_axis(squares, best, axis=1)[:, 0]
    return np.log(np.maximum(amplitude, 1e-300)), _EXPONENT_GRID[best[:, 0]], least


def fit_given_floor(points: Points, loss_floors: Floats) -> Sweep:
    """Fit height and beta by least squares in the loss, for each of G values of L0 at once.

    Gauss-Newton iterations, started from the result of variable projection.
    """
    height, exponent, start = project(points, loss_floors)
    above, x, x_squared = points.losses - loss_floors[:, None], points.x, points.x**2
    for _ in range(25):
        power = _exponential(height[:, None] - exponent[:, None] * x)
        residuals = above - power
        # The normal equations [[a, b], [b, c]] of a step in height and beta.
        squared = power * power
        a, b, c = squared.sum(axis=1), -(squared @ x), squared @ x_squared
        weighted = power * residuals
        first, second = weighted.sum(axis=1), -(weighted @ x)
        determinant = np.maximum(a * c - b * b, 1e-300)
        height_step = (c * first - b * second) / determinant
        exponent_step = (a * second - b * first) / determinant
        # A step is shortened where it would leave the region in which the linearisation holds.
        size = np.maximum(np.abs(height_step), 2 * np.abs(exponent_step) / exponent)
        if size.max() < 1e-10:
            break
        height = height + height_step / np.maximum(size, 1.0)
        exponent = np.clip(exponent + exponent_step / np.maximum(size, 1.0), *EXPONENTS)
    slope = -height / exponent
    return Sweep(
        squares=np.where(np.isfinite(start), np.einsum("gn,gn->g", residuals, residuals), np.inf),
        coefficients=np.stack([exponent, points.log_centre + height / exponent]),
        variances=np.stack([a, (c - 2 * slope * b + slope**2 * a) / exponent**2]) / determinant,
    )


def _exponential(logarithms: Floats) -> Floats:
    """Return e^min(x, 200), so that coefficients far from the fit give a large sum of squares and no overflow."""
    return np.asarray(np.exp(np.minimum(logarithms, 200.0)))
