"""Learning rates at which a run's steps have given lengths.

The length of step t is |theta[t+1] - theta[t]| = learning_rates[t] |sum_n weights[t,n] grad l_n(theta[t])|.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from lawpipe.engine.descent import WriteRow, descend
from lawpipe.problems.base import Problem


def conventional(problem: Problem, theta0: Tensor, steps: int, learning_rate: float) -> list[float]:
    """Return the step lengths of the conventional policy, T numbers; fewer if its run diverges."""
    lengths: list[float] = []

    def measure(gradient: Tensor) -> float:
        lengths.append(learning_rate * _norm(gradient))
        return learning_rate

    uniform = torch.full((1, 1), 1 / problem.examples, dtype=problem.dtype, device=problem.device)
    descend(problem, theta0, uniform.expand(steps, problem.examples), measure, keep=False)
    return lengths


def matching_rates(
    problem: Problem,
    theta0: Tensor,
    weights: Tensor,
    lengths: Iterable[float],
    otherwise: float,
    write_row: WriteRow | None = None,
) -> list[float]:
    """Return the learning rates at which the steps under `weights` [T, N] have the given lengths, T numbers.

    A step with zero gradient, or without a given length, has the rate `otherwise`. `write_row` may decide the weights
    while the run goes on.
    """
    remaining, rates = iter(lengths), []

    def match(gradient: Tensor) -> float:
        length, slope = next(remaining, None), _norm(gradient)
        rates.append(otherwise if length is None or not slope > 0 else length / slope)
        return rates[-1]

    descend(problem, theta0, weights, match, write_row, keep=False)
    return rates + [otherwise] * (len(weights) - len(rates))


def _norm(vector: Tensor) -> float:
    """Return the Euclidean norm, computed in float64."""
    return float(torch.linalg.vector_norm(vector, dtype=torch.float64))
