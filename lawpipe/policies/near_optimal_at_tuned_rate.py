"""The near-optimal policy searched at the learning rate that suits uniform weights best."""

import numpy as np

from lawpipe.engine import setup
from lawpipe.engine.policy import Policy
from lawpipe.policies import searching
from lawpipe.policies.base import Context
from lawpipe.search.objective import Objective


def make(context: Context) -> Policy:
    """Return the best of a search from uniform at the learning rate of the policy `conventional_tuned`."""
    problem, theta0 = setup.start(context.settings, context.files)
    rates = context.others["conventional_tuned"].learning_rates.tolist()
    weights, notes = searching.best(context, Objective(problem, theta0, rates))
    return Policy(weights.cpu().numpy(), np.array(rates), notes=notes)
