import numpy as np
import pyarrow as pa
import pytest

from lawpipe.analysis import examples, policy_tables

WEIGHTS = np.array([[0.5, 0.5, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.25, 0.5, 0.25, 0.0]])


def test_how_each_example_is_used():
    use = policy_tables.example_rows(WEIGHTS)
    np.testing.assert_allclose(use["total_weight"], [0.25, 2 / 3, 0.25 / 3, 0.0])
    # Nulls, once in Arrow, for the example that never has a weight.
    assert pa.array(use["first_active"], type=pa.int32()).to_pylist() == [0, 0, 2, None]
    assert pa.array(use["last_active"], type=pa.int32()).to_pylist() == [2, 2, 2, None]


def test_a_gap_between_first_and_last_does_not_matter():
    use = policy_tables.example_rows(np.array([[0.0], [0.1], [0.0], [0.2], [0.0]]))
    assert (use["first_active"][0], use["last_active"][0]) == (1, 3)


def test_total_weight_of_float32_is_summed_in_float64():
    weights = np.full((100_000, 1), 0.1, dtype=np.float32)
    assert policy_tables.example_rows(weights)["total_weight"][0] == pytest.approx(float(np.float32(0.1)), rel=1e-12)


def test_effective_number_of_examples():
    np.testing.assert_allclose(examples.effective_examples(WEIGHTS), [2.0, 1.0, 1 / 0.375])
    uniform = np.full((1, 4096), 1 / 4096, dtype=np.float32)
    assert examples.effective_examples(uniform)[0] == pytest.approx(4096)


def test_active_fraction():
    np.testing.assert_allclose(examples.active_fraction(WEIGHTS), [0.5, 0.25, 0.75])
