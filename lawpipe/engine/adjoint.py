"""Gradient of the objective with respect to every weight of a policy, by the adjoint method.

Training is theta[t+1] = theta[t] - eta[t] sum_n gamma[t,n] grad l_n(theta[t]) for t = 0..T-1, and the objective is
J = (1/T) sum_{t=1..T} L(theta[t]) with L the mean loss on a reference set. One backward pass over the run gives

    adjoint[T] = grad L(theta[T]) / T
    dJ/dgamma[t,n] = -eta[t] <adjoint[t+1], grad l_n(theta[t])>
    adjoint[t] = grad L(theta[t]) / T + adjoint[t+1] - eta[t] Hess_gamma(theta[t]) adjoint[t+1]

where adjoint[t] = dJ/dtheta[t] and Hess_gamma = sum_n gamma[t,n] Hess l_n (arXiv 2402.17759, appendix C, in adjoint
form). The inner products <adjoint[t+1], grad l_n(theta[t])> are called the adjoint contributions.
"""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lawpipe.engine.trajectory import Curve, Trajectory
from lawpipe.problems.base import OnBlock, OnBlockOfRun, TermGradients


class Growth:
    """How much larger a run's adjoint is than the terms that it sums, at some t = 1..T.

        growth[t] = |adjoint[t]| / sum_{s=t..T} |grad L(theta[s]) / T|

    adjoint[t] is the sum of these terms, each multiplied by the matrices I - eta Hess_gamma of the steps from t to s.
    If no step stretches a vector (all eigenvalues of eta Hess_gamma are from 0 to 2), the growth is at most 1. Beyond
    that edge the adjoint grows exponentially as it goes back, and so does the growth.
    """

    def __init__(self, at: Sequence[int]) -> None:
        """Measure at the given t."""
        self.at = at
        self._terms: Tensor | float = 0.0
        self._norms: dict[int, tuple[Tensor, Tensor | float]] = {}

    def watch(self, term_gradients: TermGradients) -> TermGradients:
        """Return the function with its results' norms added to the sum."""

        def watched(thetas: Tensor) -> Tensor:
            gradients = term_gradients(thetas)
            # Stays on the device: a step of the backward pass must not wait for it.
            self._terms = self._terms + torch.linalg.vector_norm(gradients, dim=1).sum(dtype=torch.float64)
            return gradients

        return watched

    def note(self, t: int, adjoint: Tensor) -> None:
        """Note adjoint[t], [P], if t is one of those asked for; all terms from t on have been summed."""
        if t in self.at:
            self._norms[t] = (torch.linalg.vector_norm(adjoint, dtype=torch.float64), self._terms)

    @property
    def norms(self) -> npt.NDArray[np.float64]:
        """|adjoint[t]| at the given t."""
        return np.array([float(self._norms[t][0]) for t in self.at])

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """growth[t] at the given t; NaN where all terms are 0."""
        terms = np.array([float(self._norms[t][1]) for t in self.at])
        return np.asarray(np.divide(self.norms, terms, out=np.full_like(terms, np.nan), where=terms != 0))


def contributions(
    trajectory: Trajectory, on_block: OnBlock, against: str = "desired", growth: Growth | None = None
) -> None:
    """Compute the adjoint contributions <adjoint[t+1], grad l_n(theta[t])> of all steps and training examples.

    `on_block(t, block)` is called for blocks [B, N] of the contributions at steps t..t+B-1, last steps first; the
    block is overwritten after the call. `against` is the reference set whose mean loss J averages over the steps.
    `growth` notes the adjoint on the way.
    """
    growth = growth or Growth(())
    term_gradients = growth.watch(_term_gradients(trajectory, against))
    adjoint = term_gradients(trajectory.last.unsqueeze(0))[0]
    growth.note(trajectory.steps, adjoint)
    for first, thetas in trajectory.segments(backwards=True):
        for part in _pieces(first, first + len(thetas), growth.at):

            def shifted(step: int, block: Tensor, first: int = part.start) -> None:
                on_block(first + step, block)

            adjoint = trajectory.problem.backward(
                thetas[part.start - first : part.stop - first],
                trajectory.weights[part],
                trajectory.learning_rates[part],
                adjoint,
                term_gradients,
                shifted,
            )
            growth.note(part.start, adjoint)
        # Frees this segment's parameters before the next segment is recomputed.
        del thetas


