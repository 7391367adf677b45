"""Greedy one-step weights at the step lengths of the conventional run."""

from lawpipe.engine.policy import Policy
from lawpipe.policies import feedback, greedy
from lawpipe.policies.base import Context


def make(context: Context) -> Policy:
    """Return the weights of `greedy` of a run whose steps are as long as the conventional policy's."""
    return feedback.at_conventional_length(context, greedy.begin)
