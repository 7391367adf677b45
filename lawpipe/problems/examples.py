"""Where the examples of a seed come from: a module for each problem, of the same name, with a function `draw`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from lawpipe.run import artifacts, registry

#: The column that says which training examples are corrupted, by the table that holds the examples.
CORRUPTED = {"gaussian_examples": "flipped", "token_examples": "perturbed"}


@dataclass(frozen=True)
class Drawn:
    """The splits of one seed: their artifact table, its columns by split, and a line that sums them up."""

    table: str
    splits: Mapping[str, artifacts.Columns]
    summary: str


def draw(settings: Mapping[str, Any], splits: Sequence[str], tokens: Path | None) -> Drawn:
    """Draw (or take from the user) the splits of a stage's settings; `tokens` is the corpus of a language model."""
    drawn: Drawn = registry.load("examples", settings["problem"]).draw(settings, splits, tokens)
    return drawn


def corrupted(train: Path) -> npt.NDArray[np.bool_]:
    """Return which training examples are corrupted (flipped labels or perturbed text), bool [N]."""
    present = set(pq.read_schema(train).names)
    table, column = next(pair for pair in CORRUPTED.items() if pair[1] in present)
    return np.asarray(
        artifacts.read(train, table, [column]).column(column).to_numpy(zero_copy_only=False), dtype=bool
    )
