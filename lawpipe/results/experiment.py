"""The one reader of a run's tables: all seeds of an experiment as data frames, or one seed as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lawpipe.analysis import curves
from lawpipe.analysis.intervals import NO_SEEDS, Interval
from lawpipe.problems import examples
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.table import Table
from lawpipe.run.tables.fits import FITS, SENSITIVITY
from lawpipe.run.tables.measurements import CONTRIBUTIONS, CURVES, SIMILARITY, STABILITY, ZERO_WEIGHTS
from lawpipe.run.tables.policies import POLICY, SEARCH
from lawpipe.run.tables.summary import SUMMARY, SUMMARY_OVER_SEEDS

Array = npt.NDArray[Any]
Row = Mapping[str, Any]


def snapshot(policy: str) -> int | None:
    """Return the outer iteration of a snapshot of the search, None for any other policy."""
    digits = policy.removeprefix("search_")
    return int(digits) if policy != digits and digits.isdigit() else None


def along_search(policies: Sequence[str]) -> list[str]:
    """Return the policies of the search in its order: conventional, the snapshots, near-optimal."""
    snapshots = [policy for policy in policies if snapshot(policy) is not None]
    order = ["conventional", *sorted(snapshots, key=lambda policy: snapshot(policy) or 0), "near_optimal"]
    return [policy for policy in order if policy in policies]


def select(frame: pd.DataFrame, **values: Any) -> pd.DataFrame:
    """Return the rows of a frame whose columns have these values."""
    for column, value in values.items():
        frame = frame[frame[column] == value]
    return frame


@dataclass(frozen=True)
class Seed:
    """One seed of an experiment, as rows by their keys. Each table is read when first asked for."""

    folder: Path
    #: The complete settings of the experiment.
    settings: Mapping[str, Any]

    def path(self, name: str) -> Path:
        """Return the file of a table."""
        return self.folder / f"{name}.parquet"

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Read a table as rows."""
        rows: list[dict[str, Any]] = artifacts.read(self.path(table.name), table).to_pylist()
        return rows

    @cached_property
    def summary(self) -> dict[str, Row]:
        """The summary's row of each policy, in the order of the config."""
        return {row["policy"]: row for row in self.rows(SUMMARY)}

    @cached_property
    def fits(self) -> dict[tuple[str, str], Row]:
        """The scaling law of each policy and reference set."""
        return {(row["policy"], row["against"]): row for row in self.rows(FITS)}

    @cached_property
    def shares(self) -> dict[tuple[str, str, str | None, str | None], float | None]:
        """The share of zero weights by policy, property, kind and reference set."""
        keys = ("policy", "property", "kind", "against")
        return {tuple(row[key] for key in keys): row["value"] for row in self.rows(ZERO_WEIGHTS)}

    @cached_property
    def measured(self) -> dict[tuple[str, str, str], Sequence[Row]]:
        """The measured steps by policy, reference set and kind of contribution, in order."""
        groups: dict[tuple[str, str, str], list[Row]] = {}
        for row in sorted(self.rows(SIMILARITY), key=lambda row: int(row["step"])):
            groups.setdefault((row["policy"], row["against"], row["kind"]), []).append(row)
        return dict(groups)

    @property
    def along_search(self) -> list[str]:
        """The policies of the search in its order."""
        return along_search(list(self.summary))

    def losses(self, against: str) -> dict[str, npt.NDArray[np.float64]]:
        """Return L[0..T] of each policy on desired or test, nats."""
        columns = ["policy", "step", f"{against}_loss"]
        table = artifacts.read(self.path("curves"), CURVES, columns)
        policies, steps, losses = (table.column(name) for name in columns)
        return curves.split(policies.to_pylist(), steps.to_numpy(), losses.to_numpy())


def _of_all_seeds(table: Table) -> "cached_property[pd.DataFrame]":
    """Return a property of `Results` that reads a table of every seed."""

    def read(results: "Results") -> pd.DataFrame:
        paths = {seed: results.path(seed, table.name) for seed in results.seeds}
        frames = [artifacts.read(path, table).to_pandas().assign(seed=seed) for seed, path in paths.items()]
        joined: pd.DataFrame = pd.concat(frames, ignore_index=True)
        return joined

    return cached_property(read)


