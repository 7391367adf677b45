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

    `rows` are the rows of the stories in the corpus, and `settings` is the `data` block, with `length` (L),
    `minimum_fill` and {split}_examples. Raises InputError if there are too few windows.
    """
    width = settings["length"] + 1
    fewest = max(2, math.ceil(settings["minimum_fill"] * width))
    lengths = np.asarray([len(story) for story in stories], dtype=np.int64)
    capacity = lengths // width + (lengths % width >= fewest)
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
    return {split: _cut(stories, rows, taken[split], capacity, width, count) for split, count in wanted.items()}


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
    taken: npt.NDArray[np.int64],
    capacity: npt.NDArray[np.int64],
    width: int,
    count: int,
) -> Windows:
    """Cut `count` windows: the first of every story, then the second of those that have one, and so on."""
    tokens = np.full((count, width), PAD, dtype=np.int32)
    # A stable sort keeps the order of the stories within each round.
    rounds = np.concatenate([np.arange(windows) for windows in capacity[taken]] or [np.zeros(0, dtype=np.int64)])
    chosen = np.argsort(rounds, kind="stable")[:count]
    story = np.repeat(taken, capacity[taken])[chosen]
    for row, (place, start) in enumerate(zip(story, rounds[chosen] * width, strict=True)):
        window = stories[place][start : start + width]
        tokens[row, : len(window)] = window
    return Windows(tokens, np.zeros(count, dtype=np.bool_), rows[story])
