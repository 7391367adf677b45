"""Put the tables of all batches of policies together.

Takes the parts that the training and measuring stages wrote, in the order of the policies, for each of the five
tables: loss curves, similarity, zero weights, examples and measures. Gives one file a table, rows in that order.
"""

from pathlib import Path

import pyarrow as pa

from lawpipe.run import artifacts, stage

TABLES = ("curves", "similarity", "zero_weights", "examples", "measures")


def main(argv: list[str] | None = None) -> None:
    """Write the tables into the output folder."""
    parser = stage.parser(__doc__)
    for table in TABLES:
        option = f"--{table.replace('_', '-')}"
        parser.add_argument(option, type=Path, nargs="+", required=True, help=f"parts of the {table} table")
    parser.add_argument("--output", type=Path, required=True, help="output: the folder of the whole tables")
    with stage.job(parser.parse_args(argv), __file__) as job:
        for table in TABLES:
            parts = [artifacts.read(path, table) for path in getattr(job.options, table)]
            # Each part names its own settings in the metadata; the whole gets this stage's.
            whole = pa.concat_tables([part.replace_schema_metadata() for part in parts])
            columns = {name: whole.column(name).combine_chunks() for name in whole.column_names}
            job.write(job.options.output / f"{table}.parquet", table, columns)
            print(f"{table}: {whole.num_rows} rows of {len(parts)} batches")


if __name__ == "__main__":
    stage.run(main)
