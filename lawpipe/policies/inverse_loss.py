"""Weights inversely proportional to the losses: a common way to give corrupted examples less weight."""

from lawpipe.policies.base import Problem, Record, Rule, Tensor

RECORD = Record(
    label="inverse loss",
    phrase="weights in inverse proportion to the losses",
    position=30,
    work={"own": (1.5, 0.0), "tuned": (12.0, 0.0), "matched": (2.5, 0.0)},
    formula="1 / loss",
)

#: Added to every loss, as a fraction of the step's mean loss, so that it does not depend on the unit of the loss. It
#: bounds the weights: an example with zero loss has eleven times the weight of one with the mean loss.
FLOOR = 0.1


def rule(problem: Problem) -> Rule:
    """Return the rule gamma[t, n] ~ 1 / (l_n(theta[t]) + FLOOR mean_m l_m(theta[t])).

    The scores are multiplied by the mean loss, so they lie between 0 and 1 / FLOOR.
    """

    def scores(theta: Tensor) -> Tensor:
        losses = problem.losses(theta)
        mean = losses.mean()
        return mean / (losses + FLOOR * mean) if mean > 0 else losses.new_ones(len(losses))

    return scores
