"""Which examples a policy leaves out: the three properties of zero weights (arXiv 2402.17759, section 4.3)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: An example with a loss below this, in nats, counts as perfectly learned.
LEARNED_LOSS = 1e-6
#: A weight below this share of the largest weight of its step counts as ignored.
IGNORED_WEIGHT = 0.2
#: Training counts as converged once this share of the fall of the loss has happened.
CONVERGED = 0.95


@dataclass(frozen=True)
class Share:
    """A share of pairs (step, example), and how many pairs it is a share of."""

    #: Between 0 and 1; None if there are no pairs.
    value: float | None
    count: int


def share(chosen: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> Share:
    """Return the share of the pairs in `among` that are also in `chosen`."""
    count = int(among.sum())
    return Share(int((chosen & among).sum()) / count if count else None, count)


def convergence_step(losses: npt.ArrayLike) -> int | None:
    """Return the first step at which 95 % of the fall of the loss, from L[0] to the curve's minimum, has happened.

    None for a curve that never falls below L[0], or whose L[0] is not finite.
    """
    loss = np.asarray(losses, dtype=np.float64)
    finite = loss[np.isfinite(loss)]
    if not loss.size or not np.isfinite(loss[0]) or finite.min() >= loss[0]:
        return None
    fall = loss[0] - finite.min()
    return int(np.flatnonzero(loss <= loss[0] - CONVERGED * fall)[0])


def of_contributions(weights: npt.ArrayLike, contributions: npt.ArrayLike) -> dict[str, Share]:
    """Return the share of the pairs (t, n) that have weight 0, by property.

    `noncontributive_excluded` (property 4.1) is the share of the pairs with a contribution of 0 or less,
    `redundant_dropped` (property 4.3) that of the pairs with a contribution above 0.

    Weights and contributions are those at the S steps before convergence, [S, N].
    """
    zero, contribution = np.asarray(weights) == 0, np.asarray(contributions)
    return {
        "noncontributive_excluded": share(zero, among=contribution <= 0),
        "redundant_dropped": share(zero, among=contribution > 0),
    }


def learned_ignored(weights: npt.ArrayLike, losses: npt.ArrayLike) -> Share:
    """Return the share of the pairs (t, n) with loss < 1e-6 nats and weight < 0.2 max_n weights[t, n] (property 4.2).

    The share is of the pairs with such a loss. Weights and losses are those of all N training examples at the S steps
    before convergence, [S, N].
    """
    weight = np.asarray(weights)
    ignored = weight < IGNORED_WEIGHT * weight.max(axis=1, keepdims=True, initial=0)
    return share(ignored, among=np.asarray(losses) < LEARNED_LOSS)


def effective_examples(
    weights: npt.NDArray[np.floating], total: npt.NDArray[np.float64] | float = 1.0
) -> npt.NDArray[np.float64]:
    """Return the effective number of examples at each step, ``total^2 / sum_n weights[t, n]^2``, between 1 and N.

    `total` is what the weights of a step sum to, [T]. The number is 0 where no example has weight.
    """
    squares = np.einsum("tn,tn->t", weights, weights, dtype=np.float64)
    return np.asarray(np.divide(np.square(total), squares, out=np.zeros_like(squares), where=squares > 0))


def active_fraction(weights: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the fraction of the examples whose weight is above 0 exactly, at each step of weights [T, N]."""
    return np.asarray((weights > 0).mean(axis=1, dtype=np.float64))
