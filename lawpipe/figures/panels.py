"""The frame that every figure shares: title, axes, the paper beside them, and curves over seeds."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from scipy import special

from lawpipe.analysis.intervals import CONFIDENCE
from lawpipe.figures import style, surfaces
from lawpipe.figures.surfaces import TITLE_ID
from lawpipe.paper import values as paper
from lawpipe.results import catalogue, problem
from lawpipe.results.experiment import Results

Array = npt.NDArray[np.float64]

WIDTH = 10.6
#: The column on the right that tells what the paper shows, in inches.
BESIDE = 2.45
#: The lines of title and subtitle, in inches.
HEAD = 0.62
#: Characters a line of the column takes.
LINE = 35
#: Settings named beside a figure, of those that are not the paper's; the report has them all.
MOST_DIFFERENCES = 5
#: A band needs at least this many seeds; with fewer each is drawn as a thin line.
SEEDS_FOR_A_BAND = 3
#: Losses that fall by less than this factor are drawn on a linear axis: a log axis would have no tick to tell.
FACTOR_FOR_LOGARITHMS = 3.0


@dataclass(frozen=True)
class Canvas:
    """A figure in the making: its axes and the lines that say what this run found."""

    figure: Figure
    axes: tuple[tuple[Axes, ...], ...]
    results: Results
    name: str
    here: list[str] = field(default_factory=list)

    def at(self, row: int, column: int) -> Axes:
        """Return one of the axes."""
        return self.axes[row][column]

    @property
    def every(self) -> list[Axes]:
        """All axes, row by row."""
        return [axes for row in self.axes for axes in row]


def canvas(
    results: Results,
    name: str,
    rows: int,
    columns: int,
    height: float,
    note: str,
    widths: Sequence[float] | None = None,
) -> Canvas:
    """Start the figure `name` of the catalogue with a grid of axes; `note` says how seeds are shown."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(  # type: ignore[call-arg]
        rect=(0.004, 0.01, (WIDTH - BESIDE - 0.15) / WIDTH, (height - HEAD) / height - 0.01),
        w_pad=0.06,
        h_pad=0.06,
        wspace=0.03,
        hspace=0.05,
    )
    axes = figure.subplots(rows, columns, squeeze=False, width_ratios=widths)
    title = catalogue.figure(name).title
    top = 1 - 0.14 / height
    # The report has the title above the figure and leaves this one out.
    figure.text(0.10 / WIDTH, top, title, fontsize=12.5, fontweight="bold", va="top", gid=TITLE_ID)
    seeds = f"n = {len(results.seeds)} seed{'s' if len(results.seeds) > 1 else ''}"
    figure.text(0.10 / WIDTH, top - 0.25 / height, f"{results.name}: {seeds}; {note}", color=surfaces.MUTED, va="top")
    return Canvas(figure, tuple(map(tuple, axes)), results, name)


def finish(canvas: Canvas) -> Figure:
    """Write the column on the right, the paper's values and what was found here, and return the figure."""
    source = catalogue.figure(canvas.name).source
    settings = canvas.results.settings
    figure = canvas.figure
    height = figure.get_figheight()
    left, width = (WIDTH - BESIDE) / WIDTH, (BESIDE - 0.10) / WIDTH
    bottom, top = 0.10 / height, 1 - 0.12 / height
    figure.add_artist(
        Rectangle(
            (left, bottom),
            width,
            top - bottom,
            transform=figure.transFigure,
            facecolor=surfaces.PANEL,
            linewidth=0,
        )
    )
    blocks = [("The paper" if source is None else f"The paper, {source}", _paper_lines(canvas, source))]
    blocks.append(("This run", canvas.here or ["nothing to show with these settings."]))
    blocks.append(("Settings", _setting_lines(settings)))
    #: Text, whether it is a heading, and the space above it in lines.
    lines: list[tuple[str, bool, float]] = []
    for heading, texts in blocks:
        lines.append((heading, True, 1.0))
        for text in texts:
            lines += [(line, False, 0.0 if index else 0.3) for index, line in enumerate(textwrap.wrap(text, LINE))]
    # Long texts make the lines closer and smaller, so that the column always ends on the page.
    used = sum(1 + space for _, _, space in lines) - 1
    pitch = min(0.155, (height - 0.40) / used)
    at = height - 0.22 + pitch
    for text, bold, space in lines:
        at -= space * pitch
        if text:
            figure.text(
                left + 0.10 / WIDTH,
                at / height,
                text,
                va="top",
                fontsize=7.6 * pitch / 0.155,
                fontweight="bold" if bold else "normal",
                color=surfaces.INK,
            )
        at -= pitch
    return figure


def _paper_lines(canvas: Canvas, source: str | None) -> list[str]:
    """Say what the paper shows in this place."""
    if source is None:
        return ["has no such figure."]
    found = paper.values(problem.name(canvas.results.settings), source)
    if not found:
        return ["has no values for this problem there."]
    return [
        f"{value.quantity}: {value.text}{' (read off the figure)' if value.digitised else ''}." for value in found
    ] + ["One run, no interval."]


