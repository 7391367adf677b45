"""How every figure looks, in one place: colours that colour-blind readers can tell apart, fonts, saving.

The colours are Okabe and Ito's, at a lightness that reads on white and on a dark page. Text is drawn as
outlines, so a figure looks the same on every machine; the report maps the neutral colours to those of its
light or dark page.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure

from lawpipe.figures.surfaces import BLUE, GRID, INK, MUTED, PAPER
from lawpipe.run import files

#: A cell of a heat map with nothing to show (the same on a dark page), and one that holds an exact zero.
BLANK = "#fdfdfd"
ZERO = "#b4bcc6"

POLICIES = {
    "conventional": "#7b8794",
    "near_optimal": "#d55e00",
}
#: For policies that have no colour of their own, in their order.
OTHERS = (BLUE, "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
AGAINST = {"desired": BLUE, "test": "#009e73", "validation": "#cc79a7"}
KINDS = {"instantaneous": BLUE, "adjoint": "#cc79a7"}
MARKERS = {"instantaneous": "o", "adjoint": "s"}

#: Points that a curve is thinned to at most.
MOST_POINTS = 500

#: Where an SVG has coordinates: paths, positions, translations (not scales, whose digits matter).
COORDINATES = re.compile(r'(?: d| x| y)="[^"]*"|translate\([^)]*\)')
LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
#: The id of a clipping rectangle: a hash of coordinates, to digits that the layout does not repeat exactly.
CLIP = re.compile(r"\bp[0-9a-f]{10}\b")


def colours(policies: Sequence[str]) -> dict[str, str]:
    """Give every policy a colour; the known ones keep theirs."""
    others = [policy for policy in policies if policy not in POLICIES]
    return {**POLICIES, **{policy: OTHERS[i % len(OTHERS)] for i, policy in enumerate(others)}}


def gradation() -> Colormap:
    """Return the colour map for lines in an order: viridis without its ends, which a page may swallow."""
    return LinearSegmentedColormap.from_list("gradation", mpl.colormaps["viridis"](_steps(0.22, 0.86)))


def weights_map() -> Colormap:
    """Return the colour map of weights: light is small, dark is large; blank is not shown."""
    return LinearSegmentedColormap.from_list(
        "weights", sns.color_palette("rocket_r", as_cmap=True)(_steps(0.10, 0.90))
    )


def _steps(low: float, high: float, count: int = 64) -> list[float]:
    """Return evenly spaced positions of a colour map."""
    return [low + (high - low) * i / (count - 1) for i in range(count)]


def _settings() -> Any:
    """Return the matplotlib settings of every figure."""
    return {
        **sns.axes_style("ticks"),
        **sns.plotting_context("paper"),
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 8.5,
        "axes.titlesize": 9,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": 8.5,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "legend.fontsize": 8,
        "legend.title_fontsize": 8,
        "legend.frameon": True,
        "legend.framealpha": 0.8,
        "legend.facecolor": PAPER,
        "legend.edgecolor": "none",
        "legend.borderpad": 0.2,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": MUTED,
        "axes.linewidth": 0.8,
        "axes.grid": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.facecolor": "none",
        "figure.facecolor": PAPER,
        "grid.color": GRID,
        "grid.linewidth": 0.7,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.major.width": 0.8,
        "ytick.major.width": 0.8,
        "lines.linewidth": 1.6,
        "lines.markersize": 4.5,
        "svg.fonttype": "path",
        "svg.hashsalt": "lawpipe",
    }


@contextmanager
def theme() -> Iterator[None]:
    """Draw and save in the figures' style; matplotlib's own settings return afterwards."""
    with mpl.rc_context(_settings()):
        yield


def save(figure: Figure, path: Path, title: str) -> None:
    """Write a figure as SVG, whole or not at all; equal figures give equal bytes.

    Call it within `theme`, whose fixed salt makes the ids of the SVG the same every time.
    """
    metadata: Mapping[str, Any] = {"Date": None, "Creator": None, "Title": title}
    with files.whole(path) as temporary:
        figure.savefig(temporary, format="svg", metadata=dict(metadata), dpi=150)
        text = temporary.read_text(encoding="utf-8")
        temporary.write_text(_numbered(_shortened(text)), encoding="utf-8")


def _shortened(svg: str) -> str:
    """Round the coordinates of an SVG to hundredths of a point, which halves it and cannot be seen."""

    def rounded(number: re.Match[str]) -> str:
        text = f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
        return "0" if text == "-0" else text

    return COORDINATES.sub(lambda place: LONG_NUMBER.sub(rounded, place[0]), svg)


def _numbered(svg: str) -> str:
    """Name the clipping rectangles of an SVG by their order instead of by a hash."""
    names = {name: f"p{place}" for place, name in enumerate(dict.fromkeys(CLIP.findall(svg)))}
    return CLIP.sub(lambda name: names[name[0]], svg)
