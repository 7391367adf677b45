"""The online policy at the step lengths of the conventional run: better directions without longer steps."""

from lawpipe.controls import feedback
from lawpipe.policies import Context, online
from lawpipe.policy import Policy


def make(context: Context) -> Policy:
    """Return the weights of `online` of a run whose steps are as long as the conventional policy's."""
    return feedback.at_conventional_length(context, online.begin)
