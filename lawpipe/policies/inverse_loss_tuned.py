"""Weights in inverse proportion to the losses at the learning rate that suits them best."""

from lawpipe.engine.policy import Policy
from lawpipe.policies import feedback, inverse_loss
from lawpipe.policies.base import Context


def make(context: Context) -> Policy:
    """Return the weights of `inverse_loss`, of a run at the rate with the lowest J on the desired examples."""
    return feedback.at_its_best_rate(context, inverse_loss.begin)
