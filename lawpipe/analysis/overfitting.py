"""Whether unseen examples follow a search to its end."""

import math

import numpy as np
import numpy.typing as npt


def further_unseen(desired: npt.ArrayLike, unseen: npt.ArrayLike) -> float:
    """Return the fall of J on unseen examples over that on desired ones, over the second half of a search's gain.

    With D[i] and U[i] the two J along the accepted policies of a search, b the policy with the lowest D, and h the
    first policy with at least half of the gain, D[0] - D[h] >= (D[0] - D[b]) / 2:

        (U[h] - U[b]) / (D[h] - D[b])

    Above 0, a better policy for the desired examples is better for unseen ones to the end; below 0 the search fits
    the desired examples themselves. NaN if the gain came in one step (h = b), or there is none.
    """
    on_desired, on_unseen = (np.asarray(values, dtype=np.float64) for values in (desired, unseen))
    best = int(np.argmin(on_desired))
    half = int(np.argmax(on_desired <= (on_desired[0] + on_desired[best]) / 2))
    fall = on_desired[half] - on_desired[best]
    return float((on_unseen[half] - on_unseen[best]) / fall) if fall > 0 else math.nan
