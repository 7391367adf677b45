"""The scaling law of training, L(t) = L0 + (B / t)^beta for t >= t0, fitted to loss curves.

As in arXiv 2402.17759 (section on scaling laws), the policies of one seed share L0 and t0, which come from the
*sharing* curves, the conventional and the near-optimal one; B and beta are fitted to each policy. The fit has five
parts:

1. t0 is that of the pair (t0, L0) with the greatest squared correlation of ln(L - L0) with ln t, averaged over the
   sharing curves. This is the paper's search. t0 is at most T / 4, so that the law covers a factor of 4 in t.
2. Start values: over a grid of L0, each curve by variable projection (given L0 and beta the amplitude is linear).
3. L0 and the laws of the sharing curves: nonlinear least squares in L, jointly over all coefficients.
4. B and beta of every other policy, given L0.
5. Intervals, given t0 and that the law holds: `lawpipe.analysis.scaling_intervals`.

All steps t0..T have the same weight, as in the paper's regression; a longer window is thinned to at most `POINTS`
evenly spaced steps. (Steps spaced evenly in ln t would give far more weight to the early steps, where the law holds
least, and the residuals of even steps have the simple autocorrelation that the intervals assume.)
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from lawpipe.analysis import Floats
from lawpipe.analysis.curves import finite_or_none
from lawpipe.analysis.power_curve import EXPONENTS, Law, Points, fit_given_floor, joint_derivatives, project
from lawpipe.analysis.scaling_intervals import Ends, Floor

#: At most this many steps of a curve are fitted.
POINTS = 2000
#: A curve with fewer steps than this from t0 on is not fitted.
FEWEST_POINTS = 10
#: A curve is rising if the mean of its last tenth exceeds that of its lowest tenth by more than this share of its
#: fall.
RISE = 0.01
#: A run with a loss above this has diverged, even if it came back; the square of such a loss would overflow.
LARGEST = 1e30


@dataclass(frozen=True)
class Fit:
    """The fitted law of one curve with 95 % intervals, as in the table `fits`; None for a missing value."""

    loss_floor: float | None = None
    scale: float | None = None
    exponent: float | None = None
    first_step: int | None = None
    r_squared: float | None = None
    loss_floor_low: float | None = None
    loss_floor_high: float | None = None
    scale_low: float | None = None
    scale_high: float | None = None
    exponent_low: float | None = None
    exponent_high: float | None = None


def fit_curves(curves: Mapping[str, Floats], sharing: Sequence[str], first_step: int | None = None) -> dict[str, Fit]:
    """Fit the scaling law to the curves of several policies with a common L0 and t0.

    A curve that cannot follow the law has an empty fit: one with a value that is not finite or not above 0, fewer
    than 10 steps from t0 on, no fall, an end that has risen again (its last tenth above its lowest by more than 1 %
    of the fall), or an exponent outside of `power_curve.EXPONENTS`. Sharing curves of that kind do not take part in
    finding L0 and t0; if none is left, every fit is empty.

    `curves` hold L[0..T] of each policy, nats; L[0] is not used. `sharing` names the policies that determine L0 and
    t0; names without a curve are ignored. `first_step` is t0, if it is given and not to be searched.
    """
    losses = {policy: np.asarray(curve, dtype=np.float64) for policy, curve in curves.items()}
    usable = {policy: loss for policy, loss in losses.items() if _falls(loss)}
    common = [usable[policy] for policy in sharing if policy in usable]
    fits = {policy: Fit() for policy in losses}
    if not common:
        return fits
    t0 = _search_first_step(common) if first_step is None else first_step
    points = {policy: _points(loss, t0) for policy, loss in usable.items()}
    points = {policy: window for policy, window in points.items() if _varies(window.losses)}
    loss_floor, leading = _find_floor({policy: points[policy] for policy in sharing if policy in points})
    if not leading:
        return fits
    floor = Floor(loss_floor, [(points[policy], law) for policy, law in leading.items()])
    for policy, window in points.items():
        if policy in leading:
            law = leading[policy]
            intervals = floor.member_intervals(list(leading).index(policy))
        else:
            law = fit_given_floor(window, np.array([loss_floor])).law(window, 0)
            if not _is_power_law(window, law):
                continue
            intervals = floor.other_intervals(window, law)
        fits[policy] = _row(window, law, loss_floor, t0, (floor.interval(), *intervals))
    return fits


def fit_with_floor(curves: Mapping[str, Floats], loss_floor: float, first_step: int) -> dict[str, Fit]:
    """Fit B and beta of each curve L[0..T], nats, with L0 and t0 given; no intervals.

    A curve that cannot follow the law, as in `fit_curves`, has an empty fit.
    """
    fits = {policy: Fit() for policy in curves}
    for policy, curve in curves.items():
        losses = np.asarray(curve, dtype=np.float64)
        points = _points(losses, first_step)
        if _falls(losses) and _varies(points.losses):
            law = fit_given_floor(points, np.array([loss_floor])).law(points, 0)
            if _is_power_law(points, law):
                fits[policy] = _row(points, law, loss_floor, first_step, 3 * ((math.nan, math.nan),))
    return fits


def _row(points: Points, law: Law, loss_floor: float, first_step: int, intervals: Sequence[Ends]) -> Fit:
    """Return one policy's fit, empty if B overflows; `intervals` are those of L0, beta and ln B."""
    scale = _exponential(points.log_scale(law))
    if scale is None:
        return Fit()
    above = points.losses - loss_floor
    r_squared = _correlation(np.log(above), points.x) ** 2 if (above > 0).all() else math.nan
    ends: dict[str, float | None] = {}
    for name, written, interval in zip(
        ("loss_floor", "exponent", "scale"), (finite_or_none, finite_or_none, _exponential), intervals, strict=True
    ):
        ends |= {f"{name}_{end}": written(value) for end, value in zip(("low", "high"), interval, strict=True)}
    return Fit(loss_floor, scale, law.exponent, first_step, finite_or_none(r_squared), **ends)


