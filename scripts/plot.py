"""Draw every figure and table of one experiment, over all its seeds.

Takes the experiment's folder with the tables of each seed (search, policies, curves, contributions, similarity,
zero_weights, examples, fits, summary, and train for the flipped or perturbed examples), the summary over the seeds
and, of a language model, tokenizer.json and corpus.json; gives one SVG a figure and one HTML page a table, those
that `lawpipe.results.catalogue` has for such an experiment.
"""

from pathlib import Path

from lawpipe.figures import style
from lawpipe.figures.draw import DRAW
from lawpipe.report import page
from lawpipe.report.tables import quantities
from lawpipe.results import catalogue, experiment
from lawpipe.run import stage


def main(argv: list[str] | None = None) -> None:
    """Run the stage; `argv` as on the command line."""
    parser = stage.parser(__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the experiment's folder")
    parser.add_argument("--seeds", type=int, nargs="+", required=True, help="its seeds")
    parser.add_argument("--figures", type=Path, required=True, help="output: folder of the figures")
    parser.add_argument("--tables", type=Path, required=True, help="output: folder of the tables")
    with stage.job(parser.parse_args(argv), __file__) as job:
        options = job.options
        found = experiment.load(options.folder, options.seeds)
        for entry in catalogue.figures(found.settings):
            with style.theme():
                style.save(DRAW[entry.name](found), options.figures / f"{entry.name}.svg", entry.title)
        for entry in catalogue.tables(found.settings):
            stage.write_text(
                options.tables / f"{entry.name}.html", page.table_page(quantities.TABLES[entry.name](found))
            )


if __name__ == "__main__":
    stage.run(main)
