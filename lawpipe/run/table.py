"""What an artifact table is: its name, and its columns with their types."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Vector:
    """A column whose rows are vectors, of one length in the whole file (`fixed`) or of any length."""

    item: str
    fixed: bool = True


Column = str | Vector


@dataclass(frozen=True)
class Table:
    """An artifact table: `columns` maps each name to its type, in order. Files may hold more columns, never fewer."""

    name: str
    columns: Mapping[str, Column]


def table(name: str, columns: str) -> Table:
    """Define a table by the text of its columns.

    Columns are separated by commas; a type stands after a colon and is float64 if left out. `array[T]` is a vector of
    one length in the whole file, `list[T]` one of any length, and `float*` any floating type.

    >>> table("policy", "step: int32, weights: array[float*], learning_rate").columns["learning_rate"]
    'float64'
    """
    pairs = [column.partition(":")[::2] for column in columns.split(",")]
    return Table(name, {key.strip(): _column(kind.strip()) for key, kind in pairs})


def _column(kind: str) -> Column:
    """Return a column's type from its text."""
    vector = re.fullmatch(r"(array|list)\[(.+)\]", kind)
    return Vector(vector[2], fixed=vector[1] == "array") if vector else kind or "float64"
