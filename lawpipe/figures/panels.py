"""What several figures draw in the same way: curves over seeds, means in rows, axes, titles and legends."""

import math
import textwrap
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable

from lawpipe.analysis.intervals import FEWEST, Interval, mean_interval
from lawpipe.figures import layout, style, surfaces
from lawpipe.figures.style import Look
from lawpipe.results.experiment import Results, select
from lawpipe.results.gains import BASE, BEST
from lawpipe.results.numbers import number, policy_label

Array = npt.NDArray[np.float64]

#: The policies that every experiment has and that most figures compare, and the kinds of contribution.
COMPARED = (BASE, BEST)
KINDS = ("instantaneous", "adjoint")
#: The column of `summary` with the mean similarity by each kind, to which the reference set is appended.
MEAN_SIMILARITY = {"instantaneous": "similarity", "adjoint": "adjoint_similarity"}
STEP = "training step t"

#: A curve has at most this many points.
MOST_POINTS = 500
#: A band needs `FEWEST` seeds; with fewer, each seed is a thin line. More lines than this have no bands.
MOST_BANDS = 4
#: The bulk of some values lies within this multiple of the distance of their quartiles from the middle of these, or
#: between the outer quantiles if the quartiles are equal; the axis is longer by this share.
FENCE, BULK, ROOM = 8.0, (0.02, 0.25, 0.75, 0.98), 0.08
#: The least and the greatest ends of an axis of shares, in per cent.
SHARES = (-60.0, 200.0)
#: The y limits of an axis from 0 to 100 %.
PER_CENT = (-4, 104)


def seeds_note(results: Results, *, geometric: bool = False, lines: int = 1) -> str:
    """Say how `draw_over_seeds` draws the seeds of an experiment, if a panel has this many lines."""
    if len(results.seeds) >= FEWEST:
        bands = ", bands 95 % t intervals" if lines <= MOST_BANDS else ""
        return f"lines are {'geometric ' if geometric else ''}means{bands} over seeds"
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
    ends = [(i.mean, i.low, i.high) if i.n_reached >= FEWEST else (i.mean, None, None) for i in over]
    return np.array(ends, dtype=np.float64).reshape(-1, 3).T


def draw_over_seeds(
    axes: Axes,
    x: Array,
    samples: Array,
    look: Look,
    label: str | None,
    *,
    log: bool = False,
    possible: tuple[float, float] = (-np.inf, np.inf),
    lines: int = 1,
) -> None:
    """Draw samples [seeds, x]: mean and band of three seeds or more, otherwise a thin line per seed.

    A band ends where the `possible` values do; there is none if a panel has many `lines`.
    """
    if len(samples) >= FEWEST:
        mean, low, high = band(samples, log=log)
        axes.plot(x, mean, color=look.colour, linestyle=look.line, label=label)
        if lines <= MOST_BANDS:
            ends = np.clip([low, high], *possible)
            axes.fill_between(x.astype(np.float64), *ends, color=look.colour, alpha=0.2, linewidth=0)
        return
    for row in np.where(samples > 0, samples, np.nan) if log else samples:
        axes.plot(x, row, color=look.colour, linestyle=look.line, linewidth=1.1, alpha=0.9, label=label)
        label = None


def bulk(values: npt.ArrayLike, *, log: bool = False) -> tuple[float, float] | None:
    """Return the ends of an axis for the bulk of some values, without the few that are far out; None for no value.

    Values that are not finite do not count, nor, on a `log` axis, those of 0 or less.
    """
    known = np.asarray(values, dtype=np.float64).ravel()
    known = known[np.isfinite(known) & ((known > 0) | (not log))]
    if not known.size:
        return None
    known = np.log(known) if log else known
    low, first, third, high = np.quantile(known, BULK)
    if third > first:
        inside = known[np.abs(known - (first + third) / 2) <= FENCE * (third - first)]
        low, high = inside.min(), inside.max()
    room = ROOM * (high - low) or ROOM * (abs(high) or 1.0)
    ends = np.exp([low - room, high + room]) if log else (low - room, high + room)
    return float(ends[0]), float(ends[1])


def show_bulk(axes: Axes, values: npt.ArrayLike, *, log: bool = False) -> None:
    """Let the y axis show the bulk of some values, if there are any."""
    ends = bulk(values, log=log)
    if ends is not None:
        axes.set_ylim(ends)


