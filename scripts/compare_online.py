"""Set weights without a search beside tuned baselines, across experiments: what each has of the oracle's gain.

Takes the folders of experiments with the policy online_tuned. Gives a row an experiment, seed, policy and reference
set as Parquet, one figure, and one HTML page with the figure and a table; prints the comparison on test as Markdown.
By hand, on any results:

    python scripts/compare_online.py --settings '{}' --folders results-online/perceptron results-online/stories \
        --points online.parquet --figure online.svg --page online.html
"""

from pathlib import Path

from lawpipe import stage
from lawpipe.analysis.policy_tables import nulls
from lawpipe.errors import InputError
from lawpipe.figures import compare_online, style
from lawpipe.report import page


def main(argv: list[str] | None = None) -> None:
    """Run the stage; `argv` as on the command line."""
    parser = stage.parser(__doc__)
    parser.add_argument("--folders", type=Path, nargs="*", required=True, help="folders of the experiments")
    parser.add_argument("--points", type=Path, required=True, help="output: a row a seed, policy and set")
    parser.add_argument("--figure", type=Path, required=True, help="output: the figure")
    parser.add_argument("--page", type=Path, required=True, help="output: the page with figure and table")
    with stage.job(parser.parse_args(argv), __file__) as job:
        options = job.options
        if not options.folders:
            raise InputError("no experiment of this config has weights without a search: add online_tuned to one.")
        found = compare_online.points([page.load(folder) for folder in options.folders])
        numbers = {name: nulls(found[name].to_numpy()) for name in ("objective", "share")}
        job.write(options.points, "online", {name: found[name].to_numpy() for name in found} | numbers)
        with style.theme():
            style.save(compare_online.figure(found), options.figure, compare_online.ENTRY.title)
        stage.write_text(options.page, page.table_page(compare_online.table(found), options.figure))
        print(compare_online.tables(found))


if __name__ == "__main__":
    stage.run(main)
