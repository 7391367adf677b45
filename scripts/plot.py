"""Draw the figures and tables of one experiment, over all its seeds.

Reads the tables of each seed in the experiment's folder (search, policies, curves, contributions, similarity,
zero_weights, examples, fits, summary, and train for the corrupted examples), the summary over the seeds, and
tokenizer.json and corpus.json of a language model. Writes one SVG per figure and one HTML page per table that
`lawpipe.results.catalogue` has for such an experiment.
"""

from pathlib import Path

from lawpipe.figures import draw, style
from lawpipe.report import page
from lawpipe.report.tables import quantities
from lawpipe.results import catalogue, experiment
from lawpipe.run import files, stage


def main(argv: list[str] | None = None) -> None:
    """Run the stage; `argv` as on the command line."""
    parser = stage.parser(__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the experiment's folder")
    parser.add_argument("--seeds", type=int, nargs="+", required=True, help="its seeds")
    parser.add_argument("--figures", type=Path, required=True, help="output: folder of the figures")
    parser.add_argument("--tables", type=Path, required=True, help="output: folder of the tables")
    with stage.job(parser.parse_args(argv), __file__) as job:
        options = job.options
        results = experiment.load(options.folder, options.seeds)
        with style.theme():
            for entry in catalogue.figures(results.settings):
                style.save(draw.draw(entry, results), options.figures / f"{entry.name}.svg", entry.title)
        for entry in catalogue.tables(results.settings):
            table = quantities.TABLES[entry.name](results)
            files.write_text(options.tables / f"{entry.name}.html", page.table_page(table))


if __name__ == "__main__":
    stage.run(main)
