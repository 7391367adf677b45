"""Study: which of two laws holds, by the similarity of both kinds of contributions against the Frank-Wolfe gap."""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.figures import layout, style, surfaces
from lawpipe.report.table import Table
from lawpipe.results import similarity
from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import Results, select, snapshot
from lawpipe.results.numbers import UNBROKEN, number, percent
from lawpipe.results.problem import Settings
from lawpipe.run.errors import InputError
from lawpipe.run.tables.studies import WHICH_LAW

KINDS = ("instantaneous", "adjoint")

#: A search is stationary if its gap is at most this share of J.
STATIONARY = 1e-6
#: Ranges of gap / J that the table compares: from the first number, included, down to the second, excluded.
RANGES = ((1e-1, 1e-3), (1e-3, STATIONARY), (STATIONARY, -np.inf))
#: A median over policies is drawn where a decade of the gap has at least this many.
ENOUGH = 3
#: The title of the column of the figure that shows all small experiments; any other experiment has its own column.
SMALL = "Small perceptrons, float64"

TITLE = "Which law holds near stationarity?"
ENTRY = Entry(
    "which_law",
    TITLE,
    None,
    "The median similarity SIM of instantaneous and of adjoint contributions, over the steps with two or more "
    "active examples, against the Frank-Wolfe gap over J (0 at stationarity): a point for each policy along a "
    "search and seed. The law that holds is the one whose similarity rises without bound as the gap falls.",
)
#: The artifact table of its rows.
TABLE = WHICH_LAW
#: Columns of numbers in which null stands for a missing value: none, since a similarity may be infinite or NaN.
NULLABLE = ()


def rows(experiments: Sequence[Results], settings: Settings) -> pd.DataFrame:
    """Return the rows of the table `which_law`: one per experiment, seed and policy along its search.

    Columns: `relative_gap` (gap / J on desired); `cost` of the search up to this policy; `measured`, the number of
    measured steps; `several`, the number of those with two or more active examples; the median similarity over these
    steps on desired, for each kind: infinite if the contributions are equal to the last bit, NaN if there is no such
    step. `column` is the title of the figure's column: `SMALL` for the experiments in `settings["experiments"]`.

    Raises InputError if there is no experiment.
    """
    if not experiments:
        raise InputError(
            "no experiment to compare: expected folders of experiments, as those of config/which_law.yaml."
        )
    frames = []
    for results in experiments:
        column = SMALL if results.name in settings["experiments"] else results.name
        frames.append(along_search(results).assign(experiment=results.name, column=column))
    return pd.concat(frames, ignore_index=True)


def along_search(results: Results) -> pd.DataFrame:
    """Return the rows of one experiment, without `experiment` and `column`.

    Snapshots after the last policy of a search repeat it and are left out, as are policies outside the search.
    """
    frames = []
    for seed, policies in results.summary.groupby("seed"):
        log = select(results.search, seed=seed, accepted=True).set_index("iteration")
        best = int(log.index[int(log["objective"].argmin())])
        for policy in policies.to_dict("records"):
            name = str(policy["policy"])
            iteration = {"conventional": 0, "near_optimal": best}.get(name, snapshot(name))
            if iteration is None or iteration > best or (iteration == best and name != "near_optimal"):
                continue
            steps = select(results.similarity, seed=seed, policy=name, against="desired")
            several = steps["step"][steps["active"] >= 2]
            frames.append(
                {
                    "seed": seed,
                    "policy": name,
                    "relative_gap": policy["gap"] / policy["objective_desired"],
                    "cost": log["cost"].loc[iteration],
                    "measured": steps["step"].nunique(),
                    "several": several.nunique(),
                    **{kind: similarity.median(select(steps, kind=kind).to_dict("records")) for kind in KINDS},
                }
            )
    return pd.DataFrame(frames)


