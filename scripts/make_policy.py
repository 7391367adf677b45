"""Make one policy that needs no search.

Takes the training examples (for their number). Gives policies/{policy}.parquet, for the policy that the settings
name: a row a step with the weights of all examples and the learning rate.
"""

from pathlib import Path

import pyarrow.parquet as pq

from lawpipe import policies, stage


def main(argv: list[str] | None = None) -> None:
    """Write the policy."""
    parser = stage.parser(__doc__)
    parser.add_argument("--train", type=Path, required=True, help="the training examples")
    parser.add_argument("--output", type=Path, required=True, help="output: the policy")
    with stage.job(parser.parse_args(argv), __file__) as job:
        examples = pq.ParquetFile(job.options.train).metadata.num_rows
        job.write(job.options.output, "policy", policies.make(job.settings, examples).columns())


if __name__ == "__main__":
    stage.run(main)
