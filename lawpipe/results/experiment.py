"""An experiment's artifacts over all its seeds, as data frames with a column `seed`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lawpipe.problems import examples
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class OverSeeds:
    """A quantity over the seeds: mean and 95 % t interval, of `n` seeds of which `n_reached` have a value.

    `low` and `high` are nan where fewer than two seeds have one.
    """

    mean: float
    low: float
    high: float
    n: int
    n_reached: int


@dataclass(frozen=True)
class Results:
    """An experiment's folder with its seeds; tables are read when first asked for."""

    name: str
    folder: Path
    seeds: tuple[int, ...]
    #: The complete settings of the first seed, from its summary's metadata.
    settings: Mapping[str, Any]
    #: Weights already read: policies are large, and several figures ask for the same steps.
    _weights: dict[tuple[int, str, bytes], Array] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row a policy and seed."""
        return self._all_seeds("summary", "summary")

    @cached_property
    def over_seeds(self) -> pd.DataFrame:
        """A row a policy and quantity: mean and interval over the seeds."""
        frame: pd.DataFrame = artifacts.read(
            self.folder / "summary.parquet", "summary_over_seeds"
        ).to_pandas()
        return frame

    @cached_property
    def curves(self) -> pd.DataFrame:
        """A row a policy, step and seed."""
        return self._all_seeds("curves", "curves")

    @cached_property
    def similarity(self) -> pd.DataFrame:
        """A row a policy, measured step, loss, kind and seed."""
        return self._all_seeds("similarity", "similarity")

    @cached_property
    def zero_weights(self) -> pd.DataFrame:
        """A row a policy, property, kind, loss and seed."""
        return self._all_seeds("zero_weights", "zero_weights")

    @cached_property
    def fits(self) -> pd.DataFrame:
        """A row a policy, loss and seed."""
        return self._all_seeds("fits", "fits")

    @cached_property
    def search(self) -> pd.DataFrame:
        """A row an outer iteration and seed."""
        return self._all_seeds("search", "search")

    @cached_property
    def policies(self) -> list[str]:
        """All policies, in the order of the config."""
        return list(dict.fromkeys(self.summary["policy"]))

    @cached_property
    def chosen(self) -> list[str]:
        """The policies without the search's snapshots."""
        return [policy for policy in self.policies if snapshot(policy) is None]

    def seeds_of(self, policy: str) -> list[int]:
        """Return the seeds that have a policy: controls with a search of their own are of the first ones alone."""
        present = set(self.summary["seed"][self.summary["policy"] == policy])
        return [seed for seed in self.seeds if seed in present]

    @cached_property
    def along_search(self) -> list[str]:
        """The policies that the search went through: from uniform, by its snapshots, to the best."""
        snapshots = sorted((p for p in self.policies if snapshot(p) is not None), key=lambda p: snapshot(p) or 0)
        ends = [policy for policy in ("conventional", "near_optimal") if policy in self.policies]
        return ends[:1] + snapshots + ends[1:]

    def quantity(self, policy: str, quantity: str) -> OverSeeds:
        """Return a summary's quantity over the seeds; nan and n = 0 if there is no such row."""
        rows = self.over_seeds
        rows = rows[(rows["policy"] == policy) & (rows["quantity"] == quantity)]
        if rows.empty:
            return OverSeeds(np.nan, np.nan, np.nan, 0, 0)
        row = rows.iloc[0]
        return OverSeeds(
            float(row["mean"]), float(row["low"]), float(row["high"]), int(row["n"]), int(row["n_reached"])
        )

    def weights(self, seed: int, policy: str, steps: Array) -> Array:
        """Return the weights [len(steps), N] of a policy at some steps."""
        key = (seed, policy, np.asarray(steps, dtype=np.int64).tobytes())
        if key not in self._weights:
            table = artifacts.read(self.path(seed, f"policies/{policy}"), "policy", ["step", "weights"])
            places = _positions(table.column("step").to_numpy(), steps)
            self._weights[key] = np.asarray(artifacts.matrix(table, "weights")[places])
        return self._weights[key]

    def contributions(
        self, seed: int, policy: str, against: str, column: str, kind: str = "instantaneous"
    ) -> tuple[Array, Array]:
        """Return the measured steps [m] and a column [m, N] of the contributions of one kind."""
        path = self.path(seed, f"contributions/{policy}")
        table = artifacts.read(path, "contributions", ["step", "against", "kind", column])
        keep = (table.column("against").to_numpy(zero_copy_only=False) == against) & (
            table.column("kind").to_numpy(zero_copy_only=False) == kind
        )
        return table.column("step").to_numpy()[keep], artifacts.matrix(table, column)[keep]

    def corrupted(self, seed: int) -> Array:
        """Return which training examples [N] have a flipped label or a perturbed text."""
        return examples.corrupted(self.path(seed, "train"))

    def by_seed(self, frame: pd.DataFrame, index: str, column: str) -> tuple[Array, Array]:
        """Arrange a column as [seeds, len(x)] over the values x of `index`; nan where a seed has no value."""
        table = frame.pivot_table(index="seed", columns=index, values=column, dropna=False, observed=True)
        table = table.reindex(index=list(self.seeds))
        return table.columns.to_numpy(), table.to_numpy(dtype=np.float64)

    def path(self, seed: int, name: str) -> Path:
        """Return where a table of one seed is."""
        return self.folder / f"seed{seed}" / f"{name}.parquet"

    def _all_seeds(self, name: str, table: str) -> pd.DataFrame:
        """Read a table of every seed."""
        frames = [
            artifacts.read(self.path(seed, name), table).to_pandas().assign(seed=seed) for seed in self.seeds
        ]
        joined: pd.DataFrame = pd.concat(frames, ignore_index=True)
        return joined


def load(folder: Path, seeds: Sequence[int]) -> Results:
    """Open an experiment's folder.

    Raises InputError if there is no seed or the first seed has no summary.
    """
    if not seeds:
        raise InputError(f"no seeds given for {folder}: expected at least one, as in --seeds 0 1 2.")
    path = folder / f"seed{seeds[0]}" / "summary.parquet"
    artifacts.read(path, "summary", ["policy"])
    return Results(folder.name, folder, tuple(seeds), artifacts.metadata(path)["settings"])


def snapshot(policy: str) -> int | None:
    """Return the outer iteration of a search's snapshot, None for any other policy."""
    digits = policy.removeprefix("search_")
    return int(digits) if policy != digits and digits.isdigit() else None


def _positions(present: Array, wanted: Array) -> Array:
    """Return where the wanted steps are."""
    order = np.argsort(present)
    found: Array = order[np.searchsorted(present, wanted, sorter=order)]
    return found
