"""The controls: what each has of the near-optimal policy's gain, and what the learning rate alone is worth."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.analysis import gain
from lawpipe.analysis.gain import Objectives
from lawpipe.analysis.intervals import mean_interval
from lawpipe.figures import marks, panels, style, surfaces
from lawpipe.results.experiment import Results
from lawpipe.results.gains import BASE, BEST, CONTROLS, chosen, grids, objectives
from lawpipe.results.numbers import policy_label, share_of
from lawpipe.run.splits import REFERENCES

GRIDS = {"conventional_tuned": "uniform", "clean_only_tuned": "clean examples only", "online_tuned": "online"}
GRID_COLOURS = (style.OTHERS[0], style.OTHERS[4], style.OTHERS[1])
#: The axis of J over learning rates goes so many times as far up as J at the experiment's: beyond, training blows up.
MOST_OF_OWN = 1.6


def gains(results: Results) -> Figure:
    """Draw J of every policy, its share of the near-optimal policy's gain, and J over the learning rates tried."""
    many = len(results.seeds) >= panels.SEEDS_FOR_A_BAND
    note = "means, small points are seeds" + (", bars 95 % t intervals of three or more" if many else "")
    canvas = panels.canvas(results, "controls", 2, 2, 7.2, note)
    found = {against: objectives(results, against) for against in REFERENCES}
    policies = [name for name in results.chosen if name in (BASE, BEST, *CONTROLS)]
    levels, shares = canvas.at(0, 0), canvas.at(0, 1)
    for place, against in enumerate(REFERENCES):
        offset = 0.16 * (2 * place - 1)
        colour, label = style.AGAINST[against], f"{against} examples"
        for row, name in enumerate(policies):
            shown = label if row == 0 else None
            values = [value for value in found[against][name].values() if value is not None]
            levels.plot(values, [row + offset] * len(values), ".", color=colour, markersize=3, alpha=0.6)
            marks.draw(levels, mean_interval(values), row + offset, colour, shown)
        with_share = [(row, gain.share(found[against], name)) for row, name in enumerate(policies)]
        with_share = [(row, share) for row, share in with_share if share.n]
        for index, (row, share) in enumerate(with_share):
            marks.draw_share(shares, share, row + offset, colour, label if index == 0 else None)
    _finish_rows(levels, policies, [sum(v is not None for v in found["desired"][name].values()) for name in policies])
    levels.set_title("Objective J: mean loss over training")
    levels.set_xlabel("J (nats), lower is better")
    levels.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    _finish_rows(shares, policies, None)
    if shares.lines or shares.containers:
        shares.set_title("Share of the near-optimal gain")
        marks.finish_shares(shares)
    else:
        panels.say_empty(shares, "The near-optimal policy has no gain beyond its interval to share out.")
    _draw_grids(canvas.at(1, 0), results, "desired")
    _draw_grids(canvas.at(1, 1), results, "test")
    canvas.here.extend(_beside(found))
    return panels.finish(canvas)


def _finish_rows(axes: Axes, policies: Sequence[str], counts: Sequence[int] | None) -> None:
    """Name the rows, the first policy on top, with the number of seeds each has."""
    labels = [policy_label(name) for name in policies]
    if counts is not None:
        labels = [f"{label} (n = {count})" for label, count in zip(labels, counts, strict=True)]
    axes.set_yticks(range(len(policies)), labels if counts is not None else [""] * len(policies))
    axes.set_ylim(len(policies) - 0.5, -0.5)
    axes.set_ylabel("policy")


def _draw_grids(axes: Axes, results: Results, against: str) -> None:
    """Draw J over the learning rates tried, a line a seed, the chosen rate marked."""
    own = float(results.settings["training"]["learning_rate"])
    drawn, least, most = False, math.inf, 0.0
    for colour, (policy, label) in zip(GRID_COLOURS, GRIDS.items(), strict=True):
        for rows in grids(results, policy):
            shown = None if drawn and label in axes.get_legend_handles_labels()[1] else label
            column = f"objective_{against}"
            axes.plot(rows["learning_rate"], rows[column], color=colour, linewidth=1.1, alpha=0.8, label=shown)
            axes.plot([chosen(rows, "learning_rate")], [chosen(rows, column)], "o", color=colour, markersize=4.5)
            at_own = rows[column].iloc[int((rows["learning_rate"] - own).abs().argmin())]
            drawn, least, most = True, min(least, float(rows[column].min())), max(most, float(at_own))
    if not drawn:
        panels.say_empty(axes, "No learning rate was tuned in this experiment.")
        return
    axes.axvline(own, color=surfaces.MUTED, linestyle=":", linewidth=1)
    axes.set_xscale("log")
    if math.isfinite(most):
        room = MOST_OF_OWN * (most - least)
        axes.set_ylim(least - 0.1 * room, min(axes.get_ylim()[1], least + room))
    axes.set_title(f"Learning rates tried, J on {against}")
    axes.set_xlabel("learning rate (log)")
    axes.set_ylabel("J (nats)")
    axes.legend()


def _beside(found: dict[str, Objectives]) -> list[str]:
    """Say each control's share of the gain on desired examples, shortly."""
    desired = found["desired"]
    lines = []
    for policy in CONTROLS:
        share = gain.share(desired, policy)
        if share.n:
            lines.append(f"{policy_label(policy)}: {share_of(share)} of the gain on desired.")
    return [*lines, "Learning rates: dotted is the experiment's own, a point the one chosen, by J on desired."]
