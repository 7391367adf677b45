"""The conventional policy: every example has the same weight at every step (arXiv 2402.17759, section 2.1).

Its tuned variant is what a fair comparison starts from. A policy that concentrates its weight takes longer steps;
compared with uniform weights at a learning rate far below their best, that alone looks like better weights.
"""

import numpy as np

from lawpipe.policies.base import Context, Record, Weights

RECORD = Record(
    label="conventional",
    phrase="uniform weights",
    position=0,
    work={"own": (0.0, 0.0), "tuned": (8.0, 0.0)},
    required=True,
    constant=True,
)


def weights(context: Context) -> Weights:
    """Return gamma[n] = 1/N, [N]."""
    return np.full(context.examples, 1 / context.examples, dtype=context.number_type)
