"""How time and memory grow with the examples, the steps and the model, as recorded by benchmarks/growth.py."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from lawpipe.figures import style
from lawpipe.figures.surfaces import MUTED

#: The panels: quantity, what varies, and what each is called.
PANELS = (
    ("seconds", "N", "training examples N", 1.0),
    ("seconds", "T", "steps T", 1.0),
    ("seconds", "P", "parameters P", 1.0),
    ("megabytes", "T", "steps T", 0.5),
)

QUANTITIES = {"seconds": "processor seconds", "megabytes": "working memory (MB)"}

#: What a line is called, by problem and by how the parameters on the way are kept.
LINES = {
    ("seconds", "perceptron", "whole"): "perceptron",
    ("seconds", "language_model", "whole"): "language model",
    ("megabytes", "language_model", "whole"): "parameters kept whole",
    ("megabytes", "language_model", "checkpoints"): "parameters as checkpoints",
}


def draw(rows: pd.DataFrame) -> Figure:
    """Draw the rows of benchmarks/growth.py: time against N, T and P, memory against T, on logarithmic axes."""
    figure = Figure(figsize=(7.2, 6.0), layout="constrained")
    for place, (quantity, axis, name, slope) in enumerate(PANELS):
        axes = figure.add_subplot(2, 2, place + 1)
        panel(axes, rows[(rows["quantity"] == quantity) & (rows["axis"] == axis)], slope)
        axes.set_xlabel(name)
        axes.set_ylabel(QUANTITIES[quantity])
    first = rows.iloc[0]
    figure.suptitle(f"recorded on {first['machine']}, {first['date']}", fontsize="small")
    return figure


def panel(axes: Axes, rows: pd.DataFrame, slope: float) -> None:
    """Draw a line for each problem and way of keeping, and dotted ones of a slope that end where the lines end.

    Only checkpoints are to grow with the root of T: parameters that are kept whole have no dotted line there.
    """
    keys = ["quantity", "problem", "kept"]
    for index, (key, frame) in enumerate(rows.groupby(keys, sort=False)):
        quantity, problem, kept = map(str, key)
        line = frame.sort_values("size")
        axes.plot(
            line["size"],
            line["value"],
            "o-",
            markersize=3.5,
            color=style.OTHERS[index],
            label=LINES[quantity, problem, kept],
        )
    followed = rows if slope == 1.0 else rows[rows["kept"] == "checkpoints"]
    label: str | None = "proportional" if slope == 1.0 else "proportional to the root"
    for _, frame in followed.groupby(keys, sort=False):
        line = frame.sort_values("size")
        guide = line["value"].iloc[-1] * (line["size"] / line["size"].iloc[-1]) ** slope
        axes.plot(line["size"], guide, ":", color=MUTED, linewidth=1, label=label)
        label = None
    axes.set_xscale("log")
    axes.set_yscale("log")
    # Within one decade these would be labelled too, and run into each other.
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.legend(title=None)
