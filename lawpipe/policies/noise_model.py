"""Weights of a likelihood in which labels are flipped by chance: examples that look flipped have less.

An example whose label has the probability p = exp(-loss) under the model has the probability

    (1 - NOISE) p + NOISE (1 - p)

if each label is flipped with the probability NOISE and there are two of them. The gradient of minus its logarithm is
that of the loss times the weight (1 - 2 NOISE) p / (NOISE + (1 - 2 NOISE) p). Under the name "forward correction" it
is known from arXiv 1609.03683. For other losses it is a weight that falls with the loss.
"""

from lawpipe.policies.base import Problem, Record, Rule, Tensor

RECORD = Record(
    label="noise model",
    phrase="weights of a likelihood with flipped labels",
    position=45,
    work={"own": (1.5, 0.0), "tuned": (12.0, 0.0), "matched": (2.5, 0.0)},
    formula="noise model",
)

#: The assumed probability that a label is flipped, whatever it is.
NOISE = 0.3


def rule(problem: Problem) -> Rule:
    """Return the rule gamma[t, n] ~ (1 - 2 NOISE) p_n / (NOISE + (1 - 2 NOISE) p_n), p_n = exp(-l_n(theta[t])).

    If the problem has the desired examples among its training examples, they count as never flipped, with score 1.
    """

    def scores(theta: Tensor) -> Tensor:
        right = (1 - 2 * NOISE) * (-problem.losses(theta)).exp_()
        right /= NOISE + right
        right[problem.examples - problem.joined :] = 1
        return right

    return scores