def binned(x: Array, y: Array, count: int) -> tuple[Array, Array]:
    """Return the means of x and y in each of `count` equal spans of x; only pairs of finite values count."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if not x.size:
        return x, y
    span = np.digitize(x, np.linspace(x.min(), x.max(), count + 1)[1:-1])
    means = pd.DataFrame({"x": x, "y": y}).groupby(span).mean()
    return means["x"].to_numpy(), means["y"].to_numpy()


def loss_curves(results: Results, policy: str, against: str) -> tuple[Array, Array]:
    """Return the steps 0 to T, and the loss of a policy on a reference set, [seeds, T + 1]."""
    return results.by_seed(select(results.curves, policy=policy), "step", f"{against}_loss")


def draw_losses(axes: Axes, results: Results, policies: Sequence[str], against: str, *, log: bool) -> None:
    """Draw the loss on one reference set over the steps, one curve per policy."""
    for policy in policies:
        steps, losses = loss_curves(results, policy, against)
        keep = thinned(len(steps))
        look, label = style.look(policy), policy_label(policy)
        draw_over_seeds(axes, steps[keep], losses[:, keep], look, label, log=log, lines=len(policies))
    layout.log_axes((axes,), "y" if log else "")
    axes.set(title=f"{against.capitalize()} examples", xlabel=STEP, ylabel=loss_label(log=log))


def loss_label(*, log: bool) -> str:
    """Return the label of an axis of losses."""
    return f"mean loss (nats{', log' if log else ''})"


def draw_steps_saved(axes: Axes, loss: float, last_step: int, ratio: float | None) -> None:
    """Draw the conventional policy's last loss, and an arrow from its last step T back to step T / `ratio`.

    Without the arrow if the ratio is None: the loss is never reached.
    """
    axes.axhline(loss, **style.DOTTED, label="conventional policy's last loss")
    if ratio is not None:
        arrow = {"arrowstyle": "-|>", "color": surfaces.INK, "linewidth": 1.3, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", xy=(last_step / ratio, loss), xytext=(last_step, loss), arrowprops=arrow)


def draw_colour_bar(axes: Axes, mappable: ScalarMappable, label: str, extend: str = "neither") -> None:
    """Draw the colour bar of an axes at its right."""
    bar = axes.figure.colorbar(mappable, ax=axes, pad=0.02, aspect=28, extend=extend)
    bar.set_label(label)
    bar.outline.set_visible(False)
    layout.log_axes((bar.ax,), "y")


def say_empty(axes: Axes, reason: str) -> None:
    """Write in a panel without data why it has none."""
    text = textwrap.fill(reason, 30)
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=surfaces.MUTED)
    axes.set_axis_off()


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Name the rows, the first on top; long names have two lines."""
    axes.set_yticks(range(len(names)), [textwrap.fill(name, 20) if "\n" not in name else name for name in names])
    axes.set_ylim(max(1, len(names)) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)


def draw_with_seeds(
    axes: Axes,
    values: Iterable[float],
    height: float,
    look: Look,
    label: str | None = None,
    ends: tuple[float, float] = (-math.inf, math.inf),
) -> None:
    """Draw the values of the seeds as small points, and their mean with its interval."""
    values = list(values)
    axes.plot(values, [height] * len(values), ".", color=look.colour, markersize=3, alpha=0.6)
    draw_mean(axes, mean_interval(values), height, look, label, ends)


def draw_mean(
    axes: Axes,
    interval: Interval,
    height: float,
    look: Look,
    label: str | None = None,
    ends: tuple[float, float] = (-math.inf, math.inf),
) -> None:
    """Draw a mean with its interval, if three seeds or more have a value.

    A mean beyond the `ends` of the axis is an arrow with its number.
    """
    if interval.mean is None:
        return
    if not ends[0] <= interval.mean <= ends[1]:
        above, inwards = interval.mean > ends[1], 0.02 * (ends[1] - ends[0])
        edge, arrow, side = (ends[1] - inwards, ">", -1) if above else (ends[0] + inwards, "<", 1)
        axes.plot([edge], [height], arrow, color=look.colour, markersize=6, label=label)
        axes.annotate(
            number(interval.mean), (edge, height), (6 * side, 0), textcoords="offset points", color=look.colour,
            ha="right" if above else "left", va="center",
        )  # fmt: skip
        return
    sides = None
    if interval.n_reached >= FEWEST and interval.low is not None and interval.high is not None:
        sides = np.array([[interval.mean - interval.low], [interval.high - interval.mean]])
    axes.errorbar(
        [interval.mean], [height], xerr=sides, fmt=look.marker, color=look.colour, markersize=4.5, elinewidth=1.4,
        label=label,
    )  # fmt: skip


def share_ends(shares: Iterable[Interval]) -> tuple[float, float]:
    """Return the ends of an axis that shows the means of these shares, 0 and 100 %, within SHARES."""
    means = [100 * share.mean for share in shares if share.mean is not None]
    return max(SHARES[0], min(0, *means, 0) - 20), min(SHARES[1], max(100, *means, 0) + 20)


def finish_shares(axes: Axes, label: str, ends: tuple[float, float]) -> None:
    """Label the axis of shares, and draw lines at 0 and 100 %."""
    for share in (0, 100):
        axes.axvline(share, **style.DOTTED)
    axes.set(xlabel=label, xlim=ends)
