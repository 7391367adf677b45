"""What several figures draw in the same way: curves over seeds, means in rows, axes, titles and legends."""

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from lawpipe.analysis.intervals import Interval, mean_interval
from lawpipe.figures import style, surfaces
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

#: The width of a figure and the distance of two lines of text, in inches.
WIDTH, LINE = 6.2, 0.168
#: What a legend needs beside a label, in inches.
HANDLE = 0.58

#: A curve has at most this many points.
MOST_POINTS = 500
#: A band needs at least this many seeds; with fewer, each seed is a thin line. More lines than this have no bands.
SEEDS_FOR_A_BAND, MOST_BANDS = 3, 4
#: Losses whose largest is less than this factor above the smallest have a linear axis: a log axis would lack ticks.
FACTOR_FOR_LOG_AXIS = 3.0
#: The ticks of each decade of a log axis that is shorter than a factor, and about how many ticks an axis has.
TICKS, MOST_TICKS = {30.0: (1, 2, 5), 1e3: (1, 3), math.inf: (1,)}, 5
#: The bulk of some values lies within this multiple of the distance of their quartiles from the middle of these, or
#: between the outer quantiles if the quartiles are equal; the axis is longer by this share.
FENCE, BULK, ROOM = 8.0, (0.02, 0.25, 0.75, 0.98), 0.08
#: The least and the greatest ends of an axis of shares, in per cent.
SHARES = (-60.0, 200.0)
#: The y limits of an axis from 0 to 100 %.
PER_CENT = (-4, 104)


def surround(figure: Figure, title: str, subtitle: str = "", foot: float = 0.0) -> None:
    """Write a title, a subtitle and one legend of all labels above the panels; the figure grows by what they need.

    `foot` is the height in inches of what stands below the panels.
    """
    y = _write_head(figure, title, subtitle) + 0.04
    body = figure.get_figheight()
    height = y + body + foot
    figure.set_figheight(height)
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(rect=(0.01, foot / height, 0.98, body / height), w_pad=0.05, h_pad=0.05)  # type: ignore[call-arg]


def _write_head(figure: Figure, title: str, subtitle: str) -> float:
    """Write title, subtitle and legend at the top of a figure, whatever its height; return theirs in inches."""
    corner = figure.dpi_scale_trans + ScaledTranslation(0, 1, figure.transFigure)  # type: ignore[arg-type]
    # The report shows the title above the figure and removes this one.
    figure.text(0.1, -0.1, title, transform=corner, fontsize=11, fontweight="bold", va="top", gid=surfaces.TITLE_ID)
    y = surfaces.TITLE_HEIGHT
    for line in wrapped(subtitle, WIDTH - 0.2):
        figure.text(0.1, -y, line, transform=corner, color=surfaces.MUTED, va="top")
        y += LINE
    handles: dict[str, Any] = {}
    for axes in (axes for axes in figure.axes if axes.axison):
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if handles:
        columns = _columns([*handles])
        figure.legend(
            handles.values(), handles.keys(), loc="upper left", bbox_to_anchor=(0.1, -y - 0.03),
            bbox_transform=corner, ncols=columns, borderaxespad=0,
        )  # fmt: skip
        y += 0.06 + LINE * math.ceil(len(handles) / columns)
    return y


def _columns(labels: Sequence[str]) -> int:
    """Return the greatest number of columns with which a legend of these labels fits into the width of a figure."""
    widths = [_width(label) + HANDLE for label in labels]
    for columns in range(len(labels), 1, -1):
        if sum(max(part) for part in np.array_split(widths, columns)) <= WIDTH - 0.2:
            return columns
    return 1


def wrapped(text: str, width: float) -> list[str]:
    """Break a text into lines that are no longer than a width in inches; not at a no-break space."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and _width(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _width(text: str) -> float:
    """Return the width of a text in inches."""
    font = FontProperties(family="DejaVu Sans", size=style.TEXT)
    points: float = text_to_path.get_text_width_height_descent(text, font, False)[0]
    return points / 72


def label_once(grid: Sequence[Sequence[Axes]]) -> None:
    """Leave the labels of shared axes to the first panel of a row and the last of a column, unless that is empty."""
    for first, *others in grid:
        for axes in others:
            if first.axison and first.get_shared_y_axes().joined(first, axes):
                axes.set_ylabel("")
            else:
                axes.tick_params(labelleft=True)
    for *above, last in zip(*grid, strict=True):
        if above and not last.axison:
            above[-1].tick_params(labelbottom=True)
            above[-1].set_xlabel(last.get_xlabel())


def seeds_note(results: Results, *, geometric: bool = False, lines: int = 1) -> str:
    """Say how `draw_over_seeds` draws the seeds of an experiment, if a panel has this many lines."""
    if len(results.seeds) >= SEEDS_FOR_A_BAND:
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
    ends = [(i.mean, i.low, i.high) if i.n_reached >= SEEDS_FOR_A_BAND else (i.mean, None, None) for i in over]
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
    if len(samples) >= SEEDS_FOR_A_BAND:
        mean, low, high = band(samples, log=log)
        axes.plot(x, mean, color=look.colour, linestyle=look.line, label=label)
        if lines <= MOST_BANDS:
            ends = np.clip([low, high], *possible)
            axes.fill_between(x.astype(np.float64), *ends, color=look.colour, alpha=0.2, linewidth=0)
        return
    for row in np.where(samples > 0, samples, np.nan) if log else samples:
        axes.plot(x, row, color=look.colour, linestyle=look.line, linewidth=1.1, alpha=0.9, label=label)
        label = None


def differ_by_factors(losses: npt.ArrayLike) -> bool:
    """Return whether losses are better compared on a log axis: they differ by large factors and are all above 0."""
    values = np.asarray(losses, dtype=np.float64)
    values = values[np.isfinite(values)]
    return bool(values.size and values.min() > 0 and values.max() > FACTOR_FOR_LOG_AXIS * values.min())


def log_axes(row: Iterable[Axes], names: str) -> None:
    """Make the axes named in `names` ("x", "y", "xy" or "") of some panels logarithmic, with few numbers as ticks."""
    for axes in row:
        if not axes.axison:
            continue
        axes.set(**{f"{name}scale": "log" for name in names})
        for name in names:
            axis = axes.xaxis if name == "x" else axes.yaxis
            low, high = sorted(axis.get_view_interval())
            if not 0 < low < high < math.inf:
                continue
            factor = high / low
            subs = next(subs for limit, subs in TICKS.items() if factor < limit)
            few = LogLocator(subs=subs, numticks=MOST_TICKS + 2)
            axis.set_major_locator(MaxNLocator(4) if factor < FACTOR_FOR_LOG_AXIS else few)
            axis.set_major_formatter(PLAIN)
            axis.set_minor_locator(NullLocator())


def _plain(value: float, _: int | None = None) -> str:
    """Write the number of a tick: 0.01, 20, 1e4."""
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:g}"
    mantissa, exponent = f"{value:.0e}".split("e")
    return f"{mantissa}e{int(exponent)}"


#: Writes the ticks of an axis as plain numbers.
PLAIN = FuncFormatter(_plain)


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
    log_axes((axes,), "y" if log else "")
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
    log_axes((bar.ax,), "y")


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
    if interval.n_reached >= SEEDS_FOR_A_BAND and interval.low is not None and interval.high is not None:
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
