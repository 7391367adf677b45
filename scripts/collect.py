"""Join the tables of all batches of policies.

Takes the parts that the training stage wrote, in the order of the policies, for each of five tables: loss curves,
similarity, zero weights, examples and measures. Gives one file per table, with the rows in that order.
"""

from pathlib import Path

import pyarrow as pa

from lawpipe.run import artifacts, stage
from lawpipe.run.tables.measurements import COLLECTED


def main(argv: list[str] | None = None) -> None:
    """Write the tables into the output folder."""
    parser = stage.parser(__doc__)
    for table in COLLECTED:
        option = f"--{table.replace('_', '-')}"
        parser.add_argument(option, type=Path, nargs="+", required=True, help=f"parts of the {table} table")
    parser.add_argument("--output", type=Path, required=True, help="output: the folder of the joined tables")
    with stage.job(parser.parse_args(argv), __file__) as job:
        for name, table in COLLECTED.items():
            parts = [artifacts.read(path, table) for path in getattr(job.options, name)]
            # The metadata of each part has the part's settings; the joined table gets those of this stage.
            whole = pa.concat_tables([part.replace_schema_metadata() for part in parts])
            columns = {column: whole.column(column).combine_chunks() for column in whole.column_names}
            job.write(job.options.output / f"{name}.parquet", table, columns)
            print(f"{name}: {whole.num_rows} rows of {len(parts)} batches")


if __name__ == "__main__":
    stage.run(main)
