"""Making a policy: by the `make` of its module, or from its `row` or `rule` at a rate that the variant decides."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from lawpipe.engine import policy, setup, trajectory
from lawpipe.engine.descent import WriteRow
from lawpipe.engine.policy import Policy
from lawpipe.engine.trajectory import Trajectory
from lawpipe.policies import rates, step_length
from lawpipe.policies.base import Context, Rule
from lawpipe.problems.base import Problem
from lawpipe.run import registry
from lawpipe.run.errors import InputError

#: Returns the weights [T, N] of a new run and, if they follow the run, the function that writes their rows.
Begin = Callable[[], tuple[Tensor, WriteRow | None]]


def make(context: Context) -> Policy:
    """Make the policy that the settings of a stage name."""
    name = context.settings["policy"]
    module = registry.load("policy", name)
    if hasattr(module, "make"):
        made: Policy = module.make(context)
        return made
    row = module.row(context) if hasattr(module, "row") else None
    variant = registry.variant(name)
    if row is not None and variant == "own":
        return policy.constant(row, context.steps, context.learning_rate)
    problem, theta0 = setup.from_files(context.settings, context.files)

    def begin() -> tuple[Tensor, WriteRow | None]:
        if row is None:
            empty = torch.empty(context.steps, problem.examples, dtype=problem.dtype, device=problem.device)
            return empty, follow(module.rule(problem))
        return torch.tensor(row, dtype=problem.dtype, device=problem.device).expand(context.steps, -1), None

    return {"own": own, "tuned": tuned, "matched": matched}[variant](context, problem, theta0, begin)


def own(context: Context, problem: Problem, theta0: Tensor, begin: Begin) -> Policy:
    """Return the policy at the experiment's learning rate."""
    weights, write_row = begin()
    learning_rates = [context.learning_rate] * context.steps
    trajectory.train(problem, theta0, weights, learning_rates, write_row=write_row)
    return Policy(weights.cpu().numpy(), np.array(learning_rates))


def tuned(context: Context, problem: Problem, theta0: Tensor, begin: Begin) -> Policy:
    """Return the policy at the constant learning rate with the lowest J on the desired examples.

    Each rate that is tried is a run of its own, so the weights of a `rule` differ between them.

    Raises InputError if training diverges at every rate.
    """

    def train(rate: float) -> Trajectory:
        weights, write_row = begin()
        return trajectory.train(problem, theta0, weights, [rate] * context.steps, write_row=write_row)

    try:
        grid = rates.tune(train, context.learning_rate)
    except FloatingPointError as error:
        raise InputError(
            f"training.learning_rate: training diverges at {context.learning_rate} and at every rate near it "
            f"({error}), expected a rate at which it learns; lower it."
        ) from error
    notes = {
        "tuned_rate": grid.best.learning_rate,
        "rates_tried": len(grid.trials),
        "best_is_interior": grid.interior,
    }
    learning_rates = np.full(context.steps, grid.best.learning_rate)
    tried = grid.columns(context.settings["policy"])
    return Policy(grid.run.weights.cpu().numpy(), learning_rates, tried_rates=tried, notes=notes)


def matched(context: Context, problem: Problem, theta0: Tensor, begin: Begin) -> Policy:
    """Return the policy with every step as long as the conventional run's at the experiment's learning rate.

        learning_rates[t] |sum_n gamma[t,n] grad l_n(theta[t])| = eta |mean_n grad l_n(theta_conventional[t])|

    theta[t] is this policy's own run, eta the experiment's learning rate.
    """
    lengths = step_length.conventional(problem, theta0, context.steps, context.learning_rate)
    weights, write_row = begin()
    learning_rates = step_length.matching_rates(problem, theta0, weights, lengths, context.learning_rate, write_row)
    return Policy(weights.cpu().numpy(), np.array(learning_rates))


def follow(rule: Rule) -> WriteRow:
    """Return the function that writes a step's weights: the scores of `rule` divided by their sum, in float64.

    The weights are uniform if the sum is zero or not finite.
    """

    def write_row(theta: Tensor, row: Tensor) -> None:
        scores = rule(theta)
        total = float(scores.sum(dtype=torch.float64))
        if 0 < total < float("inf"):
            row.copy_(scores.double() / total)
        else:
            row.fill_(1 / len(row))

    return write_row
