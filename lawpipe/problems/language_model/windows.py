"""Windows of L + 1 tokens, the examples of a language model, cut from the stories of a corpus."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lawpipe.data.specials import PAD
from lawpipe.run import random
from lawpipe.run.errors import InputError

#: The splits other than `train`. In this order, each takes every third story from the back of the shuffled corpus.
EVALUATION = ("desired", "test", "validation")

Tokens = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Windows:
    """One split: `tokens` int32 [N, L + 1] padded at the end, `perturbed` bool [N], `story` int64 [N] (its row)."""

    tokens: Tokens
    perturbed: npt.NDArray[np.bool_]
    story: npt.NDArray[np.int64]

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Return the columns of the table `token_examples`."""
        return {"tokens": self.tokens, "perturbed": self.perturbed, "story": self.story}


def make(
    stories: Sequence[Tokens],
    rows: npt.NDArray[np.int64],
    settings: Mapping[str, Any],
    seed: int,
    splits: Sequence[str],
    originals: npt.NDArray[np.int64] | None = None,
) -> dict[str, Windows]:
    """Cut the windows of every split of one seed from tokenised stories, without perturbation.

    A window is L + 1 consecutive tokens of one story: L inputs, each followed by its target. Windows of a story do
    not overlap. The last window of a story is padded, and used only if at least a fraction `minimum_fill` of it (and
    at least 2) are tokens.

    The stories are shuffled by a substream of the seed, and no story serves two splits. Training takes stories from
    the front, the other splits take them in turn from the back. As long as there are stories for N and three times
    the largest other split, the size of one split does not affect another, and a larger split begins with the smaller
    one. A split uses one window per story. If there are too few stories for that, they are divided in proportion to
    the sizes of the splits, and each split takes second windows after all first ones, and so on.

    Near-copies count as one story: their windows are further windows of the first of them.

    `rows` are the rows of the stories in the corpus, and `settings` is the `data` block, with `length` (L),
    `minimum_fill` and {split}_examples. `originals` is the first near-copy of each story, None if there are no
    near-copies. Raises InputError if there are too few windows.
    """
    width = settings["length"] + 1
    fewest = max(2, math.ceil(settings["minimum_fill"] * width))
    lengths = np.asarray([len(story) for story in stories], dtype=np.int64)
    own = lengths // width + (lengths % width >= fewest)
    copies = [[story] for story in range(len(stories))] if originals is None else _copies(originals)
    capacity = np.asarray([own[members].sum() for members in copies], dtype=np.int64)
    order = random.generator(seed, "stories").permutation(len(stories))
    order = order[capacity[order] > 0]
    wanted = {split: int(settings[f"{split}_examples"]) for split in splits}
    taken = _share_out(order, capacity, wanted)
    if any(capacity[taken[split]].sum() < count for split, count in wanted.items()):
        sizes = ", ".join(f"{count} {split}" for split, count in wanted.items())
        raise InputError(
            f"the corpus gives {capacity.sum()} windows of {width} tokens from {len(order)} stories long enough, too "
            f"few for {sizes} examples without a story in two splits: take a larger corpus (corpus.stories), "
            "fewer examples or a smaller data.length."
        )
    return {
        split: _cut(stories, rows, [copies[story] for story in taken[split]], own, width, count)
        for split, count in wanted.items()
    }


def _copies(originals: npt.NDArray[np.int64]) -> list[list[int]]:
    """Return for each story the stories whose first near-copy it is; none for a near-copy of an earlier story."""
    copies: list[list[int]] = [[] for _ in originals]
    for story, original in enumerate(originals):
        copies[original].append(story)
    return copies


def _share_out(
    order: npt.NDArray[np.int64], capacity: npt.NDArray[np.int64], wanted: Mapping[str, int]
) -> dict[str, npt.NDArray[np.int64]]:
    """Return the stories of each split: one per window if there are enough, otherwise in proportion to its size."""
    total = sum(wanted.values())
    plenty = len(order) >= total
    others = [split for split in EVALUATION if wanted.get(split)]
    taken: dict[str, list[int]] = {}
    for split in others:
        quota = wanted[split] if plenty else max(1, len(order) * wanted[split] // total)
        taken[split] = order[::-1][EVALUATION.index(split) :: len(EVALUATION)][:quota].tolist()
    gone = {story for stories in taken.values() for story in stories}
    left = [story for story in order.tolist() if story not in gone]
    for split in others:
        room = int(capacity[taken[split]].sum())
        while room < wanted[split] and left:
            taken[split].append(left.pop())
            room += int(capacity[taken[split][-1]])
    taken["train"] = left[: wanted.get("train", 0)]
    return {split: np.asarray(taken.get(split, []), dtype=np.int64) for split in wanted}


def _cut(
    stories: Sequence[Tokens],
    rows: npt.NDArray[np.int64],
    taken: Sequence[Sequence[int]],
    capacity: npt.NDArray[np.int64],
    width: int,
    count: int,
) -> Windows:
    """Cut `count` windows: the first of every group of near-copies, then the second of those that have one, and so
    on.
    """
    tokens = np.full((count, width), PAD, dtype=np.int32)
    windows = [[(story, index) for story in copies for index in range(capacity[story])] for copies in taken]
    # A stable sort keeps the order of the stories within each round.
    rounds = [number for group in windows for number in range(len(group))]
    flat = [window for group in windows for window in group]
    chosen = [flat[index] for index in np.argsort(rounds, kind="stable")[:count]]
    for row, (story, index) in enumerate(chosen):
        window = stories[story][index * width : (index + 1) * width]
        tokens[row, : len(window)] = window
    story_rows = rows[np.asarray([story for story, _ in chosen], dtype=np.int64)]
    return Windows(tokens, np.zeros(count, dtype=np.bool_), story_rows)
