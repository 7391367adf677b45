"""95 % intervals of the coefficients of a scaling law whose noise is autocorrelated.

The losses of one run are not independent measurements: neighbouring residuals are almost equal. The least-squares fit
stays consistent, but the usual intervals, which count every step as new evidence, are far too narrow. Here the noise
of each curve is modelled as an AR(1) process (`lawpipe.analysis.autocorrelation`), and the interval is that of the
profile likelihood, rescaled to the variance that such noise gives (the adjustment of a likelihood that treats
dependent data as independent: Chandler and Bate 2007, Biometrika 94). A block bootstrap would need many blocks of
many correlation lengths each, which one run does not have, and would be random.

One sweep over L0 gives the profiles of all coefficients. With S(L0) the least sum of squares at L0, added over the
curves, and psi one of a curve's beta and ln B, which are almost linear once L0 is given::

    z = sign(L0 - L0_fit) sqrt((S(L0) - S_min) / k)    k makes Var(z) = 1: the sandwich variance of L0 under AR(1)
                                                       noise divided by that under independent noise of variance 1
    w = (psi - psi_fit(L0)) / sd(psi | L0)             sd is the sandwich standard deviation given L0

    psi is inside the interval if some L0 has (z^2 - 2 r z w + w^2) / (1 - r^2) <= t^2,    r = correlation of z and w

which means ``psi_fit(L0) + sd (r z +- sqrt((1 - r^2) (t^2 - z^2)))`` wherever z^2 <= t^2. The sweep takes care of the
strong curvature along L0, for which a linear interval is wrong. t is Student's quantile with the Welch-Satterthwaite
degrees of freedom of the noise of the curves. r is 0 for independent noise of equal size, for curves that did not
determine L0, and at the bound L0 = 0.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import interpolate, special

from lawpipe.analysis import Floats, autocorrelation
from lawpipe.analysis.autocorrelation import Noise
from lawpipe.analysis.power_curve import EXPONENTS, Law, Points, Sweep, fit_given_floor, joint_derivatives

Ends = tuple[float, float]
#: From a gradient, its product with the inverse of J^T J and the variance given L0: correlation r and quantile t.
Uncertainty = Callable[[Floats, Floats, float], tuple[float, float]]

CONFIDENCE = 0.95
#: Residuals below this share of the curve's range are rounding errors: the coefficients are then known exactly.
ROUNDING = 1e-10
#: Values of L0 in the sweep, and points of its interpolation.
_SWEEP, _FINE = 41, 1601
#: The sweep goes down to 0, and up to this many half-widths of the linear interval above the fitted L0.
_REACH = 9.0


class Floor:
    """The joint fit of the curves that determine L0: the interval of L0, and those of each curve's beta and ln B."""

    def __init__(self, loss_floor: float, curves: Sequence[tuple[Points, Law]]) -> None:
        """Linearise the joint fit of the curves that determined L0, given their points and laws; sweep over L0."""
        self._estimate = loss_floor
        self._curves = curves
        jacobians = joint_derivatives(curves)
        self._inverse = _inverse(np.concatenate(jacobians))
        # At its bound L0 = 0 is not a fitted coefficient: the misfit that it would have absorbed counts as noise.
        free = 0 if loss_floor > 0 else 1
        self._noises = [_noise(points, law, loss_floor, points.derivatives(law)[:, free:]) for points, law in curves]
        # J^T Omega J of each curve: the middle of the sandwich.
        self._middles = [noise.covariance(jacobian) for noise, jacobian in zip(self._noises, jacobians, strict=True)]
        parts = self._parts(np.eye(len(self._inverse))[0])
        self._variance = sum(parts)
        self._t = _student(parts, self._noises)
        self._floors = _floors(loss_floor, self._t * math.sqrt(self._variance))
        self._sweeps = [fit_given_floor(points, self._floors) for points, _ in curves]
        least = sum(float(np.sum(points.residuals(law, loss_floor) ** 2)) for points, law in curves)
        rise = np.maximum(np.sum([sweep.squares for sweep in self._sweeps], axis=0) - least, 0.0)
        ratio = self._variance / float(self._inverse[0, 0])
        # z is infinite where L0 is too high for a curve, and 0 without noise, where the sweep is a single point.
        self._z = np.copysign(np.sqrt(rise / ratio), self._floors - loss_floor) if ratio > 0 else 0.0 * rise

    def interval(self) -> Ends:
        """Return the ends of the interval of L0; the upper one is infinite if the curves do not bound it."""
        return self._ends(self._floors, 0.0 * self._floors, self._estimate, 0.0, self._t)

    def member_intervals(self, member: int) -> tuple[Ends, Ends]:
        """Return the intervals of beta and of ln B of the curve with this index among those that determine L0."""
        points, law = self._curves[member]
        columns, middle = slice(1 + 2 * member, 3 + 2 * member), self._middles[member]

        def uncertainty(gradient: Floats, given: Floats, variance: float) -> tuple[float, float]:
            covariance = float(self._inverse[0] @ middle[:, columns] @ given)
            # At the bound, noise does not move the estimate of L0.
            moves = variance * self._variance > 0 and self._estimate > 0
            joint_gradient = np.zeros(len(self._inverse))
            joint_gradient[columns] = gradient
            t = _student(self._parts(joint_gradient), self._noises)
            return (covariance / math.sqrt(variance * self._variance) if moves else 0.0), t

        return self._both(self._sweeps[member], points, law, middle[columns, columns], uncertainty)

    def other_intervals(self, points: Points, law: Law) -> tuple[Ends, Ends]:
        """Return the intervals of beta and of ln B of a curve that was fitted with L0 given."""
        jacobian = points.derivatives(law)
        floor_column, columns = jacobian[:, 0], jacobian[:, 1:]
        noise = _noise(points, law, self._estimate, columns)
        floor_parts = self._parts(np.eye(len(self._inverse))[0])

        def uncertainty(gradient: Floats, given: Floats, variance: float) -> tuple[float, float]:
            through_floor = float(given @ (columns.T @ floor_column)) ** 2
            parts = [variance, *(through_floor * part for part in floor_parts)]
            return 0.0, _student(parts, [noise, *self._noises])

        sweep = fit_given_floor(points, self._floors)
        return self._both(sweep, points, law, noise.covariance(columns), uncertainty)

    def _parts(self, gradient: Floats) -> list[float]:
        """Return each curve's part of the variance of a quantity with this gradient in the joint coefficients."""
        given = self._inverse @ gradient
        return [float(given @ middle @ given) for middle in self._middles]

    def _both(
        self, sweep: Sweep, points: Points, law: Law, middle: Floats, uncertainty: Uncertainty
    ) -> tuple[Ends, Ends]:
        """Return the intervals of beta and of ln B, given the middle [2, 2] of the curve's sandwich."""
        inverse = _inverse(points.derivatives(law)[:, 1:])
        intervals = []
        for psi, (gradient, estimate) in enumerate(
            zip(law.gradients(), (law.exponent, points.log_scale(law)), strict=True)
        ):
            given = inverse @ gradient
            variance = float(given @ middle @ given)
            # The variance given L0, divided by that under independent noise of variance 1.
            ratio = variance / float(gradient @ given)
            correlation, t = uncertainty(gradient, given, variance)
            variances = ratio * sweep.variances[psi]
            intervals.append(self._ends(sweep.coefficients[psi], variances, estimate, correlation, t))
        (low, high), log_scale = intervals
        return (low if low > EXPONENTS[0] else -math.inf, high if high < EXPONENTS[1] else math.inf), log_scale

    def _ends(self, values: Floats, variances: Floats, estimate: float, correlation: float, t: float) -> Ends:
        """Return the least and the greatest psi inside the interval, given psi(L0) and its variance along the sweep.

        An end that lies where the sweep stops is infinite.
        """
        if len(self._floors) == 1:
            half = t * math.sqrt(variances[0])
            return estimate - half, estimate + half
        table = np.column_stack([values, variances, self._z])
        usable = np.isfinite(table).all(axis=1)
        stop = len(usable) if usable.all() else int(usable.argmin())
        if stop < 2:
            return -math.inf, math.inf
        fine = interpolate.PchipInterpolator(np.arange(stop), table[:stop])(np.linspace(0, stop - 1, _FINE))
        psi, deviation, z = fine[:, 0], np.sqrt(np.maximum(fine[:, 1], 0.0)), fine[:, 2]
        inside = np.abs(z) <= t
        middle = psi + deviation * correlation * z
        half_width = deviation * np.sqrt((1 - correlation**2) * np.maximum(t * t - z * z, 0.0))
        low = np.where(inside, middle - half_width, math.inf)
        high = np.where(inside, middle + half_width, -math.inf)
        stopped = _FINE - 1 if inside[-1] else -1
        return (
            -math.inf if low.argmin() == stopped else min(float(low.min()), estimate),
            math.inf if high.argmax() == stopped else max(float(high.max()), estimate),
        )


