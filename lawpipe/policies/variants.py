"""Making a policy from the weights or the rule of its module: at its own learning rate, tuned, or matched."""

from lawpipe.engine import policy
from lawpipe.engine.policy import Policy
from lawpipe.policies import feedback, rates
from lawpipe.policies.base import Context, Rule
from lawpipe.problems.base import Problem
from lawpipe.run import registry

FOLLOWING = {
    "own": feedback.at_own_rate,
    "tuned": feedback.at_its_best_rate,
    "matched": feedback.at_conventional_length,
}


def make(context: Context) -> Policy:
    """Make the policy that a stage's settings name."""
    name = context.settings["policy"]
    module = registry.load("policy", name)
    variant = registry.variant(name)
    if hasattr(module, "make"):
        made: Policy = module.make(context)
        return made
    if not hasattr(module, "row"):
        return FOLLOWING[variant](context, module.rule)
    row = module.row(context)
    if variant == "own":
        return policy.constant(row, context.steps, context.learning_rate)
    if variant == "tuned":
        return rates.at_its_best_rate(context, row)

    def rule(problem: Problem) -> Rule:
        import torch

        scores = torch.tensor(row, dtype=problem.dtype, device=problem.device)
        return lambda theta: scores

    return feedback.at_conventional_length(context, rule)
