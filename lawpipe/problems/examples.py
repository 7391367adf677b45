"""Examples of a seed, from the function `draw` of the module `examples` in the folder of its problem."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from lawpipe.run import artifacts, registry
from lawpipe.run.table import Table
from lawpipe.run.tables.examples import GAUSSIAN_EXAMPLES, TOKEN_EXAMPLES

#: The column that says which training examples are corrupted, by the table that holds the examples.
CORRUPTED = ((GAUSSIAN_EXAMPLES, "flipped"), (TOKEN_EXAMPLES, "perturbed"))


@dataclass(frozen=True)
class Drawn:
    """The splits of one seed: the name of their artifact table, its columns by split, and a line of summary."""

    table: Table
    splits: Mapping[str, artifacts.Columns]
    summary: str


def draw(settings: Mapping[str, Any], splits: Sequence[str], tokens: Path | None) -> Drawn:
    """Draw or import the splits of the problem that the settings name; `tokens` is a language model's corpus."""
    drawn: Drawn = registry.load("examples", settings["problem"]).draw(settings, splits, tokens)
    return drawn


def corrupted(train: Path) -> npt.NDArray[np.bool_]:
    """Return which training examples are corrupted (flipped labels or perturbed text), bool [N]."""
    present = set(pq.read_schema(train).names)
    table, column = next(pair for pair in CORRUPTED if pair[1] in present)
    return np.asarray(
        artifacts.read(train, table, [column]).column(column).to_numpy(zero_copy_only=False), dtype=bool
    )
