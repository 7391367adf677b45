"""An experiment at several values of one setting: what searched and tuned policies gain, on desired and unseen."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.analysis.intervals import mean_interval
from lawpipe.figures import style
from lawpipe.figures.surfaces import MUTED
from lawpipe.results.experiment import Results
from lawpipe.results.numbers import policy_label
from lawpipe.run.splits import REFERENCES

BASE = "conventional"
#: How each policy's line is drawn, of those that an experiment has.
LINES: dict[str, Any] = {
    "near_optimal": "-",
    "near_optimal_validated": "--",
    "conventional_tuned": ":",
    "clean_only_tuned": "-.",
    "online_tuned": (0, (8, 1, 1, 1, 1, 1)),
}


def points(experiments: Sequence[Results], key: str) -> pd.DataFrame:
    """Return a row an experiment, seed, policy and reference set.

    `value` is the experiment's setting `key` (dotted), `objective_ratio` J over the conventional policy's of the same
    seed, `acceleration` that on the curves (nan if never reached).
    """
    rows = []
    for found in experiments:
        value: Any = found.settings
        for part in key.split("."):
            value = value[part]
        for seed in found.seeds:
            by_policy = found.summary[found.summary["seed"] == seed].set_index("policy")
            for policy in (name for name in LINES if name in by_policy.index):
                for against in REFERENCES:
                    column = f"objective_{against}"
                    rows.append(
                        {
                            "experiment": found.name,
                            "value": float(value),
                            "seed": seed,
                            "policy": policy,
                            "against": against,
                            "objective_ratio": float(by_policy[column][policy] / by_policy[column][BASE]),
                            "acceleration": by_policy[f"acceleration_{against}"][policy],
                        }
                    )
    frame = pd.DataFrame(rows)
    return frame.assign(acceleration=pd.to_numeric(frame["acceleration"]))


def figure(found: pd.DataFrame, key: str) -> Figure:
    """Draw J over the conventional policy's against the swept setting: means, 95 % t intervals, seeds as dots."""
    drawing = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = drawing.add_subplot()
    for (policy, against), rows in found.groupby(["policy", "against"], sort=False):
        _draw(axes, rows, style.AGAINST[str(against)], f"{policy_label(str(policy))}, {against}", LINES[str(policy)])
    axes.axhline(1, color=MUTED, linewidth=0.8)
    axes.text(axes.get_xlim()[0], 1, " conventional", va="bottom", color=MUTED, fontsize="small")
    values = np.unique(found["value"])
    if len(values) > 2 and (values > 0).all():
        axes.set_xscale("log")
        axes.set_xticks(values, [f"{value:g}" for value in values])
        axes.minorticks_off()
    axes.set_xlabel(f"{key} (log)" if axes.get_xscale() == "log" else key)
    count = found.groupby(["value", "policy", "against"])["seed"].nunique()
    seeds = f"{count.min()}" if count.nunique() == 1 else f"{count.min()} to {count.max()}"
    axes.set_ylabel(f"J / J of the conventional policy\nmean, 95 % t interval, n = {seeds} seeds")
    axes.legend()
    return drawing


def _draw(axes: Axes, rows: pd.DataFrame, colour: str, label: str, line: Any) -> None:
    """Draw one policy on one reference set over the values."""
    values: list[float] = []
    means: list[float] = []
    low: list[float] = []
    high: list[float] = []
    for value in np.unique(rows["value"]):
        over = mean_interval(rows["objective_ratio"][rows["value"] == value].tolist())
        if over.mean is None:
            continue
        values.append(float(value))
        means.append(over.mean)
        low.append(over.mean if over.low is None else over.low)
        high.append(over.mean if over.high is None else over.high)
    axes.plot(values, means, linestyle=line, color=colour, label=label)
    axes.vlines(values, low, high, color=colour, linewidth=1.2)
    axes.plot(rows["value"], rows["objective_ratio"], ".", color=colour, markersize=3, alpha=0.6)
