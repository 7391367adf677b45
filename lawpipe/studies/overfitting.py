"""Study: J on unseen against J on desired examples, along searches with more and more desired examples."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lawpipe.analysis.intervals import Interval, mean_interval
from lawpipe.analysis.overfitting import further_unseen
from lawpipe.figures import layout, panels, style, surfaces
from lawpipe.report.table import Table
from lawpipe.results.catalogue import Entry
from lawpipe.results.experiment import Results, select
from lawpipe.results.numbers import interval
from lawpipe.results.problem import Settings
from lawpipe.run.errors import InputError
from lawpipe.run.tables.studies import OVERFITTING

TITLE = "Unseen examples along searches for K desired ones"
ENTRY = Entry(
    "overfitting",
    TITLE,
    None,
    "J on unseen examples against J on the K desired examples, both over the conventional policy's, along a search "
    "from the conventional policy (1, 1): the mean over the seeds at equal J on desired, and a thin line for each "
    "seed. The circle is the policy that is best on desired, the star the one that is best on validation examples "
    "of the same distribution. Where the line turns up, the search goes on to fit the desired examples themselves.",
)
TABLE = OVERFITTING
NULLABLE = ("validation_objective",)

#: What a search is known by, and the height of a panel in inches.
KEYS = ["experiment", "seed"]
HEIGHT = 3.0

#: The values of J on desired at which the searches of several seeds are averaged.
LEVELS = 60


def rows(experiments: Sequence[Results], settings: Settings) -> pd.DataFrame:
    """Return the rows of the table `overfitting`: one per experiment, seed and accepted iteration of the search.

    Raises InputError if there is no experiment.
    """
    if not experiments:
        raise InputError("no experiment of this config has validation examples: set data.validation_examples.")
    columns = ["iteration", "objective", "validation_objective", "test_objective"]
    frames = []
    for results in experiments:
        accepted = select(results.search, accepted=True)[["seed", *columns]]
        frames.append(
            accepted.assign(
                experiment=results.name,
                learning_rate=float(results.settings["training"]["learning_rate"]),
                method=results.settings["search"]["method"],
                desired_examples=int(results.settings["data"]["desired_examples"]),
            )
        )
    return pd.concat(frames, ignore_index=True)


def text(frame: pd.DataFrame) -> str:
    """Return, one line per experiment, J on unseen examples of the best policy and of the validated one."""
    return "\n".join(", ".join(row.cells) for row in table(frame).rows)


def ends(group: pd.DataFrame) -> pd.DataFrame:
    """Return one row per seed of one experiment.

    Columns: J over the conventional policy's on desired and unseen examples, of the policy that is best on desired
    (`best_desired`, `best_unseen`) and of the one that is best on validation examples (`validated_...`); the lowest
    J on unseen examples along the search (`lowest_unseen`); and `further` (`analysis.overfitting`).
    """
    records = []
    for seed, search in group.groupby("seed"):
        search = search.sort_values("iteration")
        desired, unseen = (search[column] / search[column].iloc[0] for column in ("objective", "test_objective"))
        record = {"seed": seed, "lowest_unseen": unseen.min(), "further": further_unseen(desired, unseen)}
        for policy, column in (("best", "objective"), ("validated", "validation_objective")):
            known = search[column].notna().any()
            at = int(np.nanargmin(search[column])) if known else None
            record[f"{policy}_desired"] = np.nan if at is None else desired.iloc[at]
            record[f"{policy}_unseen"] = np.nan if at is None else unseen.iloc[at]
        records.append(record)
    return pd.DataFrame(records)


def figure(frame: pd.DataFrame) -> Figure:
    """Draw one panel per learning rate, with a curve for each experiment, by its number of desired examples."""
    rates = sorted(frame["learning_rate"].unique(), reverse=True)
    labels = _labels(frame)
    order = frame.assign(label=labels).sort_values(["desired_examples", "label"])["label"].unique()
    shades = style.colour_map("viridis", 0.0, 0.85)(np.linspace(0, 1, max(2, len(order))))
    drawing = Figure(figsize=(layout.WIDTH, HEIGHT), layout="constrained")
    grid = drawing.subplots(1, len(rates), squeeze=False, sharex=True, sharey=True)[0]
    for axes, rate in zip(grid, rates, strict=True):
        for colour, label in zip(shades, order, strict=False):
            group = select(frame[labels == label], learning_rate=rate)
            if not group.empty:
                _draw(axes, group, tuple(colour), label)
        axes.axhline(1, **style.DOTTED)
        axes.set(title=f"learning rate {rate:g}", xlabel="J / conventional, desired")
    grid[0].set_ylabel("J / conventional, unseen")
    grid[0].invert_xaxis()  # shared: the search runs to the right
    panels.show_bulk(grid[0], frame["test_objective"] / frame.groupby(KEYS)["test_objective"].transform("first"))
    layout.surround(
        drawing, TITLE, "searches run to the right; circles: best on desired, stars: on validation examples"
    )
    return drawing


def _labels(frame: pd.DataFrame) -> "pd.Series[str]":
    """Return K of each row's experiment, and its name if another experiment has the same K and learning rate."""
    sharing = frame.groupby(["learning_rate", "desired_examples"])["experiment"].transform("nunique")
    count = "K " + frame["desired_examples"].astype(str)
    return count.where(sharing == 1, count + ", " + frame["experiment"])


