"""Windows: whose tokens they hold, how stories are shared out, and what too small a corpus says."""

import numpy as np
import pytest

from lawpipe.data.specials import PAD
from lawpipe.problems.language_model import windows
from lawpipe.run.errors import InputError

SETTINGS = {
    "length": 7,
    "minimum_fill": 0.25,
    "train_examples": 30,
    "desired_examples": 12,
    "test_examples": 10,
    "validation_examples": 5,
}
SPLITS = ("train", "desired", "test", "validation")


def make_stories(lengths):
    """Write stories whose every token says where it comes from: story x 1000 + place + 2."""
    return [np.arange(length, dtype=np.int32) + 1000 * story + 2 for story, length in enumerate(lengths)]


def make(lengths, seed=0, splits=SPLITS, **changes):
    rows = np.arange(len(lengths), dtype=np.int64) * 3
    return windows.make(make_stories(lengths), rows, SETTINGS | changes, seed, splits)


def sources(split):
    """Return the story and the first place of every window, from the tokens themselves."""
    first = split.tokens[:, 0] - 2
    return first // 1000, first % 1000


def test_with_stories_enough_each_gives_its_beginning_once():
    splits = make([20] * 100)
    used = []
    for name, split in splits.items():
        count = SETTINGS[f"{name}_examples"]
        assert split.tokens.shape == (count, 8)
        assert split.tokens.dtype == np.int32
        assert split.story.dtype == np.int64
        assert not split.perturbed.any()
        story, start = sources(split)
        assert (start == 0).all()
        np.testing.assert_array_equal(split.tokens, split.tokens[:, :1] + np.arange(8))
        np.testing.assert_array_equal(split.story, story * 3)
        used += story.tolist()
    assert len(used) == len(set(used)) == 57


def test_short_stories_are_padded_and_those_too_short_left_out():
    lengths = [0, 1, 2, 3, 5, 8] * 20
    splits = make(lengths, minimum_fill=0.3)  # of 8: at least 3 tokens
    for split in splits.values():
        real = (split.tokens != PAD).sum(axis=1)
        story, _ = sources(split)
        np.testing.assert_array_equal(real, [lengths[number] for number in story])
        assert set(real) == {3, 5, 8}
        assert (split.tokens[np.arange(8) >= real[:, None]] == PAD).all()
    # Two tokens are the fewest whatever the setting: one to read and one to predict.
    least = make(
        [1, 2] * 30, minimum_fill=0.0, train_examples=20, desired_examples=5, test_examples=5, splits=SPLITS[:3]
    )
    assert all(((split.tokens != PAD).sum(axis=1) == 2).all() for split in least.values())


@pytest.mark.parametrize("seed", range(5))
def test_with_few_stories_windows_do_not_overlap_and_no_story_serves_two_splits(seed):
    lengths = np.random.default_rng(seed).integers(1, 60, size=25).tolist()
    splits = make(lengths, seed)
    owner = {}
    for name, split in splits.items():
        assert len(split.tokens) == SETTINGS[f"{name}_examples"]
        story, start = sources(split)
        assert (start % 8 == 0).all()
        for number, first, tokens in zip(story, start, split.tokens, strict=True):
            assert owner.setdefault(number, name) == name
            expected = make_stories(lengths)[number][first : first + 8]
            np.testing.assert_array_equal(tokens, np.append(expected, [PAD] * (8 - len(expected))))
        assert len(set(zip(story, start, strict=True))) == len(story)
        # All first windows of the split's stories come before any second one.
        assert (np.diff(start) >= 0).all()


def test_one_story_a_split_is_enough_if_it_is_long():
    splits = make([300, 300, 300, 300])
    assert {name: len(set(split.story)) for name, split in splits.items()} == dict.fromkeys(SPLITS, 1)


def test_every_window_of_the_corpus_can_be_used():
    splits = make([16] * 20, train_examples=28, desired_examples=4, test_examples=4, validation_examples=4)
    assert sum(len(split.tokens) for split in splits.values()) == 40
    with pytest.raises(InputError, match="gives 40 windows"):
        make([16] * 20, train_examples=29, desired_examples=4, test_examples=4, validation_examples=4)


@pytest.mark.parametrize("lengths", [[], [1, 1], [20, 20, 20], [8] * 56])
def test_a_corpus_that_is_too_small_is_one_sentence_with_the_keys_to_change(lengths):
    with pytest.raises(InputError) as error:
        make(lengths)
    available = sum(length // 8 + (length % 8 >= 2) for length in lengths)
    text = str(error.value)
    assert f"gives {available} windows of 8 tokens" in text
    for part in ("30 train, 12 desired, 10 test, 5 validation", "corpus.stories", "data.length"):
        assert part in text


def test_a_seed_gives_the_same_windows_and_another_seed_others():
    first, again, other = make([20] * 100), make([20] * 100), make([20] * 100, seed=1)
    for name in SPLITS:
        np.testing.assert_array_equal(first[name].tokens, again[name].tokens)
        assert not np.array_equal(first[name].tokens, other[name].tokens)


@pytest.mark.parametrize("name", SPLITS)
def test_a_larger_split_begins_with_the_smaller_and_leaves_the_others(name):
    small, large = make([20] * 300), make([20] * 300, **{f"{name}_examples": 60})
    for split in SPLITS:
        np.testing.assert_array_equal(large[split].tokens[: len(small[split].tokens)], small[split].tokens)
    assert len(large[name].tokens) == 60
    without = make([20] * 300, splits=SPLITS[:3])
    for split in SPLITS[:3]:
        np.testing.assert_array_equal(without[split].tokens, small[split].tokens)


@pytest.mark.parametrize(("seed", "count"), [(0, 24), (1, 24), (2, 90)])
def test_near_copies_are_in_one_split_after_the_stories_that_differ(seed, count):
    originals = np.arange(count, dtype=np.int64)
    originals[-12:] = np.arange(12) // 2  # six stories of three near-copies each
    stories = make_stories([20] * count)
    sizes = {"train_examples": 12, "desired_examples": 9, "test_examples": 6}
    splits = windows.make(stories, np.arange(count), SETTINGS | sizes, seed, SPLITS[:3], originals)
    owner = {}
    for name, split in splits.items():
        story, _ = sources(split)
        np.testing.assert_array_equal(story, split.story)
        assert all(owner.setdefault(original, name) == name for original in originals[story].tolist())
        assert len(np.unique(split.tokens, axis=0)) == len(split.tokens)
        if count == 90:
            assert len(set(originals[story].tolist())) == len(story)
