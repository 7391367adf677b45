"""The blocks `controls` and `analysis`: the searches for control policies, and what is measured during training."""

from typing import Annotated

from pydantic import Field

from lawpipe.config.block import Block, Iteration, Seed, Whole, key


class Controls(Block):
    """The control policies that take a search of their own."""

    evaluations: Iteration = key(15)
    """Budget of each search for a control policy (`static` and `near_optimal_at_tuned_rate`), in gradient
    evaluations; rejected trial runs count."""
    seeds: Seed = key(3)
    """Number of seeds, from the first, that have those two control policies; all other policies run for every
    seed."""


class Analysis(Block):
    """The measurements during training."""

    measured_steps: Annotated[int, Field(ge=1, le=100), Whole] = key(100)
    """Number of training steps, evenly spaced, at which contributions and similarity are measured; all steps if there
    are fewer."""
