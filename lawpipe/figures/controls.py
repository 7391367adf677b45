"""The controls: their shares of the near-optimal policy's gain, and J at the learning rates tried."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.analysis import gain
from lawpipe.figures import frame, panels, style
from lawpipe.policies.catalogue import POLICIES
from lawpipe.results.experiment import Results
from lawpipe.results.gains import chosen, grids, objectives
from lawpipe.results.numbers import policy_label, share_of
from lawpipe.run.splits import REFERENCES

#: The policies whose learning rate is tuned.
TUNED = [name for name, record in POLICIES.items() if record.variant == "tuned"]
#: The axis of J over learning rates ends this many times as far above the least J as J at the config's rate. Higher
#: values come from training that diverges.
HIGHEST_J = 1.6


def controls(results: Results) -> Figure:
    """Draw J of every policy, its share of the near-optimal policy's gain, and J at the learning rates tried."""
    many = len(results.seeds) >= panels.SEEDS_FOR_A_BAND
    note = "means, small points are seeds" + (", bars 95 % t intervals of three or more" if many else "")
    canvas = frame.canvas(results, "controls", note, rows=2, height=7.2)
    (levels, shares), grid_axes = canvas.axes
    policies = [policy for policy in results.chosen if policy in POLICIES]
    objective = {against: objectives(results, against) for against in REFERENCES}
    seeds = objective["desired"].count()
    for offset, against in zip((-0.16, 0.16), REFERENCES, strict=True):
        colour = style.AGAINST[against]
        for row, policy in enumerate(policies):
            values, label = objective[against][policy].dropna(), None if row else f"{against} examples"
            panels.draw_with_seeds(levels, values, row + offset, colour, label)
            share = gain.share(objective[against], policy)
            if share.n:
                panels.draw_share(shares, share, row + offset, colour)
    panels.name_rows(levels, [f"{policy_label(policy)} (n = {seeds[policy]})" for policy in policies])
    levels.set(title="Objective J: mean loss over training", xlabel="J (nats), lower is better", ylabel="policy")
    levels.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2)
    panels.name_rows(shares, [""] * len(policies))
    if shares.lines or shares.containers:
        shares.set(title="Share of the near-optimal gain", ylabel="policy")
        panels.finish_shares(shares)
    else:
        panels.say_empty(shares, "The near-optimal policy's gain is not above 0 beyond its interval.")
    for axes, against in zip(grid_axes, REFERENCES, strict=True):
        _draw_learning_rates(axes, results, against)
    for policy, record in POLICIES.items():
        share = gain.share(objective["desired"], policy)
        if share.n and not record.required:
            canvas.say(f"{policy_label(policy)}: {share_of(share)} of the gain on desired.")
    canvas.say("Learning rates: dotted is the experiment's, a point is the one chosen (by J on desired).")
    return frame.finish(canvas)


def _draw_learning_rates(axes: Axes, results: Results, against: str) -> None:
    """Draw J over the learning rates tried, one line per seed, with a point at the chosen rate."""
    rate, column = float(results.settings["training"]["learning_rate"]), f"objective_{against}"
    least, at_rate = math.inf, -math.inf
    for policy in TUNED:
        colour = style.colours(TUNED)[policy]
        label: str | None = policy_label(policy)
        for rows in grids(results, policy):
            axes.plot(rows["learning_rate"], rows[column], color=colour, linewidth=1.1, alpha=0.8, label=label)
            axes.plot([chosen(rows, "learning_rate")], [chosen(rows, column)], "o", color=colour, markersize=4.5)
            label, nearest = None, int((rows["learning_rate"] - rate).abs().argmin())
            least, at_rate = min(least, float(rows[column].min())), max(at_rate, float(rows[column].iloc[nearest]))
    if not axes.lines:
        panels.say_empty(axes, "No learning rate was tuned in this experiment.")
        return
    axes.axvline(rate, **style.DOTTED)
    axes.set_xscale("log")
    if math.isfinite(at_rate):
        room = HIGHEST_J * (at_rate - least)
        axes.set_ylim(least - 0.1 * room, min(axes.get_ylim()[1], least + room))
    axes.set(title=f"Learning rates tried, J on {against}", xlabel="learning rate (log)", ylabel="J (nats)")
    axes.legend()
