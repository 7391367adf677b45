"""Write the report: one HTML file that contains all that it shows and opens without a network.

Takes the tables, figures and cost files of some experiments below one root. Gives the page and, with `--front-page`,
the findings as reStructuredText, for the front page of `snakemake --report`.
"""

from pathlib import Path

from lawpipe.report import page
from lawpipe.run import files, stage


def main(argv: list[str] | None = None) -> None:
    """Run the stage; `argv` as on the command line."""
    parser = stage.parser(__doc__)
    parser.add_argument("--root", type=Path, required=True, help="the folder of the experiments")
    parser.add_argument("--experiments", nargs="+", required=True, metavar="NAME", help="which of them, in order")
    parser.add_argument("--output", type=Path, required=True, help="output: the page")
    parser.add_argument("--front-page", type=Path, help="output: the findings as reStructuredText")
    parser.add_argument("--judged", action="store_true", help="begin with the claims in ROOT/claims.parquet")
    parser.add_argument("--records", type=Path, help="a folder of runs recorded on other machines")
    with stage.job(parser.parse_args(argv), __file__) as job:
        options = job.options
        root, names, folder = options.root, options.experiments, options.output.parent
        html = page.report(root, names, folder, judged=options.judged, records=options.records)
        files.write_text(options.output, html)
        if options.front_page is not None:
            files.write_text(options.front_page, page.front_page(root, names))


if __name__ == "__main__":
    stage.run(main)
