"""The search methods side by side: the objective against what the search has cost."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawpipe.figures import style

#: Points of the common cost axis, on which seeds with different costs are compared.
POINTS = 200


def objective_against_cost(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the best objective so far, relative to the start, against cost: a line a method.

    `rows` are those of the searches on one problem, in the columns `method`, `seed`, `cost` and `objective` (as
    benchmarks/search.py writes them). The line is the median over seeds, the band their range, drawn as far as every
    seed has got. The number of seeds stands in the label of the axis, or where methods differ in it in the legend.
    """
    counts = rows.groupby("method", sort=False)["seed"].nunique()
    same = counts.nunique() == 1
    for index, (name, frame) in enumerate(rows.groupby("method", sort=False)):
        cost, shares = _on_common_costs(frame)
        colour = style.OTHERS[index % len(style.OTHERS)]
        label = str(name).replace("_", " ") + ("" if same else f" (n = {counts[name]})")
        # Beyond the colours there are, a dashed line tells methods apart.
        dash = "-" if index < len(style.OTHERS) else "--"
        axes.plot(cost, np.median(shares, axis=0), color=colour, linestyle=dash, label=label)
        if len(shares) > 1:
            axes.fill_between(cost, shares.min(axis=0), shares.max(axis=0), color=colour, alpha=0.18, linewidth=0)
    axes.set_xlim(left=0)
    axes.set_xlabel("cost (gradient evaluations, trial runs and other passes included)")
    number = f", median and range of n = {counts.iloc[0]} seeds" if same else ", median and range over seeds"
    axes.set_ylabel("best objective / start" + (number if counts.max() > 1 else ", n = 1 seed"))
    axes.legend(title=None)


def _on_common_costs(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return costs [S] and each seed's best objective within them as a share of its first, [seeds, S]."""
    runs = [run.sort_values(["cost", "iteration"]) for _, run in rows.groupby("seed")]
    last = min(float(run["cost"].iloc[-1]) for run in runs)
    # The costs at which something happened are on the axis too: the steps stay upright.
    costs = np.unique(np.concatenate([np.linspace(0, last, POINTS), *(run["cost"] for run in runs)]))
    costs = costs[costs <= last]
    shares = []
    for run in runs:
        best = np.minimum.accumulate(run["objective"].to_numpy()) / run["objective"].iloc[0]
        shares.append(best[np.searchsorted(run["cost"].to_numpy(), costs, side="right") - 1])
    return costs, np.stack(shares)
