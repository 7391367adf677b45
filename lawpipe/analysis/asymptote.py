"""The paper's curve through similarity against compression ratio: SIM = c ln(a / (b - CR)) (Fig 7)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize

Array = npt.NDArray[np.float64]

#: Three coefficients need more points than three.
LEAST_POINTS = 4
#: b is looked for within this many times the points' own range above the largest CR; a best b at the far end
#: means that the points show no asymptote.
NEAR, FAR = 1e-3, 1e2


@dataclass(frozen=True)
class Asymptote:
    """The coefficients: SIM goes to infinity as CR goes to b."""

    a: float
    b: float
    c: float

    def __call__(self, compression_ratio: npt.ArrayLike) -> Array:
        """Return the fitted similarity at compression ratios below b."""
        return np.asarray(self.c * np.log(self.a / (self.b - np.asarray(compression_ratio))), dtype=np.float64)


def fit(compression_ratio: npt.ArrayLike, similarity: npt.ArrayLike) -> Asymptote | None:
    """Fit the curve by least squares on the similarity.

    Given b the model is linear, SIM = c ln a - c ln(b - CR): b is found on a logarithmic grid and polished.

    Args:
        compression_ratio: CR of each policy.
        similarity: its mean similarity.

    Returns:
        The coefficients; None where they cannot be had: fewer than four points, a similarity that falls with
        CR, or an asymptote at an edge of the range that is searched, where the points do not tell it.
    """
    x = np.asarray(compression_ratio, dtype=np.float64)
    y = np.asarray(similarity, dtype=np.float64)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) < LEAST_POINTS or np.ptp(x) == 0:
        return None
    largest, extent = x.max(), np.ptp(x)
    grid = np.linspace(np.log(NEAR), np.log(FAR), 60)
    errors = [_line(x, y, largest + extent * np.exp(place))[2] for place in grid]
    best = int(np.argmin(errors))
    if best in (0, len(grid) - 1):
        return None
    polished = optimize.minimize_scalar(
        lambda place: _line(x, y, largest + extent * np.exp(place))[2],
        bounds=(grid[best - 1], grid[best + 1]),
        method="bounded",
        options={"xatol": 1e-10},
    )
    b = float(largest + extent * np.exp(polished.x))
    level, slope, _ = _line(x, y, b)
    if slope <= 0 or abs(level / slope) > 700:
        return None
    return Asymptote(a=float(np.exp(level / slope)), b=b, c=float(slope))


def _line(x: Array, y: Array, b: float) -> tuple[float, float, float]:
    """Regress SIM on -ln(b - CR): level, slope and the sum of squares that is left."""
    z = -np.log(b - x)
    deviation = z - z.mean()
    slope = float(deviation @ y / (deviation @ deviation))
    level = float(y.mean() - slope * z.mean())
    return level, slope, float(((y - level - slope * z) ** 2).sum())
