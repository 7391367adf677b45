"""Windows: the sequences of L + 1 tokens that a language model trains on and is measured on, cut from stories."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lawpipe.data.specials import PAD
from lawpipe.run import random
from lawpipe.run.errors import InputError

#: The splits beside `train`. Each takes every third story from the back of the shuffled corpus, in this order.
EVALUATION = ("desired", "test", "validation")

Tokens = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Windows:
    """One split: `tokens` int32 [N, L + 1], pads at the end; `perturbed` bool [N]; `story` int64 [N], its row."""

    tokens: Tokens
    perturbed: npt.NDArray[np.bool_]
    story: npt.NDArray[np.int64]

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Return the columns of the artifact table of token examples."""
        return {"tokens": self.tokens, "perturbed": self.perturbed, "story": self.story}


def make(
    stories: Sequence[Tokens],
    rows: npt.NDArray[np.int64],
    settings: Mapping[str, Any],
    seed: int,
    splits: Sequence[str],
) -> dict[str, Windows]:
    """Cut the windows of every split of one seed from tokenised stories; none is perturbed yet.

    A window is L + 1 tokens of one story (L to read, each followed by one to predict), the first from its beginning
    and the next where that ends, so that no token serves twice. A story's last window is padded; it counts if at
    least `minimum_fill` of it (and never fewer than 2) are tokens, so a story too short for that gives none.

    The stories are shuffled by a substream of the seed, and each serves one split at most. Training takes from the
    front, the others from the back in turn: while there are stories for N and three times the largest other split,
    changing the size of one split changes no other, and a larger split begins with the smaller. A split has one
    window a story; only if the stories are too few for that are they shared out by the sizes of the splits, and
    each split then takes second windows after all first ones, and so on.

    `settings` is the `data` block: `length` (L), `minimum_fill` and {split}_examples; `rows` [stories] says which
    row of the corpus a story is.

    Raises InputError if there are too few windows, saying how many there are.
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
    """Give every split its stories: one for each window if there are enough, else by its share of the windows."""
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
    # Stable: within one round the stories keep their order.
    rounds = np.concatenate([np.arange(windows) for windows in capacity[taken]] or [np.zeros(0, dtype=np.int64)])
    chosen = np.argsort(rounds, kind="stable")[:count]
    story = np.repeat(taken, capacity[taken])[chosen]
    for row, (place, start) in enumerate(zip(story, rounds[chosen] * width, strict=True)):
        window = stories[place][start : start + width]
        tokens[row, : len(window)] = window
    return Windows(tokens, np.zeros(count, dtype=np.bool_), rows[story])
