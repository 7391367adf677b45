"""Describe one experiment: its summary over all seeds, its figures and its tables.

Reads the tables of each seed in the folder of the summary (search, policies, curves, contributions, similarity,
zero_weights, examples, fits, summary, and train for the corrupted examples), and tokenizer.json and corpus.json of a
language model. Gives one row per policy and quantity with the mean and interval over the seeds, and one SVG per
figure and one HTML page per table that `lawpipe.results.catalogue` has for such an experiment.
"""

from lawpipe.analysis import summary
from lawpipe.figures import draw, style
from lawpipe.report import table_page
from lawpipe.report.tables import quantities
from lawpipe.results import catalogue, experiment
from lawpipe.run import files, stage
from lawpipe.run.tables.summary import SUMMARY_OVER_SEEDS


@stage.script(
    seeds=stage.option("the experiment's seeds", type=int, nargs="+"),
    summary="output: one row per policy and quantity, in the experiment's folder",
    figures="output: folder of the figures",
    tables="output: folder of the tables",
)
def main(job: stage.Job) -> None:
    """Write the summary over the seeds, the figures and the tables."""
    options = job.options
    results = experiment.load(options.summary.parent, options.seeds)
    rows = summary.over_seeds([results.seed(seed).summary for seed in results.seeds])
    job.write_rows(options.summary, SUMMARY_OVER_SEEDS, rows)
    with style.theme():
        for entry in catalogue.figures(results.settings):
            style.save(draw.draw(entry, results), options.figures / f"{entry.name}.svg", entry.title)
    for entry in catalogue.tables(results.settings):
        table = quantities.TABLES[entry.name](results)
        files.write_text(options.tables / f"{entry.name}.html", table_page.render(table))
