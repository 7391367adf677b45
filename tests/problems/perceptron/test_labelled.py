"""The user's own examples: what is taken and what is refused, and how."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lawpipe.problems.perceptron import labelled
from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.examples import GAUSSIAN_EXAMPLES

GOOD = {"features": [[0.0, 1.0], [2.0, 3.0]], "label": [0, 1]}


def put(folder, split="train", **columns):
    pq.write_table(pa.table(GOOD | columns), folder / f"{split}.parquet")


def refusal(folder, splits=("train",)):
    with pytest.raises(InputError) as caught:
        labelled.import_splits(folder, splits)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("label", [[0, 1], [False, True], [0.0, 1.0]])
def test_labels_of_any_number_type(tmp_path, label):
    put(tmp_path, label=label)
    split = labelled.import_splits(tmp_path, ("train",))["train"]
    np.testing.assert_array_equal(split.features, np.array(GOOD["features"], dtype=np.float32))
    assert split.label.tolist() == [0, 1]
    assert split.flipped.tolist() == [False, False]


def test_features_of_any_number_type_and_list_kind(tmp_path):
    kinds = [pa.list_(pa.int32(), 2), pa.large_list(pa.int8()), pa.list_view(pa.uint64()), pa.list_(pa.float16())]
    rows = [[np.float16(1), np.float16(2)], [np.float16(3), np.float16(4)]]
    arrays = [pa.array(rows if kind == kinds[-1] else [[1, 2], [3, 4]], kind) for kind in kinds]
    encoded = pa.ListArray.from_arrays([0, 2, 4], pa.array([1.0, 2.0, 3.0, 4.0]).dictionary_encode())
    for features in (*arrays, encoded):
        put(tmp_path, features=features)
        assert labelled.import_splits(tmp_path, ("train",))["train"].features.tolist() == [[1, 2], [3, 4]]


def test_known_flips_are_kept(tmp_path):
    put(tmp_path, flipped=[True, False])
    assert labelled.import_splits(tmp_path, ("train",))["train"].flipped.tolist() == [True, False]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"features": [[0.0, 1.0], [2.0]]}, ["row 1", "length 1", "length"]),
        ({"features": [[], []]}, ["length 0"]),
        ({"features": [[0.0, 1.0], [float("nan"), 3.0]]}, ["row 1", "NaN"]),
        ({"features": [[0.0, float("inf")], [2.0, 3.0]]}, ["row 0", "infinity"]),
        ({"features": [[0.0, None], [2.0, 3.0]]}, ["row 0", "NaN"]),
        ({"features": [None, [2.0, 3.0]]}, ["row 0", "null"]),
        ({"features": [["a", "b"], ["c", "d"]]}, ["string", "numbers"]),
        ({"features": [1.0, 2.0]}, ["double", "list of numbers"]),
        ({"features": [[0.0, -1e39], [2.0, 3.0]]}, ["row 0", "above 3.4e+38", "(1 such rows)"]),
        ({"features": [[1e39, float("nan")], [2.0, 3.0]]}, ["row 0", "NaN"]),
        ({"features": [[True, False], [True, True]]}, ["bool", "whole or floating-point numbers"]),
        ({"label": [[0], [1]]}, ["'label'", "list", "0 or 1"]),
        ({"label": [{"class": 0}, {"class": 1}]}, ["'label'", "struct", "0 or 1"]),
        ({"label": pa.array([2**64 - 1, 0], pa.uint64())}, ["'label'", "18446744073709551615"]),
        ({"flipped": ["no", "yes"]}, ["'flipped'", "'no'", "0 or 1"]),
        ({"flipped": [None, True]}, ["'flipped'", "None", "0 or 1"]),
        ({"label": [0, 2]}, ["'label'", "2", "0 or 1"]),
        ({"label": [-1, 1]}, ["'label'", "-1"]),
        ({"label": ["cat", "dog"]}, ["'label'", "cat"]),
        ({"label": [0, None]}, ["'label'", "None"]),
        ({"label": [0.5, 1.0]}, ["'label'", "0.5"]),
    ],
)
def test_mistakes_are_named_in_one_sentence(tmp_path, columns, words):
    put(tmp_path, **columns)
    message = refusal(tmp_path)
    assert all(word in message for word in ["train.parquet", *words]), message


def test_all_mistakes_of_a_folder_are_named_at_once(tmp_path):
    put(tmp_path, features=[[0.0, 1.0], None], label=[0, 7])
    put(tmp_path, "desired", features=[[1.0], [2.0]])
    put(tmp_path, "test")
    with pytest.raises(InputError) as caught:
        labelled.import_splits(tmp_path, ("train", "desired", "test", "validation"))
    assert caught.value.lines().splitlines() == [
        f"error: {tmp_path}/train.parquet: features of row 1 are null, expected a list of numbers.",
        f"error: {tmp_path}/train.parquet: column 'label' holds 7, expected 0 or 1 only; recode the two classes.",
        f"error: {tmp_path}/validation.parquet does not exist: expected a Parquet file there.",
        f"error: {tmp_path}/test.parquet has features of length 2, but desired.parquet of length 1: "
        "give every split the same features.",
    ]


def test_two_columns_of_one_name(tmp_path):
    columns = [pa.array(GOOD["features"]), pa.array([0, 1]), pa.array([0, 1])]
    pq.write_table(pa.table(columns, names=["features", "label", "label"]), tmp_path / "train.parquet")
    assert "has 2 columns 'label'" in refusal(tmp_path)


def test_missing_column_file_and_rows(tmp_path):
    assert "does not exist" in refusal(tmp_path)
    pq.write_table(pa.table({"features": [[1.0]]}), tmp_path / "train.parquet")
    assert "no column 'label'" in refusal(tmp_path)
    pq.write_table(pa.table(GOOD).slice(0, 0), tmp_path / "train.parquet")
    assert "no rows" in refusal(tmp_path)
    (tmp_path / "train.parquet").write_bytes(b"PAR1 not really")
    assert "cannot be read as Parquet" in refusal(tmp_path)


def test_splits_of_differing_dimension(tmp_path):
    put(tmp_path)
    put(tmp_path, "desired", features=[[1.0], [2.0]])
    message = refusal(tmp_path, ("train", "desired"))
    assert "length 1" in message
    assert "length 2" in message


def test_load_reads_the_examples_of_a_stage(tmp_path):

    put(tmp_path)
    split = labelled.import_splits(tmp_path, ("train",))["train"]
    artifacts.write(tmp_path / "x.parquet", GAUSSIAN_EXAMPLES, split.columns(), settings={}, code="")
    loaded = labelled.load(tmp_path / "x.parquet")
    np.testing.assert_array_equal(loaded.features, split.features)
    np.testing.assert_array_equal(loaded.label, split.label)
