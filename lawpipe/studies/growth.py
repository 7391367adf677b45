"""Study: time and memory of a gradient evaluation against N, T and P, as recorded by benchmarks/growth.py."""

from collections.abc import Hashable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.figures import layout, style

#: The file of a record.
RECORD = "growth.parquet"

TITLE = "How do time and memory grow with N, T and P?"

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
LOOKS = dict(zip(LINES.values(), style.OTHERS, strict=False))


def figure(frame: pd.DataFrame) -> Figure:
    """Draw time against N, T and P and memory against T, on logarithmic axes."""
    drawing = Figure(figsize=(layout.WIDTH, 5.0), layout="constrained")
    for axes, (quantity, size, label, exponent) in zip(drawing.subplots(2, 2).flat, PANELS, strict=True):
        _draw_panel(axes, frame[(frame["quantity"] == quantity) & (frame["axis"] == size)], exponent)
        axes.set(xlabel=label, ylabel=QUANTITIES[quantity])
    first = frame.iloc[0]
    layout.surround(drawing, TITLE, f"recorded on {first['machine']}, {first['date']}")
    return drawing


def _draw_panel(axes: Axes, rows: pd.DataFrame, exponent: float) -> None:
    """Draw one line per problem and way of keeping parameters, and a dotted power law through its last point.

    The exponent 1/2 is that of checkpoints alone, so parameters that are kept whole have no dotted line there.
    """
    label = "proportional" if exponent == 1.0 else "proportional to the root"
    lines = {key: group.sort_values("size") for key, group in rows.groupby(KEYS, sort=False)}
    for key, line in lines.items():
        colour, dashes, marker = LOOKS[LINES[key]]
        look = {"color": colour, "linestyle": dashes, "marker": marker, "markersize": 3.5}
        axes.plot(line["size"], line["value"], label=LINES[key], **look)
    for (_, _, kept), line in lines.items():
        if exponent == 1.0 or kept == "checkpoints":
            last = line.iloc[-1]
            axes.plot(
                line["size"], last["value"] * (line["size"] / last["size"]) ** exponent, **style.DOTTED, label=label
            )
    layout.log_axes((axes,), "xy")
