"""Teacher-student data: its distributions, its labels, its seeds."""

import numpy as np
import pytest

from lawpipe.problems.perceptron import gaussian
from lawpipe.run import random

SETTINGS = {
    "dimension": 40,
    "train_examples": 3000,
    "desired_examples": 2000,
    "test_examples": 2000,
    "validation_examples": 50,
    "train_variance": 3.0,
    "desired_mean": 0.5,
    "desired_variance": 1.0,
    "flip_fraction": 0.0,
    "flip_by": "chance",
    "duplicates": 0,
    "dependent": 0,
}
SPLITS = ("train", "desired", "test")


def draw(seed=0, splits=SPLITS, **changes):
    return gaussian.draw(SETTINGS | changes, seed, splits)


def test_moments_are_the_papers():
    splits = draw()
    train = splits["train"].features
    assert train.mean() == pytest.approx(0.0, abs=0.02)
    assert train.var() == pytest.approx(3.0, rel=0.02)
    for split in ("desired", "test"):
        assert splits[split].features.mean() == pytest.approx(0.5, abs=0.02)
        assert splits[split].features.var() == pytest.approx(1.0, rel=0.02)


def test_labels_are_the_teachers():
    teacher = random.generator(0, "teacher").standard_normal(40)
    for split in draw().values():
        np.testing.assert_array_equal(split.label, split.features @ teacher > 0)
        assert not split.flipped.any()


@pytest.mark.parametrize("fraction", [0.1, 0.0001, 1.0])
def test_exactly_the_asked_share_of_training_labels_is_flipped(fraction):
    clean, noisy = draw(), draw(flip_fraction=fraction)
    assert noisy["train"].flipped.sum() == round(fraction * 3000)
    np.testing.assert_array_equal(noisy["train"].flipped, noisy["train"].label != clean["train"].label)
    np.testing.assert_array_equal(noisy["train"].features, clean["train"].features)
    np.testing.assert_array_equal(noisy["desired"].label, clean["desired"].label)


def test_flips_by_chance_are_nested_and_do_not_depend_on_the_labels():
    few, many = draw(flip_fraction=0.1)["train"].flipped, draw(flip_fraction=0.3)["train"].flipped
    assert not (few & ~many).any()
    np.testing.assert_array_equal(np.flatnonzero(few), np.sort(random.generator(0, "flips").permutation(3000)[:300]))


@pytest.mark.parametrize("flip_by", ["class", "nearest", "farthest"])
def test_flips_by_class_and_by_margin(flip_by):
    clean, noisy = draw(), draw(flip_fraction=0.25, flip_by=flip_by)
    label, margin = (
        clean["train"].label,
        np.abs(clean["train"].features @ random.generator(0, "teacher").standard_normal(40)),
    )
    flipped = noisy["train"].flipped
    assert flipped.sum() == 750
    np.testing.assert_array_equal(flipped, noisy["train"].label != label)
    if flip_by == "class":
        assert label[flipped].all()
        # Of the class, any.
        assert margin[flipped].mean() == pytest.approx(margin.mean(), rel=0.1)
    elif flip_by == "nearest":
        assert margin[flipped].max() <= margin[~flipped].min()
    else:
        assert margin[flipped].min() >= margin[~flipped].max()
    np.testing.assert_array_equal(noisy["train"].features, clean["train"].features)
    assert not noisy["desired"].flipped.any()


def test_flips_by_class_go_on_with_the_other_class():
    train, label = draw(flip_fraction=0.75, flip_by="class")["train"], draw()["train"].label
    assert train.flipped.sum() == 2250
    assert train.flipped[label == 1].all()


def test_a_seed_gives_the_same_numbers_and_another_seed_others():
    first, again, other = draw(1), draw(1), draw(2)
    for split in SPLITS:
        np.testing.assert_array_equal(first[split].features, again[split].features)
        assert not np.array_equal(first[split].features[:10], other[split].features[:10])


def test_streams_do_not_depend_on_each_other():
    base = draw()
    more = draw(train_examples=10, splits=(*SPLITS, "validation"))
    np.testing.assert_array_equal(base["test"].features, more["test"].features)
    assert not np.array_equal(more["validation"].features, more["test"].features[:50])


def test_planted_examples_are_copies_and_sums_of_others():
    train = draw(splits=("train",), duplicates=7, dependent=5)["train"]
    assert len(train.made_of) == len(train.label) == 3000
    assert [len(rows) for rows in train.made_of] == [0] * 2988 + [1] * 7 + [2] * 5
    sources = [row for rows in train.made_of for row in rows]
    assert len(set(sources)) == len(sources)
    assert max(sources) < 2988
    for row in range(2988, 2995):
        (original,) = train.made_of[row]
        np.testing.assert_array_equal(train.features[row], train.features[original])
        assert train.label[row] == train.label[original]
    teacher = random.generator(0, "teacher").standard_normal(40)
    for row in range(2995, 3000):
        first, second = train.made_of[row]
        total = (train.features[first] + train.features[second]) / np.sqrt(2)
        np.testing.assert_allclose(train.features[row], total, rtol=1e-5, atol=1e-6)
        assert train.label[row] == (train.features[row] @ teacher > 0)
    assert train.columns()["made_of"] == train.made_of


def test_nothing_planted_changes_nothing():
    plain, planted = draw(splits=("train",)), draw(splits=("train",), duplicates=3)
    assert plain["train"].made_of is None
    assert "made_of" not in plain["train"].columns()
    np.testing.assert_array_equal(plain["train"].features[:2997], planted["train"].features[:2997])
    assert draw(duplicates=3)["test"].made_of is None
