"""Draw one recorded benchmark: the study methods or growth (see lawpipe/studies).

Takes the rows that a benchmark wrote and, in the settings, the name of the study. Gives one figure.
"""

from pathlib import Path

import pandas as pd

from lawpipe.figures import style
from lawpipe.run import registry, stage


def main(argv: list[str] | None = None) -> None:
    """Run the stage; `argv` as on the command line."""
    parser = stage.parser(__doc__)
    parser.add_argument("--record", type=Path, required=True, help="the rows of the benchmark, as Parquet")
    parser.add_argument("--figure", type=Path, required=True, help="output: the figure")
    with stage.job(parser.parse_args(argv), __file__) as job, style.theme():
        study = registry.load("study", job.settings["study"])
        style.save(study.figure(pd.read_parquet(job.options.record)), job.options.figure, study.TITLE)


if __name__ == "__main__":
    stage.run(main)
