"""Compare weights without a search with tuned baselines: the share of the oracle's gain that each reaches.

Takes the folders of experiments with the policy online_tuned. Gives one row per experiment, seed, policy and
reference set as Parquet, one figure, and one HTML page with the figure and a table. Prints the comparison on test as
Markdown. By hand, on any results:

    python scripts/compare_online.py --settings '{}' --folders results-online/perceptron results-online/stories \
        --points online.parquet --figure online.svg --page online.html
"""

from lawpipe.run import stage
from lawpipe.studies import online, outputs

NONE = "no experiment of this config has weights without a search: add online_tuned to one."


def main(argv: list[str] | None = None) -> None:
    """Run the stage; `argv` as on the command line."""
    with stage.job(outputs.parser(__doc__).parse_args(argv), __file__) as job:
        points = online.points(outputs.experiments(job, NONE))
        table = online.table(points)
        outputs.write(job, "online", points, ("objective", "share"), online.figure, table)
        print(online.tables(points))


if __name__ == "__main__":
    stage.run(main)
