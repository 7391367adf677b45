"""The two sides of the law at each step: the weighted mean contribution, and the measured fall of the loss."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.figures import frame, panels, style, surfaces
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import number, policy_label
from lawpipe.run.splits import REFERENCES

#: Differences above this many per cent have a symmetrical log axis.
MOST_ON_LINEAR_AXIS = 10


def speed(results: Results) -> Figure:
    """Draw local against global speed, one point per step and seed, and their relative difference over the steps."""
    note = f"top: one point per step and seed; bottom: {panels.seeds_note(results)}"
    canvas = frame.canvas(results, "speed", note, rows=2, height=6.1)
    for axes, difference, against in zip(*canvas.axes, REFERENCES, strict=True):
        speeds = {policy: _speeds(results, policy, against) for policy in panels.COMPARED}
        _draw_speeds(axes, speeds, against)
        for policy, rows in speeds.items():
            steps, samples = results.by_seed(rows, "step", "difference")
            panels.draw_over_seeds(difference, steps, samples, style.POLICIES[policy], None)
            label = policy_label(policy).capitalize()
            typical = number(float(rows["difference"].abs().median()))
            canvas.say(f"{label}, {against}: they differ by {typical} % (median over steps and seeds).")
        difference.axhline(0, **style.DASHED | {"color": surfaces.MUTED})
        if max(float(rows["difference"].abs().max()) for rows in speeds.values()) > MOST_ON_LINEAR_AXIS:
            difference.set_yscale("symlog", linthresh=1)
        difference.set_title(f"Relative difference, {against}")
        difference.set(xlabel=panels.STEP, ylabel="local - global (% of the larger)")
    canvas.axes[0][0].legend()
    return frame.finish(canvas)


def _speeds(results: Results, policy: str, against: str) -> pd.DataFrame:
    """Return both speeds of a policy at the measured steps, with their difference in per cent of the larger."""
    rows = panels.similarity_rows(results, policy, "instantaneous", against)
    larger = rows[["mean", "global_speed"]].abs().max(axis="columns")
    return rows.assign(difference=100 * (rows["mean"] - rows["global_speed"]) / larger.where(larger > 0))


def _draw_speeds(axes: Axes, speeds: dict[str, pd.DataFrame], against: str) -> None:
    """Draw local against global speed on log axes, with a line where they are equal."""
    columns = ["global_speed", "mean"]
    positive = {policy: rows[(rows[columns] > 0).all(axis="columns")] for policy, rows in speeds.items()}
    drawn, total = pd.concat(positive.values()), sum(map(len, speeds.values()))
    axes.set_title(f"{against.capitalize()} loss")
    if drawn.empty:
        panels.say_empty(axes, "no measured step has two speeds above 0")
        return
    look: dict[str, Any] = {"markersize": 2.6, "markeredgewidth": 0, "alpha": 0.6}
    for policy, rows in positive.items():
        x, y = rows[columns].to_numpy()[panels.thinned(len(rows), most=panels.MOST_POINTS // len(speeds))].T
        axes.plot(x, y, "o", color=style.POLICIES[policy], label=policy_label(policy), **look)
    ends = [drawn[columns].to_numpy().min(), drawn[columns].to_numpy().max()]
    axes.plot(ends, ends, **style.DASHED, label="equal")
    panels.log_axes(axes, "xy")
    axes.set(xlabel="global speed (L[t] - L[t+1]) / eta (nats, log)", ylabel="local speed (nats, log)")
    if total > len(drawn):
        text = f"{total - len(drawn)} of {total} points, with a speed of 0 or less, are not shown"
        axes.text(0.98, 0.03, text, transform=axes.transAxes, ha="right", fontsize=7, color=surfaces.MUTED)
