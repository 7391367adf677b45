"""The style of every figure: colours, fonts, line styles, and how a figure is saved.

The colours are those of Okabe and Ito and a few like them, which colour-blind readers can tell apart, and which read
well on white and on a dark page; dashes and markers tell apart what they do not. Text is drawn as outlines, so that a
figure looks the same on every machine. The report replaces the neutral colours by those of its light or dark page.
"""

import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure

from lawpipe.figures.surfaces import BLUE, GRID, INK, MUTED, PAPER
from lawpipe.run import files


class Look(NamedTuple):
    """How the lines and points of one thing are drawn in every figure."""

    colour: str
    line: Any = "-"
    marker: str = "o"


#: The size of all text in points: about 7 pixels where a figure is as wide as a phone.
TEXT = 9.0

#: The cells of a heat map without a value (the same on a dark page), and with a value of exactly zero.
BLANK = "#fdfdfd"
ZERO = "#b4bcc6"

#: Each rule of weighting; a variant of a rule (`greedy_tuned`) has its colour and marker with the dashes below.
POLICIES = {
    "conventional": Look("#7b8794", (0, (5, 1.5))),
    "conventional_tuned": Look(BLUE, "-.", "D"),
    "near_optimal": Look("#d55e00", "-", "s"),
    "clean_only": Look("#56b4e9", marker="^"),
    "loss_proportional": Look("#e69f00", marker="v"),
    "inverse_loss": Look("#a6761d", marker="<"),
    "greedy": Look("#cc79a7", marker=">"),
    "online": Look("#009e73", marker="P"),
    "static": Look("#8064d8", marker="X"),
    "transferred": Look("#b5651d", marker="D"),
    "desired_only": Look("#b84a86", marker="h"),
    "desired_mixed": Look("#7a9a01", marker="d"),
    "desired_last": Look("#00a6a6", marker="p"),
    "online_mixed": Look("#4f7cc4", marker="*"),
    "noise_model": Look("#9c3d10", marker="H"),
    "noise_model_mixed": Look("#3f6212", marker="8"),
}
VARIANTS: dict[str, Any] = {"tuned": "--", "matched": ":", "rate": (0, (6, 1, 1, 1, 1, 1))}
#: Looks that do not mean a policy: of a policy without one of its own, and of the lines of a benchmark.
OTHERS = tuple(
    Look(*look)
    for look in (
        (BLUE, "-", "o"),
        ("#d55e00", "--", "s"),
        ("#009e73", "-.", "^"),
        ("#cc79a7", (0, (6, 1, 1, 1, 1, 1)), "D"),
        ("#e69f00", ":", "v"),
        ("#56b4e9", (0, (8, 2)), "P"),
    )
)
AGAINST = {
    "desired": Look(INK),
    "test": Look("#1a9ba8", "--", "D"),
    "validation": Look("#e69f00", "-.", "^"),
}
KINDS = {"instantaneous": Look(BLUE), "adjoint": Look("#cc79a7", "--", "s")}

#: A value to compare with, a fitted law on curves, and a point.
DOTTED: dict[str, Any] = {"color": MUTED, "linestyle": ":", "linewidth": 1.2}
LAW: dict[str, Any] = {"color": INK, "linestyle": "-", "linewidth": 0.8}
POINT: dict[str, Any] = {"edgecolor": PAPER, "linewidth": 0.4, "zorder": 3}

#: The attributes of an SVG that hold coordinates: paths, positions, translations. Scales need all their digits.
COORDINATES = re.compile(r'(?: d| x| y)="[^"]*"|translate\([^)]*\)')
LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
#: The id of a clipping rectangle: a hash of its coordinates, whose last digits differ from run to run.
CLIP = re.compile(r"\bp[0-9a-f]{10}\b")


def look(policy: str) -> Look:
    """Return how a policy is drawn, in every figure the same: its rule's colour and marker, its variant's dashes."""
    rule, _, variant = policy.rpartition("_")
    rules = [name for name in POLICIES if policy == name or policy.startswith(f"{name}_")]
    if not rules:
        name = rule if variant in VARIANTS else policy
        usual = OTHERS[zlib.crc32(name.encode()) % len(OTHERS)]
        return usual._replace(line=VARIANTS.get(variant, usual.line))
    usual = POLICIES[max(rules, key=len)]
    return usual if policy in POLICIES else usual._replace(line=VARIANTS.get(variant, "-."))


def colour_map(name: str, low: float, high: float) -> Colormap:
    """Return the part of a colour map from `low` to `high`: its ends are hard to see on a page."""
    return LinearSegmentedColormap.from_list(name, sns.color_palette(name, as_cmap=True)(np.linspace(low, high, 64)))


@contextmanager
def theme() -> Iterator[None]:
    """Within the block, figures are drawn and saved in this style."""
    settings: dict[Any, Any] = {
        **sns.axes_style("ticks"),
        **sns.plotting_context("paper"),
        **dict.fromkeys(("font.size", "axes.titlesize", "axes.labelsize"), TEXT),
        **dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize", "legend.title_fontsize"), TEXT),
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
        "legend.frameon": False,
        "legend.borderpad": 0,
        "legend.columnspacing": 1.4,
        "legend.handlelength": 2.2,
        "legend.labelspacing": 0.33,
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
