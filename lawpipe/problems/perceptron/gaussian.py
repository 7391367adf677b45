"""The Gaussian teacher-student data of the perceptron experiment (arXiv 2402.17759, section 4.1)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from lawpipe.problems.perceptron.labelled import Examples
from lawpipe.run import random


def draw(settings: Mapping[str, Any], seed: int, splits: tuple[str, ...]) -> dict[str, Examples]:
    """Draw every split of one seed.

    The teacher is T ~ N(0, sqrt(D) I) [D], a label is 1 where T . z > 0 and else 0. Training features are
    z ~ N(0, train_variance I), those of all other splits z ~ N(desired_mean 1, desired_variance I). Of the
    training labels, exactly round(flip_fraction x N) are flipped; the other splits stay clean. (The scale of
    the teacher does not change a label.)

    The last rows of the training examples are redundant if the settings ask for it: `duplicates` exact copies, then
    `dependent` sums of two others over sqrt(2), which keeps their variance, with the teacher's label. No example is
    the source of two.

    `settings` is the experiment's `data` block: dimension, {split}_examples, train_variance, desired_mean,
    desired_variance, flip_fraction, duplicates, dependent. Teacher, features of each split, flips and the sources of
    what is planted have a random substream each.
    """
    dimension = settings["dimension"]
    scale = dimension**0.25  # the paper's sqrt(D) is read as a variance, like the 3 in N(0, 3I)
    teacher = random.generator(seed, "teacher").standard_normal(dimension) * scale
    result = {}
    for split in splits:
        count = settings[f"{split}_examples"]
        noise = random.generator(seed, "features", split).standard_normal((count, dimension))
        if split == "train":
            features = noise * np.sqrt(settings["train_variance"])
        else:
            features = settings["desired_mean"] + noise * np.sqrt(settings["desired_variance"])
        features = features.astype(np.float32)
        made_of = _sources(settings, seed) if split == "train" else None
        for row, rows in enumerate(made_of or ()):
            if rows:
                features[row] = features[list(rows)].sum(axis=0) / np.sqrt(np.float32(len(rows)))
        # Labels belong to the features as stored, so they are computed from the rounded ones.
        label = (features @ teacher > 0).astype(np.int8)
        flipped = np.zeros(count, dtype=bool)
        if split == "train":
            flipped[_flips(settings["flip_fraction"], count, seed)] = True
        result[split] = Examples(features, np.where(flipped, 1 - label, label).astype(np.int8), flipped, made_of)
    return result


def _sources(settings: Mapping[str, Any], seed: int) -> tuple[tuple[int, ...], ...] | None:
    """Choose the rows that each training example is made of: none, one or two; None if nothing is planted."""
    copies, sums, count = settings["duplicates"], settings["dependent"], settings["train_examples"]
    if not copies + sums:
        return None
    drawn = count - copies - sums
    chosen = [int(row) for row in random.generator(seed, "planted").permutation(drawn)[: copies + 2 * sums]]
    singles = [(row,) for row in chosen[:copies]]
    pairs = list(zip(chosen[copies::2], chosen[copies + 1 :: 2], strict=True))
    return (*[()] * drawn, *singles, *pairs)


def _flips(fraction: float, count: int, seed: int) -> npt.NDArray[np.int64]:
    """Choose which training labels are flipped: the first entries of one permutation.

    A larger fraction flips the same examples and more, so experiments that differ in it are nested.
    """
    return random.generator(seed, "flips").permutation(count)[: round(fraction * count)]
