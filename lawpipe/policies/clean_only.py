"""The oracle: uniform weights on the training examples that were not corrupted, and zero on the others.

No other policy is told which labels are flipped or which texts are perturbed.
"""

import numpy as np

from lawpipe.policies.base import Context, Record, Weights
from lawpipe.run.errors import InputError

RECORD = Record(
    label="clean only",
    phrase="uniform weights on the clean examples alone (an oracle)",
    position=10,
    work={"own": (0.0, 0.0), "tuned": (8.0, 0.0), "matched": (2.5, 0.0)},
    constant=True,
)


def weights(context: Context) -> Weights:
    """Return 1 / (number of clean examples) for each clean example and 0 for the others, [N].

    Raises InputError if there is no clean example.
    """
    from lawpipe.problems import examples

    clean = ~examples.corrupted(context.files["train"])
    if not clean.any():
        raise InputError(
            "policies holds clean_only, but every training example is flipped or perturbed: leave it out."
        )
    return np.asarray(clean / clean.sum(), dtype=context.number_type)
