"""The controls: their shares of the near-optimal policy's gain, and J at the learning rates tried."""

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.analysis import gain
from lawpipe.analysis.intervals import FEWEST
from lawpipe.figures import frame, layout, panels, style, surfaces
from lawpipe.policies.catalogue import POLICIES
from lawpipe.results.experiment import Results
from lawpipe.results.gains import chosen, grids, objectives
from lawpipe.results.numbers import UNBROKEN, plural, policy_label, share_of
from lawpipe.run.splits import REFERENCES

#: The policies whose learning rate is tuned.
TUNED = [name for name, record in POLICIES.items() if record.variant == "tuned"]
#: The axis of J over learning rates ends this many times as far above the least J as J at the config's rate. Higher
#: values come from training that diverges.
HIGHEST_J = 1.6
#: Heights of the upper row of panels: of a policy, and of everything else, in inches.
ROW, AROUND = 0.40, 0.75


def controls(results: Results) -> Figure:
    """Draw J of every policy, its share of the near-optimal policy's gain, and J at the learning rates tried."""
    many = len(results.seeds) >= FEWEST
    note = "means; small points: seeds" + ("; bars: 95 % t intervals of three or more" if many else "")
    policies = [policy for policy in results.chosen if policy in POLICIES]
    heights = (AROUND + ROW * len(policies), 2.4)
    canvas = frame.canvas(results, "controls", note, rows=2, height=sum(heights), height_ratios=heights, sharey="row")
    (levels, shares), grid_axes = canvas.axes
    _draw_objectives(results, policies, levels, shares)
    _draw_learning_rates(grid_axes, results)
    objective = objectives(results, "desired")
    of_gain = {policy: gain.share(objective, policy) for policy in policies if not POLICIES[policy].required}
    words = [f"{policy_label(policy)} {share_of(share)}" for policy, share in of_gain.items() if share.n]
    if words:
        canvas.say(f"Shares of the near-optimal gain on desired: {'; '.join(words)}.")
    for policy in TUNED:
        tried = grids(results, policy)
        at_end = sum(chosen(rows, "learning_rate") == rows["learning_rate"].max() for rows in tried)
        if at_end:
            seeds = plural(len(tried), "seed")
            canvas.say(
                f"{policy_label(policy).capitalize()}: the largest rate tried is the best in {at_end} of {seeds}."
            )
    return frame.finish(canvas)


def _draw_objectives(results: Results, policies: list[str], levels: Axes, shares: Axes) -> None:
    """Draw J of every policy, and its share of the near-optimal policy's gain, one row per policy."""
    objective = {against: objectives(results, against)[policies] for against in REFERENCES}
    ends = panels.bulk(np.concatenate([values.mean() for values in objective.values()]))
    pairs = product(REFERENCES, policies)
    of_gain = {(against, policy): gain.share(objective[against], policy) for against, policy in pairs}
    share_ends = panels.share_ends(of_gain.values())
    for offset, against in zip((-0.16, 0.16), REFERENCES, strict=True):
        look = style.AGAINST[against]
        for row, policy in enumerate(policies):
            values, label = objective[against][policy].dropna(), None if row else f"{against} examples"
            panels.draw_with_seeds(levels, values, row + offset, look, label, ends or (-math.inf, math.inf))
            share = of_gain[against, policy].scaled(100)
            panels.draw_mean(shares, share, row + offset, look, ends=share_ends)
    seeds = objective["desired"].count()
    panels.name_rows(
        levels, [f"{policy_label(policy)} (n{UNBROKEN}={UNBROKEN}{seeds[policy]})" for policy in policies]
    )
    levels.set(title="J: mean loss", xlabel="J (nats), lower is better", xlim=ends)
    if not (shares.lines or shares.containers):
        panels.say_empty(shares, "The near-optimal policy's gain is not above 0 beyond its interval.")
        return
    shares.grid(axis="y", visible=False)
    shares.set_title("Share of the gain in J")
    panels.finish_shares(shares, "share (%)", share_ends)


def _draw_learning_rates(row: Sequence[Axes], results: Results) -> None:
    """Draw J over the learning rates tried, one line per seed, with a point at the chosen rate."""
    rate = float(results.settings["training"]["learning_rate"])
    tried = [(policy, rows) for policy in TUNED for rows in grids(results, policy)]
    for axes, against in zip(row, REFERENCES, strict=True):
        column = f"objective_{against}"
        for policy, rows in tried:
            colour, line, marker = style.look(policy)
            rates = rows["learning_rate"]
            axes.plot(rates, rows[column], color=colour, linestyle=line, linewidth=1.1, label=policy_label(policy))
            best = [chosen(rows, "learning_rate")], [chosen(rows, column)]
            axes.plot(*best, marker, color=colour, label="chosen rate")
        diverged = [value for _, rows in tried for value in rows["learning_rate"][rows[column].isna()]]
        if diverged:
            top: dict[str, Any] = {
                "transform": axes.get_xaxis_transform(),
                "color": surfaces.INK,
                "label": "diverges in 1 seed or more",
            }
            axes.plot(sorted(set(diverged)), [0.96] * len(set(diverged)), "x", **top)
        axes.axvline(rate, **style.DOTTED, label="the experiment's rate")
        axes.set(title=f"Rates tried, J on {against}", xlabel="learning rate (log)", ylabel="J (nats)")
        if not tried:
            panels.say_empty(axes, "No learning rate was tuned in this experiment.")
    if not tried:
        return
    layout.log_axes(row, "x")
    known = pd.concat([rows for _, rows in tried])[[f"objective_{against}" for against in REFERENCES]]
    near = [rows.iloc[int((rows["learning_rate"] - rate).abs().argmin())] for _, rows in tried]
    least, at_rate = float(known.min().min()), float(pd.DataFrame(near)[[*known]].max().max())
    if math.isfinite(at_rate):
        room = HIGHEST_J * (at_rate - least)
        row[0].set_ylim(least - 0.1 * room, min(row[0].get_ylim()[1], least + room))
