"""How far training moves in a step, and the learning rates at which it moves as far as another run.

The steps are those of `Problem.descend`, bit for bit; taken here, each needs its gradient once.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from lawpipe.problems.base import Problem


def conventional(problem: Problem, theta0: Tensor, steps: int, learning_rate: float) -> list[float]:
    """Return the lengths of the conventional policy's steps, T numbers."""
    uniform = torch.full((problem.examples,), 1 / problem.examples, dtype=problem.dtype, device=problem.device)
    return lengths(problem, theta0, uniform.expand(steps, -1), learning_rate)


def lengths(problem: Problem, theta0: Tensor, weights: Tensor, learning_rate: float) -> list[float]:
    """Return |learning_rate sum_n weights[t,n] grad l_n(theta[t])| of every step t of a training run, T numbers."""
    result, theta = [], theta0
    for row in weights:
        gradient = problem.weighted_gradient(theta, row)
        result.append(learning_rate * _norm(gradient))
        theta = theta.sub(gradient, alpha=learning_rate)
    return result


def matching_rates(
    problem: Problem, theta0: Tensor, weights: Tensor, wanted: Sequence[float], otherwise: float
) -> list[float]:
    """Return the learning rates at which the steps under `weights` [T, N] have the wanted lengths, T numbers."""
    rates, theta = [], theta0
    for row, length in zip(weights, wanted, strict=True):
        gradient = problem.weighted_gradient(theta, row)
        rates.append(rate(gradient, length, otherwise))
        theta = theta.sub(gradient, alpha=rates[-1])
    return rates


def rate(gradient: Tensor, length: float, otherwise: float) -> float:
    """Return the learning rate at which a step along a gradient [P] has a length.

    A step without a gradient goes nowhere at any rate; it is given the rate `otherwise`.
    """
    slope = _norm(gradient)
    return length / slope if slope > 0 else otherwise


def _norm(vector: Tensor) -> float:
    """Return a Euclidean norm, computed in float64."""
    return float(torch.linalg.vector_norm(vector, dtype=torch.float64))
