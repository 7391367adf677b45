"""Weights in proportion to the losses: attend to what is not yet learned, whether or not it can be."""

from functools import partial

from torch import Tensor

from lawpipe.engine.policy import Policy
from lawpipe.policies import feedback
from lawpipe.policies.base import Context
from lawpipe.policies.feedback import Rule
from lawpipe.problems.base import Problem


def make(context: Context) -> Policy:
    """Return gamma[t, n] ~ l_n(theta[t]), the losses of the policy's own run."""
    return feedback.at_own_rate(context, begin)


def begin(problem: Problem) -> Rule:
    """Return the rule of a run: it remembers nothing."""
    return partial(scores, problem)


def scores(problem: Problem, theta: Tensor) -> Tensor:
    """Return every example's loss, [N]."""
    return problem.losses(theta)
