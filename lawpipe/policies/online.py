"""The Learning Law without a search: weights that follow the contributions of the run so far (lawpipe.online)."""

from torch import Tensor

from lawpipe import online
from lawpipe.engine.policy import Policy
from lawpipe.policies import feedback
from lawpipe.policies.base import Context
from lawpipe.policies.feedback import Rule
from lawpipe.problems.base import Problem


def make(context: Context) -> Policy:
    """Return the weights of `online.Memory` along the policy's own run, at the experiment's learning rate."""
    return feedback.at_own_rate(context, begin)


def begin(problem: Problem) -> Rule:
    """Return the rule of a run, with a memory of one number an example."""
    memory = online.Memory(problem.examples)

    def weights(theta: Tensor) -> Tensor:
        halves = problem.half_gradients("desired", theta)
        evidence = online.agreement(*halves)
        if evidence == 0:
            return memory.weights().to(theta)
        return memory.update(problem.contributions(theta, halves.mean(dim=0)), evidence)

    return weights
