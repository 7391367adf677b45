"""The oracle: uniform over the training examples that were not spoilt on purpose, nothing for the others."""

import numpy as np
import numpy.typing as npt

from lawpipe.engine import policy
from lawpipe.engine.policy import Policy
from lawpipe.policies.base import Context
from lawpipe.problems import examples
from lawpipe.run.errors import InputError


def make(context: Context) -> Policy:
    """Return 1 / (number of clean examples) for each clean one, at the experiment's learning rate.

    No policy that has to find the flipped or perturbed examples out knows them for certain: this one is told.
    """
    return policy.constant(row(context), context.steps, context.learning_rate)


def row(context: Context) -> npt.NDArray[np.floating]:
    """Return the weights [N] of every step.

    Raises InputError if there is no clean example.
    """
    clean = ~examples.corrupted(context.files["train"])
    if not clean.any():
        raise InputError(
            "policies holds clean_only, but every training example is flipped or perturbed: leave it out."
        )
    return np.asarray(clean / clean.sum(), dtype=context.number_type)
