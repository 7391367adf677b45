"""What several figures draw in the same way: curves over seeds, means over seeds in rows, axes and notes."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from lawpipe.analysis.intervals import Interval, mean_interval
from lawpipe.figures import style, surfaces
from lawpipe.results.experiment import Results, select
from lawpipe.results.gains import BASE, BEST
from lawpipe.results.numbers import policy_label

Array = npt.NDArray[np.float64]

#: The policies that every experiment has and that most figures compare, and the kinds of contribution.
COMPARED = (BASE, BEST)
KINDS = ("instantaneous", "adjoint")
#: The column of `summary` with the mean similarity by each kind, to which the reference set is appended.
MEAN_SIMILARITY = {"instantaneous": "similarity", "adjoint": "adjoint_similarity"}
STEP = "training step t"

#: A curve has at most this many points.
MOST_POINTS = 500
#: A band needs at least this many seeds. With fewer, each seed is a thin line.
SEEDS_FOR_A_BAND = 3
#: Losses whose largest is less than this factor above the smallest have a linear axis: a log axis would lack ticks.
FACTOR_FOR_LOG_AXIS = 3.0
#: The ends of an axis of shares of a gain, in per cent. A share beyond them is an arrow at the edge.
SHARES = (-150.0, 350.0)


def titled(title: str, width: float, height: float) -> Figure:
    """Return an empty figure of this size in inches, under a title."""
    drawing = Figure(figsize=(width, height), layout="constrained")
    drawing.suptitle(title, x=0.01, ha="left", fontweight="bold", gid=surfaces.TITLE_ID)
    return drawing


def seeds_note(results: Results, *, geometric: bool = False) -> str:
    """Say how `draw_over_seeds` draws the seeds of an experiment."""
    if len(results.seeds) >= SEEDS_FOR_A_BAND:
        return f"lines are {'geometric ' if geometric else ''}means, bands 95 % t intervals over seeds"
    return "one thin line per seed" if len(results.seeds) > 1 else "one run, no interval"


def thinned(length: int, *, most: int = MOST_POINTS, log: bool = False) -> npt.NDArray[np.int64]:
    """Return at most `most` indices of a curve of `length` points, with both ends; denser at the start if `log`."""
    if length <= most:  # also for an empty curve
        return np.arange(length)
    spaced = np.geomspace if log else np.linspace
    return np.unique(np.round(spaced(1, length, most) - 1).astype(np.int64))


def band(samples: Array, *, log: bool = False) -> Array:
    """Return mean, lower and upper end of the 95 % t interval over the seeds, [3, x]; NaN where not defined.

    A sample, [seeds, x], that is not finite counts as missing. With `log`, for axes in factors, the mean is the
    geometric one, and a sample of 0 or less counts as missing, too.
    """
    columns = (np.where(samples > 0, samples, np.nan) if log else samples).T
    over = [mean_interval(column, logarithmic=log) for column in columns]
    ends = [(i.mean, i.low, i.high) if i.n_reached >= SEEDS_FOR_A_BAND else (i.mean, None, None) for i in over]
    return np.array(ends, dtype=np.float64).reshape(-1, 3).T


def draw_over_seeds(
    axes: Axes, x: Array, samples: Array, colour: str, label: str | None, *, line: str = "-", log: bool = False
) -> None:
    """Draw samples [seeds, x]: mean and band of three seeds or more, otherwise a thin line per seed."""
    if len(samples) >= SEEDS_FOR_A_BAND:
        mean, low, high = band(samples, log=log)
        axes.plot(x, mean, color=colour, linestyle=line, label=label)
        axes.fill_between(x.astype(np.float64), low, high, color=colour, alpha=0.2, linewidth=0)
        return
    for row in np.where(samples > 0, samples, np.nan) if log else samples:
        axes.plot(x, row, color=colour, linestyle=line, linewidth=1.1, alpha=0.9, label=label)
        label = None


def differ_by_factors(losses: npt.ArrayLike) -> bool:
    """Return whether losses are better compared on a log axis: they differ by large factors and are all above 0."""
    values = np.asarray(losses, dtype=np.float64)
    values = values[np.isfinite(values)]
    return bool(values.size and values.min() > 0 and values.max() > FACTOR_FOR_LOG_AXIS * values.min())


def log_axes(axes: Axes, names: str) -> None:
    """Make the axes named in `names` ("x", "y" or "xy") logarithmic, with plain numbers as ticks."""
    axes.set(**{f"{name}scale": "log" for name in names})
    for name in names:
        axis = axes.xaxis if name == "x" else axes.yaxis
        low, high = sorted(axis.get_view_interval())
        # Less than four decades have plain numbers: 1, 2 and 5 of each decade if there are few.
        if low > 0 and high / low < 1e4:
            few = LogLocator(subs=(1, 2, 5) if high / low < 30 else (1,))
            axis.set_major_locator(MaxNLocator(5) if high / low < FACTOR_FOR_LOG_AXIS else few)
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter(NullFormatter())


def loss_curves(results: Results, policy: str, against: str) -> tuple[Array, Array]:
    """Return the steps 0 to T, and the loss of a policy on a reference set, [seeds, T + 1]."""
    return results.by_seed(select(results.curves, policy=policy), "step", f"{against}_loss")


def draw_losses(axes: Axes, results: Results, policies: Sequence[str], against: str, *, log: bool) -> None:
    """Draw the loss on one reference set over the steps, one curve per policy."""
    colours = style.colours(policies)
    for policy in policies:
        steps, losses = loss_curves(results, policy, against)
        keep = thinned(len(steps))
        draw_over_seeds(axes, steps[keep], losses[:, keep], colours[policy], policy_label(policy), log=log)
    if log:
        log_axes(axes, "y")
    axes.set(title=f"{against.capitalize()} examples", xlabel=STEP, ylabel=loss_label(log=log))


def loss_label(*, log: bool) -> str:
    """Return the label of an axis of losses."""
    return f"mean loss (nats{', log' if log else ''})"


def draw_steps_saved(axes: Axes, loss: float, last_step: int, ratio: float | None) -> None:
    """Draw the conventional policy's last loss, and an arrow from its last step T back to step T / `ratio`.

    Without the arrow if the ratio is None: the loss is never reached.
    """
    axes.axhline(loss, **style.DOTTED)
    if ratio is not None:
        arrow = {"arrowstyle": "-|>", "color": surfaces.INK, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", xy=(last_step / ratio, loss), xytext=(last_step, loss), arrowprops=arrow)


def write_in_corner(axes: Axes, text: str, height: float, va: str = "baseline") -> None:
    """Write a note at the right edge of the axes, at a height in shares of theirs."""
    axes.annotate(text, (0.98, height), xycoords="axes fraction", ha="right", va=va, fontsize=8, bbox=style.BOX)


def write_at_level(axes: Axes, text: str, level: float, *, side: str = "right", **properties: Any) -> None:
    """Write a small note just above a level of the y axis."""
    axes.annotate(
        text,
        (0.99 if side == "right" else 0.02, level),
        xycoords=("axes fraction", "data"),
        xytext=(0, 2),
        textcoords="offset points",
        ha=side,
        fontsize=7,
        color=surfaces.MUTED,
        **properties,
    )


def draw_colour_bar(axes: Axes, mappable: ScalarMappable, label: str, extend: str = "neither") -> None:
    """Draw the colour bar of an axes at its right."""
    bar = axes.figure.colorbar(mappable, ax=axes, pad=0.02, aspect=28, extend=extend)
    bar.set_label(label)
    bar.outline.set_visible(False)


def say_empty(axes: Axes, reason: str) -> None:
    """Write in a panel without data why it has none."""
    text = textwrap.fill(reason, 38)
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=surfaces.MUTED)
    axes.set_axis_off()


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows, the first on top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)


def _draw_mean(axes: Axes, interval: Interval, height: float, colour: str, label: str | None = None) -> None:
    """Draw a mean at a height, with its interval if three seeds or more have a value."""
    if interval.mean is None:
        return
    sides = None
    if interval.n_reached >= SEEDS_FOR_A_BAND and interval.low is not None and interval.high is not None:
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
    _draw_mean(axes, mean_interval(values), height, colour, label)


def draw_share(axes: Axes, share: Interval, height: float, colour: str, ends: tuple[float, float] = SHARES) -> None:
    """Draw a share of a gain in per cent, as an arrow at the edge if its mean is beyond the ends of the axis."""
    share = share.scaled(100)
    if share.mean is None or ends[0] <= share.mean <= ends[1]:
        _draw_mean(axes, share, height, colour)
        return
    inwards = 0.012 * (ends[1] - ends[0])
    edge, arrow = (ends[1] - inwards, ">") if share.mean > ends[1] else (ends[0] + inwards, "<")
    axes.plot([edge], [height], arrow, color=colour, markersize=6)


def finish_shares(axes: Axes, name: str = "share of the gain in J", ends: tuple[float, float] = SHARES) -> None:
    """Label the axis of shares, and draw lines at 0 and 100 %."""
    for share in (0, 100):
        axes.axvline(share, **style.DOTTED)
    axes.set(xlabel=f"{name} (%; arrows: beyond)", xlim=ends)
