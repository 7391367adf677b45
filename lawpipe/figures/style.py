"""The style of every figure: colours, fonts, line styles, and how a figure is saved.

The colours are those of Okabe and Ito, which colour-blind readers can tell apart, and which read well on white and
on a dark page. Text is drawn as outlines, so that a figure looks the same on every machine. The report replaces the
neutral colours by those of its light or dark page.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure

from lawpipe.figures.surfaces import BLUE, GRID, INK, MUTED, PAPER
from lawpipe.run import files

#: The cells of a heat map without a value (the same on a dark page), and with a value of exactly zero.
BLANK = "#fdfdfd"
ZERO = "#b4bcc6"

POLICIES = {"conventional": "#7b8794", "near_optimal": "#d55e00"}
#: The colours of all other policies, in the order in which they are drawn.
OTHERS = (BLUE, "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
AGAINST = {"desired": BLUE, "test": "#009e73", "validation": "#cc79a7"}
KINDS = {"instantaneous": BLUE, "adjoint": "#cc79a7"}
MARKERS = {"instantaneous": "o", "adjoint": "s"}

#: A dotted line at a value to compare with, a dashed line for a law, a point, and the box behind a text on curves.
DOTTED: dict[str, Any] = {"color": MUTED, "linestyle": ":", "linewidth": 1}
DASHED: dict[str, Any] = {"color": INK, "linestyle": "--", "linewidth": 0.9}
POINT: dict[str, Any] = {"edgecolor": PAPER, "linewidth": 0.4, "zorder": 3}
BOX = {"boxstyle": "round,pad=0.15", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.8}

#: The attributes of an SVG that hold coordinates: paths, positions, translations. Scales need all their digits.
COORDINATES = re.compile(r'(?: d| x| y)="[^"]*"|translate\([^)]*\)')
LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
#: The id of a clipping rectangle: a hash of its coordinates, whose last digits differ from run to run.
CLIP = re.compile(r"\bp[0-9a-f]{10}\b")


def colours(policies: Sequence[str]) -> dict[str, str]:
    """Return the colour of every policy."""
    others = [policy for policy in policies if policy not in POLICIES]
    return {**POLICIES, **{policy: OTHERS[i % len(OTHERS)] for i, policy in enumerate(others)}}


def colour_map(name: str, low: float, high: float) -> Colormap:
    """Return the part of a colour map from `low` to `high`: its ends are hard to see on a page."""
    return LinearSegmentedColormap.from_list(name, sns.color_palette(name, as_cmap=True)(np.linspace(low, high, 64)))


@contextmanager
def theme() -> Iterator[None]:
    """Within the block, figures are drawn and saved in this style."""
    settings: dict[Any, Any] = {
        **sns.axes_style("ticks"),
        **sns.plotting_context("paper"),
        "axes.titlesize": 9,
        **dict.fromkeys(("font.size", "axes.labelsize"), 8.5),
        **dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize", "legend.title_fontsize"), 8),
        **dict.fromkeys(("axes.linewidth", "xtick.major.width", "ytick.major.width"), 0.8),
        "grid.linewidth": 0.7,
        "lines.linewidth": 1.6,
        "lines.markersize": 4.5,
        **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor"), INK),
        **dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), MUTED),
        "grid.color": GRID,
        "figure.facecolor": PAPER,
        "axes.facecolor": "none",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.grid": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": True,
        "legend.framealpha": 0.8,
        "legend.facecolor": PAPER,
        "legend.edgecolor": "none",
        "legend.borderpad": 0.2,
        "svg.fonttype": "path",
        "svg.hashsalt": "lawpipe",
    }
    with mpl.rc_context():
        mpl.rcdefaults()  # whatever a matplotlibrc of the user says
        mpl.rcParams.update(settings)
        yield


def save(figure: Figure, path: Path, title: str) -> None:
    """Write a figure as SVG. Equal figures give equal bytes, and a file is written completely or not at all.

    Call it within `theme`, whose fixed salt makes the ids of the SVG the same every time.
    """
    metadata: dict[str, Any] = {"Date": None, "Creator": None, "Title": title}
    _lay_out(figure)
    with files.whole(path) as temporary:
        figure.savefig(temporary, format="svg", metadata=metadata, dpi=150)
        svg = temporary.read_text(encoding="utf-8")
        # Coordinates are rounded to 0.01 points, which halves the file and cannot be seen.
        svg = COORDINATES.sub(lambda attribute: LONG_NUMBER.sub(_rounded, attribute[0]), svg)
        clips = {name: f"p{index}" for index, name in enumerate(dict.fromkeys(CLIP.findall(svg)))}
        temporary.write_text(CLIP.sub(lambda name: clips[name[0]], svg), encoding="utf-8")


def _lay_out(figure: Figure) -> None:
    """Place the panels as for an SVG, once; `savefig` would draw the whole figure once more to do the same."""
    engine = figure.get_layout_engine()
    if engine is not None:
        FigureCanvasSVG(figure)
        figure.dpi = FigureCanvasSVG.fixed_dpi
        engine.execute(figure)
        figure.set_layout_engine(None)


def _rounded(number: re.Match[str]) -> str:
    """Return a number with at most two decimal places."""
    text = f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
