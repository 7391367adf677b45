"""Weighted gradient descent: the loop of every training run."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lawpipe.problems.base import Problem

#: Writes the weights of a step: receives theta[t], [P], and row t of the weights, [N]. It is called once per step, in
#: order, so it may keep state of the run.
WriteRow = Callable[[Tensor, Tensor], None]

#: Returns the learning rate of a step from its weighted gradient, [P]; called once per step, in order.
ChooseRate = Callable[[Tensor], float]

#: Steps between two checks for divergence. Each check waits for the device.
CHECK_INTERVAL = 16


def descend(
    problem: Problem,
    theta: Tensor,
    weights: Tensor,
    learning_rates: Sequence[float] | ChooseRate,
    write_row: WriteRow | None = None,
    *,
    keep: bool = True,
) -> Tensor:
    """Run T steps of weighted gradient descent and return the parameters of all steps.

        theta[t+1] = theta[t] - learning_rates[t] sum_n weights[t,n] grad l_n(theta[t])

    A run whose parameters are no longer finite stops: all later parameters are NaN, and the rows of `weights` that
    `write_row` has not written yet become uniform.

    `write_row` decides the weights [T, N] while the run goes on; without it they are used as they are. Returns
    theta[0..T], [T+1, P]; without `keep` a buffer of two rows.
    """
    if write_row is None and keep and not callable(learning_rates):
        together = problem.descend_many(theta.unsqueeze(0), [weights], [learning_rates])
        if together is not None:
            return together[0]
    steps = len(weights)
    rows = steps + 1 if keep else 2
    thetas = torch.empty(rows, len(theta), dtype=theta.dtype, device=theta.device)
    thetas[0] = theta
    for step in range(steps):
        current, following = thetas[step % rows], thetas[(step + 1) % rows]
        if step % CHECK_INTERVAL == 0 and not is_finite(current):
            if write_row is not None:
                weights[step:] = 1 / problem.examples
            thetas[step + 1 :] = torch.nan
            break
        if write_row is not None:
            write_row(current, weights[step])
        gradient = problem.weighted_gradient(current, weights[step])
        rate = learning_rates(gradient) if callable(learning_rates) else learning_rates[step]
        torch.sub(current, gradient, alpha=rate, out=following)
    return thetas


def descend_many(
    problem: Problem, thetas: Tensor, weights: Sequence[Tensor], learning_rates: Sequence[Sequence[float]]
) -> Tensor:
    """Run `descend` from each of S parameters [S, P] under its own weights and rates; return [S, T+1, P].

    The runs are computed together if the problem has a faster way for so many; results are equal up to rounding.
    """
    together = problem.descend_many(thetas, weights, learning_rates)
    if together is not None:
        return together
    runs = zip(thetas, weights, learning_rates, strict=True)
    return torch.stack([descend(problem, *run) for run in runs])


def is_finite(theta: Tensor) -> bool:
    """Return whether all parameters are finite; after a step at which they are not, none of the run will be."""
    return bool(torch.isfinite(theta).all())
