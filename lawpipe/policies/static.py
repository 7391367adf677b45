"""One searched weight vector for all steps: the value of choosing the examples once."""

from lawpipe.engine.policy import Policy, constant
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
    from lawpipe.policies import searching
    from lawpipe.policies.single_row import SingleRow
    from lawpipe.search.mirror_descent import MirrorDescent

    problem, theta0 = setup.start(context.settings, context.files)
    objective = SingleRow(problem, theta0, [context.learning_rate], context.steps)
    row, notes = searching.best(context, objective, MirrorDescent())
    return constant(row[0].cpu().numpy(), context.steps, context.learning_rate, notes=notes)
