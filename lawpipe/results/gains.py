"""J of every policy and seed, and the learning rates that were tried: what the controls are compared by."""

from pathlib import Path

import numpy as np
import pandas as pd

from lawpipe.analysis.gain import Objectives
from lawpipe.results.experiment import Results
from lawpipe.run import artifacts
from lawpipe.run.tables.policies import LEARNING_RATES

BASE, BEST = "conventional", "near_optimal"
#: Uniform weights, and uniform weights on the clean examples, each at its own best learning rate.
TUNED, ORACLE = "conventional_tuned", "clean_only_tuned"

#: The J by which a policy that trains on the desired examples too is chosen.
HELD_OUT = "objective_held_out"


def objectives(results: Results, against: str) -> Objectives:
    """Return J of every policy and seed on a reference set."""
    return by_policy(results.summary, f"objective_{against}")


def by_policy(frame: pd.DataFrame, column: str) -> Objectives:
    """Return the column of a frame that holds J, by seed and policy."""
    values = frame.pivot(index="seed", columns="policy", values=column).reindex(frame["seed"].unique())
    return values.rename_axis(columns=None).astype(np.float64).where(np.isfinite)


def told(results: Results, policy: str) -> "pd.Series[float]":
    """Return by seed the lowest J on test of all settings tried for a policy: what an oracle would choose."""
    lowest = {}
    for seed in results.seeds_of(policy):
        path = _tried(results, seed, policy)
        if path.is_file():
            lowest[seed] = artifacts.read(path, LEARNING_RATES).to_pandas()["objective_test"].min()
    return pd.Series(lowest, dtype=np.float64)


def _tried(results: Results, seed: int, policy: str) -> Path:
    """Return the path of the settings that were tried for a tuned policy."""
    return results.folder / f"seed{seed}/learning_rates/{policy}.parquet"


def grids(results: Results, policy: str) -> list[pd.DataFrame]:
    """Return the rates tried for a policy with their J: one table per seed that has a finite J.

    Of a policy that trains on the desired examples too, the rates at the share that was chosen, without the held-out
    quarter, or those of the rule that was chosen.
    """
    tables = []
    for seed in results.seeds:
        path = _tried(results, seed, policy)
        if policy in results.policies and path.is_file():
            rows = artifacts.read(path, LEARNING_RATES).to_pandas()
            if "share" in rows:
                tuning = rows[rows["desired_examples"] == rows["desired_examples"].min()]
                rows = tuning[tuning["share"] == chosen(tuning, "share")]
            if "rule" in rows:
                rows = rows[rows["rule"] == rows["rule"].iloc[int(rows[HELD_OUT].argmin())]]
            if rows["objective_desired"].notna().any():
                tables.append(rows)
    return tables


def chosen(rows: pd.DataFrame, column: str) -> float:
    """Return a column at the rate with the lowest J on desired, or on those of them that were held out."""
    return float(rows[column].iloc[int(rows[HELD_OUT if HELD_OUT in rows else "objective_desired"].argmin())])
