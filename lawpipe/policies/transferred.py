"""The near-optimal weights of another experiment, to measure them in a setting that they were not searched in."""

from lawpipe.policies.base import Context, Record, Weights

RECORD = Record(
    label="transferred",
    phrase="the near-optimal weights of another experiment",
    position=100,
    builds_on=("near_optimal",),
)


def weights(context: Context) -> Weights:
    """Return the weights of the other experiment's `near_optimal`, [T, N].

    The examples are the same, row by row; initialisation, learning rate or model are this experiment's.
    """
    return context.others["near_optimal"].weights.astype(context.number_type, copy=False)