@dataclass(frozen=True)
class Results:
    """All seeds of an experiment, as data frames with a column `seed`. Each table is read when first asked for."""

    name: str
    folder: Path
    seeds: tuple[int, ...]
    #: The complete settings of the first seed, from its summary's metadata.
    settings: Mapping[str, Any]
    #: Weights already read: policies are large, and several figures ask for the same steps.
    _weights: dict[tuple[int, str, bytes], Array] = field(default_factory=dict, repr=False, compare=False)

    def seed(self, seed: int) -> Seed:
        """Return one seed."""
        return Seed(self.folder / f"seed{seed}", self.settings)

    def path(self, seed: int, name: str) -> Path:
        """Return the file of a table of one seed."""
        return self.seed(seed).path(name)

    #: One row per policy and seed.
    summary = _of_all_seeds(SUMMARY)
    #: One row per policy, step and seed.
    curves = _of_all_seeds(CURVES)
    #: One row per policy, measured step, reference set, kind of contribution and seed.
    similarity = _of_all_seeds(SIMILARITY)
    #: One row per policy, step at which the stability is measured, and seed.
    stability = _of_all_seeds(STABILITY)
    #: One row per policy, property, kind of contribution, reference set and seed.
    zero_weights = _of_all_seeds(ZERO_WEIGHTS)
    #: One row per policy, reference set and seed.
    fits = _of_all_seeds(FITS)
    #: One row per policy, reference set, variant of the fit and seed.
    sensitivity = _of_all_seeds(SENSITIVITY)
    #: One row per outer iteration and seed.
    search = _of_all_seeds(SEARCH)

    @cached_property
    def over_seeds(self) -> pd.DataFrame:
        """One row per policy and quantity: mean and interval over the seeds."""
        frame: pd.DataFrame = artifacts.read(self.folder / "summary.parquet", SUMMARY_OVER_SEEDS).to_pandas()
        return frame

    @cached_property
    def policies(self) -> list[str]:
        """All policies, in the order of the config."""
        return list(dict.fromkeys(self.summary["policy"]))

    @cached_property
    def chosen(self) -> list[str]:
        """The policies without the search's snapshots."""
        return [policy for policy in self.policies if snapshot(policy) is None]

    def seeds_of(self, policy: str) -> list[int]:
        """Return the seeds that have a policy: controls with a search of their own run for the first seeds only."""
        return [seed for seed in self.seeds if len(select(self.summary, policy=policy, seed=seed))]

    @cached_property
    def along_search(self) -> list[str]:
        """The policies of the search in its order."""
        return along_search(self.policies)

    def quantity(self, policy: str, quantity: str) -> Interval:
        """Return a quantity of the summary over the seeds; n = 0 if there is no such row."""
        rows = select(self.over_seeds, policy=policy, quantity=quantity)
        if rows.empty:
            return NO_SEEDS
        return Interval.stored(*rows[["mean", "low", "high", "n", "n_reached"]].iloc[0])

    def weights(self, seed: int, policy: str, steps: Array) -> Array:
        """Return the weights [len(steps), N] of a policy at some steps."""
        key = (seed, policy, np.asarray(steps, dtype=np.int64).tobytes())
        if key not in self._weights:
            table = artifacts.read(self.path(seed, f"policies/{policy}"), POLICY, ["step", "weights"])
            present = table.column("step").to_numpy()
            order = np.argsort(present)
            rows = order[np.searchsorted(present, steps, sorter=order)]
            self._weights[key] = np.asarray(artifacts.matrix(table, "weights")[rows])
        return self._weights[key]

    def contributions(
        self, seed: int, policy: str, against: str, column: str, kind: str = "instantaneous"
    ) -> tuple[Array, Array]:
        """Return the measured steps [m] and a column [m, N] of the contributions of one kind."""
        path = self.path(seed, f"contributions/{policy}")
        table = artifacts.read(path, CONTRIBUTIONS, ["step", "against", "kind", column])
        sets, kinds = (table.column(name).to_numpy(zero_copy_only=False) for name in ("against", "kind"))
        keep = (sets == against) & (kinds == kind)
        return table.column("step").to_numpy()[keep], artifacts.matrix(table, column)[keep]

    def corrupted(self, seed: int) -> Array:
        """Return which training examples [N] have a flipped label or a perturbed text."""
        return examples.corrupted(self.path(seed, "train"))

    def by_seed(self, frame: pd.DataFrame, index: str, column: str) -> tuple[Array, Array]:
        """Arrange a column as [seeds, len(x)] over the values x of `index`; NaN where a seed has no value."""
        table = frame.pivot_table(index="seed", columns=index, values=column, dropna=False, observed=True)
        table = table.reindex(index=list(self.seeds))
        return table.columns.to_numpy(), table.to_numpy(dtype=np.float64)


def load(folder: Path, seeds: Sequence[int] | None = None) -> Results:
    """Open an experiment's folder; the seeds are by default those of the experiment's summary.

    Raises InputError if there is no seed, or a summary is missing or damaged.
    """
    if seeds is None:
        path = folder / "summary.parquet"
        artifacts.read(path, SUMMARY_OVER_SEEDS, ["policy"])
        seeds = artifacts.metadata(path)["settings"].get("seeds")
        if not seeds:
            raise InputError(f"{path} does not say which seeds it joins: delete it and run again to make it anew.")
    if not seeds:
        raise InputError(f"no seeds given for {folder}: expected at least one, as in --seeds 0 1 2.")
    path = folder / f"seed{seeds[0]}" / "summary.parquet"
    artifacts.read(path, SUMMARY, ["policy"])
    return Results(folder.name, folder, tuple(seeds), artifacts.metadata(path)["settings"])
