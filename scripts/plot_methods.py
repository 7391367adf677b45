"""Draw the recorded comparison of the search methods: the objective against what the search has cost.

Takes the rows that `benchmarks/search.py --output` wrote. Gives one figure with a panel for each problem.
"""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from lawpipe.figures import style
from lawpipe.run import stage
from lawpipe.studies import methods


def main(argv: list[str] | None = None) -> None:
    """Run the stage; `argv` as on the command line."""
    parser = stage.parser(__doc__)
    parser.add_argument("--rows", type=Path, required=True, help="the rows of all searches")
    parser.add_argument("--figure", type=Path, required=True, help="output: the figure")
    with stage.job(parser.parse_args(argv), __file__) as job, style.theme():
        rows = pd.read_parquet(job.options.rows)
        problems = list(dict.fromkeys(rows["problem"]))
        drawing = Figure(figsize=(7.2, 3.6 * len(problems)), layout="constrained")
        for index, name in enumerate(problems):
            axes = drawing.add_subplot(len(problems), 1, index + 1)
            axes.set_title(name)
            methods.objective_against_cost(axes, rows[rows["problem"] == name])
        style.save(drawing, job.options.figure, "The search methods: objective against cost")


if __name__ == "__main__":
    stage.run(main)
