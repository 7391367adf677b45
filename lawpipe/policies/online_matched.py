"""The online policy at the step lengths of the conventional run: better directions without longer steps."""

from lawpipe.engine.policy import Policy
from lawpipe.policies import feedback, online
from lawpipe.policies.base import Context


def make(context: Context) -> Policy:
    """Return the weights of `online` of a run whose steps are as long as the conventional policy's."""
    return feedback.at_conventional_length(context, online.begin)
