"""The rows that a measured policy adds to the tables."""

import numpy as np
import pyarrow as pa
import pytest

from lawpipe.analysis import policy_tables

WEIGHTS = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
USED = np.array([[0.5, 0.5, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.25, 0.5, 0.25, 0.0]])
STEPS = np.array([0, 1], dtype=np.int32)
CURVES = {"desired": np.array([2.0, 1.5, 1.0]), "test": np.array([2.0, 2.5, 3.0])}
CONTRIBUTIONS = {
    ("desired", "instantaneous"): np.array([[1.0, 3.0, -1.0], [2.0, 5.0, -2.0]]),
    ("test", "adjoint"): np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]),
}


def test_similarity_rows():
    first, second = policy_tables.similarity_rows(WEIGHTS, CONTRIBUTIONS, STEPS, CURVES, np.array([0.1, 0.1]))
    assert first["against"] == ["desired", "desired"]
    assert first["mean"] == [2.0, 2.0]
    assert first["similarity"] == [pytest.approx(2.0 / 2**0.5), None]
    assert first["active"].tolist() == [2, 1]
    assert first["global_speed"] == pytest.approx([5.0, 5.0])
    assert second["kind"] == ["adjoint", "adjoint"]
    assert second["std"] == [0.0, None]
    assert second["similarity"] == [None, None]


def test_zero_weight_rows():
    losses = np.array([[1e-7, 1e-7, 1.0], [1.0, 1.0, 1e-9]])
    rows = policy_tables.zero_weight_rows(WEIGHTS, CONTRIBUTIONS, losses, STEPS, CURVES)
    values = {
        key: (value, count)
        for *key_parts, value, count in zip(*rows.values(), strict=True)
        for key in [tuple(key_parts)]
    }
    # The desired loss converges at t = 2, so both steps count; the test loss never falls, so none does.
    assert values["noncontributive_excluded", "instantaneous", "desired"] == (1.0, 2)
    assert values["redundant_dropped", "instantaneous", "desired"] == (0.25, 4)
    assert values["noncontributive_excluded", "adjoint", "test"] == (None, 0)
    assert values["learned_ignored", None, None] == (pytest.approx(1 / 3), 3)


def test_example_rows_stack_with_nulls():
    rows = policy_tables.stack([policy_tables.example_rows(WEIGHTS), policy_tables.example_rows(WEIGHTS[:1])])
    assert rows["row"] == [0, 1, 2, 0, 1, 2]
    assert rows["total_weight"] == [0.75, 0.25, 0.0, 0.5, 0.5, 0.0]
    assert rows["first_active"] == [0, 0, None, 0, 0, None]
    assert rows["last_active"] == [1, 0, None, 0, 0, None]


def test_measure_row():
    stable = policy_tables.stability_rows([0, 1], np.array([0.5, np.nan]), np.array([1.0, 2.0]), np.array([3.0, 1.0]))
    row = policy_tables.measure_row(WEIGHTS, 0.3, np.array([False, True, True]), stable, {"replay_moved": 1e-7})
    expected = {"gap": [0.3], "weight_on_perturbed": [0.25], "effective_examples": [1.5]}
    expected |= {"sharpness_max": [0.5], "adjoint_growth_max": [3.0], "replay_moved": [1e-7]}
    assert {name: row[name] for name in expected} == expected
    diverged = policy_tables.stability_rows([0], *[np.array([np.nan])] * 3)
    none = policy_tables.measure_row(WEIGHTS, np.inf, np.zeros(3, dtype=bool), diverged, {})
    assert (none["gap"], none["weight_on_perturbed"], none["sharpness_max"]) == ([None], [None], [None])


def test_planted_groups_add_their_shares_and_those_of_a_control():
    weights = np.array([[0.5, 0.5, 0.0, 0.0], [0.5, 0.25, 0.25, 0.0]])
    contributions = {("desired", "instantaneous"): np.ones((2, 4))}
    rows = policy_tables.zero_weight_rows(
        weights, contributions, np.ones((2, 4)), STEPS, CURVES, {"copies": [(0, 1)]}
    )
    values = {
        name: (value, count)
        for name, value, count in zip(rows["property"], rows["value"], rows["count"], strict=True)
    }
    assert values["copies_one_dropped"] == (0.0, 2)
    assert values["copies_one_dropped_control"] == (1.0, 1)
    assert values["copies_largest_share"] == (pytest.approx((0.5 + 2 / 3) / 2), 2)
    assert values["copies_largest_share_control"] == (1.0, 1)
    plain = policy_tables.zero_weight_rows(weights, contributions, np.ones((2, 4)), STEPS, CURVES)
    assert set(plain["property"]) == {"noncontributive_excluded", "redundant_dropped", "learned_ignored"}


def test_how_each_example_is_used():
    use = policy_tables.example_rows(USED)
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
