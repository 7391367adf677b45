"""Gradient of the objective with respect to every weight of a policy, by the adjoint method.

Training is theta[t+1] = theta[t] - eta[t] sum_n gamma[t,n] grad l_n(theta[t]) for t = 0..T-1, and the objective is
J = (1/T) sum_{t=1..T} L(theta[t]) with L the mean loss on a reference set. One backward pass over the run gives

    adjoint[T] = grad L(theta[T]) / T
    dJ/dgamma[t,n] = -eta[t] <adjoint[t+1], grad l_n(theta[t])>
    adjoint[t] = grad L(theta[t]) / T + adjoint[t+1] - eta[t] Hess_gamma(theta[t]) adjoint[t+1]

where adjoint[t] = dJ/dtheta[t] and Hess_gamma = sum_n gamma[t,n] Hess l_n (arXiv 2402.17759, appendix C, in adjoint
form). The inner products <adjoint[t+1], grad l_n(theta[t])> are called the adjoint contributions.
"""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from lawpipe.engine.trajectory import Trajectory
from lawpipe.problems.base import OnBlock, OnBlockOfRun, TermGradients


def contributions(trajectory: Trajectory, on_block: OnBlock, against: str = "desired") -> None:
    """Compute the adjoint contributions <adjoint[t+1], grad l_n(theta[t])> of all steps and training examples.

    `on_block(t, block)` is called for blocks [B, N] of the contributions at steps t..t+B-1, last steps first; the
    block is overwritten after the call. `against` is the reference set whose mean loss J averages over the steps.
    """
    term_gradients = _term_gradients(trajectory, against)
    adjoint = term_gradients(trajectory.last.unsqueeze(0))[0]
    for first, thetas in trajectory.segments(backwards=True):
        part = slice(first, first + len(thetas))

        def shifted(step: int, block: Tensor, first: int = first) -> None:
            on_block(first + step, block)

        adjoint = trajectory.problem.backward(
            thetas, trajectory.weights[part], trajectory.learning_rates[part], adjoint, term_gradients, shifted
        )
        # Frees this segment's parameters before the next segment is recomputed.
        del thetas


def contributions_many(runs: Sequence[tuple[Trajectory, str]], on_block: OnBlockOfRun) -> None:
    """Compute the `contributions` of several runs, each against its own reference set.

    The runs are of one problem and have the same number of steps. Runs whose parameters are stored whole go through
    one backward pass together, with equal results up to rounding; otherwise one run follows the other.

    `on_block(s, t, block)` is called for blocks [B, N] of run s at steps t..t+B-1.
    """
    if len(runs) == 1 or not all(run.whole for run, _ in runs):
        for index, (run, against) in enumerate(runs):
            contributions(run, partial(on_block, index), against)
        return
    term_gradients = [_term_gradients(run, against) for run, against in runs]
    ends = zip(term_gradients, runs, strict=True)
    runs[0][0].problem.backward_many(
        torch.stack([run.stored[:-1] for run, _ in runs]),
        [run.weights for run, _ in runs],
        [run.learning_rates for run, _ in runs],
        torch.stack([gradients(run.last.unsqueeze(0))[0] for gradients, (run, _) in ends]),
        term_gradients,
        on_block,
    )


def _term_gradients(trajectory: Trajectory, against: str) -> TermGradients:
    """Return the function from parameters [B, P] to the gradients of their terms L(theta) / T of J, [B, P]."""
    problem, steps = trajectory.problem, trajectory.steps
    return lambda thetas: problem.reference_gradients(against, thetas) / steps


def gradient(trajectory: Trajectory, against: str = "desired", out: Tensor | None = None) -> Tensor:
    """Return dJ/dgamma, [T, N]; written to `out` if it is given."""
    result = torch.empty_like(trajectory.weights) if out is None else out
    scale = torch.tensor(trajectory.learning_rates, dtype=result.dtype, device=result.device).neg_().unsqueeze(1)

    def write(step: int, block: Tensor) -> None:
        rows = slice(step, step + len(block))
        torch.mul(block, scale[rows], out=result[rows])

    contributions(trajectory, write, against)
    return result


def gap(weights: Tensor, gradient: Tensor) -> float:
    """Return the Frank-Wolfe gap sum_t (sum_n gamma[t,n] G[t,n] - min_n G[t,n]) with G = dJ/dgamma, in nats.

    Both arguments, gamma and G, are [T, N].

    The gap is >= 0, and 0 exactly at a first-order stationary point: there all active examples of a step have equal
    adjoint contributions and no inactive example has a larger one. Since J is not convex in gamma, the gap certifies
    stationarity and does not bound the distance to the smallest J (Jaggi, ICML 2013; Lacoste-Julien, arXiv
    1607.00345).
    """
    blocks = zip(torch.split(weights, 64), torch.split(gradient, 64), strict=True)
    return sum(float(_gaps(rows, slopes).sum()) for rows, slopes in blocks)


def _gaps(weights: Tensor, gradient: Tensor) -> Tensor:
    """Return each step's term of the gap, [B], in float64, from weights and gradients [B, N]."""
    # The minimum is subtracted before the mean is taken: near a stationary point the two nearly agree.
    excess = gradient - gradient.amin(dim=-1, keepdim=True)
    return excess.mul_(weights).sum(dim=-1, dtype=torch.float64)


def sample(runs: Sequence[tuple[Trajectory, str]], steps: Sequence[int]) -> list[tuple[Tensor, float]]:
    """Return each run's adjoint contributions at the given steps, [S, N], and its gap over all steps.

    The gradient of all steps is never held in memory. `runs` are as in `contributions_many`.
    """
    weights = runs[0][0].weights
    rows = torch.empty(len(runs), len(steps), weights.shape[1], dtype=weights.dtype)
    gaps = [0.0] * len(runs)

    def keep(index: int, first: int, block: Tensor) -> None:
        run, _ = runs[index]
        part = slice(first, first + len(block))
        rates = torch.tensor(run.learning_rates[part], dtype=torch.float64, device=block.device)
        gaps[index] += float((_gaps(run.weights[part], -block) * rates).sum())
        for row, step in enumerate(steps):
            if part.start <= step < part.stop:
                rows[index, row] = block[step - first]

    contributions_many(runs, keep)
    return list(zip(rows, gaps, strict=True))
