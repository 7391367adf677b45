"""The search: the objective, the gap to first-order stationarity and the work, by outer iteration (Fig 4)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lawpipe.analysis.compression import vocabulary
from lawpipe.figures import frame, layout, panels, style
from lawpipe.figures.style import Look
from lawpipe.paper import values as paper
from lawpipe.results import problem
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import number, policy_label

#: The column of J on each reference set, and the set's label.
COLUMNS = {"desired": "objective", "validation": "validation_objective", "test": "test_objective"}
LABELS = {"desired": "desired (searched on)", "validation": "validation (unseen)", "test": "test (unseen)"}


def fig04_objective(results: Results) -> Figure:
    """Draw J, the compression ratio, the Frank-Wolfe gap and the cost over the outer iterations."""
    note = "thin lines are seeds, thick lines their mean" if len(results.seeds) > 1 else "one run"
    canvas = frame.canvas(results, "fig04_objective", note, rows=2, height=4.8, sharex=True)
    (losses, ratio), (gap, work) = canvas.axes
    rows = results.search
    columns = {against: column for against, column in COLUMNS.items() if rows[column].notna().any()}
    size = vocabulary(results.settings)
    nats = np.log(size)
    compression = rows.assign(**{column: nats / rows[column] for column in columns.values()})
    for against, column in columns.items():
        _draw(losses, results, rows, column, style.AGAINST[against], LABELS[against])
        _draw(ratio, results, compression, column, style.AGAINST[against])
    if layout.differ_by_factors(rows[list(columns.values())]):
        losses.set_ylim(bottom=0)
    losses.set(title="Objective J: mean loss", ylabel="J (nats)")
    ratio.set(title=f"Compression ratio ln {size} / J", ylabel="CR")
    if frame.like_the_paper(results):
        _draw_paper(ratio, problem.name(results.settings))

    desired = style.AGAINST["desired"]
    _draw(gap, results, rows.assign(gap=rows["gap"].where(rows["gap"] > 0)), "gap", desired)
    gap.set(title="Gap: 0 at stationarity", ylabel="Frank-Wolfe gap (nats, log)")
    layout.log_axes((gap,), "y")
    _draw(work, results, rows, "cost", desired)
    work.set(title="Cost up to an iteration", ylabel="gradient evaluations")
    for axes in canvas.axes[1]:
        axes.set_xlabel("outer iteration")
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))

    first = rows[rows["iteration"] == 0].set_index("seed")
    best = rows.loc[rows.groupby("seed")["objective"].idxmin()].set_index("seed")
    left = 100 * float((best["objective"] / first["objective"]).mean())
    canvas.say(f"J on desired falls to {number(left)} % of its first value (best iteration, mean over the seeds).")
    for against, column in columns.items():
        start, end = (number(float((nats / row[column]).mean())) for row in (first, best))
        canvas.say(f"CR on {against}: {start} to {end}.")
    start, end = (number(float(row["gap"].mean())) for row in (first, best))
    canvas.say(f"Gap {start} to {end}: the distance from first-order stationarity, not from the best J.")
    return frame.finish(canvas)


def _draw(
    axes: Axes, results: Results, rows: pd.DataFrame, column: str, look: Look, label: str | None = None
) -> None:
    """Draw a thin line per seed, and their mean up to the last iteration that all seeds have."""
    iterations, samples = results.by_seed(rows, "iteration", column)
    keep = panels.thinned(len(iterations))
    iterations, samples = iterations[keep], samples[:, keep]
    if len(samples) > 1:
        axes.plot(iterations, samples.T, color=look.colour, linewidth=0.7, alpha=0.4)
    # A plain mean is NaN where a seed has no row.
    axes.plot(iterations, samples.mean(axis=0), color=look.colour, linestyle=look.line, label=label)


def _draw_paper(axes: Axes, name: str) -> None:
    """Draw the paper's compression ratios in the unit of this axis."""
    for value in paper.values(name, "Fig 4"):
        unit = float(np.log(2)) if value.mixed_units else 1.0
        low, high = unit * value.low, unit * value.high
        colour = style.look(str(value.policy)).colour
        how = "read off, in one unit" if value.mixed_units else "read off"
        label = f"paper's CR, {policy_label(str(value.policy))} ({how})"
        if low == high:
            axes.axhline(low, **style.DOTTED | {"color": colour}, label=label)
        else:
            axes.axhspan(low, high, color=colour, alpha=0.25, linewidth=0, label=label)
