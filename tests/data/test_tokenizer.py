"""Tokenisers: text comes back, sizes are what was asked, the same stories give the same tokeniser."""

import json

import numpy as np
import pytest

from lawpipe.data import tokenizer
from lawpipe.data.grammar import stories as grammar
from lawpipe.run.errors import InputError

KINDS = ("bpe", "mistral")
ODD = [
    "  two  spaces, a\ttab\nand lines \n",
    "Zoé et l'été — “oui”. ½ ﬁ e\u0301",
    "日本 🙂 \u200b\ufeff\x01",
    "\u2581 low \u2581line\u2581",
    "<s>[UNK] [PAD]</s> <unk><0x0A>",
    "",
]


@pytest.fixture(scope="module")
def stories():
    return grammar.stories(0, 300)


@pytest.fixture(scope="module")
def tokenizers(stories):
    return {kind: tokenizer.make({"kind": kind, "vocabulary": 400}, stories) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_text_without_unknown_tokens_is_decoded_unchanged(tokenizers, stories, kind):
    model = tokenizers[kind]
    whole = 0
    for text, ids in zip(stories, model.encode(stories), strict=True):
        assert ids.dtype == np.int32
        assert ids.max() < model.size == 400
        assert tokenizer.PAD not in ids
        if tokenizer.UNKNOWN not in ids:
            whole += 1
            assert model.decode(ids) == text
        padded = np.concatenate([ids, np.full(5, tokenizer.PAD)])
        assert model.decode(padded) == model.decode(ids)
    # Bytes of the training corpus are never unknown; 398 of Mistral's ids do not cover all of a corpus.
    assert (
        whole == len(stories) if kind == "bpe" else tokenizer.unknown_share(np.concatenate(model.encode(stories))) > 0
    )


@pytest.mark.parametrize(("kind", "vocabulary"), [("bpe", 110), ("mistral", 53)])
def test_unusual_text_is_decoded_unchanged(kind, vocabulary):
    model = tokenizer.make({"kind": kind, "vocabulary": vocabulary}, ODD * 3)
    for text, ids in zip(ODD, model.encode(ODD), strict=True):
        assert tokenizer.UNKNOWN not in ids
        assert tokenizer.PAD not in ids
        assert model.decode(ids) == text


def test_a_story_without_a_space_is_divided_all_the_same(stories):
    huge = "ab" * 150_000
    model = tokenizer.make({"kind": "bpe", "vocabulary": 300}, [*stories, huge])
    (ids,) = model.encode([huge])
    assert model.decode(ids) == huge
    assert 2 < max(len(model.decode([item])) for item in set(ids.tolist())) <= 64


def test_mistral_gives_back_odd_text_when_all_its_ids_are_kept():
    pieces = tokenizer._mistral()
    model = tokenizer.CutSentencePiece(pieces, np.arange(len(pieces), dtype=np.int32))
    for text, ids in zip(ODD, model.encode(ODD), strict=True):
        assert tokenizer.UNKNOWN not in ids
        assert model.decode(ids) == text
    # The library's own text, and its own ids, two higher.
    text = "Once upon a time, Zoé saw a 🙂.\nThe end."
    assert pieces.Decode((model.encode([text])[0] - 2).tolist()) == text == model.decode(model.encode([text])[0])


def test_text_outside_the_vocabulary_is_unknown_and_readable(tokenizers):
    for model in tokenizers.values():
        (ids,) = model.encode(["a 日 dog"])
        assert tokenizer.UNKNOWN in ids
        assert "[UNK]" in model.decode(ids)
        assert model.decode(ids).endswith("dog")


def test_the_ids_kept_are_the_most_frequent(stories):
    small = tokenizer.make({"kind": "mistral", "vocabulary": 60}, stories)
    large = tokenizer.make({"kind": "mistral", "vocabulary": 300}, stories)
    np.testing.assert_array_equal(large.kept[:58], small.kept)
    counts = np.bincount(np.concatenate(large.encode(stories)), minlength=300)
    assert (np.diff(counts[2:]) <= 0).all()
    assert counts[2:].min() >= 1
    assert small.size == 60


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_stories_give_the_same_file_and_it_is_read_back(tokenizers, stories, kind, tmp_path):
    again = tokenizer.make({"kind": kind, "vocabulary": 400}, stories)
    for name, model in (("a.json", tokenizers[kind]), ("b.json", again)):
        tokenizer.save(tmp_path / "new" / name, model)
    first, second = (tmp_path / "new" / name for name in ("a.json", "b.json"))
    assert first.read_bytes() == second.read_bytes()
    loaded = tokenizer.load(first)
    assert loaded.size == 400
    texts = [*stories[:20], *ODD]
    for ids, expected in zip(loaded.encode(texts), tokenizers[kind].encode(texts), strict=True):
        np.testing.assert_array_equal(ids, expected)
        assert loaded.decode(ids) == tokenizers[kind].decode(expected)
    tokenizer.save(tmp_path / "c.json", loaded)
    assert (tmp_path / "c.json").read_bytes() == first.read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_a_vocabulary_that_the_corpus_cannot_fill_is_refused_and_the_size_named_works(kind, stories):
    few = stories[:5]
    with pytest.raises(InputError, match=r"fills only \d+ ids") as error:
        tokenizer.make({"kind": kind, "vocabulary": 5000}, few)
    filled = int(str(error.value).split("fills only ")[1].split()[0])
    assert tokenizer.make({"kind": kind, "vocabulary": filled}, few).size == filled
    with pytest.raises(InputError, match=f"fills only {filled} ids"):
        tokenizer.make({"kind": kind, "vocabulary": filled + 1}, few)


def test_a_vocabulary_below_the_corpus_own_bytes_is_refused_and_the_size_named_works(stories):
    with pytest.raises(InputError, match=r"needs \d+ ids") as error:
        tokenizer.make({"kind": "bpe", "vocabulary": 20}, stories)
    needed = int(str(error.value).split("needs ")[1].split()[0])
    assert tokenizer.make({"kind": "bpe", "vocabulary": needed}, stories).size == needed


def test_the_share_of_unknown_leaves_pads_out():
    assert tokenizer.unknown_share(np.array([[0, 5, 6, 7], [0, 9, 1, 1]], dtype=np.int32)) == pytest.approx(2 / 6)
    assert tokenizer.unknown_share(np.array([[1, 1]], dtype=np.int32)) == 0.0


@pytest.mark.parametrize(
    "damage",
    [
        lambda stored: "nonsense",
        lambda stored: "[]",
        lambda stored: json.dumps(stored | {"kind": "words"}),
        lambda stored: json.dumps({"kind": "bpe", "model": {"version": "1.0"}}),
        lambda stored: json.dumps(stored)[:-200],
        lambda stored: json.dumps({"kind": "mistral", "kept": [5, 5]}),
        lambda stored: json.dumps({"kind": "mistral", "kept": [5, 32000]}),
        lambda stored: json.dumps({"kind": "mistral"}),
    ],
)
def test_a_damaged_file_is_refused_in_a_sentence(tokenizers, damage, tmp_path):
    path = tmp_path / "tokenizer.json"
    path.write_text(damage(tokenizers["bpe"].description()))
    with pytest.raises(InputError, match="delete it and run again") as error:
        tokenizer.load(path)
    assert "\n" not in str(error.value)
    with pytest.raises(InputError):
        tokenizer.load(tmp_path / "absent.json")


def test_another_model_than_the_papers_is_refused(monkeypatch, stories):
    monkeypatch.setattr(tokenizer, "MISTRAL_FILE", ("data", "mistral_instruct_tokenizer_240216.model.v2"))
    with pytest.raises(InputError, match=r"has SHA-256 .* requirements\.lock"):
        tokenizer.make({"kind": "mistral", "vocabulary": 100}, stories)
    monkeypatch.setattr(tokenizer, "MISTRAL_FILE", ("data", "absent"))
    with pytest.raises(InputError, match="pip install mistral-common"):
        tokenizer.make({"kind": "mistral", "vocabulary": 100}, stories)
