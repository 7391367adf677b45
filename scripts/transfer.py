"""Set policies that were moved to another setting beside those that were searched there: what they keep of the gain.

Takes the folders of experiments with a transferred policy. Gives a row an experiment, seed and reference set as
Parquet, one figure, and one HTML page with the figure and a table.
"""

from pathlib import Path

from lawpipe import stage
from lawpipe.analysis.policy_tables import nulls
from lawpipe.errors import InputError
from lawpipe.figures import style, transfer
from lawpipe.report import page


def main(argv: list[str] | None = None) -> None:
    """Run the stage; `argv` as on the command line."""
    parser = stage.parser(__doc__)
    parser.add_argument("--folders", type=Path, nargs="*", required=True, help="folders of the experiments")
    parser.add_argument("--points", type=Path, required=True, help="output: a row an experiment, seed and set")
    parser.add_argument("--figure", type=Path, required=True, help="output: the figure")
    parser.add_argument("--page", type=Path, required=True, help="output: the page with figure and table")
    with stage.job(parser.parse_args(argv), __file__) as job:
        options = job.options
        if not options.folders:
            raise InputError("no experiment of this config transfers a policy: add one with transfer_from.")
        found = transfer.points([page.load(folder) for folder in options.folders])
        numbers = {name: nulls(found[name].to_numpy()) for name in (*transfer.POLICIES, "share")}
        job.write(options.points, "transfer", {name: found[name].to_numpy() for name in found} | numbers)
        with style.theme():
            style.save(transfer.figure(found), options.figure, transfer.ENTRY.title)
        table = transfer.table(found)
        stage.write_text(options.page, page.table_page(table, options.figure))
        for row in table.rows:
            source, changed, _, against, *_, share = row.cells
            print(f"{source}, {changed}, {against}: {share}")


if __name__ == "__main__":
    stage.run(main)
