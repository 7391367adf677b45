"""Weights in inverse proportion to the losses: trust what fits, as one would to leave out spoilt examples."""

from functools import partial

from torch import Tensor

from lawpipe.engine.policy import Policy
from lawpipe.policies import feedback
from lawpipe.policies.base import Context
from lawpipe.policies.feedback import Rule
from lawpipe.problems.base import Problem

#: Added to a loss, in units of the mean loss at that step: a perfectly learned example weighs eleven times as much as
#: one of mean loss, not without bound. Free of the units of the loss.
FLOOR = 0.1


def make(context: Context) -> Policy:
    """Return gamma[t, n] ~ 1 / (l_n(theta[t]) + FLOOR mean_m l_m(theta[t])), the losses of the policy's own run."""
    return feedback.at_own_rate(context, begin)


def begin(problem: Problem) -> Rule:
    """Return the rule of a run: it remembers nothing."""
    return partial(scores, problem)


def scores(problem: Problem, theta: Tensor) -> Tensor:
    """Return the mean loss over every example's loss with its floor, [N]: between 0 and 1 / FLOOR."""
    losses = problem.losses(theta)
    mean = losses.mean()
    return mean / (losses + FLOOR * mean)
