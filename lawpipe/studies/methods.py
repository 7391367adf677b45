"""Study: the search methods, objective against cost, as recorded by benchmarks/search.py."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.figures import layout, style

#: The file of a record.
RECORD = "search.parquet"

TITLE = "Which search method lowers J most at a given cost?"

#: Points of the common cost axis, on which seeds with different costs are compared.
POINTS = 200


def figure(frame: pd.DataFrame) -> Figure:
    """Draw one panel per problem; `frame` has the columns of `draw_problem` and `problem`."""
    problems = frame.groupby("problem", sort=False)
    drawing = Figure(figsize=(layout.WIDTH, 3.0 * len(problems)), layout="constrained")
    for axes, (name, rows) in zip(drawing.subplots(len(problems), squeeze=False).flat, problems, strict=True):
        axes.set_title(str(name))
        draw_problem(axes, rows)
    layout.surround(drawing, TITLE, "lines: medians over the seeds; bands: their ranges")
    return drawing


def draw_problem(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the best objective so far, as a share of the objective at the start, against cost: one line per method.

    The line is the median over the seeds and the band their range, up to the cost that every seed reached. The number
    of seeds is in the label of the axis, or in the legend if it differs between methods. `rows` has the searches on
    one problem, with columns `method`, `seed`, `iteration`, `cost` and `objective`.
    """
    counts = rows.groupby("method", sort=False)["seed"].nunique()
    same = counts.nunique() == 1
    for index, (name, searches) in enumerate(rows.groupby("method", sort=False)):
        cost, shares = _on_common_costs(searches)
        colour, dashes, _ = style.OTHERS[index % len(style.OTHERS)]
        label = str(name).replace("_", " ") + ("" if same else f" (n = {counts[name]})")
        # When the colours are used up, they are used again with thinner lines.
        width = 1.6 if index < len(style.OTHERS) else 0.8
        axes.plot(cost, np.median(shares, axis=0), color=colour, linestyle=dashes, linewidth=width, label=label)
        if len(shares) > 1:
            axes.fill_between(cost, shares.min(axis=0), shares.max(axis=0), color=colour, alpha=0.18, linewidth=0)
    axes.set_xlim(left=0)
    axes.set_xlabel("cost (gradient evaluations, trial runs and other passes included)")
    axes.set_ylabel("best J / J at the start" + (f"\n(n = {counts.iloc[0]} seeds)" if same else ""))


def _on_common_costs(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return costs [S] and, for each seed, the best objective up to each cost over its first one [seeds, S]."""
    rows = rows.sort_values(["cost", "iteration"])
    objectives = rows.groupby("seed")["objective"]
    shares = rows.assign(share=objectives.cummin() / objectives.transform("first"))
    table = shares.pivot_table(index="cost", columns="seed", values="share", aggfunc="last")
    last = rows.groupby("seed")["cost"].max().min()
    # The costs of the iterations are on the axis, too, so that steps stay vertical.
    table = table.reindex(table.index.union(pd.Index(np.linspace(0, last, POINTS)))).ffill().loc[:last]
    return table.index.to_numpy(), table.to_numpy().T
