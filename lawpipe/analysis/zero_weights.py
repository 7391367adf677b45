"""Which examples a policy leaves out: the three properties of zero weights (arXiv 2402.17759)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: An example with a loss below this, in nats, counts as perfectly learned.
LEARNED_LOSS = 1e-6
#: A weight below this share of the largest of its step counts as ignored.
IGNORED_WEIGHT = 0.2
#: Training counts as converged once this share of the fall of the loss has happened.
CONVERGED = 0.95


@dataclass(frozen=True)
class Share:
    """A share and its denominator."""

    #: Between 0 and 1; None where nothing was counted.
    value: float | None
    #: How many pairs (step, example) the share is of.
    count: int


def convergence_step(losses: npt.ArrayLike) -> int | None:
    """Return the first step at which 95 % of the fall of the loss has happened.

    The fall is from L[0] to the curve's minimum: for a curve that falls throughout that is its end, and for
    one that turns up again it is all the fall there was.

    Args:
        losses: L[0..T], nats.

    Returns:
        t, or None for a curve that never falls below L[0] or starts without a finite value.
    """
    loss = np.asarray(losses, dtype=np.float64)
    finite = loss[np.isfinite(loss)]
    if not loss.size or not np.isfinite(loss[0]) or finite.min() >= loss[0]:
        return None
    fall = loss[0] - finite.min()
    return int(np.flatnonzero(loss <= loss[0] - CONVERGED * fall)[0])


def before_convergence(steps: npt.ArrayLike, losses: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Tell which steps lie before the convergence of a curve: t < `convergence_step`.

    Args:
        steps: the steps asked about, any shape.
        losses: L[0..T] of the policy itself, nats.

    Returns:
        A mask of the shape of `steps`; False throughout for a curve that never falls.
    """
    end = convergence_step(losses)
    return np.asarray(steps) < (0 if end is None else end)


def noncontributive_excluded(weights: npt.ArrayLike, contributions: npt.ArrayLike) -> Share:
    """Return the share of (t, n) with a contribution of 0 or less that have weight 0 (property 4.1).

    Args:
        weights: [S, N], weights of the steps before convergence.
        contributions: [S, N] at the same steps.
    """
    return _share_of_zeros(weights, np.asarray(contributions) <= 0)


def redundant_dropped(weights: npt.ArrayLike, contributions: npt.ArrayLike) -> Share:
    """Return the share of (t, n) with a contribution above 0 that have weight 0 all the same (property 4.3).

    Args:
        weights: [S, N], weights of the steps before convergence.
        contributions: [S, N] at the same steps.
    """
    return _share_of_zeros(weights, np.asarray(contributions) > 0)


def learned_ignored(weights: npt.ArrayLike, losses: npt.ArrayLike) -> Share:
    """Return the share of (t, n) with loss < 1e-6 whose weight is below 0.2 max_n weights[t] (property 4.2).

    Args:
        weights: [S, N], weights of the steps before convergence, all N examples (the largest is of them all).
        losses: [S, N], the loss of each training example at the same steps, nats.
    """
    weight = np.asarray(weights)
    learned = np.asarray(losses) < LEARNED_LOSS
    ignored = weight < IGNORED_WEIGHT * weight.max(axis=1, keepdims=True, initial=0)
    return _share(learned & ignored, learned)


def _share_of_zeros(weights: npt.ArrayLike, among: npt.NDArray[np.bool_]) -> Share:
    """Return the share of the pairs in `among` that have weight 0 exactly."""
    return _share(among & (np.asarray(weights) == 0), among)


def _share(chosen: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> Share:
    """Count."""
    count = int(among.sum())
    return Share(int(chosen.sum()) / count if count else None, count)
