"""Set policies that were moved to another setting beside those that were searched there: what they keep of the gain.

Takes the folders of experiments with a transferred policy. Gives a row an experiment, seed and reference set as
Parquet, one figure, and one HTML page with the figure and a table.
"""

from lawpipe.run import stage
from lawpipe.studies import outputs, transfer

NONE = "no experiment of this config transfers a policy: add one with transfer_from."


def main(argv: list[str] | None = None) -> None:
    """Run the stage; `argv` as on the command line."""
    with stage.job(outputs.parser(__doc__).parse_args(argv), __file__) as job:
        found = transfer.points(outputs.experiments(job, NONE))
        table = transfer.table(found)
        outputs.write(job, "transfer", found, (*transfer.POLICIES, "share"), transfer.figure, table)
        for row in table.rows:
            source, changed, _, against, *_, share = row.cells
            print(f"{source}, {changed}, {against}: {share}")


if __name__ == "__main__":
    stage.run(main)
