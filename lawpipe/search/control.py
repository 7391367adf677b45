"""Running a search, and that of a control policy: the experiment's own, stopped after a few evaluations."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from lawpipe.run import signals
from lawpipe.run.errors import InputError
from lawpipe.search.checkpoint import Checkpoint
from lawpipe.search.loop import Search
from lawpipe.search.method import Method, load_method
from lawpipe.search.objective import Objective


def run(search: Search, start: str) -> None:
    """Run a search that a signal to stop ends cleanly.

    Raises InputError if training under its first policy, which `start` names, diverges.
    """
    try:
        with signals.noted() as search.asked_to_stop:
            search.run()
    except FloatingPointError as error:
        raise InputError(
            f"training.learning_rate: training under {start} diverges at {search.objective.learning_rates[0]} "
            f"({error}), expected a rate at which it learns; lower it."
        ) from error


def best(
    settings: Mapping[str, Any], objective: Objective, state: Path | None, method: Method | None = None
) -> tuple[Tensor, dict[str, Any]]:
    """Search from uniform weights for `controls.evaluations` gradient evaluations.

    `state` is the folder of the checkpoints, None for a search that does not survive its process. The method is by
    default the experiment's own. Returns the best weights, [T, N] (or [1, N]), and notes on how the search ended.

    Raises InputError if training under uniform weights diverges.
    """
    evaluations = settings["controls"]["evaluations"]
    options = {**settings["search"], "iterations": evaluations}
    search = Search(
        objective,
        method or load_method(options),
        # Every iteration takes at least one evaluation.
        iterations=evaluations,
        most_cost=evaluations,
        gap_tolerance=options["gap_tolerance"],
        tested=False,
        checkpoint=None if state is None else Checkpoint(state),
    )
    run(search, "uniform weights")
    lowest = min(search.rows, key=lambda row: row.objective)
    notes = {
        "stopped": search.reason,
        "evaluations": search.rows[-1].evaluations,
        "rejected": search.rows[-1].forward_evaluations,
        "objective": lowest.objective,
        "gap": lowest.gap,
    }
    return search.best, notes
