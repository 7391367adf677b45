"""The layout of a figure: its width, the title and the legend above the panels, the labels and ticks of axes.

It knows nothing of results, so that a figure of recorded numbers depends on nothing else.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from lawpipe.figures import style, surfaces

#: The width of a figure and the distance of two lines of text, in inches.
WIDTH, LINE = 6.2, 0.168
#: What a legend needs beside a label, in inches.
HANDLE = 0.58

#: Losses whose largest is less than this factor above the smallest have a linear axis: a log axis would lack ticks.
FACTOR_FOR_LOG_AXIS = 3.0
#: The ticks of each decade of a log axis that is shorter than a factor, and about how many ticks an axis has.
TICKS, MOST_TICKS = {30.0: (1, 2, 5), 1e3: (1, 3), math.inf: (1,)}, 5


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
