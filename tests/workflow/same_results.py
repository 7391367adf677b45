"""Compare the data of two results folders bit for bit: `python -m tests.workflow.same_results OLD NEW`.

Every Parquet file of either folder is compared column by column; the metadata (code digest, versions) may differ.
`--renamed tuned=conventional_tuned` says that a policy has another name in NEW, in file names and in the column
`policy`. Prints one line per difference and a summary; exit code 1 if there is a difference.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def main() -> None:
    """Compare the folders of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--renamed", nargs="*", default=[], metavar="OLD=NEW", help="policies with another name")
    options = parser.parse_args()
    names = dict(pair.split("=") for pair in options.renamed)
    lines, columns = differences(options.old, options.new, names)
    print("\n".join([*lines, f"{columns} columns compared, {len(lines)} differences"]))
    sys.exit(bool(lines))


def differences(old: Path, new: Path, names: Mapping[str, str]) -> tuple[list[str], int]:
    """Return one line per difference and the number of columns compared."""
    before = {_renamed(path.relative_to(old), names): path for path in sorted(old.rglob("*.parquet"))}
    after = {path.relative_to(new): path for path in sorted(new.rglob("*.parquet"))}
    lines = [f"{path} is in one folder alone" for path in sorted(before.keys() ^ after.keys())]
    columns = 0
    for path in sorted(before.keys() & after.keys()):
        tables = [pq.ParquetFile(files[path]).read().combine_chunks() for files in (before, after)]
        for column in sorted({*tables[0].column_names, *tables[1].column_names}):
            columns += 1
            if any(column not in table.column_names for table in tables):
                lines.append(f"{path}: column {column} is in one file alone")
            elif not _same(*(table.column(column) for table in tables), names):
                lines.append(f"{path}: column {column} differs")
    return lines, columns


def _renamed(path: Path, names: Mapping[str, str]) -> Path:
    """Return a file's path under the new name of its policy."""
    return path.with_stem(names[path.stem]) if path.stem in names else path


def _same(old: pa.ChunkedArray, new: pa.ChunkedArray, names: Mapping[str, str]) -> bool:
    """Tell whether two columns hold the same bits; NaN counts as equal to NaN."""
    if old.type != new.type or len(old) != len(new):
        return False
    if pa.types.is_string(old.type):
        return [names.get(value, value) for value in old.to_pylist()] == new.to_pylist()
    arrays = [column.combine_chunks() for column in (old, new)]
    if arrays[0].equals(arrays[1]):
        return True
    return repr(arrays[0].to_pylist()) == repr(arrays[1].to_pylist())


if __name__ == "__main__":
    main()
