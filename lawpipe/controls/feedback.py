"""Weights that follow the training run: each step's are computed from the parameters that the step starts at."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from lawpipe import runs
from lawpipe.policies import Context
from lawpipe.policy import Policy
from lawpipe.problems import Problem


def by_scores(context: Context, scores: Callable[[Problem, Tensor], Tensor]) -> Policy:
    """Return the policy that weighs each example at each step by its score there, at the experiment's learning rate.

    `scores` gives numbers >= 0, [N], from the problem and the parameters that the policy's own run is at.
    """
    problem, theta0 = runs.start(context.settings, context.files)
    rates = [context.learning_rate] * context.steps
    found = weights(problem, theta0, rates, lambda theta: scores(problem, theta))
    return Policy(found.cpu().numpy(), np.array(rates))


def weights(
    problem: Problem, theta0: Tensor, learning_rates: Sequence[float], scores: Callable[[Tensor], Tensor]
) -> Tensor:
    """Return the weights [T, N] of a training run whose every step weighs the examples by their scores.

        gamma[t] = scores(theta[t]) / sum
        theta[t+1] = theta[t] - learning_rates[t] sum_n gamma[t,n] grad l_n(theta[t])

    `scores` gives numbers >= 0, [N]; where they have no finite sum above 0 the step is uniform. The steps are
    the engine's, so training under the result as a fixed policy goes through the same parameters, bit for bit.
    """
    result = torch.empty(len(learning_rates), problem.examples, dtype=problem.dtype, device=problem.device)
    theta = theta0
    for step, rate in enumerate(learning_rates):
        result[step] = _shares(scores(theta))
        theta = problem.descend(theta, result[step : step + 1], [rate])[1]
    return result


def _shares(scores: Tensor) -> Tensor:
    """Return scores scaled to a sum of 1; uniform if that cannot be."""
    total = float(scores.sum(dtype=torch.float64))
    if not 0 < total < float("inf"):
        return torch.full_like(scores, 1 / len(scores))
    shares = scores.double() / total
    return shares.to(scores.dtype)
