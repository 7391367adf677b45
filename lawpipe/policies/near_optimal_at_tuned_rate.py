"""A search at the learning rate that is best for uniform weights."""

import numpy as np

from lawpipe.engine.policy import Policy
from lawpipe.policies.base import Context, Record

RECORD = Record(
    label="near-optimal at tuned rate",
    phrase="a search at the tuned learning rate",
    position=70,
    takes_search=True,
    builds_on=("conventional_tuned",),
)


def make(context: Context) -> Policy:
    """Return the best policy of a search from uniform weights at the learning rate of `conventional_tuned`."""
    from lawpipe.engine import setup
    from lawpipe.search import control
    from lawpipe.search.objective import Objective

    problem, theta0 = setup.from_files(context.settings, context.files)
    rates = context.others["conventional_tuned"].learning_rates.tolist()
    weights, notes = control.best(context.settings, Objective(problem, theta0, rates), context.state)
    return Policy(weights.cpu().numpy(), np.array(rates), notes=notes)