def _setting_lines(settings: object) -> list[str]:
    """Say how the task differs from the paper's."""
    assert isinstance(settings, dict)
    changed = paper.differences(settings)
    if not changed:
        return ["The task is the paper's: data, model, steps and learning rate."]
    shown = [f"{found.label} {found.here} (paper: {found.paper})" for found in changed[:MOST_DIFFERENCES]]
    more = [f"and {len(changed) - len(shown)} more"] if len(changed) > len(shown) else []
    return ["Unlike the paper's: " + "; ".join(shown + more) + "."]


def like_the_paper(results: Results) -> bool:
    """Tell whether the paper's numbers may be drawn among ours: the task is the same."""
    return problem.name(results.settings) in paper.SETTINGS and not paper.differences(results.settings)


def thinned(length: int, *, most: int = style.MOST_POINTS, logarithmic: bool = False) -> npt.NDArray[np.int64]:
    """Return at most so many positions of a curve with both ends, dense at the start if logarithmic."""
    if length <= most:  # also nothing at all
        return np.arange(length)
    spaced = np.geomspace if logarithmic else np.linspace
    places = spaced(1, length, most) - 1
    return np.unique(np.round(places).astype(np.int64))


@dataclass(frozen=True)
class Band:
    """Mean and 95 % t interval over seeds at each x; nan where they are not defined."""

    mean: Array
    low: Array
    high: Array


def band(samples: Array, *, logarithmic: bool = False) -> Band:
    """Return mean and Student's 95 % interval of samples [seeds, x], missing ones left out.

    Of the logarithms if `logarithmic`: the geometric mean, for axes in factors; values of 0 or less then
    count as missing. Fewer than three values have no interval.
    """
    values = np.where(np.isfinite(samples), samples, np.nan)
    if logarithmic:
        values = np.log(np.where(values > 0, values, np.nan))
    present = np.isfinite(values)
    count = present.sum(axis=0)
    mean = np.full(count.shape, np.nan)
    np.divide(np.where(present, values, 0).sum(axis=0), count, out=mean, where=count > 0)
    squares = np.where(present, (values - mean) ** 2, 0).sum(axis=0)
    enough = count >= SEEDS_FOR_A_BAND
    half = np.full(count.shape, np.nan)
    freedom = np.maximum(count - 1, 1)
    quantile = special.stdtrit(freedom, 0.5 + CONFIDENCE / 2)
    np.multiply(quantile, np.sqrt(squares / freedom / np.maximum(count, 1)), out=half, where=enough)
    if logarithmic:
        return Band(np.exp(mean), np.exp(mean - half), np.exp(mean + half))
    return Band(mean, mean - half, mean + half)


def draw_over_seeds(
    axes: Axes,
    x: npt.NDArray[np.generic],
    samples: Array,
    colour: str,
    label: str | None,
    *,
    line: str = "-",
    logarithmic: bool = False,
) -> None:
    """Draw samples [seeds, x]: mean and band of three seeds or more, a thin line each otherwise."""
    if len(samples) >= SEEDS_FOR_A_BAND:
        over = band(samples, logarithmic=logarithmic)
        axes.plot(x, over.mean, color=colour, linestyle=line, label=label)
        axes.fill_between(x.astype(np.float64), over.low, over.high, color=colour, alpha=0.2, linewidth=0)
        return
    for index, row in enumerate(samples):
        shown = np.where(row > 0, row, np.nan) if logarithmic else row
        axes.plot(
            x,
            shown,
            color=colour,
            linestyle=line,
            linewidth=1.1,
            alpha=0.9,
            label=label if index == 0 else None,
        )


def logarithmic(axis: Axis) -> None:
    """Make the ticks of a logarithmic axis plain numbers: 1, 2 and 5 of each decade if there are few."""
    low, high = sorted(axis.get_view_interval())
    if low > 0 and high / low < 1e4:
        few = LogLocator(subs=(1, 2, 5) if high / low < 30 else (1,))
        axis.set_major_locator(MaxNLocator(5) if high / low < FACTOR_FOR_LOGARITHMS else few)
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def in_factors(losses: npt.ArrayLike) -> bool:
    """Tell whether losses are better compared by their logarithms: they differ by factors, and all are above 0."""
    values = np.asarray(losses, dtype=np.float64)
    values = values[np.isfinite(values)]
    return bool(values.size and values.min() > 0 and values.max() > FACTOR_FOR_LOGARITHMS * values.min())


def say_empty(axes: Axes, text: str) -> None:
    """Write in an empty panel why it is empty."""
    axes.text(
        0.5,
        0.5,
        textwrap.fill(text, 38),
        transform=axes.transAxes,
        ha="center",
        va="center",
        color=surfaces.MUTED,
    )
    axes.set_axis_off()


def seeds_note(results: Results, *, geometric: bool = False) -> str:
    """Say how curves over seeds are drawn."""
    if len(results.seeds) >= SEEDS_FOR_A_BAND:
        return f"lines are {'geometric ' if geometric else ''}means, bands 95 % t intervals over seeds"
    return "a thin line each" if len(results.seeds) > 1 else "one run, no interval"
