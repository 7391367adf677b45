"""Study: time and memory of a gradient evaluation against N, T and P, as recorded by benchmarks/growth.py."""

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
LINES = {
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
    guides = []
    for index, (key, group) in enumerate(rows.groupby(KEYS, sort=False)):
        line = group.sort_values("size")
        size, value = line["size"], line["value"]
        quantity, problem, kept = map(str, key)
        axes.plot(size, value, "o-", markersize=3.5, color=style.OTHERS[index], label=LINES[quantity, problem, kept])
        if exponent == 1.0 or kept == "checkpoints":
            guides.append((size, value.iloc[-1] * (size / size.iloc[-1]) ** exponent))
    for size, guide in guides:
        axes.plot(size, guide, **style.DOTTED, label=label)
        label = None
    axes.set(xscale="log", yscale="log")
    # On an axis of one decade, labels of minor ticks would overlap.
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.legend(title=None)
