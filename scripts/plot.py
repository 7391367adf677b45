"""Draw the figures and tables of one experiment, over all its seeds.

Reads the tables of each seed in the experiment's folder (search, policies, curves, contributions, similarity,
zero_weights, examples, fits, summary, and train for the corrupted examples), the summary over the seeds, and
tokenizer.json and corpus.json of a language model. Writes one SVG per figure and one HTML page per table that
`lawpipe.results.catalogue` has for such an experiment.
"""

from lawpipe.figures import draw, style
from lawpipe.report import table_page
from lawpipe.report.tables import quantities
from lawpipe.results import catalogue, experiment
from lawpipe.run import files, stage


@stage.script(
    folder="the experiment's folder",
    seeds=stage.option("its seeds", type=int, nargs="+"),
    figures="output: folder of the figures",
    tables="output: folder of the tables",
)
def main(job: stage.Job) -> None:
    """Draw the figures and write the tables."""
    options = job.options
    results = experiment.load(options.folder, options.seeds)
    with style.theme():
        for entry in catalogue.figures(results.settings):
            style.save(draw.draw(entry, results), options.figures / f"{entry.name}.svg", entry.title)
    for entry in catalogue.tables(results.settings):
        table = quantities.TABLES[entry.name](results)
        files.write_text(options.tables / f"{entry.name}.html", table_page.render(table))
