"""The law's left and right side step by step: does the loss fall as fast as the weighted examples say?"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.figures import panels, style, surfaces
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import number, policy_label
from lawpipe.run.splits import REFERENCES

#: Differences above so many % need an axis in factors.
WIDE = 10


def local_and_global(results: Results) -> Figure:
    """Draw local against global speed, a point a step, and their relative difference over the steps."""
    note = f"top: a point a step and seed; below: {panels.seeds_note(results)}"
    canvas = panels.canvas(results, "speed", 2, 2, 6.1, note)
    policies = [policy for policy in results.policies if policy in ("conventional", "near_optimal")]
    for column, against in enumerate(REFERENCES):
        rows = {policy: _rows(results, policy, against) for policy in policies}
        _draw_speeds(canvas.at(0, column), rows, against)
        difference = canvas.at(1, column)
        for policy, speeds in rows.items():
            steps, samples = results.by_seed(speeds, "step", "difference")
            panels.draw_over_seeds(difference, steps, samples, style.POLICIES[policy], None)
            label = policy_label(policy).capitalize()
            typical = number(float(speeds["difference"].abs().median()))
            canvas.here.append(f"{label}, {against}: they differ by {typical} % (median over steps and seeds).")
        difference.axhline(0, color=surfaces.MUTED, linewidth=0.9, linestyle="--")
        if max(float(speeds["difference"].abs().max()) for speeds in rows.values()) > WIDE:
            difference.set_yscale("symlog", linthresh=1)
        difference.set_title(f"Relative difference, {against}")
        difference.set_xlabel("training step t")
        difference.set_ylabel("local - global (% of the larger)")
    canvas.at(0, 0).legend()
    return panels.finish(canvas)


def _rows(results: Results, policy: str, against: str) -> pd.DataFrame:
    """Return both speeds of a policy at the measured steps, with their difference in % of the larger."""
    rows = results.similarity
    rows = rows[(rows["policy"] == policy) & (rows["against"] == against) & (rows["kind"] == "instantaneous")]
    larger = rows[["mean", "global_speed"]].abs().max(axis="columns")
    return rows.assign(difference=100 * (rows["mean"] - rows["global_speed"]) / larger.where(larger > 0))


def _draw_speeds(axes: Axes, rows: dict[str, pd.DataFrame], against: str) -> None:
    """Draw local against global speed on log axes, with the line where they are equal."""
    total = sum(len(speeds) for speeds in rows.values())
    positive = {
        policy: speeds[(speeds["mean"] > 0) & (speeds["global_speed"] > 0)] for policy, speeds in rows.items()
    }
    known = pd.concat(positive.values())
    axes.set_title(f"{against.capitalize()} loss")
    if known.empty:
        panels.say_empty(axes, "no measured step has two speeds above 0")
        return
    for policy, speeds in positive.items():
        shown = speeds.iloc[panels.thinned(len(speeds), most=style.MOST_POINTS // len(rows))]
        axes.plot(
            shown["global_speed"],
            shown["mean"],
            "o",
            color=style.POLICIES[policy],
            markersize=2.6,
            markeredgewidth=0,
            alpha=0.6,
            label=policy_label(policy),
        )
    ends = [known[["mean", "global_speed"]].to_numpy().min(), known[["mean", "global_speed"]].to_numpy().max()]
    axes.plot(ends, ends, color=surfaces.INK, linewidth=0.9, linestyle="--", label="equal")
    axes.set(xscale="log", yscale="log")
    panels.logarithmic(axes.xaxis)
    panels.logarithmic(axes.yaxis)
    axes.set_xlabel("global speed (L[t] - L[t+1]) / eta (nats, log)")
    axes.set_ylabel("local speed (nats, log)")
    if total > len(known):
        axes.annotate(
            f"{total - len(known)} of {total} points with a speed of 0 or less not shown",
            (0.98, 0.03),
            xycoords="axes fraction",
            ha="right",
            fontsize=7,
            color=surfaces.MUTED,
        )