def text(frame: pd.DataFrame) -> str:
    """Return how many searches are stationary."""
    ends = select(frame, policy="near_optimal")
    reached = int((ends["relative_gap"] <= STATIONARY).sum())
    return f"{reached} of {len(ends)} searches reached a gap of {STATIONARY:g} of J"


def figure(frame: pd.DataFrame) -> Figure:
    """Draw the similarities, and the share of steps with two or more active examples, against the gap."""
    columns = frame.groupby("column", sort=False)
    drawing = Figure(figsize=(layout.WIDTH, 4.4), layout="constrained")
    grid = drawing.subplots(2, len(columns), squeeze=False, height_ratios=(3, 1), sharex=True, sharey="row")
    said = []
    for upper, lower, (title, group) in zip(*grid, columns, strict=True):
        for kind in KINDS:
            _draw_kind(upper, group, kind)
        upper.set_title(textwrap.fill(str(title), 60 // len(columns)))
        ends = select(group, policy="near_optimal")
        said.append(
            f"{title}: {len(ends)} searches, to gap / J {number(ends['relative_gap'].max(), 2)} or less; at their "
            f"ends {_several(ends)} of steps have two or more active examples (median)."
        )
        share = group["several"] / group["measured"]
        lower.plot(group["relative_gap"], share, ".", color=surfaces.MUTED, markersize=4, alpha=0.6)
        lower.set(ylim=(0, 1.04), xlabel="gap / J (log)")
    upper, lower = grid[:, 0]
    lower.invert_xaxis()  # shared by all panels
    upper.set_ylabel("similarity SIM, median over steps (log)")
    lower.set_ylabel("steps with two\nor more active")
    layout.log_axes(grid[0], "xy")
    layout.surround(drawing, TITLE, " ".join(said))
    return drawing


def _draw_kind(axes: Axes, group: pd.DataFrame, kind: str) -> None:
    """Draw the similarity of one kind: one point per policy, and a line through the median of each decade."""
    known = group[(group[kind] > 0) & np.isfinite(group[kind]) & (group["relative_gap"] > 0)]
    colour, line, marker = style.KINDS[kind]
    axes.plot(known["relative_gap"], known[kind], marker, color=colour, markersize=3.2, alpha=0.55, label=kind)
    decades = known.groupby(np.floor(np.log10(known["relative_gap"])))[["relative_gap", kind]]
    medians = decades.median()[decades.size() >= ENOUGH]
    axes.plot(medians["relative_gap"], medians[kind], color=colour, linestyle=line)


def _several(ends: pd.DataFrame) -> str:
    """Write the median share of steps with two or more active examples."""
    return percent(float((ends["several"] / ends["measured"]).median()))


def table(frame: pd.DataFrame) -> Table:
    """Return one row per experiment: gaps and costs of its searches, and the similarities by range of the gap.

    A similarity is `inf` if the contributions are equal to the last bit.
    """
    records = []
    for experiment, group in frame.groupby("experiment", sort=False):
        ends = select(group, policy="near_optimal")
        gap, cost = ends["relative_gap"], ends["cost"]
        searched = group[group["policy"] != "conventional"]
        parts = {"uniform": select(group, policy="conventional")}
        for high, low in RANGES:
            inside = searched["relative_gap"].between(low, high, inclusive="right")
            parts[f"{number(high, 1)} to {number(max(low, 0), 1)}"] = searched[inside]
        medians = {f"{kind}, {words}": part[kind].median() for kind in KINDS for words, part in parts.items()}
        records.append(
            {
                "experiment": str(experiment),
                f"gap / J up to {number(STATIONARY, 1)}": f"{int((gap <= STATIONARY).sum())} of{UNBROKEN}{len(ends)}",
                "gap / J, median": number(gap.median(), 2),
                "gap / J, largest": number(gap.max(), 2),
                "cost, median": number(cost.median()),
                "cost, largest": number(cost.max()),
                "steps with 2 or more": _several(ends),
                **{name: "inf" if value == np.inf else number(value) for name, value in medians.items()},
            }
        )
    return Table.from_records(ENTRY, records)
