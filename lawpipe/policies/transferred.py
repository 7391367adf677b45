"""The near-optimal weights of another experiment, to measure them in a setting that they were not searched in."""

import numpy as np

from lawpipe.engine.policy import Policy
from lawpipe.policies.base import Context, Record

RECORD = Record(
    label="transferred",
    phrase="the near-optimal weights of another experiment",
    position=100,
    builds_on=("near_optimal",),
)


def make(context: Context) -> Policy:
    """Return the weights of the other experiment's `near_optimal` at this experiment's learning rate.

    The examples are the same, row by row; initialisation, learning rate or model are this experiment's.
    """
    weights = context.others["near_optimal"].weights.astype(context.number_type, copy=False)
    return Policy(weights, np.full(context.steps, context.learning_rate))
