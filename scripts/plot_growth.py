"""Draw the recorded growth of time and memory with the examples, the steps and the model.

Takes the rows that `benchmarks/growth.py --output` wrote. Gives one figure, which names the machine and the date.
"""

from pathlib import Path

import pandas as pd

from lawpipe.figures import style
from lawpipe.run import stage
from lawpipe.studies import growth


def main(argv: list[str] | None = None) -> None:
    """Run the stage; `argv` as on the command line."""
    parser = stage.parser(__doc__)
    parser.add_argument("--rows", type=Path, required=True, help="the rows of the benchmark")
    parser.add_argument("--figure", type=Path, required=True, help="output: the figure")
    with stage.job(parser.parse_args(argv), __file__) as job, style.theme():
        drawing = growth.draw(pd.read_parquet(job.options.rows))
        style.save(drawing, job.options.figure, "Time and memory against N, T and P")


if __name__ == "__main__":
    stage.run(main)
