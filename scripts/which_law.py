"""Which law holds: the similarity of instantaneous and adjoint contributions against the Frank-Wolfe gap.

Takes the folders of experiments whose searches went on to first-order stationarity, and of others to show beside
them. Gives a row an experiment, seed and policy along a search as Parquet, one figure, and one HTML table with
a row an experiment.
"""

from pathlib import Path

import pandas as pd

from lawpipe.figures import style
from lawpipe.report import page
from lawpipe.run import stage
from lawpipe.studies import which_law


def main(argv: list[str] | None = None) -> None:
    """Run the stage; `argv` as on the command line."""
    parser = stage.parser(__doc__)
    parser.add_argument("--small", type=Path, nargs="+", required=True, help="folders of the small experiments")
    parser.add_argument("--beside", type=Path, nargs="*", default=[], help="folders of experiments shown beside them")
    parser.add_argument("--points", type=Path, required=True, help="output: a row an experiment, seed and policy")
    parser.add_argument("--figure", type=Path, required=True, help="output: the figure")
    parser.add_argument("--table", type=Path, required=True, help="output: the table as a page")
    with stage.job(parser.parse_args(argv), __file__) as job:
        options = job.options
        parts = []
        for folder in (*options.small, *options.beside):
            found = page.load(folder)
            part = which_law.points(found.similarity, found.summary, found.search)
            parts.append(part.assign(experiment=found.name))
        points = pd.concat(parts, ignore_index=True)
        job.write(options.points, "which_law", {name: points[name].to_numpy() for name in points})
        groups = {"Small perceptrons, float64": [folder.name for folder in options.small]}
        groups |= {folder.name: [folder.name] for folder in options.beside}
        with style.theme():
            style.save(which_law.figure(points, groups), options.figure, which_law.ENTRY.title)
        stage.write_text(options.table, page.table_page(which_law.table(points)))
        ends = points[points["policy"] == "near_optimal"]
        reached = int((ends["relative_gap"] <= which_law.STATIONARY).sum())
        print(f"{reached} of {len(ends)} searches reached a gap of {which_law.STATIONARY:g} of J")


if __name__ == "__main__":
    stage.run(main)
