"""Means over seeds as rows of a panel: a policy or an experiment a row, the number along the axis."""

import numpy as np
from matplotlib.axes import Axes

from lawpipe.analysis.intervals import Interval
from lawpipe.figures import panels, surfaces

#: The axis of shares of a gain, in per cent: what lies beyond is an arrow at its edge.
SHARES = (-150.0, 350.0)


def draw(axes: Axes, found: Interval, height: float, colour: str, label: str | None) -> None:
    """Draw a mean with its interval, if it has one, as a row."""
    if found.mean is None:
        return
    sides = None
    if found.n_reached >= panels.SEEDS_FOR_A_BAND and found.low is not None and found.high is not None:
        sides = np.array([[found.mean - found.low], [found.high - found.mean]])
    axes.errorbar(
        [found.mean], [height], xerr=sides, fmt="o", color=colour, markersize=4.5, elinewidth=1.4, label=label
    )


def draw_share(axes: Axes, found: Interval, height: float, colour: str, label: str | None) -> None:
    """Draw a share of a gain, in per cent, as a row; one beyond the axis is an arrow at its edge."""
    mean, low, high = (None if value is None else 100 * value for value in (found.mean, found.low, found.high))
    if mean is None or SHARES[0] <= mean <= SHARES[1]:
        draw(axes, Interval(mean, low, high, found.n, found.n_reached), height, colour, label)
        return
    edge, arrow = (SHARES[1] - 6, ">") if mean > SHARES[1] else (SHARES[0] + 6, "<")
    axes.plot([edge], [height], arrow, color=colour, markersize=6, label=label)


def finish_shares(axes: Axes) -> None:
    """Give the axis of shares its marks and its name."""
    for mark in (0, 100):
        axes.axvline(mark, color=surfaces.MUTED, linestyle=":", linewidth=1)
    axes.set_xlabel("share of the fall of J (%; arrows: beyond)")
    axes.set_xlim(*SHARES)