def _floors(loss_floor: float, width: float) -> Floats:
    """Return values of L0 from 0 to far above the estimate; the estimate alone if its interval has no width.

    The values are ``estimate + unit sinh(u)`` with evenly spaced u: dense near the estimate, and wide enough for a
    profile that is far from a parabola.
    """
    if width == 0:
        return np.array([loss_floor])
    unit = width / 3
    u = np.linspace(-math.asinh(loss_floor / unit), math.asinh(3 * _REACH), _SWEEP)
    return np.maximum(loss_floor + unit * np.sinh(u), 0.0)


def _noise(points: Points, law: Law, loss_floor: float, columns: Floats) -> Noise:
    """Estimate a curve's noise; its variance is 0 if the residuals are rounding errors."""
    residuals = points.residuals(law, loss_floor)
    if np.sqrt(np.mean(residuals**2)) < ROUNDING * np.ptp(points.losses):
        return Noise(memory=0.0, variance=0.0, freedom=float(len(residuals)))
    return autocorrelation.estimate(residuals, columns)


def _inverse(jacobian: Floats) -> Floats:
    """Return the inverse of J^T J, or its pseudo-inverse if the coefficients cannot be told apart."""
    norms = np.maximum(np.linalg.norm(jacobian, axis=0), 1e-300)
    scaled = jacobian / norms
    return np.asarray(np.linalg.pinv(scaled.T @ scaled, hermitian=True) / norms / norms[:, None])


def _student(variances: Sequence[float], noises: Sequence[Noise]) -> float:
    """Return Student's quantile for a sum of estimated variances (Welch-Satterthwaite)."""
    spread = sum(part**2 / noise.freedom for part, noise in zip(variances, noises, strict=True))
    freedom = sum(variances) ** 2 / spread if spread > 0 else math.inf
    return float(special.stdtrit(freedom, (1 + CONFIDENCE) / 2))
