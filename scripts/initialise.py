"""Draw the initial parameters of one experiment and seed.

Takes the training examples (for the dimension of a perceptron). Gives theta0.parquet: one row per parameter tensor,
in the order of the flat parameter vector.
"""

from lawpipe.problems import initial
from lawpipe.run import stage
from lawpipe.run.tables.examples import THETA0


@stage.script(train="the training examples", theta0="output: the initial parameters")
def main(job: stage.Job) -> None:
    """Write theta0."""
    names, shapes, values = zip(*initial.draw(job.settings, job.options.train), strict=True)
    job.write(job.options.theta0, THETA0, {"name": names, "shape": shapes, "values": values})
