"""Greedy one-step weights at the step lengths of the conventional run."""

from lawpipe.controls import feedback
from lawpipe.policies import Context, greedy
from lawpipe.policy import Policy


def make(context: Context) -> Policy:
    """Return the weights of `greedy` of a run whose steps are as long as the conventional policy's."""
    return feedback.at_conventional_length(context, greedy.begin)
