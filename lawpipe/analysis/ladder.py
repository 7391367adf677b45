"""How the gain of the search changes along a ladder of sizes.

A ladder is a data frame with one row per experiment, seed and policy, in the columns of `run.tables.ladder.LADDER`.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lawpipe.analysis import gain
from lawpipe.analysis.intervals import Interval, mean_interval

CONVENTIONAL, NEAR, TUNED = "conventional", "near_optimal", "conventional_tuned"
#: The search at the learning rate that suits uniform weights best.
AT_TUNED_RATE = "near_optimal_at_tuned_rate"


def sizes(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the rows of each experiment, in rising order of T x N, of the number of parameters, and of the name."""
    groups = [group for _, group in frame.groupby("experiment")]
    yield from sorted(groups, key=size)


def name(group: pd.DataFrame) -> str:
    """Return the name of an experiment."""
    return str(group["experiment"].iloc[0])


def size(group: pd.DataFrame) -> tuple[int, int]:
    """Return T x N and the number of parameters of an experiment; sizes are compared by both, in this order."""
    return weights(group), int(group["parameters"].iloc[0])


def weights(group: pd.DataFrame) -> int:
    """Return T x N, the number of weights that the search of an experiment chooses."""
    return int(group["steps"].iloc[0]) * int(group["examples"].iloc[0])


def learning_rate(group: pd.DataFrame) -> float:
    """Return the learning rate of an experiment, at which its conventional policy trains; NaN without that policy."""
    return float(group.loc[group["policy"] == CONVENTIONAL, "learning_rate"].max())


def at_usual_rate(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the experiments at the learning rate that most of them have; of several, the smallest."""
    rates = pd.Series({key: learning_rate(group) for key, group in frame.groupby("experiment")}, dtype=np.float64)
    usual = rates.mode()
    return frame[frame["experiment"].map(rates) == usual[0]] if len(usual) else frame


def ratios(group: pd.DataFrame, against: str, policy: str = NEAR, other: str = CONVENTIONAL) -> "pd.Series[float]":
    """Return J(policy) / J(other) on a reference set, for every seed that has both; NaN where one is not finite."""
    objectives = group.pivot(index="seed", columns="policy", values=f"objective_{against}").astype(np.float64)
    have = group[group["policy"].isin([policy, other])].groupby("seed")["policy"].nunique() == len({policy, other})
    # A run that diverged is NaN, and counts as a seed without a value.
    return gain.ratios(objectives.where(np.isfinite), policy, other).reindex(have.index[have])


def ratio(group: pd.DataFrame, against: str, policy: str = NEAR, other: str = CONVENTIONAL) -> Interval:
    """Return the geometric mean of `ratios` with its interval."""
    return mean_interval(ratios(group, against, policy, other), logarithmic=True)


def growth(first: pd.DataFrame, other: pd.DataFrame, against: str) -> tuple[Interval, Interval]:
    """Return J(near-optimal) / J(conventional) of another size over that of the first, and so for the acceleration.

    Geometric means over the seeds that both sizes have.
    """
    of_j = ratios(other, against) / ratios(first, against)
    of_acceleration = _accelerations(other, against) / _accelerations(first, against)
    return mean_interval(of_j, logarithmic=True), mean_interval(of_acceleration, logarithmic=True)


def _accelerations(group: pd.DataFrame, against: str) -> "pd.Series[float]":
    """Return the acceleration of the near-optimal policy, by seed."""
    return group[group["policy"] == NEAR].set_index("seed")[f"acceleration_{against}"].astype(np.float64)


def quantity(group: pd.DataFrame, policy: str, column: str, *, logarithmic: bool = False) -> Interval:
    """Return the mean of a column over the seeds of a policy."""
    values = group.loc[group["policy"] == policy, column].astype(np.float64)
    return mean_interval(values, logarithmic=logarithmic)


def relative_gap(group: pd.DataFrame, policy: str) -> Interval:
    """Return the gap of a policy over its J on desired."""
    rows = group[group["policy"] == policy]
    objectives = rows["objective_desired"].astype(np.float64)
    return mean_interval(rows["gap"].astype(np.float64) / objectives.where(np.isfinite)).clipped(0, np.inf)


def verdict(frame: pd.DataFrame) -> str:
    """Say by how much the search changes J at each size, and by how much a better learning rate does alone."""
    sentences = []
    for policy, other, text in (
        (NEAR, CONVENTIONAL, "The search changes J on the desired stories by {}"),
        (TUNED, CONVENTIONAL, "Uniform weights at their best learning rate change it by {}"),
        (AT_TUNED_RATE, TUNED, "At that rate, a search changes it by a further {}"),
    ):
        changes = [
            f"{100 * (mean - 1):+.1f} % in {name(group)}"
            for group in sizes(frame)
            if (mean := ratio(group, "desired", policy, other).mean) is not None
        ]
        if changes:
            sentences.append(f"{text.format(' and '.join(changes) if len(changes) < 3 else ', '.join(changes))}.")
    return " ".join(sentences)
