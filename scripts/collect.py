"""Join the tables of all batches of policies.

Takes the parts that the training stage wrote, in the order of the policies, for each of six tables: loss curves,
similarity, zero weights, examples, measures and stability. Gives one file per table, with the rows in that order.
"""

import pyarrow as pa

from lawpipe.run import artifacts, stage
from lawpipe.run.tables.measurements import COLLECTED


@stage.script(
    **{table: stage.option(f"parts of the {table} table", nargs="+") for table in COLLECTED},
    output="output: the folder of the joined tables",
)
def main(job: stage.Job) -> None:
    """Write the tables into the output folder."""
    for name, table in COLLECTED.items():
        parts = [artifacts.read(path, table) for path in getattr(job.options, name)]
        # The metadata of each part has the part's settings; the joined table gets those of this stage.
        whole = pa.concat_tables([part.replace_schema_metadata() for part in parts])
        columns = {column: whole.column(column).combine_chunks() for column in whole.column_names}
        job.write(job.options.output / f"{name}.parquet", table, columns)
        print(f"{name}: {whole.num_rows} rows of {len(parts)} batches")
