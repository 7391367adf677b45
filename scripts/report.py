"""Write the report: one HTML file that contains all that it shows and opens without a network.

Takes the tables, figures and cost files of some experiments below one root. Gives the page and, with `--front-page`,
the findings as reStructuredText, for the front page of `snakemake --report`.
"""

from lawpipe.report import page
from lawpipe.run import files, stage


@stage.script(
    root="the folder of the experiments",
    experiments=stage.option("which of them, in order", type=str, nargs="+", metavar="NAME"),
    output="output: the page",
    front_page=stage.option("output: the findings as reStructuredText", required=False),
    judged={"action": "store_true", "help": "begin with the claims in ROOT/claims.parquet"},
    records=stage.option("a folder of runs recorded on other machines", required=False),
    ladder=stage.option("the recorded ladder of sizes", required=False),
)
def main(job: stage.Job) -> None:
    """Write the page and the findings."""
    options = job.options
    root, names, folder = options.root, options.experiments, options.output.parent
    html = page.report(root, names, folder, judged=options.judged, records=options.records, ladder=options.ladder)
    files.write_text(options.output, html)
    if options.front_page is not None:
        files.write_text(options.front_page, page.front_page(root, names))
