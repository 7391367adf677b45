"""Means over seeds as rows of a panel: a policy or an experiment a row, the number along the axis."""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes

from lawpipe.analysis.intervals import Interval, mean_interval
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


def draw_with_seeds(
    axes: Axes, values: Iterable[float], height: float, colour: str, label: str | None = None
) -> None:
    """Draw the mean of the seeds' values with its interval as a row, and the values as points."""
    values = list(values)
    axes.plot(values, [height] * len(values), ".", color=colour, markersize=3, alpha=0.6)
    draw(axes, mean_interval(values), height, colour, label)


def draw_share(
    axes: Axes,
    found: Interval,
    height: float,
    colour: str,
    label: str | None,
    ends: tuple[float, float] = SHARES,
) -> None:
    """Draw a share of a gain, in per cent, as a row; one beyond the ends of the axis is an arrow at its edge."""
    found = found.scaled(100)
    if found.mean is None or ends[0] <= found.mean <= ends[1]:
        draw(axes, found, height, colour, label)
        return
    inwards = 0.012 * (ends[1] - ends[0])
    edge, arrow = (ends[1] - inwards, ">") if found.mean > ends[1] else (ends[0] + inwards, "<")
    axes.plot([edge], [height], arrow, color=colour, markersize=6, label=label)


def finish_shares(axes: Axes, name: str = "share of the fall of J", ends: tuple[float, float] = SHARES) -> None:
    """Give the axis of shares its marks and its name."""
    for mark in (0, 100):
        axes.axvline(mark, color=surfaces.MUTED, linestyle=":", linewidth=1)
    axes.set_xlabel(f"{name} (%; arrows: beyond)")
    axes.set_xlim(*ends)
