"""Weights proportional to the losses: more weight for what is not yet learned, whether or not it can be learned."""

from lawpipe.policies.base import Problem, Record, Rule

RECORD = Record(
    label="loss proportional",
    phrase="weights in proportion to the losses",
    position=20,
    work={"own": (1.5, 0.0)},
)


def rule(problem: Problem) -> Rule:
    """Return the rule gamma[t, n] ~ l_n(theta[t])."""
    return problem.losses