def _exponential(logarithm: float) -> float | None:
    """Return e^x; None where it is not a positive finite number."""
    return math.exp(logarithm) if abs(logarithm) < 700 else None  # nan compares as False


def _correlation(first: Floats, second: Floats) -> float:
    """Return Pearson's correlation; 0 for a constant."""
    a, b = first - first.mean(), second - second.mean()
    scale = math.sqrt(float(a @ a) * float(b @ b))
    return min(1.0, max(-1.0, float(a @ b) / scale)) if scale > 0 else 0.0


def _falls(losses: Floats) -> bool:
    """Return whether a curve is finite and above 0, falls, and has not risen again at its end."""
    steps = losses[1:]
    if not _varies(steps) or steps.min() <= 0 or steps.max() > LARGEST:
        return False
    tenths = [part.mean() for part in np.array_split(steps, 10)]
    return bool(tenths[-1] < tenths[0] and tenths[-1] - min(tenths) <= RISE * (steps[0] - steps.min()))


def _varies(losses: Floats) -> bool:
    """Return whether there are enough losses, all of them finite, and not all equal to rounding."""
    return (
        len(losses) >= FEWEST_POINTS
        and bool(np.isfinite(losses).all())
        and bool(np.ptp(losses) > 1e-12 * np.abs(losses).max())
    )


def _is_power_law(points: Points, law: Law) -> bool:
    """Return whether beta is inside its range and the law explains more than 0.1 % of the curve's fall."""
    inside = EXPONENTS[0] * 1.01 < law.exponent < EXPONENTS[1] / 1.01
    return inside and bool(np.ptp(points.power(law)) > 1e-3 * np.ptp(points.losses))


