"""Weights in inverse proportion to the losses at the learning rate that suits them best."""

from lawpipe.controls import feedback
from lawpipe.policies import Context, inverse_loss
from lawpipe.policy import Policy


def make(context: Context) -> Policy:
    """Return the weights of `inverse_loss`, of a run at the rate with the lowest J on the desired examples."""
    return feedback.at_its_best_rate(context, inverse_loss.begin)
