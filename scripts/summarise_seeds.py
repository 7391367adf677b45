"""Summarise an experiment over its seeds.

Takes the summary of each seed. Gives one row per policy and quantity (a numeric column of the summaries): the mean
over the seeds that have a value with its 95 % t interval (null with one seed), the number of seeds, and how many of
them have a value. Accelerations are averaged as logarithms: their mean is geometric.
"""

import pyarrow as pa

from lawpipe.analysis import intervals
from lawpipe.run import artifacts, stage
from lawpipe.run.tables.summary import SUMMARY, SUMMARY_OVER_SEEDS

#: Prefix of the quantities that are ratios and vary by factors from seed to seed.
LOGARITHMIC = "acceleration"


@stage.script(
    summaries=stage.option("each seed's summary", nargs="+"), output="output: one row per policy and quantity"
)
def main(job: stage.Job) -> None:
    """Write the summary over seeds."""
    tables = [artifacts.read(path, SUMMARY) for path in job.options.summaries]
    quantities = [field.name for field in tables[0].schema if not pa.types.is_string(field.type)]
    seeds = [row for table in tables for row in table.to_pylist()]
    rows = []
    for policy in dict.fromkeys(row["policy"] for row in seeds):
        for quantity in quantities:
            values = [row.get(quantity) for row in seeds if row["policy"] == policy]
            interval = intervals.mean_interval(values, logarithmic=quantity.startswith(LOGARITHMIC))
            rows.append({"policy": policy, "quantity": quantity, **vars(interval)})
    job.write_rows(job.options.output, SUMMARY_OVER_SEEDS, rows)
    print(f"{len(rows)} quantities over {len(tables)} seeds")