def _points(losses: Floats, first_step: int) -> Points:
    """Return the steps from t0 on, thinned evenly to at most `POINTS`."""
    steps = np.arange(first_step, len(losses))
    steps = steps[:: max(1, -(-len(steps) // POINTS))].astype(np.float64)
    centre = math.sqrt(steps[0] * steps[-1]) if len(steps) else 1.0
    return Points(np.log(steps / centre), losses[steps.astype(np.int64)], math.log(centre))


def _search_first_step(curves: Sequence[Floats]) -> int:
    """Return the t0 with the greatest mean squared correlation of ln(L - L0) with ln t, each t0 with its best L0.

    Of candidates that are equally good to 1e-9 the earliest is returned, because it leaves the most steps.
    """
    last = min(len(curve) for curve in curves) - 1
    latest = max(1, min(last // 4, last + 1 - FEWEST_POINTS))
    candidates = [int(t0) for t0 in np.unique(np.geomspace(1, latest, 24).astype(np.int64))]
    unexplained = [_best_unexplained([_points(curve, t0) for curve in curves]) for t0 in candidates]
    best = min(unexplained)
    return candidates[next(i for i, value in enumerate(unexplained) if value <= best + 1e-9)]


def _best_unexplained(curves: Sequence[Points]) -> float:
    """Return the least 1 - r^2 over all common L0, averaged over the curves."""
    lowest = min(points.losses.min() for points in curves)

    def unexplained(logarithm: float) -> float:
        """Return the mean 1 - r^2 at ``L0 = lowest (1 - e^logarithm)``."""
        loss_floor = lowest * (1 - math.exp(logarithm))
        correlations = [_correlation(np.log(points.losses - loss_floor), points.x) for points in curves]
        return 1 - sum(value * value for value in correlations) / len(curves)

    grid = np.linspace(math.log(1e-8), 0.0, 18)
    values = [unexplained(float(logarithm)) for logarithm in grid]
    best = int(np.argmin(values))
    bounds = (grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)])
    minimum = optimize.minimize_scalar(unexplained, bounds=bounds, method="bounded", options={"xatol": 1e-7})
    return min(values[best], float(minimum.fun))


def _find_floor(curves: Mapping[str, Points]) -> tuple[float, dict[str, Law]]:
    """Fit the curves jointly, and again without those that turn out not to follow a power law, until all do.

    Returns L0 and the law of each curve that determined it; NaN and no law if no curve follows one.
    """
    while curves:
        loss_floor, laws = _fit_jointly(list(curves.values()))
        fitted = dict(zip(curves, laws, strict=True))
        follow = {policy: points for policy, points in curves.items() if _is_power_law(points, fitted[policy])}
        if len(follow) == len(curves):
            return loss_floor, fitted
        curves = follow
    return math.nan, {}


def _fit_jointly(curves: Sequence[Points]) -> tuple[float, list[Law]]:
    """Fit one L0 >= 0 (a cross-entropy has no negative floor) and each curve's height and beta.

    The sum of squares (not their mean) is minimised in units of the largest fall and to the last digit, because an
    optimiser that stops early on a badly scaled loss gives wrong laws (Besiroglu et al. 2024, arXiv 2404.10102).
    """
    # With noise, L0 may lie above single losses, but not above the mean of the curve's last tenth.
    ceiling = min(points.losses[-max(1, len(points.losses) // 10) :].mean() for points in curves)
    loss_floors = ceiling * (1 - np.geomspace(1.0, 1e-4, 60))
    starts = [project(points, loss_floors) for points in curves]
    best = int(np.sum([start[2] for start in starts], axis=0).argmin())
    unit = max(float(np.ptp(points.losses)) for points in curves)
    first = [loss_floors[best] / unit]
    for height, exponent, _ in starts:
        first += [height[best], exponent[best]]
    lower = [0.0, *[-math.inf, EXPONENTS[0]] * len(curves)]
    upper = [math.inf, *[math.inf, EXPONENTS[1]] * len(curves)]

    def laws(coefficients: Floats) -> list[Law]:
        return [Law(float(height), float(exponent)) for height, exponent in coefficients[1:].reshape(-1, 2)]

    def residuals(coefficients: Floats) -> Floats:
        pairs = zip(curves, laws(coefficients), strict=True)
        return np.concatenate([points.residuals(law, coefficients[0] * unit) / unit for points, law in pairs])

    def derivatives(coefficients: Floats) -> Floats:
        jacobian = joint_derivatives(list(zip(curves, laws(coefficients), strict=True)))
        # Losses are in units of the fall, and so is the coefficient L0 itself.
        units = np.array([1.0] + [unit] * (len(coefficients) - 1))
        return np.asarray(-np.concatenate(jacobian) / units)

    solution = optimize.least_squares(
        residuals,
        np.clip(first, lower, upper),
        jac=derivatives,
        bounds=(lower, upper),
        x_scale="jac",
        ftol=1e-15,
        xtol=1e-15,
        gtol=1e-15,
        max_nfev=200,
    ).x
    # At the bound L0 = 0 the solver stops just inside of it.
    return (float(solution[0]) * unit if solution[0] > 1e-9 else 0.0), laws(solution)
