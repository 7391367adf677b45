"""The reverse half of the engine: the derivative of the objective with respect to every weight.

For J = (1/T) sum_{t=1..T} L(theta[t]) and theta[t+1] = theta[t] - eta[t] sum_n gamma[t,n] grad l_n(theta[t]),
one sweep back over the run gives (arXiv 2402.17759, appendix C, written with the adjoint)

    adjoint[T] = grad L(theta[T]) / T
    dJ/dgamma[t,n] = -eta[t] <adjoint[t+1], grad l_n(theta[t])>
    adjoint[t] = grad L(theta[t]) / T + adjoint[t+1] - eta[t] Hess_gamma(theta[t]) adjoint[t+1]
"""

from collections.abc import Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from lawpipe.engine.trajectory import Trajectory
from lawpipe.problems.base import Problem, mapped


def contributions(trajectory: Trajectory, against: str = "desired") -> Iterator[tuple[int, Tensor]]:
    """Yield blocks of the adjoint contributions <adjoint[t+1], grad l_n(theta[t])>, last steps first.

    Each item is a first step and a block [B, N] for the steps from there on, valid until the next item.
    `against` names the reference set whose mean loss J averages.
    """
    problem, steps = trajectory.problem, trajectory.steps
    source = partial(_source, problem, steps, against)
    adjoint = source(trajectory.last.unsqueeze(0))[0]
    for start, thetas in trajectory.segments(backwards=True):
        part = slice(start, start + len(thetas))
        sweep = problem.backward(thetas, trajectory.weights[part], trajectory.learning_rates[part], adjoint, source)
        adjoint = yield from mapped(sweep, partial(_later, start))
        # Else this segment would still be held while the next is recomputed.
        del thetas, sweep


def contributions_many(runs: Sequence[tuple[Trajectory, str]]) -> Iterator[tuple[int, Tensor]]:
    """Yield blocks [S, B, N] of the adjoint contributions of S runs, each against its own reference set, together.

    As `contributions` for each, up to rounding. The runs are of one problem and have the same number of
    steps; their parameters are kept whole.
    """
    problem, steps = runs[0][0].problem, runs[0][0].steps
    sources = [partial(_source, problem, steps, against) for _, against in runs]
    ends = zip(runs, sources, strict=True)
    adjoints = torch.stack([source(run.last.unsqueeze(0))[0] for (run, _), source in ends])
    thetas = torch.stack([run.kept[:-1] for run, _ in runs])
    weights, rates = ([getattr(run, name) for run, _ in runs] for name in ("weights", "learning_rates"))
    yield from problem.backward_many(thetas, weights, rates, adjoints, sources)


def _source(problem: Problem, steps: int, against: str, thetas: Tensor) -> Tensor:
    """Return the derivative of J's own term at some parameters, [B, P]."""
    return problem.reference_gradients(against, thetas) / steps


def _later(start: int, step: int, block: Tensor) -> tuple[int, Tensor]:
    """Count the steps of a sweep from `start`."""
    return start + step, block


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
    """Return each step's share of the gap, float64 [..., B], of weights and gradients [..., B, N]."""
    # Differences first: the mean and the minimum of a row nearly agree at the end of a good search.
    excess = gradient - gradient.amin(dim=-1, keepdim=True)
    return excess.mul_(weights).sum(dim=-1, dtype=torch.float64)


def sample(runs: Sequence[tuple[Trajectory, str]], steps: Sequence[int]) -> list[tuple[Tensor, float]]:
    """Return, for each run and reference set, the adjoint contributions at some steps, [S, N], and the whole gap.

    One sweep of all runs together if their parameters are kept whole, else one after the other; without room
    for the gradient of all steps. `steps` rise.
    """
    if len(runs) > 1 and not all(run.whole for run, _ in runs):
        return [found for run in runs for found in sample([run], steps)]
    policies = [run.weights for run, _ in runs]
    shape = (len(runs), len(steps), policies[0].shape[1])
    result = torch.empty(shape, dtype=policies[0].dtype)
    rates = torch.tensor([run.learning_rates for run, _ in runs], dtype=torch.float64, device=policies[0].device)
    gaps = torch.zeros(len(runs), dtype=torch.float64)
    blocks = (
        contributions_many(runs)
        if len(runs) > 1
        else ((start, block.unsqueeze(0)) for start, block in contributions(*runs[0]))
    )
    for start, block in blocks:
        stop = start + block.shape[1]
        weights = torch.stack([policy[start:stop] for policy in policies])
        gaps += (_gap_of_steps(weights, -block) * rates[:, start:stop]).sum(dim=1).cpu()
        for place, step in enumerate(steps):
            if start <= step < stop:
                result[:, place] = block[:, step - start]
    return list(zip(result, gaps.tolist(), strict=True))
