"""The near-optimal policy: the result of the experiment's search, which the stage `search` writes.

At the conventional policy's step lengths (`near_optimal_matched`) the directions of its steps are compared alone: its
weights were searched for at their own, longer steps.
"""

from lawpipe.policies.base import Context, Record, Weights

RECORD = Record(
    label="near-optimal",
    phrase="the near-optimal weights",
    position=80,
    work={"own": (0.0, 0.0), "matched": (1.5, 0.0)},
    formula="searched",
    required=True,
    takes_search=True,
)


def weights(context: Context) -> Weights:
    """Return the weights that the search found, [T, N]."""
    return context.others["near_optimal"].weights
