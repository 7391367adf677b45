"""The reverse half of the engine: the derivative of the objective with respect to every weight.

For J = (1/T) sum_{t=1..T} L(theta[t]) and theta[t+1] = theta[t] - eta[t] sum_n gamma[t,n] grad l_n(theta[t]),
one sweep back over the run gives (arXiv 2402.17759, appendix C, written with the adjoint)

    adjoint[T] = grad L(theta[T]) / T
    dJ/dgamma[t,n] = -eta[t] <adjoint[t+1], grad l_n(theta[t])>
    adjoint[t] = grad L(theta[t]) / T + adjoint[t+1] - eta[t] Hess_gamma(theta[t]) adjoint[t+1]
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from lawpipe.engine.trajectory import Trajectory
from lawpipe.problems.base import Sweep


def contributions(trajectory: Trajectory, against: str = "desired") -> Iterator[tuple[int, Tensor]]:
    """Yield blocks of the adjoint contributions <adjoint[t+1], grad l_n(theta[t])>, last steps first.

    Each item is a first step and a block [B, N] for the steps from there on, valid until the next item.
    `against` names the reference set whose mean loss J averages.
    """
    problem, steps = trajectory.problem, trajectory.steps

    def source(thetas: Tensor) -> Tensor:
        return problem.reference_gradients(against, thetas) / steps

    adjoint = source(trajectory.last.unsqueeze(0))[0]
    for start, thetas in trajectory.segments(backwards=True):
        part = slice(start, start + len(thetas))
        sweep = problem.sweep(thetas, trajectory.weights[part], trajectory.learning_rates[part], adjoint, source)
        adjoint = yield from _later(sweep, start)
        # Else this segment would still be held while the next is recomputed.
        del thetas, sweep


def _later(sweep: Sweep, start: int) -> Sweep:
    """Count the steps of a sweep from `start`."""
    while True:
        try:
            step, block = next(sweep)
        except StopIteration as end:
            adjoint: Tensor = end.value
            return adjoint
        yield start + step, block


def gradient(trajectory: Trajectory, against: str = "desired", out: Tensor | None = None) -> Tensor:
    """Return dJ/dgamma, [T, N]; `out` is overwritten and returned if given."""
    result = torch.empty_like(trajectory.weights) if out is None else out
    scale = torch.tensor(trajectory.learning_rates, dtype=result.dtype, device=result.device).neg_().unsqueeze(1)
    for start, block in contributions(trajectory, against):
        stop = start + len(block)
        torch.mul(block, scale[start:stop], out=result[start:stop])
    return result


def gap(weights: Tensor, gradient: Tensor) -> float:
    """Return the Frank-Wolfe gap sum_t (sum_n gamma[t,n] G[t,n] - min_n G[t,n]), in nats, G = dJ/dgamma.

    It is >= 0, and 0 exactly at a first-order stationary point: there all active examples of a step have equal
    adjoint contributions and no inactive one has a larger. J is not convex in gamma, so it certifies
    stationarity and does not bound the distance to the best J.
    """
    blocks = zip(torch.split(weights, 64), torch.split(gradient, 64), strict=True)
    return sum(float(_gap_of_steps(rows, slopes).sum()) for rows, slopes in blocks)


def _gap_of_steps(weights: Tensor, gradient: Tensor) -> Tensor:
    """Return each step's share of the gap, float64 [B]."""
    # Differences first: the mean and the minimum of a row nearly agree at the end of a good search.
    excess = gradient - gradient.amin(dim=1, keepdim=True)
    return excess.mul_(weights).sum(dim=1, dtype=torch.float64)


def sample(trajectory: Trajectory, steps: Sequence[int], against: str = "desired") -> tuple[Tensor, float]:
    """Return the adjoint contributions at some steps, [S, N], and the gap of the whole policy.

    One sweep, without room for the gradient of all steps. `steps` rise.
    """
    result = torch.empty(len(steps), trajectory.problem.examples, dtype=trajectory.weights.dtype)
    total = 0.0
    for start, block in contributions(trajectory, against):
        stop = start + len(block)
        rates = torch.tensor(trajectory.learning_rates[start:stop], dtype=torch.float64, device=block.device)
        total += float(_gap_of_steps(trajectory.weights[start:stop], -block) @ rates)
        for place, step in enumerate(steps):
            if start <= step < stop:
                result[place] = block[step - start]
    return result, total
