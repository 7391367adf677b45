"""One searched weight vector for all steps: the value of choosing the examples once."""

import numpy as np

from lawpipe.engine.policy import Policy
from lawpipe.policies.base import Context, Record

RECORD = Record(
    label="static",
    phrase="one searched weight vector for all steps",
    position=60,
    constant=True,
    takes_search=True,
)


def make(context: Context) -> Policy:
    """Return gamma[t, n] = w[n], where w minimises J under mirror descent, at the experiment's learning rate."""
    from lawpipe.engine import setup
    from lawpipe.search import control
    from lawpipe.search.mirror_descent import MirrorDescent
    from lawpipe.search.single_row import SingleRow

    problem, theta0 = setup.from_files(context.settings, context.files)
    objective = SingleRow(problem, theta0, [context.learning_rate], context.steps)
    weights, notes = control.best(context.settings, objective, context.state, MirrorDescent())
    rows = np.tile(weights.cpu().numpy(), (context.steps, 1))
    return Policy(rows, np.full(context.steps, context.learning_rate), notes=notes)
