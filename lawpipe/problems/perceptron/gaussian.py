"""Gaussian teacher-student data of the perceptron experiment (arXiv 2402.17759, section 4.1)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from lawpipe.problems.perceptron.labelled import Examples
from lawpipe.run import random


def draw(settings: Mapping[str, Any], seed: int, splits: tuple[str, ...]) -> dict[str, Examples]:
    """Draw every split of one seed.

        teacher ~ N(0, sqrt(D) I), [D]
        z ~ N(0, train_variance I) for training examples, N(desired_mean 1, desired_variance I) for all others
        label = 1 if teacher . z > 0, else 0

    Exactly round(flip_fraction N) training labels are flipped, those that `flip_by` says; the other splits are clean.
    The last rows of the training examples are redundant: `duplicates` exact copies of other examples, then
    `dependent` sums of two others divided by sqrt(2), which preserves the variance, with the teacher's label. No
    example is a source of two.

    `settings` is the `data` block. Teacher, features of each split, flips and sources have a random substream each.
    """
    dimension = settings["dimension"]
    # The paper's sqrt(D) is read as a variance, like the 3 in N(0, 3I); no label depends on it.
    scale = dimension**0.25
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
        # Labels are computed from the features as stored, in float32.
        output = features @ teacher
        label = (output > 0).astype(np.int8)
        flipped = np.zeros(count, dtype=bool)
        if split == "train":
            flipped[_flips(settings, output, seed)] = True
        result[split] = Examples(features, np.where(flipped, 1 - label, label).astype(np.int8), flipped, made_of)
    return result


def _sources(settings: Mapping[str, Any], seed: int) -> tuple[tuple[int, ...], ...] | None:
    """Draw the source rows of each training example: none, one or two; None if there are no redundant examples."""
    copies, sums, count = settings["duplicates"], settings["dependent"], settings["train_examples"]
    if not copies + sums:
        return None
    drawn = count - copies - sums
    chosen = [int(row) for row in random.generator(seed, "planted").permutation(drawn)[: copies + 2 * sums]]
    singles = [(row,) for row in chosen[:copies]]
    pairs = list(zip(chosen[copies::2], chosen[copies + 1 :: 2], strict=True))
    return (*[()] * drawn, *singles, *pairs)


def _flips(settings: Mapping[str, Any], output: npt.NDArray[np.floating[Any]], seed: int) -> npt.NDArray[np.int64]:
    """Return the training rows whose labels are flipped, by the teacher's output for each row.

    They are the first entries of a permutation, which is sorted by class or by the distance to the boundary unless
    flips are by chance. The flips of a smaller fraction are a subset of those of a larger one.
    """
    rows = random.generator(seed, "flips").permutation(len(output))
    last = {"class": output <= 0, "nearest": abs(output), "farthest": -abs(output)}.get(settings["flip_by"])
    if last is not None:
        rows = rows[np.argsort(last[rows], kind="stable")]
    return rows[: round(settings["flip_fraction"] * len(output))]
