"""Compare policies transferred to another setting with policies searched there: the share of the gain that is kept.

Takes the folders of experiments with a transferred policy. Gives one row per experiment, seed and reference set as
Parquet, one figure, and one HTML page with the figure and a table.
"""

from lawpipe.run import stage
from lawpipe.studies import outputs, transfer

NONE = "no experiment of this config transfers a policy: add one with transfer_from."


def main(argv: list[str] | None = None) -> None:
    """Run the stage; `argv` as on the command line."""
    with stage.job(outputs.parser(__doc__).parse_args(argv), __file__) as job:
        points = transfer.points(outputs.experiments(job, NONE))
        table = transfer.table(points)
        outputs.write(job, "transfer", points, (*transfer.POLICIES, "share"), transfer.figure, table)
        for row in table.rows:
            source, changed, _, against, *_, share = row.cells
            print(f"{source}, {changed}, {against}: {share}")


if __name__ == "__main__":
    stage.run(main)
