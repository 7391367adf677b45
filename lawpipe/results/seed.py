"""What a claim is judged by: the tables of one seed, as look-ups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lawpipe.analysis import curves
from lawpipe.run import artifacts

Floats = npt.NDArray[np.float64]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Seed:
    """One seed of an experiment; each table is read when first asked for."""

    folder: Path
    #: The complete settings of the experiment.
    settings: Mapping[str, Any]

    @cached_property
    def summary(self) -> dict[str, Row]:
        """The summary's row of each policy, in the order of the config."""
        return {row["policy"]: row for row in self._rows("summary")}

    @cached_property
    def fits(self) -> dict[tuple[str, str], Row]:
        """The scaling law of each policy and reference set."""
        return {(row["policy"], row["against"]): row for row in self._rows("fits")}

    @cached_property
    def shares(self) -> dict[tuple[str, str, str | None, str | None], float | None]:
        """The share of zero weights by policy, property, kind and reference set."""
        return {
            (row["policy"], row["property"], row["kind"], row["against"]): row["value"]
            for row in self._rows("zero_weights")
        }

    @cached_property
    def measured(self) -> dict[tuple[str, str, str], Sequence[Row]]:
        """The measured steps by policy, reference set and kind of contribution, in order."""
        groups: dict[tuple[str, str, str], list[Row]] = {}
        for row in self._rows("similarity"):
            groups.setdefault((row["policy"], row["against"], row["kind"]), []).append(row)
        return {key: sorted(rows, key=lambda row: int(row["step"])) for key, rows in groups.items()}

    def losses(self, against: str) -> dict[str, Floats]:
        """Return L[0..T] of each policy on desired or test, nats."""
        name = f"{against}_loss"
        table = artifacts.read(self.folder / "curves.parquet", "curves", ["policy", "step", name])
        return curves.split(
            table.column("policy").to_pylist(), table.column("step").to_numpy(), table.column(name).to_numpy()
        )

    @property
    def along_search(self) -> list[str]:
        """The policies that the search went through: uniform, its snapshots, the best."""
        between = sorted(policy for policy in self.summary if policy.startswith("search_"))
        return ["conventional", *between, "near_optimal"]

    def _rows(self, table: str) -> list[dict[str, Any]]:
        """Read a table as rows."""
        rows: list[dict[str, Any]] = artifacts.read(self.folder / f"{table}.parquet", table).to_pylist()
        return rows
