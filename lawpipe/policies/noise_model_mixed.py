"""The likelihood of training and desired examples together: only the labels of the former may be flipped.

Where held-out desired examples are learned better without the other ones, these are left out, and where they are
learned better by uniform weights, the weights are uniform.
"""

from lawpipe.policies import noise_model
from lawpipe.policies.base import Problem, Record, Rule, Tensor

RECORD = Record(
    label="noise model, desired mixed in",
    phrase="weights of a likelihood with flipped labels, with the desired examples mixed in",
    position=46,
    work={"own": (1.5, 0.0), "tuned": (80.0, 0.0)},
    formula="noise model + mixing",
    trains_on_desired=True,
)


def uniform(problem: Problem) -> Rule:
    """Return the rule of equal scores for the training examples, and 0 for the desired ones."""

    def scores(theta: Tensor) -> Tensor:
        equal = theta.new_ones(problem.examples)
        equal[problem.examples - problem.joined :] = 0
        return equal

    return scores


def alone(problem: Problem) -> Rule:
    """Return the rule of the noise model for the training examples, and 0 for the desired ones."""
    of_all = noise_model.rule(problem)

    def scores(theta: Tensor) -> Tensor:
        right = of_all(theta)
        right[problem.examples - problem.joined :] = 0
        return right

    return scores


joint_rules = {"uniform": uniform, "noise model": alone, "noise model + mixing": noise_model.rule}
