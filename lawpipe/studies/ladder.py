"""Study: the gain of the search against the size of the experiment, as recorded, beside the paper's four sizes."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.analysis import ladder
from lawpipe.analysis.intervals import mean_interval
from lawpipe.figures import layout, style
from lawpipe.paper.table_2 import TABLE_2
from lawpipe.run.splits import REFERENCES

#: The file of a record.
RECORD = "ladder.parquet"

TITLE = "How does the gain change with the size of the experiment?"

#: The policies whose J is shown over the conventional policy's J, and their labels.
COMPARED = {
    ladder.NEAR: "near-optimal",
    ladder.TUNED: "conventional tuned",
    ladder.AT_TUNED_RATE: "near-optimal at the tuned rate",
    "clean_only": "clean only",
    "clean_only_tuned": "clean only tuned",
    "desired_only": "desired only",
}

SIZE = "T x N (log)"

#: Of two experiments with the same T x N, the later one, in the order of `ladder.sizes`, is drawn this factor to the
#: right.
MOVED = 1.12


def figure(frame: pd.DataFrame) -> Figure:
    """Draw the acceleration against T x N, with the paper's, and J over the conventional policy's J on both sets.

    Experiments at another learning rate than most are left out.
    """
    drawing = Figure(figsize=(layout.WIDTH, 5.2), layout="constrained")
    grid = drawing.subplots(2, 2)
    groups = [*ladder.sizes(ladder.at_usual_rate(frame))]
    left_out = sorted(set(frame["experiment"]) - {ladder.name(group) for group in groups})
    for against, look in ((against, style.AGAINST[against]) for against in REFERENCES):
        column = f"acceleration_{against}"
        values = [group.loc[group["policy"] == ladder.NEAR, column] for group in groups]
        _draw(grid[0][0], groups, values, look, f"acceleration on {against}")
    published = [(row.steps * row.examples, row.acceleration) for row in TABLE_2]
    grid[0][0].plot(*zip(*published, strict=True), "k*", markersize=7, label="the paper's, desired")
    grid[0][0].set(title="Steps saved", ylabel="acceleration ratio")
    for policy, label in COMPARED.items():
        for axes, against in zip(grid[1], REFERENCES, strict=True):
            values = [ladder.ratios(group, against, policy, ladder.CONVENTIONAL) for group in groups]
            _draw(axes, groups, values, style.look(policy), label)
    for axes, against in zip(grid[1], REFERENCES, strict=True):
        axes.axhline(1, **style.DOTTED, label="conventional")
        axes.set(title=f"J on {against} / conventional", ylabel="ratio of J")
    for policy, label in ((ladder.CONVENTIONAL, "conventional"), (ladder.NEAR, COMPARED[ladder.NEAR])):
        values = [group.loc[group["policy"] == policy, "similarity_desired"] for group in groups]
        _draw(grid[0][1], groups, values, style.look(policy), label)
    grid[0][1].set(title="Similarity of contributions", ylabel="SIM on desired")
    layout.log_axes([grid[0][0]], "x")
    recorded = _apart(sorted({ladder.weights(group) for group in groups}))
    for axes in grid.flat[1:]:
        axes.set_xscale("log")
        axes.set_xticks(recorded, [f"{size:,}" for size in recorded])
        axes.minorticks_off()
    for axes in grid.flat:
        axes.set_xlabel(SIZE)
    layout.surround(drawing, TITLE, _note(groups, left_out))
    return drawing


def _draw(
    axes: Axes, groups: list[pd.DataFrame], values: list["pd.Series[float]"], look: style.Look, label: str
) -> None:
    """Draw the mean of some values of each size against T x N, its interval, and a point per seed.

    The line joins the first experiment of each T x N, which has its smallest model; the means of others are hollow.
    """
    joined: list[tuple[float, float]] = []
    for group, of_seeds, earlier in zip(groups, values, _earlier(groups), strict=True):
        known = of_seeds.astype(np.float64)
        known = known[np.isfinite(known)]
        if known.empty:
            continue
        x, mean = ladder.weights(group) * MOVED**earlier, mean_interval(known)
        axes.plot([x] * len(known), known, ".", color=look.colour, markersize=3, alpha=0.6)
        if mean.low is not None and mean.high is not None:
            axes.vlines(x, mean.low, mean.high, color=look.colour, linewidth=1.2)
        if earlier:
            axes.plot(x, mean.mean_or_nan, marker=look.marker, color=look.colour, markerfacecolor="none")
        else:
            joined.append((x, mean.mean_or_nan))
    if joined:
        axes.plot(*zip(*joined, strict=True), linestyle=look.line, marker=look.marker, color=look.colour, label=label)


def _earlier(groups: list[pd.DataFrame]) -> list[int]:
    """Return how many experiments of the same T x N stand before each one."""
    of_each = [ladder.weights(group) for group in groups]
    return [of_each[:index].count(weights) for index, weights in enumerate(of_each)]


def _apart(sizes: list[int]) -> list[int]:
    """Return the sizes, in rising order, whose labels have room on a logarithmic axis: an eighth of it for each."""
    room = (sizes[-1] / sizes[0]) ** (1 / 8)
    chosen: list[int] = []
    for size in sizes:
        if not chosen or size >= room * chosen[-1]:
            chosen.append(size)
    return chosen


def _note(groups: list[pd.DataFrame], left_out: list[str]) -> str:
    """Say how many seeds each size has, which are left out, and where they were recorded."""
    names = [ladder.name(group) for group in groups]
    seeds = ", ".join(f"{name} {group['seed'].nunique()}" for name, group in zip(names, groups, strict=True))
    moved = ", ".join(name for name, earlier in zip(names, _earlier(groups), strict=True) if earlier)
    hollow = f"; hollow, from left to right: {moved}, which have the T x N of the filled one before" if moved else ""
    other = f"; not shown, at another learning rate: {', '.join(left_out)}" if left_out else ""
    rows = pd.concat(groups)
    machines, dates = (", ".join(sorted(set(rows[column]))) for column in ("machine", "date"))
    return (
        f"seeds: {seeds}; bars: 95 % t intervals; small points: seeds{hollow}{other}; recorded on {machines}, {dates}"
    )
