"""A control that is searched for: the loop of the experiment's own search, for a few gradient evaluations."""

from typing import Any

from torch import Tensor

from lawpipe.policies.base import Context
from lawpipe.run import signals
from lawpipe.run.errors import InputError
from lawpipe.search.checkpoint import Checkpoint
from lawpipe.search.loop import Search
from lawpipe.search.method import Method, load_method
from lawpipe.search.objective import Objective


def best(context: Context, objective: Objective, method: Method | None = None) -> tuple[Tensor, dict[str, Any]]:
    """Search from uniform for `controls.evaluations` gradient evaluations; return the best weights and how it ended.

    `method` is the experiment's own unless given.

    Raises InputError if training under uniform weights diverges.
    """
    evaluations = context.settings["controls"]["evaluations"]
    settings = {**context.settings["search"], "iterations": evaluations}
    run = Search(
        objective,
        method or load_method(settings),
        # An iteration costs one at least.
        iterations=evaluations,
        most_cost=evaluations,
        gap_tolerance=settings["gap_tolerance"],
        checkpoint=None if context.state is None else Checkpoint(context.state),
    )
    try:
        with signals.at_a_good_moment() as run.asked_to_stop:
            run.run()
    except FloatingPointError as error:
        raise InputError(
            f"training.learning_rate: training under uniform weights diverges at {objective.learning_rates[0]} "
            f"({error}), expected a rate at which it learns; lower it."
        ) from error
    lowest = min(run.rows, key=lambda row: row.objective)
    notes = {
        "stopped": run.reason,
        "evaluations": run.rows[-1].evaluations,
        "rejected": run.rows[-1].forward_evaluations,
        "objective": lowest.objective,
        "gap": lowest.gap,
    }
    return run.best, notes
