"""Whether a loss curve falls faster again at its end, which no power law does.

A power law is convex: it falls by less in each equal span of steps. A curve whose learning rate is annealed, or that
leaves a plateau, falls faster again; a power law fitted to it has another exponent than the one it followed before,
and an interval that knows nothing of it.
"""

import math

import numpy as np

from lawpipe.analysis import Floats

#: The window from t0 on is cut into this many equal spans; the last falls are compared with those before them.
SPANS = 10
LAST = 3
#: A fall must exceed the one before it by this share, and by this many standard deviations of the noise.
EXCESS = 0.15
DEVIATIONS = 4.0


def falls_faster_again(losses: Floats, first_step: int) -> bool:
    """Return whether, in the last three tenths of the steps t0..T, a curve falls more than in the tenth before.

    `losses` are L[0..T], finite. A window of fewer than 30 steps is not judged. The noise of the mean of a span is
    that of an AR(1) process with the variance and the memory of the residuals about a straight line in each span.
    """
    window = losses[first_step:]
    if len(window) < 3 * SPANS:
        return False
    spans = np.array_split(window, SPANS)
    falls = -np.diff([span.mean() for span in spans])
    before, excess = falls[-LAST - 1 : -1], np.diff(falls[-LAST - 1 :])
    # The difference of two falls is that of three means, with the weights 1, -2 and 1.
    noise = math.sqrt(6) * _deviation_of_mean(spans[-LAST - 2 :])
    return bool((excess > np.maximum(EXCESS * np.abs(before), DEVIATIONS * noise)).any())


def _deviation_of_mean(spans: list[Floats]) -> float:
    """Return the standard deviation of the mean of a span."""
    residuals = np.concatenate([_detrended(span) for span in spans])
    squares = float(residuals @ residuals)
    memory = min(0.99, max(0.0, float(residuals[1:] @ residuals[:-1]) / squares)) if squares else 0.0
    return math.sqrt(squares / len(residuals) * (1 + memory) / (1 - memory) / len(spans[-1]))


def _detrended(span: Floats) -> Floats:
    """Return a span without the straight line that fits it best."""
    steps = np.arange(len(span)) - (len(span) - 1) / 2
    centred = span - span.mean()
    return np.asarray(centred - steps * float(steps @ centred) / float(steps @ steps))