def contributions_many(
    runs: Sequence[tuple[Trajectory, str]], on_block: OnBlockOfRun, growths: Sequence[Growth] | None = None
) -> None:
    """Compute the `contributions` of several runs, each against its own reference set.

    The runs are of one problem and have the same number of steps. Runs whose parameters are stored whole go through
    one backward pass together, with equal results up to rounding; otherwise one run follows the other.

    `on_block(s, t, block)` is called for blocks [B, N] of run s at steps t..t+B-1. `growths` are one for each run,
    all at the same t.
    """
    growths = growths or [Growth(()) for _ in runs]
    if len(runs) == 1 or not all(run.whole for run, _ in runs):
        for index, ((run, against), growth) in enumerate(zip(runs, growths, strict=True)):
            contributions(run, partial(on_block, index), against, growth)
        return
    together = list(zip(runs, growths, strict=True))
    term_gradients = [growth.watch(_term_gradients(run, against)) for (run, against), growth in together]
    ends = zip(term_gradients, runs, strict=True)
    adjoints = torch.stack([gradients(run.last.unsqueeze(0))[0] for gradients, (run, _) in ends])
    steps = runs[0][0].steps

    def note(t: int) -> None:
        for growth, adjoint in zip(growths, adjoints, strict=True):
            growth.note(t, adjoint)

    note(steps)
    for part in _pieces(0, steps, growths[0].at):

        def shifted(index: int, step: int, block: Tensor, first: int = part.start) -> None:
            on_block(index, first + step, block)

        adjoints = runs[0][0].problem.backward_many(
            [run.stored[part] for run, _ in runs],
            [run.weights[part] for run, _ in runs],
            [run.learning_rates[part] for run, _ in runs],
            adjoints,
            term_gradients,
            shifted,
        )
        note(part.start)


def _pieces(first: int, stop: int, cuts: Sequence[int]) -> Iterator[slice]:
    """Yield the slices of first..stop-1 between some cuts, the last one first."""
    starts = sorted({first, *(cut for cut in cuts if first < cut < stop)}, reverse=True)
    for start in starts:
        yield slice(start, stop)
        stop = start


def _term_gradients(trajectory: Trajectory, against: str) -> TermGradients:
    """Return the function from parameters [B, P] to the gradients of their terms L(theta) / T of J, [B, P].

    It is called for theta[T] and then for blocks of steps that go back to theta[0]. Gradients that the run has kept
    are taken from there; if losses come with the gradients, the run keeps them as its curve.
    """
    problem, steps = trajectory.problem, trajectory.steps
    kept = trajectory.gradients.get(against)
    losses: list[Curve] = []
    first = steps + 1

    def gradients(thetas: Tensor) -> Tensor:
        nonlocal first
        rows, first = slice(first - len(thetas), first), first - len(thetas)
        if kept is not None:
            return kept[rows] / steps
        values, result = problem.reference_terms(against, thetas)
        if values is not None:
            losses.append(values)
            if first == 0:
                trajectory.curves.setdefault(against, np.concatenate(losses[::-1]))
        return result / steps

    return gradients


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


def sample(
    runs: Sequence[tuple[Trajectory, str]], steps: Sequence[int], growth_at: Sequence[int] = ()
) -> list[tuple[Tensor, float, Growth]]:
    """Return each run's adjoint contributions at the given steps, [S, N], its gap over all steps, and its growth.

    The gradient of all steps is never held in memory. `runs` are as in `contributions_many`; the growth of the
    adjoint is measured at t = `growth_at`. Contributions and gap are those of the training examples, without the
    desired ones that a run may train on too: the gap is that of moving weight among the former.
    """
    growths = [Growth(growth_at) for _ in runs]
    weights, problem = runs[0][0].weights, runs[0][0].problem
    examples = problem.examples - problem.joined
    rows = torch.empty(len(runs), len(steps), examples, dtype=weights.dtype)
    gaps = [0.0] * len(runs)

    def keep(index: int, first: int, block: Tensor) -> None:
        run, _ = runs[index]
        block = block[:, :examples]
        part = slice(first, first + len(block))
        rates = torch.tensor(run.learning_rates[part], dtype=torch.float64, device=block.device)
        gaps[index] += float((_gaps(run.weights[part, :examples], -block) * rates).sum())
        for row, step in enumerate(steps):
            if part.start <= step < part.stop:
                rows[index, row] = block[step - first]

    contributions_many(runs, keep, growths)
    return list(zip(rows, gaps, growths, strict=True))
