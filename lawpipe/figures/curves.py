"""The loss over training under each policy, and the steps that a policy saves (Fig 5)."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.figures import panels, style, surfaces
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import interval, policy_label
from lawpipe.run.splits import REFERENCES


def loss_curves(results: Results) -> Figure:
    """Draw the desired and test loss of every policy but the snapshots, the acceleration ratio annotated."""
    factors = panels.in_factors(results.curves[["desired_loss", "test_loss"]])
    note = panels.seeds_note(results, geometric=factors)
    canvas = panels.canvas(results, "fig05_loss_curves", 1, 2, 4.1, note)
    colours = style.colours(results.chosen)
    for column, against in enumerate(REFERENCES):
        axes = canvas.at(0, column)
        for policy in results.chosen:
            rows = results.curves[results.curves["policy"] == policy]
            steps, losses = results.by_seed(rows, "step", f"{against}_loss")
            keep = panels.thinned(len(steps))
            label = policy_label(policy)
            panels.draw_over_seeds(axes, steps[keep], losses[:, keep], colours[policy], label, logarithmic=factors)
        axes.set_title(f"{against.capitalize()} examples")
        axes.set_xlabel("training step t")
        axes.set_ylabel(f"mean loss (nats{', log' if factors else ''})")
        if factors:
            axes.set_yscale("log")
            panels.logarithmic(axes.yaxis)
        _draw_acceleration(axes, results, against, factors)
        ratio = results.quantity("near_optimal", f"acceleration_{against}")
        canvas.here.append(f"Acceleration ratio on {against}: {interval(ratio, missing='never')}.")
    canvas.at(0, 0).legend()
    best = results.quantity("near_optimal", "acceleration_to_best_test")
    canvas.here.append(f"To the conventional minimum on test instead of its end: {interval(best, missing='never')}.")
    canvas.here.append("An acceleration is the geometric mean over the seeds that reach the mark.")
    return panels.finish(canvas)


def _draw_acceleration(axes: Axes, results: Results, against: str, factors: bool) -> None:
    """Draw the arrow from T back to the step at which the near-optimal policy gets as low."""
    ratio = results.quantity("near_optimal", f"acceleration_{against}")
    conventional = results.curves[results.curves["policy"] == "conventional"]
    last = conventional[conventional["step"] == conventional["step"].max()]
    losses, steps = last[f"{against}_loss"], int(last["step"].max())
    mark = float(np.exp(np.log(losses).mean()) if factors else losses.mean())
    if not np.isfinite(mark):
        return
    axes.axhline(mark, color=surfaces.MUTED, linestyle=":", linewidth=1)
    if 0 < ratio.n_reached == ratio.n:
        axes.annotate(
            "",
            xy=(steps / ratio.mean_or_nan, mark),
            xytext=(steps, mark),
            arrowprops={
                "arrowstyle": "-|>",
                "color": surfaces.INK,
                "linewidth": 1.1,
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )
    text = f"AR {interval(ratio)}" if ratio.n_reached else "AR: never reaches the conventional final loss"
    axes.annotate(
        text,
        xy=(0.98, 0.70),
        xycoords="axes fraction",
        ha="right",
        fontsize=8,
        bbox={"boxstyle": "round,pad=0.2", "facecolor": surfaces.PAPER, "edgecolor": "none", "alpha": 0.8},
    )
