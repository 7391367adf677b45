"""What the user's own files determine in a config: the sizes of a folder, the defaults for a text."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lawpipe.config.resolve import resolve
from lawpipe.cost import estimate
from lawpipe.data import corpus, tokenizer
from lawpipe.data.grammar import stories
from lawpipe.problems.language_model import windows
from lawpipe.results import problem
from lawpipe.run.errors import InputError

SIZES = {"train": 200, "desired": 60, "test": 40}


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of examples with ten features, in which every fifth training label is known to be flipped."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    for split, size in SIZES.items():
        features = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(size * 10)), 10)
        columns = {"features": features, "label": pa.array(np.arange(size) % 2)}
        if split == "train":
            columns["flipped"] = pa.array(np.arange(size) % 5 == 0)
        pq.write_table(pa.table(columns), tmp_path / f"own/{split}.parquet", row_group_size=99)
    return tmp_path / "own"


def settings(data: dict[str, Any], **others: Any) -> dict[str, Any]:
    experiments = {"a": {"data": data, **others}, "b": {"data": {"train_examples": 7, "flip_fraction": 0.5}}}
    return resolve({"name": "mine", "experiments": experiments}).experiments["a"]


def test_the_sizes_are_those_of_the_files() -> None:
    resolved = settings({"folder": "own"})
    data = resolved["data"]
    assert {split: data[f"{split}_examples"] for split in SIZES} == SIZES
    assert data["dimension"] == 10
    assert problem.corrupted_share(resolved) == pytest.approx(0.2)
    assert estimate.sizes(resolved) == (SIZES, 10)
    # An inherited size is that of the experiment above.
    assert settings({"folder": "own"}, extends="b")["data"] == data


def test_an_unreadable_file_leaves_the_default_sizes(own: Path) -> None:
    (own / "train.parquet").write_text("not Parquet")
    data = settings({"folder": "own"})["data"]
    assert (data["train_examples"], data["dimension"], data["desired_examples"]) == (4096, 128, 60)


@pytest.mark.parametrize(("key", "value"), [("train_examples", 100), ("dimension", 10), ("flip_fraction", 0.1)])
def test_a_size_beside_the_folder_is_refused(key: str, value: float) -> None:
    expected = (
        f"experiments.a.data.{key} is {value}, but the examples are those of experiments.a.data.folder, whose files "
        "determine it: leave it out."
    )
    with pytest.raises(InputError) as caught:
        settings({"folder": "own", key: value})
    assert str(caught.value) == expected
    with pytest.raises(InputError, match="whose files determine it"):
        resolve({"name": "x", "experiments": {"a": {"data": {"folder": "own"}, "sweep": {f"data.{key}": [value]}}}})


def text(count: int, ending: str = "\n\n", **data: Any) -> dict[str, Any]:
    Path("mine.txt").write_text(ending.join(stories.stories(0, count)))
    corpus = {"source": "file", "path": "mine.txt"}
    return settings({"corpus": corpus, **data}, problem="language_model")


@pytest.mark.parametrize("count", [12, 40, 150, 1000])
def test_the_defaults_of_a_text_fit_it(count: int) -> None:
    data = text(count)["data"]
    read = corpus.load(data["corpus"])
    trained = tokenizer.make(data["tokenizer"], read.stories)
    tokens = trained.encode(read.stories)
    splits = ("train", "desired", "test")
    for seed in range(3):
        cut = windows.make(tokens, read.rows, data, seed, splits, read.originals)
        assert [len(cut[split].story) for split in splits] == [data[f"{split}_examples"] for split in splits]


def test_a_large_text_has_a_run_of_about_an_hour() -> None:
    resolved = text(2500)
    assert resolved["data"]["tokenizer"]["vocabulary"] == 512
    assert resolved["data"]["train_examples"] == 128
    assert resolved["training"]["steps"] == 100
    seconds = estimate.total(estimate.stages(resolved).values()).seconds
    assert 1200 < seconds < 7200
    missing = settings({"corpus": {"source": "file", "path": "absent.txt"}}, problem="language_model")
    assert missing["data"]["train_examples"] == 128


def test_written_keys_take_precedence_over_the_sizes_of_the_text() -> None:
    resolved = text(40, train_examples=9, tokenizer={"vocabulary": 99})
    assert (resolved["data"]["train_examples"], resolved["data"]["tokenizer"]["vocabulary"]) == (9, 99)
    other = settings({"corpus": {"source": "grammar"}}, problem="language_model")
    assert other["data"]["train_examples"] == 16384
