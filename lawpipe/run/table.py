"""What an artifact table is: its name, and its columns with their types."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """An artifact table: `columns` maps each name to its type, in order. Files may hold more columns, never fewer."""

    name: str
    columns: Mapping[str, str]


def table(name: str, columns: str) -> Table:
    """Define a table by the text of its columns.

    Columns are separated by commas; a type stands after a colon and is float64 if left out. `array[T]` is a vector of
    one length in the whole file, `list[T]` one of any length, and `float*` any floating type.

    >>> table("policy", "step: int32, weights: array[float*], learning_rate").columns["learning_rate"]
    'float64'
    """
    pairs = [column.partition(":")[::2] for column in columns.split(",")]
    return Table(name, {key.strip(): kind.strip() or "float64" for key, kind in pairs})
