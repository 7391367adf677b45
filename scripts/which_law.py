"""Which law holds: the similarity of instantaneous and adjoint contributions against the Frank-Wolfe gap.

Takes the folders of experiments whose searches went on to first-order stationarity, and of others to show beside
them. Gives one row per experiment, seed and policy along a search as Parquet, one figure, and one HTML table with
one row per experiment.
"""

from pathlib import Path

import pandas as pd

from lawpipe.figures import style
from lawpipe.report import page
from lawpipe.run import stage
from lawpipe.studies import outputs, which_law


def main(argv: list[str] | None = None) -> None:
    """Run the stage; `argv` as on the command line."""
    parser = outputs.parser(__doc__)
    parser.add_argument("--beside", type=Path, nargs="*", default=[], help="folders of experiments shown beside them")
    with stage.job(parser.parse_args(argv), __file__) as job:
        options = job.options
        parts = []
        for folder in (*options.folders, *options.beside):
            results = page.load(folder)
            part = which_law.points(results.similarity, results.summary, results.search)
            parts.append(part.assign(experiment=results.name))
        points = pd.concat(parts, ignore_index=True)
        job.write(options.points, "which_law", {name: points[name].to_numpy() for name in points})
        groups = {"Small perceptrons, float64": [folder.name for folder in options.folders]}
        groups |= {folder.name: [folder.name] for folder in options.beside}
        with style.theme():
            style.save(which_law.figure(points, groups), options.figure, which_law.ENTRY.title)
        stage.write_text(options.page, page.table_page(which_law.table(points)))
        last = points[points["policy"] == "near_optimal"]
        reached = int((last["relative_gap"] <= which_law.STATIONARY).sum())
        print(f"{reached} of {len(last)} searches reached a gap of {which_law.STATIONARY:g} of J")


if __name__ == "__main__":
    stage.run(main)
