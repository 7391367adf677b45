"""Making a policy: by the `make` of its module, or from its weights or rules at the learning rates of the variant."""

import numpy as np

from lawpipe.engine.policy import Policy
from lawpipe.policies.base import Context
from lawpipe.run import registry


def make(context: Context) -> Policy:
    """Make the policy that the settings of a stage name."""
    name = context.settings["policy"]
    module, variant = registry.load("policy", name), registry.variant(name)
    if hasattr(module, "make"):
        policy: Policy = module.make(context)
        return policy
    if hasattr(module, "desired_weights"):
        from lawpipe.policies import trusted

        return trusted.make(context, variant, module.desired_weights(context.steps), getattr(module, "rule", None))
    if hasattr(module, "joint_rules"):
        from lawpipe.policies import joint

        return joint.make(context, variant, module.joint_rules)
    fixed = module.weights(context) if hasattr(module, "weights") else None
    if fixed is not None and variant == "own":
        rows = np.broadcast_to(fixed, (context.steps, fixed.shape[-1]))
        return Policy(rows, np.full(context.steps, context.learning_rate))
    from lawpipe.policies import runs  # PyTorch, which the case above does without

    return runs.make(context, variant, fixed, getattr(module, "rule", None))
