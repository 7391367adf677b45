"""Greedy one-step weights: each step follows the instantaneous contributions there, without any search."""

from functools import partial

from torch import Tensor

from lawpipe.engine.policy import Policy
from lawpipe.policies import feedback
from lawpipe.policies.base import Context
from lawpipe.policies.feedback import Rule
from lawpipe.problems.base import Problem


def make(context: Context) -> Policy:
    """Return gamma[t, n] ~ max(CT[t, n], 0), the contributions to the desired loss along the policy's own run.

    CT[t, n] = <grad L_desired(theta[t]), grad l_n(theta[t])> says how fast the desired loss falls with example n. A
    step at which no example contributes is uniform.
    """
    return feedback.at_own_rate(context, begin)


def begin(problem: Problem) -> Rule:
    """Return the rule of a run: it remembers nothing."""
    return partial(scores, problem)


def scores(problem: Problem, theta: Tensor) -> Tensor:
    """Return every example's contribution to the desired loss, negative ones as 0, [N]."""
    direction = problem.reference_gradients("desired", theta.unsqueeze(0))[0]
    return problem.contributions(theta, direction).clamp_(min=0)
