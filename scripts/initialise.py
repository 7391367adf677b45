"""Draw the initial parameters of one experiment and seed.

Takes the training examples (for the dimension of a perceptron). Gives theta0.parquet: one row per parameter tensor,
in the order of the flat parameter vector.
"""

from pathlib import Path

from lawpipe.problems import initial
from lawpipe.run import stage
from lawpipe.run.tables.examples import THETA0


def main(argv: list[str] | None = None) -> None:
    """Write theta0."""
    parser = stage.parser(__doc__)
    parser.add_argument("--train", type=Path, required=True, help="the training examples")
    parser.add_argument("--theta0", type=Path, required=True, help="output: the initial parameters")
    with stage.job(parser.parse_args(argv), __file__) as job:
        names, shapes, values = zip(*initial.draw(job.settings, job.options.train), strict=True)
        job.write(job.options.theta0, THETA0, {"name": names, "shape": shapes, "values": values})


if __name__ == "__main__":
    stage.run(main)
