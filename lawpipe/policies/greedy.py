"""Greedy one-step weights: each step follows the instantaneous contributions at that step, without a search."""

from lawpipe.policies.base import Problem, Record, Rule, Tensor

RECORD = Record(
    label="greedy",
    phrase="greedy one-step weights",
    position=40,
    work={"own": (1.5, 0.5), "tuned": (12.0, 4.0), "matched": (2.5, 0.5)},
    formula="max(CT, 0)",
)


def rule(problem: Problem) -> Rule:
    """Return the rule gamma[t, n] ~ max(CT[t, n], 0).

    CT[t, n] = <grad L_desired(theta[t]), grad l_n(theta[t])> is the rate at which example n lowers the desired loss.
    A step at which no example has a positive contribution is uniform.
    """

    def scores(theta: Tensor) -> Tensor:
        direction = problem.reference_gradients("desired", theta.unsqueeze(0))[0]
        return problem.contributions(theta, direction).clamp_(min=0)

    return scores
