"""Summarise an experiment over its seeds.

Takes the summary of each seed. Gives one row per policy and quantity (a numeric column of the summaries): the mean
over the seeds that have a value with its 95 % t interval (null with one seed), the number of seeds, and how many of
them have a value. Accelerations are averaged as logarithms: their mean is geometric.
"""

from pathlib import Path

import pyarrow as pa

from lawpipe.analysis import intervals
from lawpipe.run import artifacts, stage
from lawpipe.run.tables.summary import SUMMARY, SUMMARY_OVER_SEEDS

#: Prefix of the quantities that are ratios and vary by factors from seed to seed.
LOGARITHMIC = "acceleration"


def main(argv: list[str] | None = None) -> None:
    """Write the summary over seeds."""
    parser = stage.parser(__doc__)
    parser.add_argument("--summaries", type=Path, nargs="+", required=True, help="each seed's summary")
    parser.add_argument("--output", type=Path, required=True, help="output: one row per policy and quantity")
    with stage.job(parser.parse_args(argv), __file__) as job:
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


if __name__ == "__main__":
    stage.run(main)
