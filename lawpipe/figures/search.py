"""The search: how the objective falls, and how far the policy is from first-order stationarity (Fig 4)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lawpipe.analysis.compression import vocabulary
from lawpipe.figures import panels, style, surfaces
from lawpipe.paper import values as paper
from lawpipe.results import problem
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import number

COLUMNS = {"desired": "objective", "validation": "validation_objective", "test": "test_objective"}
LABELS = {
    "desired": "desired (searched on)",
    "validation": "validation (unseen)",
    "test": "test (unseen)",
}


def objective(results: Results) -> Figure:
    """Draw J, CR, the Frank-Wolfe gap and the evaluations over the outer iterations (Fig 4)."""
    note = "thin lines are seeds, thick lines their mean" if len(results.seeds) > 1 else "one run"
    canvas = panels.canvas(results, "fig04_objective", 2, 2, 5.9, note)
    rows = results.search
    present = {name: column for name, column in COLUMNS.items() if rows[column].notna().any()}

    losses, ratio, gap, spent = (canvas.at(*place) for place in ((0, 0), (0, 1), (1, 0), (1, 1)))
    size = vocabulary(results.settings)
    bits = np.log(size)
    compression = rows.assign(**{column: bits / rows[column] for column in present.values()})
    for name, column in present.items():
        _draw(losses, results, rows, column, style.AGAINST[name], LABELS[name])
        _draw(ratio, results, compression, column, style.AGAINST[name], LABELS[name])
    losses.set_title("Objective J: mean loss over training")
    losses.set_ylabel("J (nats)")
    if panels.in_factors(rows[list(present.values())]):
        losses.set_ylim(bottom=0)
    losses.legend(title=None)
    ratio.set_title(f"Compression ratio ln {size} / J")
    ratio.set_ylabel("CR")
    if panels.like_the_paper(results):
        _draw_paper(ratio, problem.name(results.settings))

    _draw(gap, results, rows.assign(gap=rows["gap"].where(rows["gap"] > 0)), "gap", surfaces.INK, "gap on desired")
    gap.set_yscale("log")
    gap.set_title("Frank-Wolfe gap: 0 at first-order stationarity")
    gap.set_ylabel("gap (nats, log)")
    _draw(spent, results, rows, "evaluations", surfaces.INK, "gradient evaluations")
    _draw(spent, results, rows, "cost", style.OTHERS[4], "cost, trial runs included")
    spent.set_title("Work so far")
    spent.set_ylabel("evaluations")
    spent.legend()
    for axes in canvas.every:
        axes.set_xlabel("outer iteration")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))

    first, best = _ends(rows)
    left = 100 * float((best["objective"] / first["objective"]).mean())
    canvas.here.append(f"J on desired goes to {number(left)} % of its start (mean over seeds, best row).")
    for name, column in present.items():
        start, end = (float((bits / ends[column]).mean()) for ends in (first, best))
        canvas.here.append(f"CR on {name}: {number(start)} to {number(end)}.")
    canvas.here.append(
        f"Gap {number(float(first['gap'].mean()))} to {number(float(best['gap'].mean()))}: the distance from "
        "first-order stationarity, not from the best J."
    )
    return panels.finish(canvas)


def _ends(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the first row and the row of the lowest objective of each seed, both indexed by seed."""
    groups = rows.groupby("seed")["objective"]
    best = rows.loc[groups.idxmin()].set_index("seed")
    first = rows[rows["iteration"] == 0].set_index("seed")
    return first, best


def _draw(axes: Axes, results: Results, rows: pd.DataFrame, column: str, colour: str, label: str) -> None:
    """Draw a line a seed, and their mean where all seeds have a row."""
    iterations, samples = results.by_seed(rows, "iteration", column)
    keep = panels.thinned(len(iterations))
    iterations, samples = iterations[keep], samples[:, keep]
    alone = len(samples) == 1
    for index, line in enumerate(samples):
        axes.plot(
            iterations,
            line,
            color=colour,
            linewidth=1.6 if alone else 0.8,
            alpha=1 if alone else 0.5,
            label=label if alone and index == 0 else None,
        )
    if not alone:
        axes.plot(
            iterations,
            np.where(np.isfinite(samples).all(axis=0), samples.mean(axis=0), np.nan),
            color=colour,
            label=label,
        )


def _draw_paper(axes: Axes, name: str) -> None:
    """Mark the paper's compression ratios, in our unit: the task is the same."""
    for value in paper.values(name, "Fig 4"):
        if value.low is None or value.high is None:
            continue
        unit = float(np.log(2)) if value.mixed_units else 1.0
        low, high = unit * value.low, unit * value.high
        if low == high:
            axes.axhline(low, color=surfaces.MUTED, linestyle=":", linewidth=1.2)
        else:
            axes.axhspan(low, high, color=surfaces.MUTED, alpha=0.18, linewidth=0)
        how = "read off, in one unit" if value.mixed_units else "read off"
        axes.annotate(
            f"paper: {value.quantity.removeprefix('compression ratio, ').partition(' (')[0]} ({how})",
            (0.99, high),
            xycoords=("axes fraction", "data"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=7,
            color=surfaces.MUTED,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": surfaces.PAPER, "edgecolor": "none", "alpha": 0.8},
        )
