"""Writing and reading the artifact tables of lawpipe.run.tables.

Every table is Parquet with zstd compression. Float columns use BYTE_STREAM_SPLIT without a dictionary, which halves
the time and shrinks policies. The metadata key `lawpipe` holds the settings that determine the file, the digest of
the code that made it and the library versions, and nothing that differs from run to run: equal runs give equal bytes.
Every page has a checksum, so that a damaged file is refused.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from lawpipe.run import files, provenance
from lawpipe.run.errors import InputError
from lawpipe.run.table import Table

#: A row group holds about this many bytes of data (uncompressed): writing takes a few times that in memory.
ROW_GROUP_BYTES = 2 * 2**20


Columns = Mapping[str, Any]


def write(path: str | Path, table: Table, columns: Columns, *, settings: Mapping[str, Any], code: str) -> None:
    """Write one artifact atomically, with the settings and the code digest that it depends on in its metadata.

    A plain column is a 1-D array or a list (None is null), fixed vectors are a 2-D array, and vectors of different
    lengths a list of 1-D arrays. Columns that the table does not have are appended.

    Raises KeyError for a missing column and ValueError for columns of differing lengths.
    """
    known = table.columns
    arrays = {name: _to_arrow(columns[name], kind) for name, kind in known.items()}
    arrays |= {name: pa.array(values) for name, values in columns.items() if name not in known}
    metadata = {"settings": settings, "code": code, "versions": provenance.versions()}
    data = pa.table(arrays).replace_schema_metadata({"lawpipe": json.dumps(metadata, sort_keys=True)})
    vectors = {field.name for field in data.schema if pa.types.is_nested(field.type)}
    kinds = {field.name: field.type.value_type if field.name in vectors else field.type for field in data.schema}
    leaves = {name: f"{name}.list.element" if name in vectors else name for name in kinds}
    floats = [leaf for name, leaf in leaves.items() if pa.types.is_floating(kinds[name])]
    others = [leaf for leaf in leaves.values() if leaf not in floats]
    rows_a_group = max(1, ROW_GROUP_BYTES * max(1, data.num_rows) // max(1, data.nbytes))
    with files.whole(Path(path)) as temporary:
        pq.write_table(
            data,
            temporary,
            row_group_size=rows_a_group,
            compression="zstd",
            use_dictionary=others or False,
            use_byte_stream_split=floats or False,
            write_page_checksum=True,
        )
    # Otherwise Arrow would keep this memory while a search continues.
    pa.default_memory_pool().release_unused()


def read(path: str | Path, table: Table, columns: Sequence[str] | None = None) -> pa.Table:
    """Return an artifact after a check that it has the table's columns, or those of `columns`.

    Raises InputError if the file is missing, is not Parquet or lacks a column.
    """
    path = Path(path)
    data = read_parquet(path, columns)
    _check(data, path, table, columns)
    return data


def _check(data: pa.Table, path: Path, table: Table, columns: Sequence[str] | None) -> None:
    """Raise InputError unless the data have the table's columns, or those of `columns`, with the right types."""
    for name, kind in table.columns.items():
        if columns is not None and name not in columns:
            continue
        if name not in data.column_names:
            raise InputError(
                f"{path} has no column {name!r}: expected a {table.name} table with {', '.join(table.columns)}; "
                "delete the file and run again to make it anew."
            )
        if not _matches(data.schema.field(name).type, kind):
            described = kind.replace("array[", "fixed list of ").replace("list[", "list of ").rstrip("]")
            raise InputError(
                f"{path}: column {name!r} is {data.schema.field(name).type}, expected {described}; "
                "delete the file and run again to make it anew."
            )


def row_groups(path: Path, table: Table, column: str) -> Iterator[npt.NDArray[Any]]:
    """Yield a column of fixed vectors, [rows, length], one row group at a time; raises as `read` does."""
    with _reading(path) as file:
        for group in range(file.num_row_groups):
            data = file.read_row_group(group, columns=[column] if column in file.schema_arrow.names else [])
            _check(data, path, table, [column])
            yield matrix(data, column)


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the content of a Parquet file, or the columns of `columns` that it has.

    Raises InputError if the file is missing, damaged or another format.
    """
    with _reading(path) as file:
        present = set(file.schema_arrow.names)
        return file.read(columns=None if columns is None else [name for name in columns if name in present])


@contextmanager
def _reading(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file; raise InputError if it is missing, damaged or another format."""
    if not path.is_file():
        raise InputError(f"{path} does not exist: expected a Parquet file there.")
    try:
        # Not pq.read_table, which imports the whole data set machinery for a single file.
        yield pq.ParquetFile(path, page_checksum_verification=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read as Parquet ({str(error).splitlines()[0].rstrip('.')}): "
            "it is damaged or another format; replace it, or delete it and run again."
        ) from error


def metadata(path: str | Path) -> dict[str, Any]:
    """Return the `settings`, `code` and `versions` in an artifact's metadata; raises InputError if it has none."""
    with _reading(Path(path)) as file:
        stored = (file.schema_arrow.metadata or {}).get(b"lawpipe")
    if stored is None:
        raise InputError(f"{path} has no lawpipe metadata: expected a file that lawpipe wrote.")
    result: dict[str, Any] = json.loads(stored)
    return result


def matrix(data: pa.Table, column: str) -> npt.NDArray[Any]:
    """Return a column of fixed vectors as a 2-D array [rows, length], without a copy where Arrow allows it."""
    length = data.schema.field(column).type.list_size
    # By chunks: a single Arrow array may be too small for the entries of all rows.
    chunks = [chunk.flatten().to_numpy().reshape(-1, length) for chunk in data.column(column).chunks]
    return chunks[0] if len(chunks) == 1 else np.concatenate(chunks)


def _to_arrow(values: Any, kind: str) -> pa.Array:
    """Return one column as an Arrow array of the column's type."""
    shape, _, item = kind.rstrip("]").rpartition("[")
    if shape == "array":
        dense = np.ascontiguousarray(values)
        flat = dense.reshape(-1) if item == "float*" else dense.reshape(-1).astype(item, copy=False)
        return pa.FixedSizeListArray.from_arrays(pa.array(flat), dense.shape[1])
    if shape == "list":
        return pa.array([np.asarray(row) for row in values], type=pa.list_(pa.type_for_alias(item)))
    return pa.array(values, type=pa.type_for_alias(item))


def _matches(stored: pa.DataType, kind: str) -> bool:
    """Return whether a stored type is the type of the column."""
    shape, _, item = kind.rstrip("]").rpartition("[")
    if shape and not (pa.types.is_list(stored) if shape == "list" else pa.types.is_fixed_size_list(stored)):
        return False
    value = stored.value_type if shape else stored
    return bool(pa.types.is_floating(value) if item == "float*" else value == pa.type_for_alias(item))