def _draw(axes: Axes, group: pd.DataFrame, colour: tuple[float, ...], label: str) -> None:
    """Draw the searches of one experiment: a thin line per seed, their mean at equal J on desired, and two marks."""
    lines = []
    for _, search in group.groupby("seed"):
        search = search.sort_values("iteration")
        x, y = (search[column] / search[column].iloc[0] for column in ("objective", "test_objective"))
        axes.plot(x, y, color=colour, linewidth=0.6, alpha=0.45)
        lines.append((x.to_numpy()[::-1], y.to_numpy()[::-1]))
    levels = np.linspace(max(x.min() for x, _ in lines), 1, LEVELS)
    means = np.mean([np.interp(levels, np.sort(x), y[np.argsort(x)]) for x, y in lines], axis=0)
    axes.plot(levels, means, color=colour, linewidth=2, label=label)
    means_at_ends = ends(group).mean()
    for policy, marker, size in (("best", "o", 5.0), ("validated", "*", 9.0)):
        point = means_at_ends[f"{policy}_desired"], means_at_ends[f"{policy}_unseen"]
        axes.plot(*point, marker, color=colour, markersize=size, markeredgecolor=surfaces.PAPER, markeredgewidth=0.6)


def table(frame: pd.DataFrame) -> Table:
    """Return one row per experiment: J of the two policies, and how unseen examples follow the search."""
    records = []
    for experiment, group in frame.groupby("experiment", sort=False):
        of_seeds, first = ends(group), group.iloc[0]
        records.append(
            {
                "experiment": str(experiment),
                "learning rate": f"{first['learning_rate']:g}",
                "K": str(first["desired_examples"]),
                "seeds": str(len(of_seeds)),
                "J desired / conventional": _mean(of_seeds["best_desired"]),
                "J unseen / conventional": _mean(of_seeds["best_unseen"]),
                "J unseen, validated": _mean(of_seeds["validated_unseen"]),
                "lowest J unseen": _mean(of_seeds["lowest_unseen"]),
                "fall on unseen / on desired, last half": _mean(of_seeds["further"]),
            }
        )
    note = (
        "The last column is the fall of J on unseen examples over that on desired ones during the second half of the "
        "search's gain: below 0 means that a better policy for the desired examples is worse for unseen ones. The "
        "numbers of every iteration are in overfitting.parquet beside this page."
    )
    return replace(Table.from_records(ENTRY, records, labels=2), note=note)


def _mean(values: "pd.Series[float]") -> str:
    """Write the mean over the seeds with its interval."""
    over: Interval = mean_interval(values)
    return interval(over)
