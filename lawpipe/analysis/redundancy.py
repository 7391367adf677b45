"""Whether a policy drops redundant examples: planted copies and linear combinations (arXiv 2402.17759, property 4.3).

The paper says of the perceptron that among linearly dependent inputs at least one gets weight 0. With groups of
examples that are known to be dependent this can be counted, and compared with groups of unrelated examples.

A caution about exact copies: they have the same gradient at every step, so training depends only on the sum of their
weights. Every division of that sum gives the same run, and which one a policy has is the choice of the search, not a
property of the optimum. A search that starts from equal weights and treats equal examples equally never tells copies
apart: it drops both or neither.
"""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from lawpipe.analysis.zero_weights import Share, share

#: Kind to groups of rows (example numbers) that depend on each other.
Groups = Mapping[str, Sequence[tuple[int, ...]]]

COPIES, COMBINATIONS = "copies", "combinations"


def groups(made_of: Sequence[Sequence[int]]) -> dict[str, list[tuple[int, ...]]]:
    """Return the planted groups: a copy with its original, a combination with its two parts.

    `made_of` holds for each example the rows that it was made of: none, one or two.
    """
    planted: dict[str, list[tuple[int, ...]]] = {}
    for row, sources in enumerate(made_of):
        if len(sources):
            kind = COPIES if len(sources) == 1 else COMBINATIONS
            planted.setdefault(kind, []).append((*(int(source) for source in sources), row))
    return planted


def controls(planted: Groups, examples: int) -> dict[str, list[tuple[int, ...]]]:
    """Return as many groups of the same sizes, of examples in no planted group, while there are such examples."""
    dependent = {row for members in planted.values() for group in members for row in group}
    unrelated = iter([row for row in range(examples) if row not in dependent])
    result = {}
    for kind, members in planted.items():
        drawn = [tuple(itertools.islice(unrelated, len(group))) for group in members]
        result[kind] = [group for group, original in zip(drawn, members, strict=True) if len(group) == len(original)]
    return result


def of_groups(weights: npt.NDArray[np.floating], members: Sequence[tuple[int, ...]]) -> dict[str, Share]:
    """Return two measures of the pairs (t, group) with any weight, by their names.

    `one_dropped` is the share of these pairs in which at least one member has weight 0. `largest_share` is the
    largest member's share of its group's weight, averaged over these pairs: 1 / (size of the group) if the weight is
    divided equally, 1 if a single member has all of it.

    `weights` are those at the S steps before convergence, [S, N], and `members` are groups of one size.
    """
    if not members:
        return dict.fromkeys(("one_dropped", "largest_share"), Share(None, 0))
    grouped = weights[:, np.array(members)].astype(np.float64)
    total = grouped.sum(axis=2)
    active = total > 0
    count = int(active.sum())
    largest = float((grouped.max(axis=2)[active] / total[active]).mean()) if count else None
    return {
        "one_dropped": share(np.any(grouped == 0, axis=2), among=active),
        "largest_share": Share(largest, count),
    }
