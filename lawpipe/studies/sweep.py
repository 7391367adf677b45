"""Study: one experiment at several values of one setting, and the gain of its policies at each value."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.analysis import gain
from lawpipe.analysis.intervals import mean_interval
from lawpipe.figures import layout, style
from lawpipe.figures.style import Look
from lawpipe.results.experiment import Results, select
from lawpipe.results.gains import BASE, objectives
from lawpipe.results.numbers import policy_label
from lawpipe.results.problem import Settings
from lawpipe.run.splits import REFERENCES

TITLE = "How does the gain depend on one setting?"

#: The policies that are compared, as far as an experiment has them.
COMPARED = ("near_optimal", "near_optimal_validated", "conventional_tuned", "clean_only_tuned", "online_tuned")


def rows(experiments: Sequence[Results], settings: Settings) -> pd.DataFrame:
    """Return one row per experiment, policy, reference set and seed.

    Columns: `key` (the setting that varies, `settings["sweep"]`, dotted), its `value`, and `objective_ratio`, J over
    the conventional policy's J of the same seed.
    """
    key = settings["sweep"]
    frames = []
    for results in experiments:
        value: Any = results.settings
        for part in key.split("."):
            value = value[part]
        by_set = {against: objectives(results, against) for against in REFERENCES}
        for policy, against in product((name for name in COMPARED if name in results.policies), REFERENCES):
            group = gain.ratios(by_set[against], policy, BASE).reset_index(name="objective_ratio")
            frames.append(group.assign(key=key, value=float(value), policy=policy, against=against))
    return pd.concat(frames, ignore_index=True)


def text(frame: pd.DataFrame) -> str:
    """Return the mean ratio of J for every value, policy and reference set, one line each."""
    columns = ["key", "value", "policy", "against"]
    means = frame.groupby(columns, sort=False)["objective_ratio"].mean().reset_index()
    return "\n".join(
        f"{key} {value:g}, {policy} on {against}: J ratio {ratio:.3f}"
        for key, value, policy, against, ratio in means.itertuples(index=False)
    )


def figure(frame: pd.DataFrame) -> Figure:
    """Draw J over the conventional policy's J against the setting: means, 95 % t intervals, and a dot per seed."""
    key = str(frame["key"].iloc[0])
    drawing = Figure(figsize=(layout.WIDTH, 2.8), layout="constrained")
    row = drawing.subplots(1, len(REFERENCES), sharey=True)
    values = np.unique(frame["value"])
    log = len(values) > 2 and bool((values > 0).all())
    for axes, against in zip(row, REFERENCES, strict=True):
        for policy, group in select(frame, against=against).groupby("policy", sort=False):
            _draw(axes, group, style.look(str(policy)), policy_label(str(policy)))
        axes.axhline(1, **style.DOTTED, label="conventional")
        if log:
            axes.set_xscale("log")
            axes.set_xticks(values, [f"{value:g}" for value in values])
            axes.minorticks_off()
        axes.set(title=f"{against.capitalize()} examples", xlabel=f"{key}{' (log)' if log else ''}")
    row[0].set_ylabel("J / J of the conventional policy")
    count = frame.groupby(["value", "policy", "against"])["seed"].nunique()
    seeds = f"{count.min()}" if count.nunique() == 1 else f"{count.min()} to {count.max()}"
    layout.surround(drawing, TITLE, f"means with 95 % t intervals, n = {seeds} seeds; small points are seeds")
    return drawing


def _draw(axes: Axes, group: pd.DataFrame, look: Look, label: str) -> None:
    """Draw one policy on one reference set over the values of the setting."""
    values = np.unique(group["value"])
    means = [mean_interval(group["objective_ratio"][group["value"] == value]) for value in values]
    colour, line, marker = look
    ratios = [mean.mean_or_nan for mean in means]
    axes.plot(values, ratios, linestyle=line, marker=marker, color=colour, label=label)
    for value, mean in zip(values, means, strict=True):
        if mean.low is not None and mean.high is not None:
            axes.vlines(value, mean.low, mean.high, color=colour, linewidth=1.2)
    axes.plot(group["value"], group["objective_ratio"], ".", color=colour, markersize=3, alpha=0.6)
