"""Study: time and memory of a gradient evaluation against N, T and P, as recorded by benchmarks/growth.py."""

from collections.abc import Hashable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from lawpipe.figures import style

TITLE = "Time and memory against N, T and P"

#: One panel each: the measured quantity, the varied size, the label of the x axis and the expected exponent.
PANELS = (
    ("seconds", "N", "training examples N", 1.0),
    ("seconds", "T", "steps T", 1.0),
    ("seconds", "P", "parameters P", 1.0),
    ("megabytes", "T", "steps T", 0.5),
)
QUANTITIES = {"seconds": "processor seconds", "megabytes": "working memory (MB)"}

#: Columns that tell the lines of a panel apart, and the label of each line.
KEYS = ["quantity", "problem", "kept"]
LINES: dict[tuple[Hashable, ...], str] = {
    ("seconds", "perceptron", "whole"): "perceptron",
    ("seconds", "language_model", "whole"): "language model",
    ("megabytes", "language_model", "whole"): "parameters kept whole",
    ("megabytes", "language_model", "checkpoints"): "parameters as checkpoints",
}


def figure(frame: pd.DataFrame) -> Figure:
    """Draw time against N, T and P and memory against T, on logarithmic axes."""
    drawing = Figure(figsize=(7.2, 6.0), layout="constrained")
    for axes, (quantity, size, label, exponent) in zip(drawing.subplots(2, 2).flat, PANELS, strict=True):
        _draw_panel(axes, frame[(frame["quantity"] == quantity) & (frame["axis"] == size)], exponent)
        axes.set(xlabel=label, ylabel=QUANTITIES[quantity])
    first = frame.iloc[0]
    drawing.suptitle(f"recorded on {first['machine']}, {first['date']}", fontsize="small")
    return drawing


def _draw_panel(axes: Axes, rows: pd.DataFrame, exponent: float) -> None:
    """Draw one line per problem and way of keeping parameters, and a dotted power law through its last point.

    The exponent 1/2 is that of checkpoints alone, so parameters that are kept whole have no dotted line there.
    """
    label: str | None = "proportional" if exponent == 1.0 else "proportional to the root"
    lines = {key: group.sort_values("size") for key, group in rows.groupby(KEYS, sort=False)}
    for (key, line), colour in zip(lines.items(), style.OTHERS, strict=False):
        axes.plot(line["size"], line["value"], "o-", markersize=3.5, color=colour, label=LINES[key])
    for (_, _, kept), line in lines.items():
        if exponent == 1.0 or kept == "checkpoints":
            last = line.iloc[-1]
            axes.plot(
                line["size"], last["value"] * (line["size"] / last["size"]) ** exponent, **style.DOTTED, label=label
            )
            label = None
    axes.set(xscale="log", yscale="log")
    # On an axis of one decade, labels of minor ticks would overlap.
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.legend(title=None)
