"""Weights in inverse proportion to the losses at the step lengths of the conventional run."""

from lawpipe.engine.policy import Policy
from lawpipe.policies import feedback, inverse_loss
from lawpipe.policies.base import Context


def make(context: Context) -> Policy:
    """Return the weights of `inverse_loss` of a run whose steps are as long as the conventional policy's."""
    return feedback.at_conventional_length(context, inverse_loss.begin)
