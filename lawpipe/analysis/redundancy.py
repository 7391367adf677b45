"""Whether a policy drops redundant examples: planted copies and linear combinations (arXiv 2402.17759, property 4.3).

The paper says of the perceptron that among linearly dependent inputs at least one gets weight 0. With groups of
examples known to be dependent this can be counted, and compared with groups of unrelated examples.

Of exact copies a word of warning: they have the same gradient at every step, so training sees the sum of their
weights alone. Any division of it gives the same run; which one a policy has is the search's choice and not the
optimum's. A search that starts from equal weights and treats equal examples equally never tells copies apart: it
drops both or neither.
"""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from lawpipe.analysis.zero_weights import Share

#: Groups of rows that are dependent, by what they are.
Groups = Mapping[str, Sequence[tuple[int, ...]]]

COPIES, COMBINATIONS = "copies", "combinations"


def groups(made_of: Sequence[Sequence[int]]) -> dict[str, list[tuple[int, ...]]]:
    """Return the planted groups: a copy with its original, a combination with its two parts.

    Args:
        made_of: for each example the rows it was made of: none, one, or two.
    """
    found: dict[str, list[tuple[int, ...]]] = {}
    for row, sources in enumerate(made_of):
        if len(sources):
            kind = COPIES if len(sources) == 1 else COMBINATIONS
            found.setdefault(kind, []).append((*(int(source) for source in sources), row))
    return found


def controls(planted: Groups, examples: int) -> dict[str, list[tuple[int, ...]]]:
    """Return as many groups of the same sizes of examples in no planted group, as far as these go round.

    Args:
        planted: the groups.
        examples: N.
    """
    taken = {row for members in planted.values() for group in members for row in group}
    free = iter([row for row in range(examples) if row not in taken])
    found: dict[str, list[tuple[int, ...]]] = {}
    for kind, members in planted.items():
        made = [tuple(itertools.islice(free, len(group))) for group in members]
        found[kind] = [group for group, model in zip(made, members, strict=True) if len(group) == len(model)]
    return found


def one_dropped(weights: npt.NDArray[np.floating], members: Sequence[tuple[int, ...]]) -> Share:
    """Return the share of (t, group) with any weight in which at least one member has weight 0.

    Args:
        weights: [S, N], at the steps before convergence.
        members: groups of one size.

    Returns:
        The share and how many (t, group) have any weight; no value if none has.
    """
    if not members:
        return Share(None, 0)
    chosen = weights[:, np.array(members)]
    active = (chosen > 0).any(axis=2)
    dropped = (chosen == 0).any(axis=2) & active
    count = int(active.sum())
    return Share(int(dropped.sum()) / count if count else None, count)


def largest_share(weights: npt.NDArray[np.floating], members: Sequence[tuple[int, ...]]) -> Share:
    """Return the largest member's share of its group's weight, averaged over the (t, group) with any weight.

    1 / (size of the group) if the weight is shared equally, 1 if a single member has it all.

    Args:
        weights: [S, N].
        members: groups of one size.
    """
    if not members:
        return Share(None, 0)
    chosen = weights[:, np.array(members)].astype(np.float64)
    whole = chosen.sum(axis=2)
    active = whole > 0
    count = int(active.sum())
    return Share(float((chosen.max(axis=2)[active] / whole[active]).mean()) if count else None, count)
