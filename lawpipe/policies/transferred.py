"""The near-optimal weights of another experiment: what they are worth in a setting that they were not searched in."""

import numpy as np

from lawpipe.engine.policy import Policy
from lawpipe.policies.base import Context


def make(context: Context) -> Policy:
    """Return the weights of the other experiment's `near_optimal` at this experiment's own learning rate.

    The examples are the same ones, row by row; initialisation, learning rate or model are this experiment's.
    """
    weights = context.others["near_optimal"].weights.astype(context.number_type, copy=False)
    return Policy(weights, np.full(context.steps, context.learning_rate))
