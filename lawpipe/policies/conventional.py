"""The conventional policy: every example weighs the same at every step (arXiv 2402.17759, section 2.1)."""

import numpy as np
import numpy.typing as npt

from lawpipe.engine import policy
from lawpipe.engine.policy import Policy
from lawpipe.policies.base import Context


def make(context: Context) -> Policy:
    """Return gamma[t, n] = 1/N at the experiment's learning rate."""
    return policy.constant(row(context), context.steps, context.learning_rate)


def row(context: Context) -> npt.NDArray[np.floating]:
    """Return the weights [N] of every step."""
    return np.full(context.examples, 1 / context.examples, dtype=context.number_type)
