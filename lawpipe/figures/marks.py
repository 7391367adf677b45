"""Means over seeds in rows: one row per policy or experiment, the value along the x axis."""

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes

from lawpipe.analysis.intervals import Interval, mean_interval
from lawpipe.figures import panels, style

#: The ends of an axis of shares of a gain, in per cent. A share beyond them is an arrow at the edge.
SHARES = (-150.0, 350.0)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows, the first on top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)


def draw(axes: Axes, interval: Interval, height: float, colour: str, label: str | None = None) -> None:
    """Draw a mean at a height, with its interval if three seeds or more have a value."""
    if interval.mean is None:
        return
    sides = None
    if interval.n_reached >= panels.SEEDS_FOR_A_BAND and interval.low is not None and interval.high is not None:
        sides = np.array([[interval.mean - interval.low], [interval.high - interval.mean]])
    axes.errorbar(
        [interval.mean], [height], xerr=sides, fmt="o", color=colour, markersize=4.5, elinewidth=1.4, label=label
    )


def draw_with_seeds(
    axes: Axes, values: Iterable[float], height: float, colour: str, label: str | None = None
) -> None:
    """Draw the values of the seeds as small points, and their mean with its interval."""
    values = list(values)
    axes.plot(values, [height] * len(values), ".", color=colour, markersize=3, alpha=0.6)
    draw(axes, mean_interval(values), height, colour, label)


def draw_share(axes: Axes, share: Interval, height: float, colour: str, ends: tuple[float, float] = SHARES) -> None:
    """Draw a share of a gain in per cent, as an arrow at the edge if its mean is beyond the ends of the axis."""
    share = share.scaled(100)
    if share.mean is None or ends[0] <= share.mean <= ends[1]:
        draw(axes, share, height, colour)
        return
    inwards = 0.012 * (ends[1] - ends[0])
    edge, arrow = (ends[1] - inwards, ">") if share.mean > ends[1] else (ends[0] + inwards, "<")
    axes.plot([edge], [height], arrow, color=colour, markersize=6)


def finish_shares(axes: Axes, name: str = "share of the gain in J", ends: tuple[float, float] = SHARES) -> None:
    """Label the axis of shares, and draw lines at 0 and 100 %."""
    for share in (0, 100):
        axes.axvline(share, **style.DOTTED)
    axes.set(xlabel=f"{name} (%; arrows: beyond)", xlim=ends)
