"""The near-optimal weights at the step lengths of the conventional run: better directions without longer steps."""

import numpy as np

from lawpipe.engine.policy import Policy
from lawpipe.policies.base import Context, Record

RECORD = Record(
    label="near-optimal matched",
    phrase="the near-optimal weights at the conventional policy's step length",
    position=90,
    work={"own": (1.5, 0.0)},
    builds_on=("near_optimal",),
)


def make(context: Context) -> Policy:
    """Return the weights of `near_optimal`, each step as long as the conventional run's.

        learning_rates[t] |sum_n gamma[t,n] grad l_n(theta[t])| = eta |mean_n grad l_n(theta_conventional[t])|

    theta[t] is this policy's own run, eta the experiment's learning rate.
    """
    import torch

    from lawpipe.engine import setup
    from lawpipe.policies import step_length

    problem, theta0 = setup.start(context.settings, context.files)
    lengths = step_length.conventional(problem, theta0, context.steps, context.learning_rate)
    weights = torch.tensor(context.others["near_optimal"].weights, dtype=problem.dtype, device=problem.device)
    rates = step_length.matching_rates(problem, theta0, weights, lengths, context.learning_rate)
    return Policy(context.others["near_optimal"].weights, np.array(rates))
