"""One weight vector for all steps, searched by mirror descent: what choosing examples once is worth."""

from lawpipe.engine import policy, setup
from lawpipe.engine.policy import Policy
from lawpipe.policies import searching
from lawpipe.policies.base import Context
from lawpipe.policies.single_row import SingleRow
from lawpipe.search.mirror_descent import MirrorDescent


def make(context: Context) -> Policy:
    """Return gamma[t, n] = w[n] with the lowest J that the search finds, at the experiment's learning rate."""
    problem, theta0 = setup.start(context.settings, context.files)
    objective = SingleRow(problem, theta0, [context.learning_rate], context.steps)
    row, notes = searching.best(context, objective, MirrorDescent())
    return policy.constant(row[0].cpu().numpy(), context.steps, context.learning_rate, notes=notes)
