"""The conventional policy at the learning rate that suits it best: what a fair comparison starts from.

A policy that concentrates its weight takes longer steps; against a uniform policy at a rate far below its best, that
alone looks like better weights.
"""

from lawpipe.controls import rates
from lawpipe.policies import Context, conventional
from lawpipe.policy import Policy


def make(context: Context) -> Policy:
    """Return gamma[t, n] = 1/N at the rate with the lowest J on the desired examples."""
    return rates.at_its_best_rate(context, conventional.row(context))
