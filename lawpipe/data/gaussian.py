"""The Gaussian teacher-student data of the perceptron experiment (arXiv 2402.17759, section 4.1)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from lawpipe import seeds
from lawpipe.data.examples import Examples


def draw(settings: Mapping[str, Any], seed: int, splits: tuple[str, ...]) -> dict[str, Examples]:
    """Draw every split of one seed.

    The teacher is T ~ N(0, sqrt(D) I) [D], a label is 1 where T . z > 0 and else 0. Training features are
    z ~ N(0, train_variance I), those of all other splits z ~ N(desired_mean 1, desired_variance I). Of the
    training labels, exactly round(flip_fraction x N) are flipped; the other splits stay clean. (The scale of
    the teacher does not change a label.)

    `settings` is the experiment's `data` block: dimension, {split}_examples, train_variance, desired_mean,
    desired_variance, flip_fraction. Teacher, features of each split and flips have a random substream each.
    """
    dimension = settings["dimension"]
    scale = dimension**0.25  # the paper's sqrt(D) is read as a variance, like the 3 in N(0, 3I)
    teacher = seeds.generator(seed, "teacher").standard_normal(dimension) * scale
    result = {}
    for split in splits:
        count = settings[f"{split}_examples"]
        noise = seeds.generator(seed, "features", split).standard_normal((count, dimension))
        if split == "train":
            features = noise * np.sqrt(settings["train_variance"])
        else:
            features = settings["desired_mean"] + noise * np.sqrt(settings["desired_variance"])
        # Labels belong to the features as stored, so they are computed from the rounded ones.
        features = features.astype(np.float32)
        label = (features @ teacher > 0).astype(np.int8)
        flipped = np.zeros(count, dtype=bool)
        if split == "train":
            flipped[_flips(settings["flip_fraction"], count, seed)] = True
        result[split] = Examples(features, np.where(flipped, 1 - label, label).astype(np.int8), flipped)
    return result


def _flips(fraction: float, count: int, seed: int) -> npt.NDArray[np.int64]:
    """Choose which training labels are flipped: the first entries of one permutation.

    A larger fraction flips the same examples and more, so experiments that differ in it are nested.
    """
    return seeds.generator(seed, "flips").permutation(count)[: round(fraction * count)]
