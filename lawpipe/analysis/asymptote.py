"""The curve of mean similarity against compression ratio, SIM = c ln(a / (b - CR)) (arXiv 2402.17759, figure 7)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize

from lawpipe.analysis import Floats

#: A fit of three coefficients needs at least this many points.
LEAST_POINTS = 4
#: The search for b covers b - max CR between these multiples of the range of CR. A best b at either end means that
#: the points do not determine the asymptote.
NEAR, FAR = 1e-3, 1e2


@dataclass(frozen=True)
class Asymptote:
    """The coefficients of SIM = c ln(a / (b - CR)); SIM goes to infinity as CR goes to b."""

    a: float
    b: float
    c: float

    def __call__(self, compression_ratio: npt.ArrayLike) -> Floats:
        """Return the fitted similarity at compression ratios below b."""
        return np.asarray(self.c * np.log(self.a / (self.b - np.asarray(compression_ratio))), dtype=np.float64)


def fit(compression_ratio: npt.ArrayLike, similarity: npt.ArrayLike) -> Asymptote | None:
    """Fit the curve by least squares in the similarity.

    Given b the model is linear, SIM = c ln a - c ln(b - CR), so only b has to be searched: on a logarithmic grid, and
    then by a bounded minimisation between the neighbours of the best grid point.

    Pairs with a value that is not finite are left out. The result is None for fewer than four points, a similarity
    that falls with CR, or a best b at the edge of the searched range.
    """
    x = np.asarray(compression_ratio, dtype=np.float64)
    y = np.asarray(similarity, dtype=np.float64)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) < LEAST_POINTS or np.ptp(x) == 0:
        return None

    def regress(logarithm: float) -> tuple[float, float, float, float]:
        """Regress SIM on -ln(b - CR); return the residual sum of squares, level, slope and b."""
        b = float(x.max() + np.ptp(x) * np.exp(logarithm))
        z = -np.log(b - x)
        deviation = z - z.mean()
        slope = float(deviation @ y / (deviation @ deviation))
        level = float(y.mean() - slope * z.mean())
        return float(((y - level - slope * z) ** 2).sum()), level, slope, b

    grid = np.linspace(np.log(NEAR), np.log(FAR), 60)
    best = int(np.argmin([regress(logarithm)[0] for logarithm in grid]))
    if best in (0, len(grid) - 1):
        return None
    bounds = (grid[best - 1], grid[best + 1])
    minimum = optimize.minimize_scalar(
        lambda logarithm: regress(logarithm)[0], bounds=bounds, method="bounded", options={"xatol": 1e-10}
    )
    _, level, slope, b = regress(minimum.x)
    if slope <= 0 or abs(level / slope) > 700:
        return None
    return Asymptote(a=float(np.exp(level / slope)), b=b, c=slope)
