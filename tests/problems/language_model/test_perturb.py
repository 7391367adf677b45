"""Perturbation: what each operation does, how many sequences get how many, and what stays the same."""

import numpy as np
import pytest

from lawpipe.data.specials import PAD
from lawpipe.problems.language_model import perturb
from lawpipe.run.errors import InputError

EQUAL = {"replace": 1.0, "delete": 1.0, "repeat": 1.0}
SETTINGS = {"fraction": 0.5, "operations": 20, "mix": EQUAL}
VOCABULARY = 500


def draw(count=400, width=33, shortest=33, seed=0):
    """Draw clean windows, each with between `shortest` and `width` different tokens and pads behind them."""
    generator = np.random.default_rng(seed)
    tokens = np.stack([2 + generator.permutation(VOCABULARY - 2)[:width] for _ in range(count)]).astype(np.int32)
    lengths = generator.integers(shortest, width + 1, size=count)
    tokens[np.arange(width) >= lengths[:, None]] = PAD
    return tokens


def apply(tokens, seed=0, **changes):
    return perturb.apply(tokens, VOCABULARY, SETTINGS | changes, seed)


def only(kind):
    return {name: float(name == kind) for name in EQUAL}


def lengths_of(tokens):
    return (tokens != PAD).sum(axis=1)


@pytest.mark.parametrize("fraction", [0.0, 0.003, 0.5, 0.77, 1.0])
def test_exactly_the_asked_share_is_perturbed_and_the_rest_untouched(fraction):
    tokens = draw()
    before = tokens.copy()
    result, perturbed = apply(tokens, fraction=fraction)
    np.testing.assert_array_equal(tokens, before)
    assert perturbed.sum() == round(fraction * 400)
    changed = (result != tokens).any(axis=1)
    np.testing.assert_array_equal(changed, perturbed)
    assert result.dtype == np.int32
    assert result.shape == tokens.shape


def test_a_larger_fraction_perturbs_the_same_ones_alike_and_more():
    tokens = draw()
    small, few = apply(tokens, fraction=0.3)
    large, many = apply(tokens, fraction=0.8)
    assert (many[few]).all()
    np.testing.assert_array_equal(large[few], small[few])


def test_more_operations_begin_with_the_same_ones():
    tokens = draw()
    # Operation 5 applied alone to the result of four: the same draws, shifted.
    four, _ = apply(tokens, operations=4, mix=only("replace"), fraction=1.0)
    five, _ = apply(tokens, operations=5, mix=only("replace"), fraction=1.0)
    assert ((four != five).sum(axis=1) <= 1).all()
    assert (four != five).any()


def test_every_operation_changes_the_tokens_as_defined():
    tokens = draw(width=9, shortest=4)
    lengths = lengths_of(tokens)

    replaced, _ = apply(tokens, operations=1, mix=only("replace"), fraction=1.0)
    assert ((replaced != tokens).sum(axis=1) <= 1).all()
    assert (replaced != tokens).any(axis=1).mean() > 0.98
    np.testing.assert_array_equal(lengths_of(replaced), lengths)

    deleted, _ = apply(tokens, operations=1, mix=only("delete"), fraction=1.0)
    expected = tokens.copy()
    expected[np.arange(len(tokens)), lengths - 1] = PAD
    np.testing.assert_array_equal(deleted, expected)

    repeated, _ = apply(tokens, operations=1, mix=only("repeat"), fraction=1.0)
    doubled = set()
    for before, after, length in zip(tokens, repeated, lengths, strict=True):
        candidates = [np.insert(before, position + 1, before[position])[:9] for position in range(length)]
        matches = [position for position, candidate in enumerate(candidates) if np.array_equal(candidate, after)]
        assert len(matches) == 1
        doubled.add(matches[0])
    assert doubled == set(range(9))


def test_operations_in_turn_are_those_of_a_plain_loop():
    tokens = draw(count=60, width=12, shortest=2)
    generator = np.random.default_rng(1)
    kinds = generator.integers(0, 3, size=(30, 60))
    shares = generator.random((30, 60))
    replacements = generator.integers(2, VOCABULARY, size=(30, 60)).astype(np.int32)
    result = perturb._operate(tokens, kinds, shares, replacements)
    for row in range(60):
        story = [token for token in tokens[row].tolist() if token != PAD]
        for kind, share, replacement in zip(kinds[:, row], shares[:, row], replacements[:, row], strict=True):
            position = int(share * len(story))
            if perturb.OPERATIONS[kind] == "replace":
                story[position] = int(replacement)
            elif perturb.OPERATIONS[kind] == "delete":
                story = story[: max(2, len(story) - 1)]
            else:
                story = [*story[: position + 1], *story[position:]][:12]
        np.testing.assert_array_equal(result[row], story + [PAD] * (12 - len(story)))


def test_two_tokens_always_stay_and_pads_only_follow():
    tokens = draw(width=9, shortest=2)
    result, _ = apply(tokens, operations=50, mix=only("delete"), fraction=1.0)
    assert (lengths_of(result) == 2).all()
    np.testing.assert_array_equal(result[:, :2], tokens[:, :2])
    mixed, _ = apply(tokens, operations=50, fraction=1.0)
    lengths = lengths_of(mixed)
    assert lengths.min() >= 2
    assert (mixed[np.arange(9) >= lengths[:, None]] == PAD).all()


def test_replacements_are_uniform_over_the_vocabulary_without_specials():
    tokens = np.full((20_000, 5), 3, dtype=np.int32)
    result, _ = perturb.apply(tokens, 12, SETTINGS | {"mix": only("replace"), "operations": 200, "fraction": 1.0}, 0)
    counts = np.bincount(result.reshape(-1), minlength=12)
    assert (counts[:2] == 0).all()
    assert counts[2:] / result.size == pytest.approx(np.full(10, 0.1), abs=0.005)


def test_the_mix_is_the_share_of_each_kind():
    # Long sequences: a deletion shortens by one, a repetition lengthens by one, a replacement does neither.
    tokens = np.full((5000, 100), PAD, dtype=np.int32)
    tokens[:, :50] = 7
    result, _ = apply(tokens, fraction=1.0, operations=12)
    moved = lengths_of(result) - 50
    assert moved.mean() == pytest.approx(0.0, abs=0.15)
    assert moved.var() == pytest.approx(12 * 2 / 3, rel=0.08)
    result, _ = apply(tokens, fraction=1.0, operations=12, mix={"replace": 1, "delete": 0, "repeat": 3})
    assert (lengths_of(result) - 50).mean() == pytest.approx(9, abs=0.1)


def test_a_seed_gives_the_same_and_another_seed_another():
    tokens = draw()
    first, again, other = apply(tokens), apply(tokens), apply(tokens, seed=1)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])
    assert not np.array_equal(first[0], other[0])


def test_impossible_settings_of_perturbation_are_refused():
    for mix in (dict.fromkeys(EQUAL, 0.0), EQUAL | {"delete": -1.0}, EQUAL | {"delete": float("inf")}):
        with pytest.raises(InputError, match=r"perturbation\.mix"):
            apply(draw(), mix=mix)
    with pytest.raises(InputError, match="vocabulary of 2"):
        perturb.apply(draw(), 2, SETTINGS, 0)
    empty, perturbed = apply(np.zeros((0, 5), dtype=np.int32))
    assert empty.shape == (0, 5)
    assert perturbed.shape == (0,)
