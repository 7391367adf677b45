"""Policies that are made by training runs: weights or a rule at the learning rates of a variant."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from lawpipe.engine import setup, trajectory
from lawpipe.engine.descent import WriteRow, descend
from lawpipe.engine.policy import Policy
from lawpipe.engine.trajectory import Trajectory
from lawpipe.policies import rates
from lawpipe.policies.base import Context, Rule, Weights
from lawpipe.problems.base import Problem
from lawpipe.run.errors import InputError

#: Returns the weights [T, N] of a new run and, for a rule, the function that writes their rows.
Begin = Callable[[], tuple[Tensor, WriteRow | None]]


def make(context: Context, variant: str, fixed: Weights | None, rule: Callable[[Problem], Rule] | None) -> Policy:
    """Make a variant of a policy that has weights `fixed`, [N] or [T, N], or else a rule for each training run."""
    problem, theta0 = setup.from_files(context.settings, context.files)

    def begin() -> tuple[Tensor, WriteRow | None]:
        if fixed is not None:
            return theta0.new_tensor(fixed).expand(context.steps, -1), None
        assert rule is not None
        return theta0.new_empty(context.steps, problem.examples), follow(
            rule(problem), problem, context.settings["policy"]
        )

    return {"own": own, "tuned": tuned, "matched": matched}[variant](context, problem, theta0, begin)


def own(context: Context, problem: Problem, theta0: Tensor, begin: Begin) -> Policy:
    """Return the policy at the experiment's learning rate."""
    weights, write_row = begin()
    learning_rates = [context.learning_rate] * context.steps
    trajectory.train(problem, theta0, weights, learning_rates, write_row=write_row)
    return Policy(weights.cpu().numpy(), np.array(learning_rates))


def tuned(context: Context, problem: Problem, theta0: Tensor, begin: Begin) -> Policy:
    """Return the policy at the constant learning rate with the lowest J on the desired examples.

    Each rate that is tried is a run of its own, so the weights of a rule differ between them.

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
    """Return the policy at the learning rates of `matching_rates`."""
    weights, write_row = begin()
    learning_rates = matching_rates(problem, theta0, weights, context.learning_rate, write_row)
    return Policy(weights.cpu().numpy(), np.array(learning_rates))


def matching_rates(
    problem: Problem, theta0: Tensor, weights: Tensor, own_rate: float, write_row: WriteRow | None = None
) -> list[float]:
    """Return the T learning rates at which every step is as long as the conventional run's at the rate `own_rate`.

        learning_rates[t] |sum_n weights[t,n] grad l_n(theta[t])| = own_rate |mean_n grad l_n(theta_conventional[t])|

    theta[t] is the run under `weights` [T, N], which `write_row` may decide on the way. The rate is `own_rate` for a
    step without a gradient and for steps after one of the two runs has diverged.
    """
    lengths: list[float] = []
    learning_rates: list[float] = []

    def measure(gradient: Tensor) -> float:
        lengths.append(own_rate * _norm(gradient))
        return own_rate

    def match(gradient: Tensor) -> float:
        step, slope = len(learning_rates), _norm(gradient)
        learning_rates.append(lengths[step] / slope if step < len(lengths) and slope > 0 else own_rate)
        return learning_rates[-1]

    uniform = theta0.new_full((1, 1), 1 / problem.examples)
    descend(problem, theta0, uniform.expand(weights.shape), measure, keep=False)
    descend(problem, theta0, weights, match, write_row, keep=False)
    return learning_rates + [own_rate] * (len(weights) - len(learning_rates))


def _norm(vector: Tensor) -> float:
    """Return the Euclidean norm, computed in float64."""
    return float(torch.linalg.vector_norm(vector, dtype=torch.float64))


def follow(rule: Rule, problem: Problem, name: str) -> WriteRow:
    """Return the function that writes a step's weights: the scores of `rule` divided by their sum, in float64.

    The weights are uniform if all scores are zero, or if training has diverged. Raises InputError, which gives the
    `name` of the policy, for any other scores that are not finite or below 0.
    """
    start: list[Tensor] = []

    def write_row(theta: Tensor, row: Tensor) -> None:
        if not start:
            start.append(theta.clone())
        scores = rule(theta)
        total = float(scores.sum(dtype=torch.float64))
        if float(scores.min()) >= 0 and total < math.inf:
            row.copy_(scores.double() / total if total > 0 else torch.full_like(row, 1 / len(row)))
        elif _has_diverged(problem, start[0], theta):
            row.fill_(1 / len(row))
        else:
            example = int((~(torch.isfinite(scores) & (scores >= 0))).int().argmax())
            raise InputError(
                f"the policy {name}: its rule gives example {example} the score {float(scores[example]):.6g}, "
                "expected finite scores of at least 0; mend the rule and run again."
            )

    return write_row


def _has_diverged(problem: Problem, start: Tensor, theta: Tensor) -> bool:
    """Return whether the mean training loss is far above that at the start of the run, or not finite."""
    try:
        trajectory.check_converges(float(problem.losses(theta).mean()), float(problem.losses(start).mean()))
    except FloatingPointError:
        return True
    return False
