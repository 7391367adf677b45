"""Weights that follow the training run: each step's are computed from the parameters that the step starts at."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from lawpipe.engine import setup, trajectory
from lawpipe.engine.policy import Policy
from lawpipe.engine.trajectory import Trajectory
from lawpipe.policies import rates, step_length
from lawpipe.policies.base import Context, Rule
from lawpipe.problems.base import LOOK, Problem, diverged

#: Begins a rule for a new run on a problem.
Begin = Callable[[Problem], Rule]


def at_own_rate(context: Context, begin: Begin) -> Policy:
    """Return the policy that weighs each example at each step by its score, at the experiment's learning rate."""
    problem, theta0 = setup.start(context.settings, context.files)
    learning_rates = [context.learning_rate] * context.steps
    found = weights(problem, theta0, learning_rates, begin(problem))
    return Policy(found.cpu().numpy(), np.array(learning_rates))


def at_its_best_rate(context: Context, begin: Begin) -> Policy:
    """Return the policy of a rule at its tuned rate, with the rates that were tried: every trial is a run of its own.

    Raises InputError if training diverges at every rate.
    """
    problem, theta0 = setup.start(context.settings, context.files)

    def at(rate: float) -> Trajectory:
        return train(problem, theta0, [rate] * context.steps, begin(problem))

    grid = rates.best(context, at)
    return Policy(
        grid.run.weights.cpu().numpy(), np.full(context.steps, grid.best.learning_rate), **rates.kept(context, grid)
    )


def at_conventional_length(context: Context, begin: Begin) -> Policy:
    """Return the policy of a rule with every step as long as the conventional run's at the experiment's rate.

        learning_rates[t] |sum_n gamma[t,n] grad l_n(theta[t])| = eta |mean_n grad l_n(theta_conventional[t])|

    theta[t] is this policy's own run, eta the experiment's learning rate.
    """
    problem, theta0 = setup.start(context.settings, context.files)
    wanted = step_length.conventional(problem, theta0, context.steps, context.learning_rate)
    found = torch.empty(context.steps, problem.examples, dtype=problem.dtype, device=problem.device)
    rule, theta, learning_rates = begin(problem), theta0, []
    for step, length in enumerate(wanted):
        found[step] = _shares(rule(theta))
        gradient = problem.weighted_gradient(theta, found[step])
        learning_rates.append(step_length.rate(gradient, length, context.learning_rate))
        theta = theta.sub(gradient, alpha=learning_rates[-1])
    return Policy(found.cpu().numpy(), np.array(learning_rates))


def weights(problem: Problem, theta0: Tensor, learning_rates: Sequence[float], rule: Rule) -> Tensor:
    """Return the weights [T, N] of a training run whose every step weighs the examples by their scores.

        gamma[t] = scores(theta[t]) / sum
        theta[t+1] = theta[t] - learning_rates[t] sum_n gamma[t,n] grad l_n(theta[t])

    Where the scores have no finite sum above 0 the step is uniform.
    """
    return train(problem, theta0, learning_rates, rule).weights


def train(problem: Problem, theta0: Tensor, learning_rates: Sequence[float], rule: Rule) -> Trajectory:
    """Return that training run.

    The steps are the engine's, so training under its weights as a fixed policy goes through the same parameters,
    bit for bit. A run that has diverged ends there, as the engine's do.
    """

    def descend(theta: Tensor, rows: Tensor, learning_rates: Sequence[float]) -> Tensor:
        thetas = torch.empty(len(learning_rates) + 1, len(theta), dtype=theta.dtype, device=theta.device)
        thetas[0] = theta
        for step in range(len(learning_rates)):
            if step % LOOK == 0 and diverged(thetas[step]):
                rows[step:] = 1 / problem.examples
                thetas[step + 1 :] = torch.nan
                break
            rows[step] = _shares(rule(thetas[step]))
            problem.step(thetas[step], rows[step], learning_rates[step], thetas[step + 1])
        return thetas

    empty = torch.empty(len(learning_rates), problem.examples, dtype=problem.dtype, device=problem.device)
    return trajectory.train(problem, theta0, empty, learning_rates, descend=descend)


def _shares(scores: Tensor) -> Tensor:
    """Return scores scaled to a sum of 1; uniform if that cannot be."""
    total = float(scores.sum(dtype=torch.float64))
    if not 0 < total < float("inf"):
        return torch.full_like(scores, 1 / len(scores))
    shares = scores.double() / total
    return shares.to(scores.dtype)
