"""The whole way from real stories to perturbed windows, where a sample of TinyStories is at hand."""

from pathlib import Path

import numpy as np
import pytest

from lawpipe.data import corpus, tokenizer
from lawpipe.problems.language_model import perturb, windows

NAME = Path("shared", "data", "tinystories", "stories.parquet")
PLACES = [folder / NAME for folder in (Path(__file__).parents[3], Path("/work"))]
FOUND = next((path for path in PLACES if path.is_file()), None)

pytestmark = pytest.mark.skipif(
    FOUND is None, reason=f"no TinyStories sample: looked for {PLACES[0]} and {PLACES[1]}"
)

CORPUS = {
    "source": "file",
    "stories": 3000,
    "near_copies": "together",
    "path": str(FOUND),
    "text_column": "text",
    "separator": None,
}
DATA = {"length": 64, "minimum_fill": 0.25, "train_examples": 2000, "desired_examples": 128, "test_examples": 128}


@pytest.fixture(scope="module")
def loaded():
    return corpus.load(CORPUS)


def test_the_sample_is_clean_and_looks_like_stories(loaded):
    counts = loaded.counts
    assert counts["records"] == counts["stories"] == 3000
    assert counts["near_copies"] == 0
    seen = corpus.glimpse(loaded)
    assert 100 < seen["words"]["mean"] < 220
    assert seen["word_types"] > 3000
    assert len(seen["examples"]) == 3


@pytest.mark.parametrize(("kind", "vocabulary", "unknown"), [("bpe", 2000, 0.0), ("mistral", 4000, 0.02)])
def test_real_stories_become_windows_half_of_them_perturbed(loaded, kind, vocabulary, unknown):
    model = tokenizer.make({"kind": kind, "vocabulary": vocabulary}, loaded.stories)
    tokens = model.encode(loaded.stories)
    assert tokenizer.unknown_share(np.concatenate(tokens)) <= unknown
    known = [index for index, ids in enumerate(tokens) if tokenizer.UNKNOWN not in ids]
    assert len(known) > 1500
    assert all(model.decode(tokens[index]) == loaded.stories[index] for index in known)

    splits = windows.make(tokens, loaded.rows, DATA, 0, ("train", "desired", "test"))
    owners = [set(split.story.tolist()) for split in splits.values()]
    assert sum(map(len, owners)) == len(set.union(*owners)) == 2256
    test = splits["test"]
    by_row = dict(zip(loaded.rows.tolist(), loaded.stories, strict=True))
    for story, ids in zip(test.story[:20], test.tokens, strict=False):
        if tokenizer.UNKNOWN not in ids:
            assert by_row[int(story)].startswith(model.decode(ids).rstrip("\ufffd"))

    settings = {"fraction": 0.5, "operations": 20, "mix": {"replace": 1, "delete": 1, "repeat": 1}}
    dirty, perturbed = perturb.apply(splits["train"].tokens, model.size, settings, 0)
    assert perturbed.sum() == 1000
    np.testing.assert_array_equal((dirty != splits["train"].tokens).any(axis=1), perturbed)
    assert dirty.max() < model.size
