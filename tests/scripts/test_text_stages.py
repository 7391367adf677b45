"""The stages of a language-model experiment, from its corpus to the measures of its policies."""

import json

import numpy as np
import pytest

from lawpipe.data import corpus, tokenizer
from lawpipe.data.specials import PAD
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.examples import TOKEN_EXAMPLES, TOKENS
from lawpipe.run.tables.measurements import COLLECTED, CONTRIBUTIONS, CURVES, EXAMPLES, MEASURES
from lawpipe.run.tables.policies import SEARCH
from scripts import generate_data, initialise, make_policy, prepare_corpus, search, train
from tests.scripts.test_training_stages import SETTINGS as PERCEPTRON
from tests.scripts.test_training_stages import call

CORPUS = {"source": "grammar", "stories": 120, "seed": 0, "near_copies": "together"}
SETTINGS = PERCEPTRON | {
    "problem": "language_model",
    "data": {
        "train_examples": 10,
        "desired_examples": 4,
        "test_examples": 5,
        "length": 12,
        "minimum_fill": 0.25,
        "corpus": CORPUS,
        "tokenizer": {"kind": "bpe", "vocabulary": 300},
        "perturbation": {"fraction": 0.5, "operations": 20, "mix": {"replace": 1.0, "delete": 1.0, "repeat": 1.0}},
    },
    "model": {"architecture": "transformer", "hidden": 8, "layers": 1, "heads": 2},
    "training": {"steps": 6, "learning_rate": 0.3, "precision": "float32"},
    "search": PERCEPTRON["search"] | {"iterations": 2, "snapshots": [1]},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An experiment's folder with its corpus and one seed, up to the measurements."""
    folder = tmp_path_factory.mktemp("text")
    outputs = {name: folder / f"{name}.parquet" for name in ("tokens", "train", "desired", "test", "theta0")}
    corpus_files = {"tokenizer": folder / "tokenizer.json", "glimpse": folder / "corpus.json"}
    call(prepare_corpus.main, SETTINGS, tokens=outputs["tokens"], **corpus_files)
    splits = {name: outputs[name] for name in ("train", "desired", "test")}
    call(generate_data.main, SETTINGS, tokens=outputs["tokens"], **splits)
    call(initialise.main, SETTINGS, train=outputs["train"], theta0=outputs["theta0"])
    inputs = splits | {"theta0": outputs["theta0"]}
    policies = folder / "policies"
    conventional = SETTINGS | {"policy": "conventional"}
    call(make_policy.main, conventional, **inputs, output=policies / "conventional.parquet")
    log = folder / "search.parquet"
    call(search.main, SETTINGS, **inputs, search=log, policies=policies, state=folder / ".side-0")
    trained = [policies / f"{name}.parquet" for name in ("conventional", "near_optimal")]
    tables = {name: folder / f"{name}.parquet" for name in COLLECTED}
    contributions = folder / "contributions/near_optimal.parquet"
    call(train.main, SETTINGS, **inputs, policies=trained, **tables, contributions=contributions)
    return folder


def test_examples_are_windows_of_different_stories(folder):
    splits = {
        name: artifacts.read(folder / f"{name}.parquet", TOKEN_EXAMPLES) for name in ("train", "desired", "test")
    }
    assert {name: split.num_rows for name, split in splits.items()} == {"train": 10, "desired": 4, "test": 5}
    stories = [story for split in splits.values() for story in split.column("story").to_pylist()]
    assert len(set(stories)) == len(stories)
    assert sum(splits["train"].column("perturbed").to_pylist()) == 5
    assert not any(splits["desired"].column("perturbed").to_pylist() + splits["test"].column("perturbed").to_pylist())
    model, read = tokenizer.load(folder / "tokenizer.json"), corpus.load(CORPUS)
    by_row = dict(zip(read.rows.tolist(), read.stories, strict=True))
    for row, story in zip(
        artifacts.matrix(splits["desired"], "tokens"), splits["desired"].column("story").to_pylist(), strict=True
    ):
        assert by_row[story].startswith(model.decode(row[row != PAD]))


def test_the_glimpse_describes_the_corpus(folder):
    described = json.loads((folder / "corpus.json").read_text())
    assert described["glimpse"]["counts"]["stories"] == 120
    assert len(described["glimpse"]["examples"]) == 3
    assert described["tokenizer"] == {"kind": "bpe", "sha256": None}
    assert len(described["fingerprint"]) == 64
    tokens = artifacts.read(folder / "tokens.parquet", TOKENS)
    assert described["tokens"] == sum(len(ids) for ids in tokens.column("tokens").to_pylist())
    assert 0 <= described["unknown_share"] < 0.01


def test_the_search_and_the_measurements_agree(folder):
    log = artifacts.read(folder / "search.parquet", SEARCH).to_pylist()
    curves = artifacts.read(folder / "curves.parquet", CURVES).to_pandas()
    objectives = curves[curves["step"] > 0].groupby("policy")["desired_loss"].mean()
    assert objectives["conventional"] == pytest.approx(log[0]["objective"], rel=1e-6)
    assert objectives["near_optimal"] == pytest.approx(log[-1]["objective"], rel=1e-6)
    assert objectives["near_optimal"] < objectives["conventional"]
    measures = {row["policy"]: row for row in artifacts.read(folder / "measures.parquet", MEASURES).to_pylist()}
    assert measures["near_optimal"]["gap"] == pytest.approx(log[-1]["gap"], rel=1e-4)
    assert measures["conventional"]["weight_on_perturbed"] == pytest.approx(0.5)


def test_the_examples_table_says_which_story_each_is_from(folder):
    examples = artifacts.read(folder / "examples.parquet", EXAMPLES).to_pandas()
    stories = artifacts.read(folder / "train.parquet", TOKEN_EXAMPLES).column("story").to_numpy()
    for _, rows in examples.groupby("policy"):
        np.testing.assert_array_equal(rows["story"], stories[rows["row"]])


def test_every_example_has_a_gradient(folder):
    table = artifacts.read(folder / "contributions/near_optimal.parquet", CONTRIBUTIONS)
    norms = artifacts.matrix(table, "gradient_norm")
    assert norms.shape == (4 * 4, 10)
    assert (norms > 0).all()


def test_near_copies_are_in_one_split(tmp_path):
    stories = ["“Tom” saw a red bird.", *(f"Sue saw {number} blue fish in the old garden." for number in range(40))]
    copies = [story.replace("saw", "SAW").replace("“", '"').replace("”", '"') for story in stories]
    (tmp_path / "stories.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in stories + copies))
    own = {"source": "file", "path": str(tmp_path / "stories.jsonl"), "text_column": "text", "separator": None}
    data = SETTINGS["data"] | {"corpus": CORPUS | own | {"stories": None}}
    settings = SETTINGS | {"data": data | {"tokenizer": {"kind": "bpe", "vocabulary": 60}, "train_examples": 80}}
    files = {name: tmp_path / f"{name}.parquet" for name in ("train", "desired", "test")}
    texts = {"tokenizer": tmp_path / "tokenizer.json", "glimpse": tmp_path / "corpus.json"}
    call(prepare_corpus.main, settings, tokens=tmp_path / "tokens.parquet", **texts)
    call(generate_data.main, settings, tokens=tmp_path / "tokens.parquet", **files)
    assert json.loads(texts["glimpse"].read_text())["glimpse"]["counts"]["near_copies"] == 41
    rows = {
        name: set(artifacts.read(path, TOKEN_EXAMPLES).column("story").to_pylist()) for name, path in files.items()
    }
    of_split = {name: {row % 41 for row in used} for name, used in rows.items()}
    assert max(rows["train"]) > 40  # copies are used once the stories that differ are not enough
    assert not of_split["train"] & of_split["desired"]
    assert not of_split["test"] & (of_split["train"] | of_split["desired"])


def test_a_corpus_is_needed(tmp_path):
    targets = {name: tmp_path / f"{name}.parquet" for name in ("train", "desired", "test")}
    with pytest.raises(InputError, match="--tokens"):
        call(generate_data.main, SETTINGS, **targets)
