"""Labelled feature vectors, the examples of a linear classification problem: drawn, or imported from the user."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lawpipe.run import artifacts
from lawpipe.run.errors import InputError, Mistakes
from lawpipe.run.tables.examples import GAUSSIAN_EXAMPLES

#: Arrow's kinds of lists: each is a row of features in somebody's file.
LISTS = (
    pa.types.is_list,
    pa.types.is_large_list,
    pa.types.is_fixed_size_list,
    pa.types.is_list_view,
    pa.types.is_large_list_view,
)


@dataclass(frozen=True)
class Examples:
    """One split: `features` float32 [N, D], `label` int8 [N] in {0, 1}, `flipped` bool [N].

    `made_of` holds for each example the rows that it is a copy (one row) or a combination (two rows) of, and is None
    if there are no such examples.
    """

    features: npt.NDArray[np.float32]
    label: npt.NDArray[np.int8]
    flipped: npt.NDArray[np.bool_]
    made_of: tuple[tuple[int, ...], ...] | None = None

    def columns(self) -> dict[str, Any]:
        """Return the columns of the table `gaussian_examples`, with `made_of` if there are redundant examples."""
        columns = {"features": self.features, "label": self.label, "flipped": self.flipped}
        return columns if self.made_of is None else columns | {"made_of": self.made_of}


def load(path: Path) -> Examples:
    """Read a split from a file of the workflow."""
    data = artifacts.read(path, GAUSSIAN_EXAMPLES)
    return Examples(
        artifacts.matrix(data, "features"),
        data.column("label").to_numpy(),
        data.column("flipped").to_numpy(),
    )


def made_of(path: Path) -> list[list[int]]:
    """Return the source rows of each example of a split; an empty list if there are no redundant examples."""
    data = artifacts.read_parquet(path, ["made_of"])
    rows: list[list[int]] = data.column("made_of").to_pylist() if "made_of" in data.column_names else []
    return rows


def import_splits(folder: Path, splits: tuple[str, ...]) -> dict[str, Examples]:
    """Read and check the user's own splits, files `{split}.parquet` with columns `features` and `label`.

    Raises InputError, a sentence for each split and column, if a file is missing or damaged, a column is missing,
    features are not finite numbers of one length in all splits, or a label is neither 0 nor 1.
    """
    mistakes = Mistakes()
    result: dict[str, Examples] = {}
    for split in splits:
        with mistakes:
            result[split] = _import(folder / f"{split}.parquet")
    dimensions = {split: examples.features.shape[1] for split, examples in result.items()}
    for split, dimension in dimensions.items():
        first = next(iter(dimensions))
        with mistakes:
            if dimension != dimensions[first]:
                raise InputError(
                    f"{folder / split}.parquet has features of length {dimension}, but "
                    f"{first}.parquet of length {dimensions[first]}: give every split the same features."
                )
    mistakes.raise_all()
    return result


def _import(path: Path) -> Examples:
    """Read one of the user's files."""
    data = artifacts.read_parquet(path)
    if data.num_rows == 0:
        raise InputError(f"{path} has no rows: expected at least one example.")
    mistakes = Mistakes()
    with mistakes:
        features = _features(path, _column(path, data, "features"))
    with mistakes:
        label = _zeros_and_ones(path, data, "label")
    flipped = np.zeros(data.num_rows, dtype=bool)
    with mistakes:
        if "flipped" in data.column_names:
            flipped = _zeros_and_ones(path, data, "flipped").astype(bool)
    mistakes.raise_all()
    return Examples(features, label, flipped)


def _column(path: Path, data: pa.Table, name: str) -> pa.ChunkedArray:
    """Return a column by its name; raises InputError if there is none, or more than one."""
    if data.column_names.count(name) > 1:
        raise InputError(f"{path} has {data.column_names.count(name)} columns {name!r}, expected one: rename others.")
    if name not in data.column_names:
        raise InputError(
            f"{path} has no column {name!r} (found: {', '.join(data.column_names)}): "
            "expected `features` (a list of numbers a row) and `label` (0 or 1)."
        )
    return data.column(name)


def _features(path: Path, column: pa.ChunkedArray) -> npt.NDArray[np.float32]:
    """Return the features as a matrix [N, D].

    Raises InputError if rows are null or of different lengths, or numbers are not finite.
    """
    import pyarrow.compute as pc  # takes longer than a small job, and few jobs need it

    kind = column.type
    if not any(is_kind(kind) for is_kind in LISTS):
        raise InputError(f"{path}: column 'features' is {kind}, expected a list of numbers a row.")
    if column.null_count:
        row = column.to_pylist().index(None)
        raise InputError(f"{path}: features of row {row} are null, expected a list of numbers.")
    lengths = np.asarray(pc.list_value_length(column))
    if lengths.min() != lengths.max() or lengths[0] == 0:
        odd = int(np.argmax(lengths != lengths[0])) if lengths[0] else 0
        raise InputError(
            f"{path}: features of row {odd} have length {lengths[odd]}, those of row 0 {lengths[0]}: "
            "expected one length above 0 for all rows."
        )
    flat = pc.list_flatten(column)
    if not (pa.types.is_floating(flat.type) or pa.types.is_integer(flat.type)):
        raise InputError(f"{path}: features hold {flat.type}, expected whole or floating-point numbers.")
    given = flat.to_numpy()
    with np.errstate(over="ignore"):
        features = np.asarray(given, dtype=np.float32).reshape(len(lengths), int(lengths[0]))
    finite = np.isfinite(features).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        beyond = np.isfinite(given.reshape(features.shape)[row]).all()
        held = f"a number above {np.finfo(np.float32).max:.1e}" if beyond else "a NaN or an infinity"
        raise InputError(
            f"{path}: features of row {row} hold {held} ({int((~finite).sum())} such rows): "
            "expected finite numbers; drop or mend those rows."
        )
    return features


def _zeros_and_ones(path: Path, data: pa.Table, name: str) -> npt.NDArray[np.int8]:
    """Return a column of labels or marks, [N]; raises InputError if any is neither 0 nor 1."""
    column = _column(path, data, name)
    if pa.types.is_nested(column.type):
        raise InputError(f"{path}: column {name!r} is {column.type}, expected 0 or 1.")
    wrong = [
        value for value in column.unique().to_pylist() if not (isinstance(value, int | float) and value in (0, 1))
    ]
    if wrong:
        raise InputError(f"{path}: column {name!r} holds {wrong[0]!r}, expected 0 or 1 only; recode the two classes.")
    return np.asarray(column.to_numpy(), dtype=np.int8)


def describe(splits: Mapping[str, Examples]) -> str:
    """Return, in a line, the number of examples of each split and their dimension."""
    counts = ", ".join(f"{len(examples.label)} {split}" for split, examples in splits.items())
    dimension = next(iter(splits.values())).features.shape[1]
    return f"{counts} examples of dimension {dimension}"
