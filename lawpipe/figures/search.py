"""The search: the objective, the gap to first-order stationarity and the work, by outer iteration (Fig 4)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lawpipe.analysis.compression import vocabulary
from lawpipe.figures import frame, panels, style, surfaces
from lawpipe.paper import values as paper
from lawpipe.results import problem
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import number

#: The column of J on each reference set, and the set's label.
COLUMNS = {"desired": "objective", "validation": "validation_objective", "test": "test_objective"}
LABELS = {"desired": "desired (searched on)", "validation": "validation (unseen)", "test": "test (unseen)"}


def fig04_objective(results: Results) -> Figure:
    """Draw J, the compression ratio, the Frank-Wolfe gap and the evaluations over the outer iterations."""
    note = "thin lines are seeds, thick lines their mean" if len(results.seeds) > 1 else "one run"
    canvas = frame.canvas(results, "fig04_objective", note, rows=2, height=5.9)
    (losses, ratio), (gap, work) = canvas.axes
    rows = results.search
    columns = {against: column for against, column in COLUMNS.items() if rows[column].notna().any()}
    size = vocabulary(results.settings)
    nats = np.log(size)
    compression = rows.assign(**{column: nats / rows[column] for column in columns.values()})
    for against, column in columns.items():
        _draw(losses, results, rows, column, style.AGAINST[against], LABELS[against])
        _draw(ratio, results, compression, column, style.AGAINST[against], LABELS[against])
    if panels.differ_by_factors(rows[list(columns.values())]):
        losses.set_ylim(bottom=0)
    losses.set(title="Objective J: mean loss over training", ylabel="J (nats)")
    losses.legend(title=None)
    ratio.set(title=f"Compression ratio ln {size} / J", ylabel="CR")
    if frame.like_the_paper(results):
        _draw_paper(ratio, problem.name(results.settings))

    _draw(gap, results, rows.assign(gap=rows["gap"].where(rows["gap"] > 0)), "gap", surfaces.INK, "gap on desired")
    gap.set(yscale="log", title="Frank-Wolfe gap: 0 at first-order stationarity", ylabel="gap (nats, log)")
    _draw(work, results, rows, "evaluations", surfaces.INK, "gradient evaluations")
    _draw(work, results, rows, "cost", style.OTHERS[4], "cost, trial runs included")
    work.set(title="Evaluations up to an iteration", ylabel="evaluations")
    work.legend()
    for axes in (losses, ratio, gap, work):
        axes.set_xlabel("outer iteration")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))

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


def _draw(axes: Axes, results: Results, rows: pd.DataFrame, column: str, colour: str, label: str) -> None:
    """Draw a thin line per seed, and their mean up to the last iteration that all seeds have."""
    iterations, samples = results.by_seed(rows, "iteration", column)
    keep = panels.thinned(len(iterations))
    iterations, samples = iterations[keep], samples[:, keep]
    if len(samples) > 1:
        axes.plot(iterations, samples.T, color=colour, linewidth=0.8, alpha=0.5)
    # A plain mean is NaN where a seed has no row.
    axes.plot(iterations, samples.mean(axis=0), color=colour, label=label)


def _draw_paper(axes: Axes, name: str) -> None:
    """Draw the paper's compression ratios in the unit of this axis."""
    for value in paper.values(name, "Fig 4"):
        unit = float(np.log(2)) if value.mixed_units else 1.0
        low, high = unit * value.low, unit * value.high
        if low == high:
            axes.axhline(low, **style.DOTTED | {"linewidth": 1.2})
        else:
            axes.axhspan(low, high, color=surfaces.MUTED, alpha=0.18, linewidth=0)
        quantity = value.quantity.removeprefix("compression ratio, ").partition(" (")[0]
        how = "read off, in one unit" if value.mixed_units else "read off"
        panels.write_at_level(axes, f"paper: {quantity} ({how})", high, va="bottom", bbox=style.BOX)
