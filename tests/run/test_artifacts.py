"""Writing and reading tables: atomic, equal bytes for equal runs, one sentence for each error."""

import errno

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lawpipe.run import artifacts
from lawpipe.run.errors import InputError
from lawpipe.run.tables.examples import THETA0
from lawpipe.run.tables.measurements import ZERO_WEIGHTS
from lawpipe.run.tables.policies import POLICY
from tests.tables import TABLES

COLUMNS = {
    "step": np.arange(3, dtype=np.int32),
    "weights": np.array([[0.5, 0.5], [1.0, 0.0], [0.25, 0.75]], dtype=np.float32),
    "learning_rate": np.full(3, 0.1),
}


def put(path, table="policy", columns=COLUMNS, settings=None):
    artifacts.write(path, TABLES[table], columns, settings=settings or {"seed": 1}, code="abc")


def test_a_written_table_is_read_unchanged(tmp_path):
    put(tmp_path / "deep" / "p.parquet")
    data = artifacts.read(tmp_path / "deep" / "p.parquet", POLICY)
    np.testing.assert_array_equal(artifacts.matrix(data, "weights"), COLUMNS["weights"])
    assert data.schema.field("weights").type == pa.list_(pa.float32(), 2)
    frame = pd.read_parquet(tmp_path / "deep" / "p.parquet")
    assert frame.columns.tolist() == ["step", "weights", "learning_rate"]
    assert frame["weights"][1].tolist() == [1.0, 0.0]


def test_float64_weights_stay_float64(tmp_path):
    put(tmp_path / "p.parquet", columns=COLUMNS | {"weights": COLUMNS["weights"].astype(np.float64) / 3})
    data = artifacts.read(tmp_path / "p.parquet", POLICY)
    np.testing.assert_array_equal(artifacts.matrix(data, "weights"), COLUMNS["weights"].astype(np.float64) / 3)


def test_vectors_of_differing_lengths_and_further_columns(tmp_path):
    columns = {"name": ["a", "b"], "shape": [[2, 1], [1]], "values": [[1.0, 2.0], [3.0]], "unit": ["m", "s"]}
    put(tmp_path / "t.parquet", "theta0", columns)
    assert artifacts.read(tmp_path / "t.parquet", THETA0).to_pydict() == columns


def test_nulls_are_nulls(tmp_path):
    columns = {name: [None, 1] for name in ZERO_WEIGHTS.columns} | {
        name: ["x", None] for name in ("policy", "property", "kind", "against")
    }
    put(tmp_path / "z.parquet", "zero_weights", columns)
    assert artifacts.read(tmp_path / "z.parquet", ZERO_WEIGHTS).column("value").to_pylist() == [None, 1.0]


def test_metadata_says_where_it_comes_from(tmp_path):
    put(tmp_path / "p.parquet")
    metadata = artifacts.metadata(tmp_path / "p.parquet")
    assert (metadata["settings"], metadata["code"]) == ({"seed": 1}, "abc")
    assert "torch" in metadata["versions"]


def test_equal_runs_give_equal_bytes(tmp_path):
    put(tmp_path / "a.parquet", settings={"x": 1, "y": 2})
    put(tmp_path / "b.parquet", settings={"y": 2, "x": 1})
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_the_promised_encoding(tmp_path):
    weights = np.random.default_rng(0).random((600, 4096), dtype=np.float32)
    columns = {"step": np.arange(600, dtype=np.int32), "weights": weights, "learning_rate": np.ones(600)}
    put(tmp_path / "p.parquet", columns=columns)
    file = pq.ParquetFile(tmp_path / "p.parquet").metadata
    assert file.num_row_groups > 1
    for group in range(file.num_row_groups):
        column = file.row_group(group).column(1)
        assert column.total_uncompressed_size <= 64 * 2**20
        assert column.compression == "ZSTD"
        assert "BYTE_STREAM_SPLIT" in column.encodings
        assert not column.has_dictionary_page
    data = artifacts.read(tmp_path / "p.parquet", POLICY)
    np.testing.assert_array_equal(artifacts.matrix(data, "weights"), weights)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    put(tmp_path / "p.parquet")
    before = (tmp_path / "p.parquet").read_bytes()

    def full(data, path, **options):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(InputError, match="no room left"):
        put(tmp_path / "p.parquet", settings={"seed": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["p.parquet"]
    assert (tmp_path / "p.parquet").read_bytes() == before


def test_a_missing_column_is_the_writers_mistake(tmp_path):
    with pytest.raises(KeyError, match="learning_rate"):
        put(tmp_path / "p.parquet", columns={"step": [0], "weights": np.ones((1, 1))})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "does not exist"),
        (b"not a table", "cannot be read as Parquet"),
        (pa.table({"step": pa.array([1], pa.int32())}), "no column 'weights'"),
        (pa.table({"step": [1], "weights": [1.0], "learning_rate": [0.1]}), "is int64, expected int32"),
    ],
)
def test_a_wrong_file_gives_one_sentence_with_its_name(tmp_path, content, words):
    path = tmp_path / "p.parquet"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        pq.write_table(content, path)
    with pytest.raises(InputError) as caught:
        artifacts.read(path, POLICY)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_truncated_file_is_refused(tmp_path):
    put(tmp_path / "p.parquet")
    content = (tmp_path / "p.parquet").read_bytes()
    (tmp_path / "p.parquet").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="damaged"):
        artifacts.read(tmp_path / "p.parquet", POLICY)


def test_metadata_of_a_foreign_file(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match="no lawpipe metadata"):
        artifacts.metadata(tmp_path / "x.parquet")


def test_row_groups_are_the_column_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(artifacts, "ROW_GROUP_BYTES", 32)
    put(tmp_path / "p.parquet")
    pieces = list(artifacts.row_groups(tmp_path / "p.parquet", POLICY, "weights"))
    assert len(pieces) > 1
    np.testing.assert_array_equal(np.concatenate(pieces), COLUMNS["weights"])


def test_row_groups_of_a_foreign_file_say_what_is_wrong(tmp_path):
    put(tmp_path / "t.parquet", "theta0", {"name": ["a"], "shape": [[1]], "values": [[1.0]]})
    with pytest.raises(InputError, match="no column 'weights'"):
        list(artifacts.row_groups(tmp_path / "t.parquet", POLICY, "weights"))
    with pytest.raises(InputError, match="does not exist"):
        list(artifacts.row_groups(tmp_path / "none.parquet", POLICY, "weights"))
