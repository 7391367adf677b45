"""The near-optimal weights at the step lengths of the conventional run: better directions without longer steps."""

from lawpipe.engine.policy import Policy
from lawpipe.policies.base import Context, Record

RECORD = Record(
    label="near-optimal matched",
    phrase="the near-optimal weights at the conventional policy's step length",
    position=90,
    work={"own": (1.5, 0.0)},
    builds_on=("near_optimal",),
)


def make(context: Context) -> Policy:
    """Return the weights of `near_optimal` at the learning rates of `variants.matched`."""
    import torch

    from lawpipe.engine import setup
    from lawpipe.policies import variants

    problem, theta0 = setup.from_files(context.settings, context.files)
    weights = torch.tensor(context.others["near_optimal"].weights, dtype=problem.dtype, device=problem.device)
    return variants.matched(context, problem, theta0, lambda: (weights, None))
