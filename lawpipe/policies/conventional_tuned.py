"""The conventional policy at the learning rate that suits it best: what a fair comparison starts from.

A policy that concentrates its weight takes longer steps; against a uniform policy at a rate far below its best, that
alone looks like better weights.
"""

from lawpipe.engine.policy import Policy
from lawpipe.policies import conventional, rates
from lawpipe.policies.base import Context


def make(context: Context) -> Policy:
    """Return gamma[t, n] = 1/N at the rate with the lowest J on the desired examples."""
    return rates.at_its_best_rate(context, conventional.row(context))
