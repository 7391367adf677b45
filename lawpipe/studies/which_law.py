"""Which law holds: similarity of both kinds against the Frank-Wolfe gap, over policies along searches."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.figures import style, surfaces
from lawpipe.report.table import Row, Table
from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import snapshot
from lawpipe.results.numbers import UNBROKEN, number, percent

KINDS = ("instantaneous", "adjoint")

#: A search got there if its gap is at most this share of J.
STATIONARY = 1e-6
#: Ranges of gap / J that the table compares, each from above down to its end, which it leaves out.
RANGES = ((1e-1, 1e-3), (1e-3, STATIONARY), (STATIONARY, -np.inf))
#: A median over policies is drawn where a decade of the gap has at least so many.
ENOUGH = 3

ENTRY = Entry(
    "which_law",
    "Which law holds: similarity against the distance from stationarity",
    None,
    "The median similarity of instantaneous and of adjoint contributions over the steps with two or more active "
    "examples, against the Frank-Wolfe gap over J, a point for each policy along a search and each seed; below, the "
    "share of the steps that this rests on. The contributions that the first-order condition equalises rise without "
    "bound as the gap falls; the others do not. A gap of zero is stationarity, not optimality.",
    module="studies.which_law",
    data=("similarity", "summary", "search"),
)


def points(similarity: pd.DataFrame, summary: pd.DataFrame, search: pd.DataFrame) -> pd.DataFrame:
    """Reduce one experiment's tables, each with a column `seed`, to a row a seed and policy along its search.

    Gives `seed`, `policy`, `relative_gap` (gap / J on desired), `cost` of the search up to this policy, `measured`
    steps, `several` (those of them with two or more active examples) and, for each kind, the median similarity on
    desired over these: infinite where their contributions are equal to the bit, null where there is no such step.
    Snapshots that repeat the last policy of a search that stopped before them are left out, and other
    policies too.
    """
    rows = []
    for seed, found in summary.groupby("seed"):
        log = search[(search["seed"] == seed) & search["accepted"]].set_index("iteration")
        best = int(np.asarray(log.index)[log["objective"].argmin()])
        for _, policy in found.iterrows():
            name = str(policy["policy"])
            iteration = {"conventional": 0, "near_optimal": best}.get(name, snapshot(name))
            if iteration is None or iteration > best or (iteration == best and name != "near_optimal"):
                continue
            of_policy = (similarity["seed"] == seed) & (similarity["policy"] == name)
            steps = similarity[of_policy & (similarity["against"] == "desired")]
            several = steps[steps["active"] >= 2]
            rows.append(
                {
                    "seed": seed,
                    "policy": name,
                    "relative_gap": policy["gap"] / policy["objective_desired"],
                    "cost": float(log["cost"].to_numpy()[log.index.get_loc(iteration)]),
                    "measured": steps["step"].nunique(),
                    "several": several["step"].nunique(),
                    **{kind: _median(several[several["kind"] == kind]) for kind in KINDS},
                }
            )
    return pd.DataFrame(rows)


def _median(steps: pd.DataFrame) -> float:
    """Return the median similarity of some steps, equal contributions counting as infinite; nan if there are none."""
    values = steps["similarity"].mask((steps["std"] == 0) & (steps["mean"] > 0), np.inf)
    return float(values.median())


def figure(found: pd.DataFrame, groups: Mapping[str, Sequence[str]]) -> Figure:
    """Draw similarity and share of steps against the gap, a column a group of experiments, by its title.

    `found` has the rows of `points` with a column `experiment`.
    """
    drawing = Figure(figsize=(max(5.4, 3.6 * len(groups)), 5.6), layout="constrained")
    drawing.suptitle(ENTRY.title, x=0.01, ha="left", fontweight="bold", gid=surfaces.TITLE_ID)
    axes = drawing.subplots(2, len(groups), squeeze=False, height_ratios=(3, 1), sharex=True, sharey="row")
    for column, (title, experiments) in enumerate(groups.items()):
        chosen = found[found["experiment"].isin(experiments)]
        upper, lower = axes[0][column], axes[1][column]
        for kind in KINDS:
            _draw_kind(upper, chosen, kind)
        upper.set(xscale="log", yscale="log", title=title)
        upper.text(0.03, 0.98, _described(chosen), transform=upper.transAxes, va="top", fontsize=7.5)
        share = chosen["several"] / chosen["measured"]
        lower.plot(chosen["relative_gap"], share, ".", color=surfaces.MUTED, markersize=4, alpha=0.6)
        lower.set(ylim=(0, 1.04), xlabel="Frank-Wolfe gap / J (log; the search runs to the right)")
        if column == 0:
            lower.invert_xaxis()  # of all: they share it
            upper.set_ylabel("similarity SIM, median over steps (log)")
            lower.set_ylabel("steps with two\nor more active")
            upper.legend(loc="lower right")
    return drawing


def _draw_kind(axes: Axes, rows: pd.DataFrame, kind: str) -> None:
    """Draw the points of one kind and, decade by decade of the gap, their median."""
    known = rows[(rows[kind] > 0) & np.isfinite(rows[kind]) & (rows["relative_gap"] > 0)]
    colour, marker = style.KINDS[kind], style.MARKERS[kind]
    axes.plot(known["relative_gap"], known[kind], marker, color=colour, markersize=3.2, alpha=0.55, label=kind)
    decades = known.groupby(np.floor(np.log10(known["relative_gap"])))[["relative_gap", kind]]
    medians = decades.median()[decades.size() >= ENOUGH]
    axes.plot(medians["relative_gap"], medians[kind], color=colour, linewidth=1.4)


def _described(rows: pd.DataFrame) -> str:
    """Say how many searches there are, how far they got and on how many steps their ends rest."""
    ends = rows[rows["policy"] == "near_optimal"]
    share = float((ends["several"] / ends["measured"]).median())
    reached = f"{len(ends)} searches, to gap / J {number(ends['relative_gap'].max(), 2)} or less"
    return f"{reached};\nat their ends {percent(share)} of steps\nhave two or more active (median)"


def table(found: pd.DataFrame) -> Table:
    """Sum up each experiment: how far its searches got, at what cost, and the similarities by range of the gap."""
    ranges = [f"{number(high, 1)} to {number(max(low, 0), 1)}" for high, low in RANGES]
    header = (
        "experiment",
        f"gap / J up to {number(STATIONARY, 1)}",
        "gap / J, median",
        "gap / J, largest",
        "cost, median",
        "cost, largest",
        "steps with 2 or more",
        *(f"{kind}, {words}" for kind in KINDS for words in ("uniform", *ranges)),
    )
    rows = []
    for experiment, policies in found.groupby("experiment", sort=False):
        ends = policies[policies["policy"] == "near_optimal"]
        reached = int((ends["relative_gap"] <= STATIONARY).sum())
        uniform = policies["policy"] == "conventional"
        cells = (
            str(experiment),
            f"{reached} of{UNBROKEN}{len(ends)}",
            number(ends["relative_gap"].median(), 2),
            number(ends["relative_gap"].max(), 2),
            number(ends["cost"].median()),
            number(ends["cost"].max()),
            percent(float((ends["several"] / ends["measured"]).median())),
        )
        similarities = []
        for kind in KINDS:
            similarities.append(_cell(policies[uniform], kind))
            for high, low in RANGES:
                within = (policies["relative_gap"] <= high) & (policies["relative_gap"] > low)
                similarities.append(_cell(policies[within & ~uniform], kind))
        rows.append(Row((*cells, *similarities)))
    return Table(ENTRY, header, tuple(rows))


def _cell(policies: pd.DataFrame, kind: str) -> str:
    """Write the median over policies of one kind's similarity, `inf` where contributions are equal to the bit."""
    value = float(policies[kind].median())
    return "inf" if value == np.inf else number(value)
