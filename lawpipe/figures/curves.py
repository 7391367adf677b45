"""The loss over training under each policy, and the steps that the near-optimal policy saves (Fig 5)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.analysis.intervals import Interval
from lawpipe.figures import frame, panels
from lawpipe.results.experiment import Results
from lawpipe.results.gains import BASE, BEST
from lawpipe.results.numbers import interval
from lawpipe.run.splits import REFERENCES


def fig05_loss_curves(results: Results) -> Figure:
    """Draw the desired and test loss under every policy, without the search's snapshots, and the steps saved."""
    log = panels.differ_by_factors(results.curves[["desired_loss", "test_loss"]])
    canvas = frame.canvas(results, "fig05_loss_curves", panels.seeds_note(results, geometric=log))
    for axes, against in zip(canvas.axes[0], REFERENCES, strict=True):
        panels.draw_losses(axes, results, results.chosen, against, log=log)
        ratio = results.quantity(BEST, f"acceleration_{against}")
        _draw_acceleration(axes, results, against, ratio, log=log)
        canvas.say(f"Acceleration ratio on {against}: {interval(ratio, missing='never')}.")
    canvas.axes[0][0].legend()
    best = results.quantity(BEST, "acceleration_to_best_test")
    canvas.say(f"On test, to the lowest conventional loss instead of the last: {interval(best, missing='never')}.")
    canvas.say("Ratios are geometric means over the seeds that get that low.")
    return frame.finish(canvas)


def _draw_acceleration(axes: Axes, results: Results, against: str, ratio: Interval, *, log: bool) -> None:
    """Draw the conventional policy's last loss, and an arrow to the step at which the near-optimal policy reaches it.

    Without the arrow if a seed never gets that low.
    """
    steps, losses = panels.loss_curves(results, BASE, against)
    last = pd.Series(losses[:, -1])  # its mean leaves NaN out
    loss = float(np.exp(np.log(last).mean()) if log else last.mean())
    if not np.isfinite(loss):
        return
    panels.draw_steps_saved(axes, loss, int(steps[-1]), ratio.mean if ratio.n_reached == ratio.n else None)
    text = f"AR {interval(ratio)}" if ratio.n_reached else "AR: never reaches the conventional final loss"
    panels.write_in_corner(axes, text, 0.70)
